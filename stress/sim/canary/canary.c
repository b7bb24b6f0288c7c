// SPDX-License-Identifier: Apache-2.0
//
// See canary.h.

#include "stress/sim/canary/canary.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"

#include <string.h>

static void nothing(void *arg)
{
    (void)arg;
}

static void parks(void *arg)
{
    (void)arg;
    rt_park();
}

static void behaves(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(parks, NULL);
    rt_yield();
    rt_sleep(20000);
    rt_ready(gp);
    rt_sleep(20000);
}

static void plain_store_to_status(void *arg)
{
    (void)arg;
    *(volatile uint32_t *)&rt_self()->status = G_IDLE;
    rt_yield();
}

// The status inside a larger store: the compiler does not know the length, so it stays a call.
static void copied_over_status(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof(uint32_t);
    uint32_t idle = G_IDLE;
    memcpy(&rt_self()->status, &idle, bytes);
    rt_yield();
}

static void cleared_with_status(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof(uint64_t);
    memset(&rt_self()->status, 0, bytes);
    rt_yield();
}

static void waiting_set_running(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(parks, NULL);
    rt_sleep(20000);
    store_relaxed(&gp->status, G_RUNNING);
}

static void queued_while_running(void *arg)
{
    (void)arg;
    struct g *gp = rt_self();
    store_relaxed(&gp->m->p->runq[load_relaxed(&gp->m->p->runqtail) % RUNQ_SIZE], gp);
    store_release(&gp->m->p->runqtail, load_relaxed(&gp->m->p->runqtail) + 1);
    rt_yield();
}

// In a system call for ever, so that checkdead keeps quiet.
static void sits_in_syscall(void *arg)
{
    (void)arg;
    static atomic_u32 never;
    rt_entersyscallblock();
    while (load_relaxed(&never) == 0)
        host_futex_wait(&never, 0, -1);
}

static void waits_with_company(void)
{
    rt_go(sits_in_syscall, NULL);
    rt_park();
}

// A thread that is none of the runtime's: makes the parked main goroutine runnable when everybody
// sleeps, tells nobody, and, for `conserve`, lets time pass.
static struct g *lost;

static void submits_silently(void *later_ns)
{
    host_spin(1000000);
    store_relaxed(&lost->status, G_RUNNABLE);
    lost->schedlink = NULL;
    sched.runq.head = sched.runq.tail = lost;
    store_relaxed(&sched.runqsize, 1);
    host_spin((int64_t)(intptr_t)later_ns);
}

static void submitted_silently(void *arg)
{
    lost = rt_self();
    if (host_thread_create(submits_silently, arg, 0) == 0)
        waits_with_company();
}

static void submitted_and_time_passes(void *arg)
{
    (void)arg;
    submitted_silently((void *)(intptr_t)50000);
}

static void nobody_readies(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    rt_park();
}

// checkdead is wrong: another goroutine runs.
static void false_alarm(void *arg)
{
    (void)arg;
    rt_fatal("all goroutines are asleep - deadlock!");
}

static void sets_timer_silently(void *arg)
{
    (void)arg;
    host_spin(1000000);
    store_relaxed(&allp[1]->timers_when, 1000000000);
}

static void timer_without_waiter(void *arg)
{
    if (host_thread_create(sets_timer_silently, arg, 0) == 0)
        waits_with_company();
}

const struct canary canaries[] = {
    {"behaves", NULL, NULL, behaves},
    {"plain store to a status", "gstate", "running -> idle: no such transition",
     plain_store_to_status},
    {"memcpy over a status", "gstate", "running -> idle: no such transition", copied_over_status},
    {"memset over a status", "gstate", "running -> idle: no such transition", cleared_with_status},
    {"a waiting goroutine set running", "gstate", "waiting -> running: not by its own m",
     waiting_set_running},
    {"queued while it runs", "gstate", "it still stands in a queue", queued_while_running},
    {"submitted silently", "lost-wake", "left in the global queue beside an idle p",
     submitted_silently},
    {"submitted silently, time passes", "conserve", "left in the global queue beside an idle p",
     submitted_and_time_passes},
    {"a timer that nobody waits for", "lost-wake", "a timer is left", timer_without_waiter},
    {"checkdead is wrong", "deadlock", "checkdead gives a false alarm", false_alarm},
    {"parked, nobody readies", "deadlock", "all goroutines wait", nobody_readies},
    {0},
};

void canary_main(void *canary)
{
    const struct canary *c = canary;
    const struct rt_config config = {.procs = 2};
    rt_main(&config, c->main, NULL);
}
