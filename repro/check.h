// SPDX-License-Identifier: Apache-2.0
//
// Checks a workload to the end: all schedules with no preemption, then with one, and so on, until a
// bound is reached, nothing is left that a bound keeps away, or something is found. sysmon is
// frozen unless the workload needs it, the host never fails, host_random says 0. What is left out
// as equivalent: stress/sim/strategy/explore.c.
#pragma once

#include "repro/hunt.h"

struct check_bound {
    uint32_t bound;
    struct sim_explored explored; // the last pass
    uint64_t executions, points;  // of all passes
    double seconds;
    bool done;  // explored to the end; else stopped, out of time, or found
    bool whole; // done, and the bound kept nothing away: these are all schedules
};

struct check_params {
    struct workload *w;
    enum sim_memory memory;
    uint32_t bound;     // the last one
    const bool *places; // see sim_explore; NULL: anywhere
    double seconds;     // limit; 0: none
    // after a bound, whether it is done or not
    void (*told)(const struct check_bound *b, void *arg);
    // every now and then; may be NULL
    void (*progress)(const struct check_bound *b, double seconds, void *arg);
    struct hunt_params hunt; // what hunt_pursue needs
};

struct check_result {
    uint64_t executions, points;
    double seconds;
    bool found;
    bool stopped; // by *stop or the time
};

// Ends with the first finding.
void check(const struct check_params *params, struct check_result *result);
