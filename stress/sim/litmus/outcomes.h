// SPDX-License-Identifier: Apache-2.0
//
// See outcomes.c.
#pragma once

#include <stdbool.h>

#include "stress/sim/litmus/litmus.h"

struct litmus_outcomes {
    struct litmus program;
    uint32_t n;  // different outcomes, counted by hand; 0: not counted
    bool finite; // few enough schedules to run all; else two preemptions show all outcomes
};

// NULL-terminated by name.
extern const struct litmus_outcomes litmus_outcomes[];
// What the threads of the last execution have seen, as one number.
uint64_t litmus_outcome(void);
