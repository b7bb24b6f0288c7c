// SPDX-License-Identifier: Apache-2.0
//
// The interpreter of workloads: the program that the runtime runs. One source for all
// personalities.
#pragma once

#include "stress/workload/text.h"

// What the first thread runs: starts the runtime with the workload's p's and interprets it. The
// argument is a `const struct workload *` that was named (workload_name_actors) and outlives the
// run. Does not return: the process (the execution) ends with status 0 when main ends.
void workload_main(void *workload);
