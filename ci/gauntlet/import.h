// SPDX-License-Identifier: Apache-2.0
//
// From an input of a fuzz target (a crash file of either engine) to a case.
#pragma once

#include "repro/hunt.h"

enum import_result {
    IMPORT_FOUND,   // p->find was called
    IMPORT_NOTHING, // the execution finds nothing here, or what may be the program's own fault
    IMPORT_REFUSED  // no input; one line in `error`
};

// Reads the file and runs the input; a finding goes the way of a hunt's. `engine` found
// it, after so many executions and seconds. Of `p` it needs what hunt_pursue does. Call it after
// trial_init.
enum import_result import_file(const char *path, const char *engine, uint64_t executions,
                               double seconds, const struct hunt_params *p, char *error,
                               size_t bytes);
