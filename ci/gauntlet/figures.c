// SPDX-License-Identifier: Apache-2.0
//
// Figures of the engine under the scheduler's own yardstick, the workload spawn_yield_park: what
// hunting costs. Measured for a second each, in this process, with all oracles on.
#include <time.h>

#include "ci/gauntlet/bench.h"
#include "ci/gauntlet/command.h"
#include "repro/trial.h"

struct speed {
    double seconds, executions, points;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

// Random walks over the yardstick for about a second.
static bool measure(struct speed *speed)
{
    char path[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 512];
    struct trial t = {0};
    struct workload *w;
    double begin;

    snprintf(path, sizeof path, "%s/stress/workload/files/spawn_yield_park.wl", command_root());
    w = workload_read(path, error, sizeof error);
    if (w == NULL) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    trial_init();
    trial_begin(&t, w);
    begin = now();
    do {
        for (int i = 0; i < 100; i++)
            trial_run(&t, sim_strategy_random(), trial_seed(1, t.executions), false);
        speed->seconds = now() - begin;
    } while (speed->seconds < 1);
    speed->executions = (double)t.executions;
    speed->points = (double)t.points;
    workload_free(w);
    return true;
}

static const struct speed *yardstick(void)
{
    static struct speed speed;

    return speed.executions > 0 || measure(&speed) ? &speed : NULL;
}

static double executions_per_second(void)
{
    const struct speed *s = yardstick();

    return s != NULL ? s->executions / s->seconds : -1;
}

static double points_per_execution(void)
{
    const struct speed *s = yardstick();

    return s != NULL ? s->points / s->executions : -1;
}

static double ns_per_point(void)
{
    const struct speed *s = yardstick();

    return s != NULL ? 1e9 * s->seconds / s->points : -1;
}

const struct bench bench_table[] = {
    {"spawn_yield_park: executions", "1/s", 10000, true, NULL, executions_per_second},
    {"spawn_yield_park: points an execution", "points", 0, false, NULL, points_per_execution},
    {"spawn_yield_park: all costs a point", "ns", 0, false, NULL, ns_per_point},
};
const size_t bench_count = sizeof bench_table / sizeof bench_table[0];
