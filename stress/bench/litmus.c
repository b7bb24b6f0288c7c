// SPDX-License-Identifier: Apache-2.0
//
// Executions a second of the smallest program that the engine can run: the store-buffer litmus, two
// threads and seven operations, random walk, with names, both stacks of each access, and the
// choices recorded as in any hunt; a second is one of processor time. A program of its own: linked
// into the command it would pay for the runtime's globals, which are put back before each
// execution.
#include <stdio.h>
#include <string.h>

#include "stress/bench/samples.h"
#include "stress/sim/litmus/litmus.h"
#include "stress/sim/sim.h"

enum { BATCH = 1000 };

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    static struct samples speed = {.name = "store_buffer.executions", .unit = "1/s"};
    static struct sim_program program;
    uint64_t seed = 0, outcomes[4] = {0};

    program.threads = litmus_store_buffer.threads;
    memcpy(program.fn, litmus_store_buffer.fn, sizeof program.fn);
    sim_init();
    struct sim_params params = {.program = &program, .strategy = sim_strategy_random()};
    for (uint32_t i = 0; i < slices.n; i++) {
        double begin = slices_cpu(), seconds;
        uint64_t first = seed;

        do {
            for (uint32_t k = 0; k < BATCH; k++) {
                params.seed = seed++;
                if (sim_run(&params)->outcome != SIM_OK) {
                    fprintf(stderr, "store buffer: seed %llu found something\n",
                            (unsigned long long)params.seed);
                    return 1;
                }
                outcomes[litmus_store_buffer_outcome()]++;
            }
            seconds = slices_cpu() - begin;
        } while (seconds < slices.seconds);
        samples_add(&speed, (double)(seed - first) / seconds);
    }
    if (outcomes[0] > 0 || outcomes[1] == 0 || outcomes[2] == 0 || outcomes[3] == 0) {
        fprintf(stderr, "store buffer: not all orders were met, or one that cannot be\n");
        return 1;
    }
    samples_print(&speed);
    return 0;
}
