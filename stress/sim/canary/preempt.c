// SPDX-License-Identifier: Apache-2.0
//
// Canaries of preemption by signal; see canary.h. They take the runtime's handler away, so that
// requests are made and never answered.

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_preempt.h"
#include "runtime/sched/sched.h"
#include "stress/sim/canary/canary.h"

enum { PARTS = 30, PART_NS = 17000 };

RT_PREEMPTIBLE static void computes_on(atomic_u32 *begun)
{
    for (int i = 0; i < PARTS; i++) {
        host_spin(PART_NS);
        store_relaxed(begun, 1);
    }
}

static atomic_u32 begun;

static void computes(void *arg)
{
    (void)arg;
    computes_on(&begun);
}

static void (*deaf(const struct host_context *at))(void)
{
    (void)at;
    return NULL;
}

static void nothing(void *arg)
{
    (void)arg;
}

static void slice_goes_on(void *arg)
{
    host_on_interrupt(deaf);
    computes(arg);
}

static void goes_on_beside(void (*who)(struct g *))
{
    store_relaxed(&begun, 0);
    struct g *gp = rt_go(computes, NULL);
    while (load_relaxed(&begun) == 0)
        rt_sleep(1000);
    who(gp);
}

static void stops_the_world(struct g *gp)
{
    (void)gp;
    rt_debug_stop_the_world(nothing, NULL);
}

static void suspends(struct g *gp)
{
    rt_debug_suspend(gp, nothing, NULL);
}

static void world_waits(void *arg)
{
    (void)arg;
    host_on_interrupt(deaf);
    goes_on_beside(stops_the_world);
}

static void suspender_waits(void *arg)
{
    (void)arg;
    host_on_interrupt(deaf);
    goes_on_beside(suspends);
}

// The same with the handler in place.
static void all_give_way(void *arg)
{
    computes(arg);
    goes_on_beside(stops_the_world);
    goes_on_beside(suspends);
    struct rt_stats s;
    rt_stats_now(&s);
    if (s.preempted_at_signal == 0)
        rt_throw("canary: nobody was interrupted");
}

const struct canary canaries_preempt[] = {
    {"computations give way", NULL, NULL, all_give_way},
    {"a time slice goes on", "preempt", "its time slice is over", slice_goes_on},
    {"the world waits for a computation", "preempt", "all have to stop", world_waits},
    {"a suspender waits for a computation", "preempt", "all have to stop", suspender_waits},
    {0},
};
