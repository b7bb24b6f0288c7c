// SPDX-License-Identifier: Apache-2.0
//
// netpoll: a goroutine that waits for a descriptor which is ready, closed or whose deadline is
// over, and whom nobody will wake; one that is woken although nothing was told of its descriptor.
// What the engine's descriptors know (descriptors.c) is held against what the runtime's do.
//
// timer, as far as heaps are concerned: a timer that fires before its time, by the event that is
// recorded when it does; heaps that are not heaps, or that timers do not know; timers on p's that
// nobody looks at. Sleeping goroutines: model.c.
//
// That somebody polls while p's are busy is sysmon's to see to, in its own time: so readiness that
// is still to be told counts as lost when all p's are idle only.

#include "runtime/net/polldesc.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

// Timers ----------------------------------------------------------------------------------

static void check_heap(const struct p *pp)
{
    const struct timer_slot *v = pp->timers;
    int64_t first = pp->ntimers == 0 ? 0 : v[0].when;
    if (load_relaxed(&pp->timers_lock.key) != 0)
        return;
    if (pp->ntimers > 0 && pp->id >= nprocs)
        model_stable_report("timer", "a timer is on a p that is not in use", 0);
    if (load_relaxed(&pp->timers_when) != first)
        model_stable_report("timer", "a p's timers_when is not its first timer", 0);
    for (uint32_t i = 0; i < pp->ntimers; i++) {
        const struct timer *t = v[i].timer;
        if (load_relaxed(&t->p) != pp || t->index != i || t->when != v[i].when)
            model_stable_report("timer", "a timer does not know its place in the heap", 0);
        if (i > 0 && v[(i - 1) / 4].when > v[i].when)
            model_stable_report("timer", "a heap of timers is in disorder", 0);
    }
}

// Events that came since the last look, of p's rings. Time moves while no thread runs only, so what
// is recorded now happened now.
static uint64_t seen[PROCS_MAX];

void model_net_begin(void)
{
    memset(seen, 0, sizeof seen);
}

static void check_fired(const struct event *e)
{
    int64_t early_ns = (int64_t)e->arg - (sim.now + 1); // host_nanotime is one ahead
    char message[120];
    if ((e->gid_kind & 0xff) != EV_TIMER || early_ns <= 0)
        return;
    snprintf(message, sizeof message, "a timer fires %ld ns before its time", (long)early_ns);
    oracle_report("timer", "timer: a timer fires before its time", message);
}

void model_check_fired(void)
{
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++) {
        const struct p *pp = allp[i];
        if (pp->nevents - seen[i] > EVENT_RING)
            seen[i] = pp->nevents - EVENT_RING;
        for (; seen[i] < pp->nevents; seen[i]++)
            check_fired(&pp->events[seen[i] & (EVENT_RING - 1)]);
    }
}

// Descriptors -----------------------------------------------------------------------------

static bool all_idle(void)
{
    return load_relaxed(&sched.npidle) == nprocs;
}

// The goroutine waits, and who it waits for knows it.
static void check_waiter(const struct polldesc *pd, uint32_t direction, int64_t jump_ns)
{
    uint32_t info = load_relaxed(&pd->info);
    bool ready = sim_descriptor_ready(pd->fd, direction);
    bool untold = sim_descriptor_untold(pd->fd, direction);
    if ((info & PD_CLOSING) != 0)
        model_stable_report("netpoll", "a goroutine waits for a descriptor that is closed",
                            jump_ns);
    if ((info & (direction == PD_READ ? PD_READ_OVER : PD_WRITE_OVER)) != 0)
        model_stable_report("netpoll", "a goroutine waits although its deadline is over", jump_ns);
    if (ready && !untold)
        model_stable_report("netpoll", "a goroutine waits for a descriptor that is ready", jump_ns);
    if (ready && untold && all_idle())
        model_stable_report("netpoll", "nobody polls although a descriptor is ready", jump_ns);
}

static bool waits_for_io(const struct g *gp)
{
    return gp->wait == WAIT_IO && (load_relaxed(&gp->status) & ~(uint32_t)G_SCAN) == G_WAITING;
}

void model_check_net(int64_t jump_ns)
{
    struct g **all = load_relaxed(&allgs.v);
    int32_t waiting = 0;
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++)
        check_heap(allp[i]);
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
        const struct g *gp = all[i];
        if (!waits_for_io(gp))
            continue;
        const struct polldesc *pd = gp->wait_at;
        waiting++;
        if (load_relaxed(&pd->waiter[gp->io_direction]) != (uint64_t)(uintptr_t)gp)
            model_stable_report("netpoll", "a goroutine waits and no descriptor knows of it",
                                jump_ns);
        check_waiter(pd, gp->io_direction, jump_ns);
    }
    if (load_relaxed(&sched.pollwaiters) != waiting)
        model_stable_report("invariant",
                            "sched.pollwaiters is not the number of goroutines that wait", jump_ns);
}

// A goroutine that waited is made runnable. A deadline that struck may have been moved on since:
// where there ever was one, nothing is said. Each generation of a slot moves the number of its
// deadlines on by one, when it is closed.
void model_woken_from_io(const struct g *gp)
{
    const struct polldesc *pd = gp->wait_at;
    char message[160];
    uint32_t closed_before = (uint32_t)(load_relaxed(&pd->use) >> 32) - 1;
    if ((load_relaxed(&pd->info) & PD_CLOSING) != 0 ||
        pd->deadline[gp->io_direction].seq != closed_before ||
        sim_descriptor_told(pd->fd, gp->io_direction))
        return;
    snprintf(message, sizeof message,
             "goroutine %lu waits for descriptor %d, of which nothing was told, and is woken",
             (unsigned long)gp->goid, pd->fd);
    oracle_report("netpoll", "netpoll: a goroutine is woken by what was meant for another one",
                  message);
}
