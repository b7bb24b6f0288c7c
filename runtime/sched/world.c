// SPDX-License-Identifier: Apache-2.0
//
// Safe points: stopping the world, and running a function once on behalf of each p. Both go by
// sched.safepoint, which every m looks at before it takes its next goroutine; what runs is asked to
// give way. One of them at a time, by the goroutine that holds sched.worldsema.
//
// The world is stopped when every p but the caller's is in P_GCSTOP, and each was put there by
// whoever had it: an m at its safe point (gcstopm), one that was about to hand it on, the caller
// for p's that were idle or in a system call. The last one wakes the caller. Requests to give way
// may miss a goroutine that has just begun to run, so they are repeated.
//
// Meeting [sched.safepoint] with system calls: see syscall.c.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

static void ask_locked(uint32_t what)
{
    assert_locked(&sched.lock);
    rt_assert(load_relaxed(&sched.safepoint) == 0);
    store_seq_cst(&sched.safepoint, what); // pairs [sched.safepoint]
    preemptall();
}

// Waits for the last p, asking again and again.
static void wait_for_last(struct note *last)
{
    while (!notetsleep(last, WORLD_ASK_AGAIN_NS))
        preemptall();
    noteclear(last);
}

// Stop ------------------------------------------------------------------------------------

// One more p has come to P_GCSTOP.
void stopped_one_locked(void)
{
    assert_locked(&sched.lock);
    rt_assert(sched.stopwait > 0);
    if (--sched.stopwait == 0)
        notewakeup(&sched.stopnote);
}

// The calling m's p stops; returns when the world has started and this m has a p again.
void gcstopm(void)
{
    struct m *mp = getg()->m;
    rt_assert(mp->lockedg == NULL);
    if (mp->spinning) {
        mp->spinning = false;
        // the start of the world wakes somebody, so nobody need look again
        int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
        if (before <= 0)
            rt_throw("gcstopm: negative nmspinning");
    }
    struct p *pp = releasep();
    lock(&sched.lock);
    store_relaxed(&pp->status, P_GCSTOP);
    stopped_one_locked();
    unlock(&sched.lock);
    stopm();
}

// Takes p's that no m is in: left behind in system calls, and idle.
static void stop_unheld_locked(struct p *own)
{
    for (int32_t i = 0; i < nprocs; i++) {
        uint32_t was = P_SYSCALL;
        // pairs [p.status] and [sched.safepoint]
        if (allp[i] == own || !cas_seq_cst(&allp[i]->status, &was, P_GCSTOP))
            continue;
        add_relaxed(&allp[i]->syscalltick, 1);
        sched.stopwait--;
    }
    for (struct p *pp = pidleget_locked(); pp != NULL; pp = pidleget_locked()) {
        store_relaxed(&pp->status, P_GCSTOP);
        sched.stopwait--;
    }
}

static void stop_on_g0(void *reason)
{
    struct p *own = getg()->m->p;
    lock(&sched.lock);
    noteclear(&sched.stopnote);
    sched.stopwait = nprocs;
    ask_locked(SAFEPOINT_STOP);
    event_record(own, EV_STW_BEGIN, 0, *(enum stw_reason *)reason);
    store_relaxed(&own->status, P_GCSTOP);
    sched.stopwait--;
    stop_unheld_locked(own);
    bool wait = sched.stopwait > 0;
    unlock(&sched.lock);
    if (wait)
        wait_for_last(&sched.stopnote);
    rt_assert(sched.stopwait == 0);
    for (int32_t i = 0; i < nprocs; i++)
        rt_assert(load_relaxed(&allp[i]->status) == P_GCSTOP);
}

// Returns with no other goroutine running and none able to. The caller must not park or give way
// until start_the_world.
void stop_the_world(enum stw_reason reason)
{
    semacquire(&sched.worldsema);
    g0_wait(stop_on_g0, &reason, WAIT_OTHERS);
}

// Start -----------------------------------------------------------------------------------

static void start_on_g0(void *number)
{
    int32_t procs = *(int32_t *)number != 0 ? *(int32_t *)number : nprocs;
    procs_make(procs);
    procs_unload(procs);
    lock(&sched.lock);
    struct p *work = procresize_locked(procs);
    event_record(getg()->m->p, EV_STW_END, 0, (uint64_t)procs);
    store_release(&sched.safepoint, 0); // pairs [sched.safepoint]
    sysmon_wake_locked();
    unlock(&sched.lock);
    while (work != NULL) {
        struct p *pp = work;
        work = pp->link;
        pp->link = NULL;
        startm(pp, false);
    }
    // for what stands in the global queue, or came back from system calls meanwhile
    wakep();
}

void start_the_world(int32_t procs)
{
    systemstack(start_on_g0, &procs);
    semrelease(&sched.worldsema);
}

void rt_debug_stop_the_world(void (*fn)(void *), void *arg)
{
    stop_the_world(STW_DEBUG);
    san_acquire_all();
    fn(arg);
    san_release_more(&sched.safepoint);
    start_the_world(0);
}

int32_t rt_set_procs(int32_t n)
{
    if (n <= 0)
        return rt_procs();
    stop_the_world(STW_PROCS);
    int32_t before = nprocs;
    start_the_world(n < PROCS_MAX ? n : PROCS_MAX);
    return before;
}

// A function for each p ---------------------------------------------------------------------

// By who holds pp, or has it off the idle list.
void run_safe_point_fn_locked(struct p *pp)
{
    assert_locked(&sched.lock);
    uint32_t wanted = 1;
    if (!cas_relaxed(&pp->run_safe_point_fn, &wanted, 0))
        return;
    sched.safepoint_fn(pp);
    if (--sched.safepoint_wait == 0)
        notewakeup(&sched.safepoint_note);
}

void run_safe_point_fn(struct p *pp)
{
    lock(&sched.lock);
    run_safe_point_fn_locked(pp);
    unlock(&sched.lock);
}

static void each_p_on_g0(void *fn)
{
    struct p *own = getg()->m->p;
    lock(&sched.lock);
    noteclear(&sched.safepoint_note);
    sched.safepoint_fn = *(void (**)(struct p *))fn;
    sched.safepoint_wait = nprocs;
    for (int32_t i = 0; i < nprocs; i++)
        store_relaxed(&allp[i]->run_safe_point_fn, 1); // seen by who sees the bit in safepoint
    ask_locked(SAFEPOINT_FN);
    run_safe_point_fn_locked(own);
    for (struct p *pp = sched.pidle; pp != NULL; pp = pp->link)
        run_safe_point_fn_locked(pp);
    bool wait = sched.safepoint_wait > 0;
    unlock(&sched.lock);

    for (int32_t i = 0; i < nprocs; i++) {
        uint32_t was = P_SYSCALL;
        if (load_relaxed(&allp[i]->run_safe_point_fn) == 0 || // has had its turn
            !cas_seq_cst(&allp[i]->status, &was, P_IDLE)) // pairs [p.status] and [sched.safepoint]
            continue;
        add_relaxed(&allp[i]->syscalltick, 1);
        handoffp(allp[i]); // its turn comes in there, or when an m takes it up
    }
    if (wait)
        wait_for_last(&sched.safepoint_note);
    lock(&sched.lock);
    rt_assert(sched.safepoint_wait == 0);
    store_release(&sched.safepoint, 0); // pairs [sched.safepoint]
    unlock(&sched.lock);
}

// Runs fn once for each p, under sched.lock, by whoever has that p at its next safe point; returns
// when all have had their turn. Others go on meanwhile.
void for_each_p(void (*fn)(struct p *))
{
    semacquire(&sched.worldsema);
    g0_wait(each_p_on_g0, &fn, WAIT_OTHERS);
    semrelease(&sched.worldsema);
}
