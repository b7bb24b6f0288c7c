// SPDX-License-Identifier: Apache-2.0
//
// One execution of a workload under the engine: see trial.h.
#include "repro/trial.h"

#include <string.h>

#include "stress/workload/interp.h"
#include "stress/workload/probe.h"

void trial_init(void)
{
    sim_init();
    sim_use_runtime();
}

void trial_begin(struct trial *t, struct workload *w)
{
    workload_name_actors(w, probe_actor);
    t->w = w;
    static uint32_t programs;
    t->program =
        (struct sim_program){.threads = 1, .id = ++programs, .fn = {workload_main}, .arg = w};
}

const struct sim_result *trial_run(struct trial *t, struct sim_strategy *strategy, uint64_t seed,
                                   bool trace)
{
    struct sim_params params = {.program = &t->program,
                                .strategy = strategy,
                                .seed = seed,
                                .memory = t->memory,
                                .max_points = t->cut,
                                .cut = t->cut > 0,
                                .trace = trace,
                                .order = t->order,
                                .faults = t->faults,
                                .freeze_helpers = t->frozen};
    const struct sim_result *r = sim_run(&params);

    t->executions++;
    t->points += r->points;
    return r;
}

bool trial_found(const struct sim_result *r, const char *signature)
{
    return r->outcome == SIM_FOUND && strcmp(r->finding.signature, signature) == 0;
}

uint64_t trial_seed(uint64_t seed, uint64_t i)
{
    uint64_t x = seed + (i + 1) * 0x9e3779b97f4a7c15u; // splitmix64

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
