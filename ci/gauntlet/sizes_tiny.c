// SPDX-License-Identifier: Apache-2.0
//
// Linked into the program whose runtime has tiny sizes.
#include "ci/gauntlet/sizes.h"

#include "runtime/config/tiny/config.h"
#include "stress/workload/text.h"

_Static_assert(PROCS_MAX == WL_PROCS_TINY, "the limit that the workload text states");

const char command_sizes[] = "tiny";
