// SPDX-License-Identifier: Apache-2.0
//
// Runs one workload under the engine and counts what it costs. All of hunt, replay, minimize and
// explain come to the engine through here.
#pragma once

#include <signal.h>

#include "stress/sim/sim.h"
#include "stress/workload/text.h"

struct trial {
    const struct workload *w;
    struct sim_program program;
    // Of the executions to come; at first sequential consistency and neither of the others.
    enum sim_memory memory;
    enum sim_faults_allowed faults;
    bool frozen;                 // the runtime's helper, sysmon
    bool order;                  // is kept: sim_order
    uint32_t cut;                // an execution ends after so many points; 0: as the engine does it
    uint64_t executions, points; // so far
};

// Once a process, before the first execution: starts the engine and shows it the runtime.
void trial_init(void);
// `w` stays the caller's and gets its actors named.
void trial_begin(struct trial *t, struct workload *w);
// One execution. The result is the engine's, until the next one.
const struct sim_result *trial_run(struct trial *t, struct sim_strategy *strategy, uint64_t seed,
                                   bool trace);
bool trial_found(const struct sim_result *r, const char *signature);

// A well mixed number for (seed, i): seeds of executions.
uint64_t trial_seed(uint64_t seed, uint64_t i);
