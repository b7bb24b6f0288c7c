// SPDX-License-Identifier: Apache-2.0
//
// The life of goroutines: started by newproc, switched to by execute, parked, readied, ended by
// goexit0. Functions with a suffix _m run on g0 after mcall: the goroutine that they are given is
// saved, and theirs until they publish it. An event is recorded before the status changes,
// because after that the g may be another's.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/rt_panic.h"
#include "runtime/sched/sched.h"

// Called by g0_wait in switch.S.
void g0_wait_at(void (*fn)(void *), void *arg, enum wait_reason reason, struct arch_frame *at);

// Runs gp on this m. On g0. Does not return.
void execute(struct m *mp, struct g *gp, bool inherit_time)
{
    struct p *pp = mp->p;
    rt_assert(mp->curg == NULL);
    rt_assert(gp->lockedm == NULL || gp->lockedm == mp);
    rt_assert(gp->m == NULL);
    mp->curg = gp;
    gp->m = mp;
    gp->wait = WAIT_NONE;
    casgstatus(gp, G_RUNNABLE, G_RUNNING);
    if (!inherit_time)
        pp->schedtick++;
    p_running_set(pp, gp);
    pp->stats.goroutines_started++;
    event_record(pp, EV_GO_START, gp->goid, inherit_time);
    gogo(gp);
}

// One round of the scheduler: finds a goroutine and runs it. On g0. Does not return.
void schedule(void)
{
    struct m *mp = getg()->m;
    rt_assert(mp->held.n == 0);
    rt_assert(mp->curg == NULL);
    rt_assert(mp->p != NULL);
    if (mp->lockedg != NULL) {
        stoplockedm(mp);
        execute(mp, mp->lockedg, false);
        return;
    }
    for (;;) {
        struct found found = findrunnable(mp);
        rt_assert(mp->p != NULL && mp->p->m == mp);
        if (mp->spinning)
            resetspinning(mp);
        else if (found.worker)
            wakep(); // the goroutines that it was preferred to may need somebody
        if (found.gp->lockedm == NULL) {
            execute(mp, found.gp, found.inherit_time);
            return;
        }
        startlockedm(found.gp);
    }
}

// Takes the calling m's goroutine off it.
void dropg(struct m *mp, struct g *gp)
{
    rt_assert(mp->curg == gp && gp->m == mp);
    mp->curg = NULL;
    gp->m = NULL;
}

// Park and ready --------------------------------------------------------------------------

static void park_m(struct g *gp)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    bool (*commit)(struct g *, void *) = mp->park_commit;
    void *arg = mp->park_arg;
    mp->park_commit = NULL;
    mp->park_arg = NULL;

    uint64_t goid = gp->goid;
    event_record(pp, EV_GO_PARK, goid, gp->wait);
    dropg(mp, gp);
    casgstatus(gp, G_RUNNING, G_WAITING);
    // from commit on, gp belongs to whoever readies it, unless it says no
    if (commit != NULL && !commit(gp, arg)) {
        event_record(pp, EV_GO_UNPARK, goid, 0);
        casgstatus(gp, G_WAITING, G_RUNNABLE);
        execute(mp, gp, true);
        return;
    }
    schedule();
}

// Parks the calling goroutine. commit(gp, arg) runs on g0 when the goroutine is saved and
// waiting: it publishes gp to whoever will ready it; false means that there is no reason to wait
// any more.
void gopark(bool (*commit)(struct g *, void *), void *arg, enum wait_reason reason)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    rt_assert(gp == mp->curg);
    rt_assert(load_relaxed(&gp->status) == G_RUNNING);
    gp->wait = reason;
    mp->park_commit = commit;
    mp->park_arg = arg;
    mcall(park_m);
}

// Runs fn(arg) on g0 while the calling goroutine counts as waiting: for work there that waits for
// other goroutines, which may at the same time wait for this one to stand still. It does, and keeps
// its m. Who looks at its stack finds all that its caller holds from `at` upwards; stack_shrink
// leaves twice that, so also the frames below.
void g0_wait_at(void (*fn)(void *), void *arg, enum wait_reason reason, struct arch_frame *at)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    gp->wait = reason;
    gp->sched.sp = at;
    casgstatus(gp, G_RUNNING, G_WAITING);
    systemstack(fn, arg);
    casgstatus(gp, G_WAITING, G_RUNNING);
    gp->wait = WAIT_NONE;
    san_acquire(&sched.safepoint); // what was done while it stood still
}

// Makes a waiting goroutine runnable on this p; `next`: it inherits the time slice. On g0, without
// a lock.
void ready(struct g *gp, bool next)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    rt_assert(pp != NULL);
    rt_assert(mp->held.n == 0); // it may want the lock, and waking others takes some
    event_record(pp, EV_GO_READY, gp->goid, mp->curg != NULL ? mp->curg->goid : 0);
    casgstatus(gp, G_WAITING, G_RUNNABLE);
    runqput(pp, gp, next);
    wakep();
}

static void ready_g(void *gp)
{
    ready(gp, true);
}

void goready(struct g *gp)
{
    systemstack(ready_g, gp);
}

// Yield -----------------------------------------------------------------------------------

// gp goes to the end of the global queue.
void goyield_m(struct g *gp)
{
    struct m *mp = getg()->m;
    dropg(mp, gp);
    casgstatus(gp, G_RUNNING, G_RUNNABLE);
    lock_as(mp, &sched.lock);
    globrunqput_locked(gp);
    unlock_as(mp, &sched.lock);
    // a spinner may have looked before gp was there, and this m now runs something else
    wakep();
    schedule();
}

static void gosched_m(struct g *gp)
{
    event_record(getg()->m->p, EV_GO_YIELD, gp->goid, 0);
    goyield_m(gp);
}

void rt_yield(void)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    // who wants it to stop must not have to meet it in a queue
    preempt_check(gp, PREEMPT_AT_CALL);
    mcall(gosched_m);
}

// Birth and death -------------------------------------------------------------------------

struct newproc_call {
    const struct newproc_attr *attr;
    void (*fn)(void *);
    void *arg;
    struct g *gp;
};

static void newproc_on_g0(void *call)
{
    struct newproc_call *c = call;
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    struct g *gp = gfget(pp);
    if (gp == NULL)
        gp = g_new(pp);
    rt_assert(readgstatus(gp) == G_DEAD);
    rt_assert(gp->m == NULL && gp->schedlink == NULL);
    gstack_set(pp, gp, c->attr->stack_class);

    arch_gobuf_init(&gp->sched, (void *)gp->stack.hi, c->fn, c->arg);
    san_goroutine(&gp->fiber, mp->curg != NULL ? mp->curg->fiber : NULL, gp->stack.lo,
                  gp->stack.hi);
    gp->fn = c->fn;
    gp->from = c->attr->from;
    gp->system = c->attr->system;
    gc_start_goroutine(c->arg);
    if (pp->goid_next == pp->goid_end) {
        pp->goid_next = add_relaxed(&sched.goidgen, GOID_BATCH) + 1;
        pp->goid_end = pp->goid_next + GOID_BATCH;
    }
    gp->goid = pp->goid_next++;
    store_relaxed(&gp->permit, PERMIT_NONE);
    gp->label = mp->curg != NULL && !gp->system ? mp->curg->label : NULL;
    c->gp = gp;

    pp->stats.goroutines_created++;
    event_record(pp, EV_GO_CREATE, gp->goid, mp->curg != NULL ? mp->curg->goid : 0);
    casgstatus(gp, G_DEAD, G_RUNNABLE);
    runqput(pp, gp, true);
    if (mp->curg != NULL || sched.sysmon != NULL) // not while the runtime starts
        wakep();
}

struct g *newproc(const struct newproc_attr *attr, void (*fn)(void *), void *arg)
{
    rt_assert(fn != NULL);
    struct newproc_call call = {.attr = attr, .fn = fn, .arg = arg, .gp = NULL};
    systemstack(newproc_on_g0, &call);
    return call.gp;
}

// A helper of the runtime.
struct g *newproc_system(void (*fn)(void *), void *arg)
{
    struct newproc_attr attr = {.stack_class = stack_class(STACK_BYTES), .system = true};
    return newproc(&attr, fn, arg);
}

static void goexit0(struct g *gp)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    event_record(pp, EV_GO_END, gp->goid, 0);
    pp->stats.goroutines_ended++;
    bool locked = mp->lockedg != NULL;
    mp->lockedg = NULL;
    mp->locks_thread = 0;
    gp->lockedm = NULL;
    dropg(mp, gp);
    casgstatus(gp, G_RUNNING, G_DEAD);
    gp->fn = NULL;
    gp->from = NULL;
    gp->wait = WAIT_NONE;
    gp->label = NULL;
    rt_assert(gp->waiting == NULL && gp->scopes == NULL && gp->panics == NULL);
    gc_end_goroutine(gp);
    gfput(pp, gp);
    if (locked)
        mexit();
    schedule();
}

// Where a goroutine's function returns to, and what rt_goexit comes down to.
_Noreturn void goexit(void)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    mcall_abandon(goexit0);
}

// The public face -------------------------------------------------------------------------

static struct g *go_from(void *from, size_t stack_bytes, void (*fn)(void *), void *arg)
{
    struct newproc_attr attr = {.stack_class = stack_class(stack_bytes), .from = from};
    struct g *gp = newproc(&attr, fn, arg);
    preempt_check(getg(), PREEMPT_AT_CALL);
    return gp;
}

struct g *rt_go(void (*fn)(void *), void *arg)
{
    return go_from(__builtin_return_address(0), STACK_BYTES, fn, arg);
}

struct g *rt_go_with(const struct rt_go_attr *attr, void (*fn)(void *), void *arg)
{
    size_t bytes = attr->stack_bytes != 0 ? attr->stack_bytes : STACK_BYTES;
    if (bytes > STACK_MAX_BYTES)
        rt_fatal("runtime: rt_go_attr.stack_bytes is out of range");
    return go_from(__builtin_return_address(0), bytes, fn, arg);
}

struct g *rt_self(void)
{
    return getg();
}

uint64_t rt_id(const struct g *gp)
{
    return gp->goid;
}

_Noreturn void rt_exit(void)
{
    rt_goexit();
}

void rt_set_label(const char *label)
{
    getg()->label = label;
}

const char *rt_label(void)
{
    return getg()->label;
}

static bool park_commit(struct g *gp, void *arg)
{
    (void)arg;
    uint32_t permit = PERMIT_NONE;
    if (cas_acq_rel(&gp->permit, &permit, PERMIT_PARKED)) // pairs [g.permit]
        return true;
    rt_assert(permit == PERMIT_READY);
    bool taken = cas_acq_rel(&gp->permit, &permit, PERMIT_NONE); // pairs [g.permit]
    rt_assert(taken);
    return false;
}

void rt_park(void)
{
    uint32_t permit = PERMIT_READY;
    struct g *gp = getg();
    if (cas_acq_rel(&gp->permit, &permit, PERMIT_NONE)) { // pairs [g.permit]
        san_acquire(&gp->permit);
        return;
    }
    rt_assert(permit == PERMIT_NONE);
    gopark(park_commit, NULL, WAIT_PARK);
    san_acquire(&gp->permit);
}

void rt_ready(struct g *gp)
{
    rt_assert(gp != NULL);
    san_release_more(&gp->permit);
    uint32_t was = load_relaxed(&gp->permit);
    // also a permit that is there already is written again: its taker must see what this giver
    // wrote
    while (!cas_acq_rel(&gp->permit, &was, was == PERMIT_PARKED ? PERMIT_NONE : PERMIT_READY))
        ; // pairs [g.permit]
    if (was == PERMIT_PARKED)
        goready(gp);
    preempt_check(getg(), PREEMPT_AT_CALL);
}

static void sleep_fire(void *gp)
{
    ready(gp, false);
}

static bool sleep_commit(struct g *gp, void *arg)
{
    (void)arg;
    timer_add(getg()->m->p, &gp->timer);
    return true;
}

void rt_sleep(int64_t duration_ns)
{
    if (duration_ns <= 0)
        return;
    struct g *gp = getg();
    int64_t when = 0;
    if (__builtin_add_overflow(host_nanotime(), duration_ns, &when))
        when = INT64_MAX;
    gp->timer.when = when;
    gp->timer.fire = sleep_fire;
    gp->timer.arg = gp;
    gopark(sleep_commit, NULL, WAIT_SLEEP);
}
