// SPDX-License-Identifier: Apache-2.0
//
// System calls: a goroutine that may be gone for long leaves its p behind, in P_SYSCALL, so that
// coming back soon costs one compare-and-swap, and being away long costs nobody a p: sysmon, or
// who stops the world, takes it by another one. After the store of P_SYSCALL the p is nobody's.
//
// Meeting [sched.safepoint]: the leaver stores P_SYSCALL, then loads safepoint; who asks for a safe
// point stores safepoint, then looks at the statuses (world.c). All four are seq_cst, so one of the
// two sees the other, and no p is waited for that nobody holds.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"

// Called by rt_entersyscall and rt_entersyscallblock in switch.S.
void entersyscall_at(struct arch_frame *at);
void entersyscallblock_at(struct arch_frame *at);

// While it is away nobody moves its stack pointer for it, and the frame at which it came in here is
// gone. What its caller holds is in the registers of that moment and above the frame.
static void save_caller(struct g *gp, struct arch_frame *at)
{
    gp->syscall_saved = at->saved;
    gp->syscall_sp = at + 1;
}

static bool take_back(struct p *pp, uint32_t status)
{
    uint32_t was = P_SYSCALL;
    return cas_seq_cst(&pp->status, &was, status); // pairs [p.status]
}

// Something is asked of a p that has just been left: does it, if nobody else has come for it.
static void serve_safe_point(void *left)
{
    struct p *pp = left;
    if ((load_acquire(&sched.safepoint) & SAFEPOINT_STOP) != 0) { // pairs [sched.safepoint]
        lock(&sched.lock);
        if (sched.stopwait > 0 && take_back(pp, P_GCSTOP)) {
            add_relaxed(&pp->syscalltick, 1);
            stopped_one_locked();
        }
        unlock(&sched.lock);
    } else if (load_relaxed(&pp->run_safe_point_fn) != 0 && take_back(pp, P_RUNNING)) {
        run_safe_point_fn(pp);
        store_seq_cst(&pp->status, P_SYSCALL); // pairs [p.status]
    }
}

void entersyscall_at(struct arch_frame *at)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    struct p *pp = mp->p;
    rt_assert(gp == mp->curg);
    save_caller(gp, at);
    event_record(pp, EV_GO_SYSCALL, gp->goid, 0);
    casgstatus(gp, G_RUNNING, G_SYSCALL);
    mp->p = NULL;
    mp->oldp = pp;
    pp->m = NULL;
    store_seq_cst(&pp->status, P_SYSCALL);   // pairs [p.status] and [sched.safepoint]
    if (load_seq_cst(&sched.safepoint) != 0) // pairs [sched.safepoint]
        systemstack(serve_safe_point, pp);
}

static void hand_off_own(void *unused)
{
    (void)unused;
    handoffp(releasep());
}

void entersyscallblock_at(struct arch_frame *at)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    struct p *pp = mp->p;
    rt_assert(gp == mp->curg);
    save_caller(gp, at);
    event_record(pp, EV_GO_SYSCALL, gp->goid, 1);
    casgstatus(gp, G_RUNNING, G_SYSCALL);
    add_relaxed(&pp->syscalltick, 1);
    mp->oldp = NULL;
    systemstack(hand_off_own, NULL);
}

// Coming back -----------------------------------------------------------------------------

// The p that was left behind, if it still is: no matter by whom, all of its owner's fields come
// with the status.
static bool exit_fast(struct m *mp)
{
    struct p *pp = mp->oldp;
    mp->oldp = NULL;
    if (pp == NULL || !take_back(pp, P_RUNNING))
        return false;
    mp->p = pp;
    pp->m = mp;
    store_release(&pp->runs_on, mp); // pairs [p.runs_on]
    add_relaxed(&pp->syscalltick, 1);
    return true;
}

static void exit_to_idle_p(void *found)
{
    lock(&sched.lock);
    struct p *pp = pidleget_locked();
    unlock(&sched.lock);
    if (pp != NULL)
        acquirep(pp);
    *(bool *)found = pp != NULL;
}

// No p: the goroutine goes to the global queue, and who lets go of its p next finds it there under
// the lock.
static void exit_without_p(struct g *gp)
{
    struct m *mp = getg()->m;
    dropg(mp, gp);
    casgstatus(gp, G_SYSCALL, G_RUNNABLE);
    lock(&sched.lock);
    struct p *pp = pidleget_locked();
    // asked before others can have it
    bool locked = gp->lockedm != NULL;
    if (pp == NULL)
        globrunqput_locked(gp);
    unlock(&sched.lock);
    if (pp != NULL) {
        acquirep(pp);
        execute(mp, gp, false);
        return;
    }
    if (locked) {
        stoplockedm(mp);
        execute(mp, gp, false);
        return;
    }
    stopm();
    schedule();
}

void rt_exitsyscall(void)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    rt_assert(gp == mp->curg && mp->p == NULL);
    bool found = exit_fast(mp);
    if (!found && load_relaxed(&sched.npidle) != 0)
        systemstack(exit_to_idle_p, &found);
    san_acquire(&sched.safepoint); // what was done while it stood still
    if (!found) {
        mcall(exit_without_p);
        return;
    }
    casgstatus(gp, G_SYSCALL, G_RUNNING);
    p_running_set(mp->p, gp);
    event_record(mp->p, EV_GO_SYSEXIT, gp->goid, 0);
    preempt_check(gp, PREEMPT_AT_SYSCALL);
}
