// SPDX-License-Identifier: Apache-2.0
//
// "All goroutines are asleep": asked whenever an m goes to sleep or ends. If no m is left that
// could run a goroutine, none that polls and no timer, nothing can ever happen again. Every m is
// counted from before it exists until its thread has ended, and a p that sysmon carries from one m
// to another counts as an m that runs, so there is no moment at which work is on its way unseen.
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/observe/dump.h"
#include "runtime/sched/sched.h"

static bool any_timer(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (timers_next(allp[i]) != 0)
            return true;
    }
    return false;
}

// Goroutines of the program that wait. Nobody runs, so states stand still.
static uint32_t count_waiting(void)
{
    uint32_t waiting = 0;
    uint32_t n = load_acquire(&allgs.n);   // pairs [allgs.n]
    struct g **v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n; i++) {
        uint32_t status = readgstatus(v[i]) & ~(uint32_t)G_SCAN;
        if (status == G_WAITING || status == G_PREEMPTED)
            waiting += !v[i]->system;
        else if (status != G_DEAD && status != G_IDLE)
            rt_throw("checkdead: a goroutine can run, and no thread does");
    }
    return waiting;
}

void checkdead_locked(void)
{
    assert_locked(&sched.lock);
    int32_t run = sched.nm - sched.nmfreed - sched.nmidle - sched.nmidlelocked - sched.nmsys;
    if (run > 0)
        return;
    if (run < 0)
        rt_throw("checkdead: more threads are idle than there are");
    uint32_t waiting = count_waiting();
    if (any_timer())
        return;
    if (waiting == 0)
        rt_fatal("no goroutines are left, and main has not returned - deadlock!");
    rt_dump_waiting();
    rt_fatal("all goroutines are asleep - deadlock!");
}
