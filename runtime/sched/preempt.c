// SPDX-License-Identifier: Apache-2.0
//
// Asking goroutines to give way. A request is a poisoned stack guard: the check that a goroutine
// makes at calls into the runtime and at rt_preempt_point is one load and one comparison with its
// stack pointer. A request is a wish: it is lost to one that ended or parked first, and may reach a
// later turn; who depends on it (stopping the world) asks again.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"

static void poison(struct g *gp, enum preempt_cause cause)
{
    store_relaxed(&gp->stackguard, STACK_PREEMPT + cause);
}

// Asks whatever runs on pp; by anyone. False when nothing has run there yet.
bool preemptone(struct p *pp, enum preempt_cause cause)
{
    struct g *gp = p_running_g(load_acquire(&pp->running)); // pairs [p.running]
    if (gp == NULL)
        return false;
    poison(gp, cause);
    preempt_interrupt(pp);
    return true;
}

// Asks all that run. By who may read nprocs.
void preemptall(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (load_acquire(&allp[i]->status) == P_RUNNING) // pairs [p.status]
            preemptone(allp[i], PREEMPT_WORLD);
    }
}

// Stops for a suspender, who is the only one to know it from then on.
static void preempt_park(struct m *mp, struct g *gp)
{
    gp->wait = WAIT_PREEMPTED;
    dropg(mp, gp);
    casgstatus(gp, G_RUNNING, G_PREEMPTED);
    schedule();
}

static void gopreempt_m(struct g *gp)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    uint32_t cause = gp->preempted & 0xff, how = gp->preempted >> 8;
    event_record(pp, EV_GO_PREEMPT, gp->goid, gp->preempted);
    pp->stats.preempted++;
    pp->stats.preempted_by_hand += cause == PREEMPT_HAND;
    pp->stats.preempted_at_point += how == PREEMPT_AT_POINT;
    pp->stats.preempted_at_signal += how == PREEMPT_AT_SIGNAL;
    if (cause == PREEMPT_STOP) {
        preempt_park(mp, gp);
        return;
    }
    // who was to inherit the time slice gets none: a row of goroutines, each of which readies the
    // next, would otherwise keep all others of this p, and the global queue, waiting for ever
    runqkick(pp);
    goyield_m(gp);
}

// The check found the guard poisoned.
__attribute__((noinline)) void preempt_take(struct g *gp, enum preempt_how how)
{
    uint64_t guard = load_relaxed(&gp->stackguard);
    // taken back first: what is asked from here on is kept
    store_relaxed(&gp->stackguard, gp->stack.lo);
    if (guard < STACK_PREEMPT || gp->m->curg != gp)
        rt_throw("preempt_take: the stack pointer is outside the goroutine's stack");
    gp->preempted = (uint32_t)how << 8 | (uint32_t)(guard - STACK_PREEMPT);
    mcall(gopreempt_m);
}

void rt_preempt_point(void)
{
    preempt_check(getg(), PREEMPT_AT_POINT);
}

void rt_debug_preempt(struct g *gp)
{
    rt_assert(gp != NULL);
    poison(gp, PREEMPT_HAND);
    preempt_interrupt_g(gp);
}
