// SPDX-License-Identifier: Apache-2.0
//
// Linked into the program whose runtime has tiny sizes.
#include "ci/gauntlet/sizes.h"

const char command_sizes[] = "tiny";
