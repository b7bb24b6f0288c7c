// SPDX-License-Identifier: Apache-2.0
//
// Operations that a measuring program repeats for each slice. A slice is timed as a whole; a look
// at the clock stands between batches only.
#pragma once

#include <stddef.h>

#include "stress/bench/samples.h"

struct clock {
    double (*now)(void); // seconds
    const char *unit;    // of the figure
    double per_second;
};
// Processor time of the process, for what runs on one p; the clock on the wall for several.
extern const struct clock clock_cpu_ns, clock_cpu_ms, clock_wall_ns, clock_wall_us, clock_wall_ms;

struct operation {
    const char *name;
    void (*batch)(void);
    int count; // operations of a batch
    const struct clock *clock;
    const char *first;                     // NULL, or the name under which the first batch counts
    void (*prepare)(void), (*clear)(void); // NULL: nothing
};

// Measures each, one after the other, and prints its samples.
void operations_run(const struct operation *operations, size_t n, const struct slices *slices);
