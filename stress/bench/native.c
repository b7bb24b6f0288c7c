// SPDX-License-Identifier: Apache-2.0
//
// What the runtime's operations cost on the machine itself: sizes prod, no instrumentation.
// peer/peer.go asks Go the same under the same names. Prints lines of samples.h. The basic
// operations run on one p and one thread, in processor time of the process; those that are about
// several p's take two, and the real clock.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/rt.h"
#include "runtime/sched/sched.h"
#include "stress/bench/operations.h"
#include "stress/bench/parking.h"

enum { BATCH = 10000, GROUP = 100, STOPS = 10, LIVE = 1000, PARKED = 100000 };

static struct g *main_goroutine, *partner;

static void nothing(void *arg)
{
    (void)arg;
}

static void back(struct g *gp)
{
    gogo(gp);
}

// To g0 and back, with nothing in between: what every other switch is made of.
static void switches(void)
{
    for (int i = 0; i < BATCH; i++)
        mcall(back);
}

static void yields(void)
{
    for (int i = 0; i < BATCH; i++)
        rt_yield();
}

// A goroutine's whole life: made, queued, switched to, ended, kept for reuse. Started in groups,
// so that one yield of the starter serves many.
static void lives(void)
{
    for (int i = 0; i < BATCH / GROUP; i++) {
        for (int k = 0; k < GROUP; k++)
            rt_go(nothing, NULL);
        rt_yield();
    }
}

// The same one at a time, each with a yield of its starter.
static void lives_one_by_one(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_go(nothing, NULL);
        rt_yield();
    }
}

static void answer(void *arg)
{
    (void)arg;
    for (;;) {
        rt_park();
        rt_ready(main_goroutine);
    }
}

// There and back: two readies, two parks, two switches.
static void round_trips(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_ready(partner);
        rt_park();
    }
}

// The p is left behind and found again, around the shortest call that the kernel has.
static void system_calls(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_entersyscall();
        syscall(SYS_getpid);
        rt_exitsyscall();
    }
}

// Several p's ---------------------------------------------------------------------------------

static atomic_u32 stop;    // relaxed: the yielders shall end
static atomic_u32 running; // relaxed; yielders that have not ended

static void yielder(void *arg)
{
    (void)arg;
    while (load_relaxed(&stop) == 0)
        rt_yield();
    add_relaxed(&running, -1u);
}

static void start_yielders(void)
{
    rt_set_procs(2);
    store_relaxed(&stop, 0);
    store_relaxed(&running, LIVE);
    for (int i = 0; i < LIVE; i++)
        rt_go(yielder, NULL);
}

static void end_yielders(void)
{
    rt_set_procs(2);
    store_relaxed(&stop, 1);
    while (load_relaxed(&running) != 0)
        rt_yield();
}

// Stops the world and starts it with one p more, or one less.
static void stops(void)
{
    for (int i = 0; i < STOPS / 2; i++) {
        rt_set_procs(3);
        rt_set_procs(2);
    }
}

// The same with as many p's as before.
static void bare_stops(void)
{
    for (int i = 0; i < STOPS; i++)
        rt_debug_stop_the_world(nothing, NULL);
}

static void park_many(void)
{
    parking_make();
    parking_release();
}

static const struct operation operations[] = {
    {.name = "native.gogo_mcall_pair", switches, BATCH, &clock_cpu_ns},
    {.name = "native.yield", yields, BATCH, &clock_cpu_ns},
    {.name = "native.spawn_and_finish", lives, BATCH, &clock_cpu_ns},
    {.name = "native.spawn_yield_finish", lives_one_by_one, BATCH, &clock_cpu_ns},
    {.name = "native.park_ready_round_trip", round_trips, BATCH, &clock_cpu_ns},
    {.name = "native.syscall_round_trip", system_calls, BATCH, &clock_cpu_ns},
    {.name = "native.stop_the_world_1000",
     stops,
     STOPS,
     &clock_wall_us,
     .prepare = start_yielders,
     .clear = end_yielders},
    {.name = "native.stop_the_world_1000_bare",
     bare_stops,
     STOPS,
     &clock_wall_us,
     .prepare = start_yielders,
     .clear = end_yielders},
    {.name = "native.parked_100000",
     park_many,
     1,
     &clock_wall_ms,
     .first = "native.parked_100000_first"},
};

static void run(void *arg)
{
    main_goroutine = rt_self();
    partner = rt_go(answer, NULL);
    rt_yield(); // it parks
    operations_run(operations, sizeof operations / sizeof operations[0], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    struct rt_config config = {.procs = 1};

    if (!parking_init(PARKED, &(struct rt_go_attr){0}))
        return 1;
    rt_main(&config, run, &slices);
}
