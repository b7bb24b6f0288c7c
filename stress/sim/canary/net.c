// SPDX-License-Identifier: Apache-2.0
//
// Canaries of timers and descriptors; see canary.h.

#include "stress/sim/canary/canary.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/net/polldesc.h"
#include "runtime/rt.h"
#include "runtime/rt_net.h"
#include "runtime/rt_timer.h"
#include "runtime/sched/sched.h"

static int64_t ends[2];
static struct rt_timer timers[3];
static struct g *reader;

static void echoes(void *arg)
{
    (void)arg;
    char c;
    while (rt_read(ends[0], &c, 1) == 1 && rt_write(ends[0], &c, 1) == 1)
        ;
    rt_close(ends[0]);
}

static void readies(void *gp)
{
    rt_ready(gp);
}

static void behaves(void *arg)
{
    (void)arg;
    char c = 'a';
    if (rt_socketpair(ends) != 0)
        return;
    rt_go(echoes, NULL);
    rt_timer_start(&timers[0], 10000, readies, rt_self());
    rt_park();
    for (int i = 0; i < 3; i++)
        rt_ticker_start(&timers[i], 7000 * (i + 1), readies, rt_self());
    for (int i = 0; i < 3; i++) {
        rt_park();
        if (rt_write(ends[1], &c, 1) != 1 || rt_read(ends[1], &c, 1) != 1)
            rt_fatal("canary: no echo");
        rt_timer_reset(&timers[i], 1000);
        rt_timer_stop(&timers[2 - i]);
    }
    rt_set_deadline(ends[1], RT_READING, 5000);
    rt_read(ends[1], &c, 1);
    rt_close(ends[1]);
}

static void reads(void *arg)
{
    (void)arg;
    char c;
    rt_read(ends[0], &c, 1);
}

// A goroutine waits for the near end, two timers are pending; then everybody sleeps.
static void wait_and_break(void (*breaks)(void))
{
    if (rt_socketpair(ends) != 0)
        return;
    reader = rt_go(reads, NULL);
    rt_timer_start(&timers[0], 20000000, readies, rt_self());
    rt_timer_start(&timers[1], 30000000, readies, rt_self());
    canary_breaks_while_all_sleep(breaks);
}

static struct polldesc *pd(void)
{
    return (struct polldesc *)(uintptr_t)reader->wait_at;
}

static void write_unheard(void)
{
    host_poll_remove(pd()->fd);
    host_write(pd()->fd + 1, "x", 1);
}

static void close_silently(void)
{
    store_relaxed(&pd()->info, PD_CLOSING);
}

static void deadline_silently(void)
{
    store_relaxed(&pd()->info, PD_READ_OVER);
}

static void forget_reader(void)
{
    store_relaxed(&pd()->waiter[PD_READ], PD_NIL);
}

static void wake_reader(void)
{
    store_relaxed(&reader->status, G_RUNNABLE);
}

static void miscount_waiters(void)
{
    add_relaxed(&sched.pollwaiters, 1);
}

static struct p *heap_p(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (allp[i]->ntimers > 1)
            return allp[i];
    }
    return allp[0];
}

static void swap_timers(void)
{
    struct p *pp = heap_p();
    if (pp->ntimers < 2)
        return;
    struct timer_slot first = pp->timers[0];
    pp->timers[0] = pp->timers[1];
    pp->timers[1] = first;
}

static void forget_place(void)
{
    struct p *pp = heap_p();
    if (pp->ntimers > 0)
        pp->timers[0].timer->index = 77;
}

static void hide_first(void)
{
    add_relaxed(&heap_p()->timers_when, -1);
}

static void fire_early(void)
{
    event_record(allp[0], EV_TIMER, 0, INT64_MAX);
}

#define BROKEN(name, fn)                                                                           \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        wait_and_break(fn);                                                                        \
    }
BROKEN(readiness_lost, write_unheard)
BROKEN(closed_silently, close_silently)
BROKEN(deadline_lost, deadline_silently)
BROKEN(reader_forgotten, forget_reader)
BROKEN(reader_woken, wake_reader)
BROKEN(waiters_miscounted, miscount_waiters)
BROKEN(timers_swapped, swap_timers)
BROKEN(place_forgotten, forget_place)
BROKEN(first_hidden, hide_first)
BROKEN(fired_early, fire_early)

const struct canary canaries_net[] = {
    {"timers and descriptors behave", NULL, NULL, behaves},
    {"readiness lost", "netpoll", "waits for a descriptor that is ready", readiness_lost},
    {"closed silently", "netpoll", "waits for a descriptor that is closed", closed_silently},
    {"a deadline lost", "netpoll", "although its deadline is over", deadline_lost},
    {"a reader forgotten", "netpoll", "no descriptor knows of it", reader_forgotten},
    {"a reader woken for nothing", "netpoll", "meant for another one", reader_woken},
    {"waiters miscounted", "invariant", "sched.pollwaiters is not", waiters_miscounted},
    {"timers swapped", "timer", "", timers_swapped},
    {"a timer's place forgotten", "timer", "does not know its place", place_forgotten},
    {"the first timer hidden", "timer", "timers_when is not its first timer", first_hidden},
    {"a timer fired early", "timer", "fires before its time", fired_early},
    {0},
};
