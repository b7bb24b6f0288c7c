// SPDX-License-Identifier: Apache-2.0
//
// Figures: a table of functions that measure one thing each. stress/bench provides the table.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct bench {
    const char *name;
    const char *unit;
    double goal; // 0: none
    bool more_is_better;
    const char *peer; // whose figure the goal is, or NULL
    double (*run)(
        void); // the value; negative: could not be measured, and said why on standard error
};

extern const struct bench bench_table[];
extern const size_t bench_count;
