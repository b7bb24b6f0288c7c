// SPDX-License-Identifier: Apache-2.0
//
// Programs of two threads whose accesses to lines of the cache, and times, can be counted by hand:
// what a timed execution must come to.
#pragma once

#include "stress/sim/litmus/litmus.h"

struct litmus_timed {
    struct litmus litmus;
    uint64_t hits, cold, transfers, invalidations;
    int64_t end_ns; // when the last thread reads the clock; 0: not asked
};

// NULL-terminated by name.
extern const struct litmus_timed litmus_timed_programs[];
// What the last execution's last thread read from the clock, and in which order threads came.
int64_t litmus_timed_end_ns(void);
uint32_t litmus_timed_order(void);
// Both threads do a thousand operations on words of their own.
extern const struct litmus litmus_timed_beside;
