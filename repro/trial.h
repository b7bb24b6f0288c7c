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
    enum sim_memory memory;      // set by trial_begin
    uint64_t executions, points; // so far
};

// Once a process, before the first execution: starts the engine and shows it the runtime.
void trial_init(void);
// `w` stays the caller's and gets its actors named.
void trial_begin(struct trial *t, struct workload *w, enum sim_memory memory);
// One execution. The result is the engine's, until the next one.
const struct sim_result *trial_run(struct trial *t, struct sim_strategy *strategy, uint64_t seed,
                                   bool trace);
bool trial_found(const struct sim_result *r, const char *signature);

// A well mixed number for (seed, i): seeds of executions.
uint64_t trial_seed(uint64_t seed, uint64_t i);
