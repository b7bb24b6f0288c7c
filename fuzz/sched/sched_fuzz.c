// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer on schedules: the input's bytes answer the choices of one execution of a workload
// (spawn_yield_park, or the file that GAUNTLET_WORKLOAD names). A finding of any oracle is a crash
// of the fuzzer. It links the same instrumented objects as every other program under the engine;
// their inline counters are its coverage.

#include "repro/trial.h"
#include "stress/workload/probe.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct trial trial;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    const char *path = getenv("GAUNTLET_WORKLOAD");
    char error[512];
    struct workload *w = workload_read(path ? path : "stress/workload/files/spawn_yield_park.wl",
                                       error, sizeof error);
    if (!w) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    trial_init();
    trial_begin(&trial, w);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    sim_catch_signals(); // libFuzzer has taken them
    const struct sim_result *r = trial_run(&trial, sim_strategy_bytes(data, n), 0, false);
    if (r->outcome == SIM_FOUND) {
        fprintf(stderr, "FOUND  %s\n       %s\n", r->finding.signature, r->finding.message);
        abort();
    }
    return 0;
}
