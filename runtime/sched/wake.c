// SPDX-License-Identifier: Apache-2.0
//
// p's going idle and being woken. The promise: work that was submitted is never left with
// an idle p and nobody coming. It rests on two meetings:
//
// [sched.nmspinning] A submitter makes work visible, then looks at nmspinning with a
//   read-modify-write and starts a spinner if there is none. A spinner that gives up takes itself
//   off nmspinning with a read-modify-write, then looks through all queues again. All of these
//   are in one order of changes: whichever comes second sees what the other did before.
// [sched.needspinning] A submitter that finds no idle p for its spinner says so under
//   sched.lock. An m that does not spin has no duty to look again, so it asks for that flag,
//   under the same lock, before it lets go of its p, and spins instead. Who begins to spin for
//   any reason clears the flag without the lock: it is counted by then, and looks through all
//   queues after that.
//
// A claim on nmspinning that comes to nothing looks like a spinner to others as long as it stands:
// one that finds work then starts nobody for the rest. So a failed wakep first gives its claim back
// and then sets the flag, both under the lock: no p can go idle in between, and whoever took
// the claim for a spinner meets the flag before it lets go of its p.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

// Copies what pp has counted to where rt_stats reads it.
void stats_publish_locked(struct p *pp)
{
    pp->stats_seen = pp->stats;
}

// p's -------------------------------------------------------------------------------------

void pidleput_locked(struct p *pp)
{
    assert_locked(&sched.lock);
    rt_assert(load_relaxed(&pp->status) == P_IDLE);
    rt_assert(runqempty(pp));
    stats_publish_locked(pp);
    pp->link = NULL;
    if (sched.pidle == NULL)
        sched.pidle = pp;
    else
        sched.pidle_last->link = pp;
    sched.pidle_last = pp;
    int32_t before = add_acq_rel(&sched.npidle, 1); // pairs [sched.npidle]
    rt_assert(before >= 0 && before < nprocs);
}

struct p *pidleget_locked(void)
{
    assert_locked(&sched.lock);
    struct p *pp = sched.pidle;
    if (pp == NULL)
        return NULL;
    sched.pidle = pp->link;
    pp->link = NULL;
    int32_t before = sub_acq_rel(&sched.npidle, 1); // pairs [sched.npidle]
    rt_assert(before > 0);
    sysmon_wake_locked(); // from now on there is something to watch
    return pp;
}

// For a caller that wants somebody to spin: if there is no p for that, the next m that would give
// up its p spins instead.
struct p *pidleget_spinning_locked(void)
{
    struct p *pp = pidleget_locked();
    if (pp == NULL)
        store_relaxed(&sched.needspinning, 1); // pairs [sched.needspinning]
    return pp;
}

void acquirep(struct p *pp)
{
    struct m *mp = getg()->m;
    rt_assert(mp->p == NULL);
    rt_assert(pp->m == NULL);
    uint32_t was = P_IDLE;
    if (!cas_acq_rel(&pp->status, &was, P_RUNNING)) // pairs [p.status]
        rt_throw("acquirep: the p is not idle");
    mp->p = pp;
    pp->m = mp;
    store_release(&pp->runs_on, mp); // pairs [p.runs_on]
    event_record(pp, EV_P_START, 0, (uint64_t)mp->id);
}

struct p *releasep(void)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    rt_assert(pp != NULL);
    rt_assert(pp->m == mp);
    event_record(pp, EV_P_IDLE, 0, (uint64_t)mp->id);
    mp->p = NULL;
    pp->m = NULL;
    uint32_t was = P_RUNNING;
    if (!cas_acq_rel(&pp->status, &was, P_IDLE)) // pairs [p.status]
        rt_throw("releasep: the p is not running");
    return pp;
}

// Spinning --------------------------------------------------------------------------------

// Takes the one place of a spinner that is about to be started; false when somebody spins already.
// A look that finds a spinner must be a read-modify-write, see the head of this file.
static bool claim_spinner(void)
{
    for (;;) {
        int32_t none = 0;
        if (load_relaxed(&sched.nmspinning) == 0 &&
            cas_acq_rel(&sched.nmspinning, &none, 1)) // pairs [sched.nmspinning]
            return true;
        if (add_acq_rel(&sched.nmspinning, 0) != 0) // pairs [sched.nmspinning]
            return false;
    }
}

// Work has been submitted: sees to it that somebody looks for it. On g0.
void wakep(void)
{
    struct m *mp = getg()->m;
    // the only p is the caller's
    if ((mp->p != NULL && nprocs == 1) || !claim_spinner())
        return;
    lock_as(mp, &sched.lock);
    struct p *pp = pidleget_locked();
    if (pp == NULL) {
        // in this order and under the lock, see the head of this file
        int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
        rt_assert(before > 0);
        store_relaxed(&sched.needspinning, 1); // pairs [sched.needspinning]
    }
    unlock_as(mp, &sched.lock);
    if (pp != NULL)
        startm(pp, true);
}

void becomespinning(struct m *mp)
{
    rt_assert(!mp->spinning);
    mp->spinning = true;
    add_acq_rel(&sched.nmspinning, 1);     // pairs [sched.nmspinning]
    store_relaxed(&sched.needspinning, 0); // only now: from here on this m looks
}

// A spinner has found work: there may be more, and now nobody looks for it.
void resetspinning(struct m *mp)
{
    rt_assert(mp->spinning);
    mp->spinning = false;
    int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
    if (before <= 0)
        rt_throw("resetspinning: negative nmspinning");
    wakep();
}

// Handing on ------------------------------------------------------------------------------

// Decides under the lock what becomes of a p that its m leaves and that seemed to have no work.
enum handoff { HANDOFF_IDLE, HANDOFF_START, HANDOFF_SPIN, HANDOFF_DONE };

static enum handoff handoff_locked(struct p *pp)
{
    assert_locked(&sched.lock);
    if (pp->m != NULL || load_relaxed(&pp->status) != P_IDLE)
        rt_throw("handoffp: the p is held");
    if ((load_relaxed(&sched.safepoint) & SAFEPOINT_STOP) != 0) {
        store_relaxed(&pp->status, P_GCSTOP);
        stopped_one_locked();
        return HANDOFF_DONE;
    }
    run_safe_point_fn_locked(pp);
    if (load_relaxed(&sched.runqsize) != 0)
        return HANDOFF_START;
    // pairs [sched.needspinning]: both under the lock
    if (load_relaxed(&sched.needspinning) != 0) {
        add_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
        store_relaxed(&sched.needspinning, 0);
        return HANDOFF_SPIN;
    }
    // the last one that runs, and nobody waits for the next timer
    if (load_relaxed(&sched.npidle) == nprocs - 1 && load_relaxed(&sched.lastpoll) != 0)
        return HANDOFF_START;
    pidleput_locked(pp);
    return HANDOFF_IDLE;
}

// The m that had pp cannot run it on: finds another one for it, or makes it idle. pp is the
// caller's, who need not have a p of its own. On g0.
void handoffp(struct p *pp)
{
    // relaxed hint: looked at again under the lock
    if (!runqempty(pp) || load_relaxed(&sched.runqsize) != 0 || gc_idle_work()) {
        startm(pp, false);
        return;
    }
    // nobody looks for work: this p does
    int32_t none = 0;
    if (load_relaxed(&sched.npidle) == 0 && load_relaxed(&sched.nmspinning) == 0 &&
        cas_acq_rel(&sched.nmspinning, &none, 1)) { // pairs [sched.nmspinning]
        store_relaxed(&sched.needspinning, 0);
        startm(pp, true);
        return;
    }
    int64_t when = timers_next(pp);
    lock(&sched.lock);
    enum handoff what = handoff_locked(pp);
    unlock(&sched.lock);
    if (what == HANDOFF_START || what == HANDOFF_SPIN)
        startm(pp, what == HANDOFF_SPIN);
    else if (what == HANDOFF_IDLE && when != 0)
        netpoll_timer_added(when);
}
