// SPDX-License-Identifier: Apache-2.0
//
// Where an m gets its next goroutine. The order of the steps is the scheduler's policy; a step
// whose subsystem the runtime does not have yet is a comment that begins with `place:`. The
// invariant: an m that returns from here holds a p; an m that sleeps has released its p and then,
// if it span, looked at everything again.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

enum { STEAL_ROUNDS = 4 };

struct search {
    struct m *mp;
    struct p *pp;       // held by mp while not NULL
    int64_t now;        // 0: not asked for yet
    int64_t poll_until; // first timer known of, 0: none
    int32_t nprocs;     // as of when pp was held: others may change it after that
    bool inherit_time;
    bool worker;
    bool again; // begin from the top
};

static void note_timer(struct search *s, int64_t when)
{
    if (when != 0 && (s->poll_until == 0 || when < s->poll_until))
        s->poll_until = when;
}

static struct g *find_global(struct search *s, int32_t max)
{
    // relaxed hint: who goes to sleep looks again under the lock
    if (load_relaxed(&sched.runqsize) == 0)
        return NULL;
    lock_as(s->mp, &sched.lock);
    struct g *gp = globrunqget_locked(s->pp, max);
    unlock_as(s->mp, &sched.lock);
    return gp;
}

// What is asked of this p, see world.c. Returns with a p, perhaps another one.
static void safe_point(struct search *s)
{
    for (;;) {
        uint32_t asked = load_acquire(&sched.safepoint); // pairs [sched.safepoint]
        if (asked == 0)
            break;
        if ((asked & SAFEPOINT_STOP) == 0) {
            if (load_relaxed(&s->pp->run_safe_point_fn) != 0)
                run_safe_point_fn(s->pp);
            break;
        }
        gcstopm();
        s->pp = s->mp->p;
    }
    s->nprocs = nprocs;
}

// What this p has, and what is everybody's.
static struct g *find_own(struct search *s)
{
    struct g *gp;
    bool ran = false;

    s->poll_until = timers_check(s->pp, &s->now, &ran);
    // place: trace reader
    gp = gc_find_worker(s->pp, s->now);
    if (gp != NULL) {
        s->worker = true;
        return gp;
    }
    if (s->pp->schedtick % SCHED_TICK_GLOBAL == 0) {
        gp = find_global(s, 1);
        if (gp != NULL)
            return gp;
    }
    gp = runqget(s->pp, &s->inherit_time);
    if (gp != NULL)
        return gp;
    gp = find_global(s, 0);
    if (gp != NULL)
        return gp;
    struct netpoll_found found = netpoll_look();
    s->inherit_time = false;
    return netpoll_take(&found);
}

// One victim. Timers and runnext only in the last round: most of them are run by their own p soon.
static struct g *steal_from(struct search *s, struct p *victim, bool last_round)
{
    if (last_round) {
        bool ran = false;
        note_timer(s, timers_check(victim, &s->now, &ran));
        if (ran) {
            // a timer readies onto the p that ran it
            struct g *gp = runqget(s->pp, &s->inherit_time);
            if (gp != NULL)
                return gp;
            s->again = true;
        }
    }
    s->inherit_time = false;
    if (!runqclaim(victim, last_round))
        return NULL;
    return runqsteal(s->pp, victim, last_round);
}

// What stands in front of a p that runs is mostly about to run there, as soon as who readied it
// waits for it. So a thief sleeps a moment before it looks at those; it counts as spinning
// meanwhile, and nobody wakes another.
static void let_next_run(const struct search *s)
{
    for (int32_t i = 0; i < s->nprocs && RUNNEXT_WAIT_NS > 0; i++) {
        if (load_relaxed(&sched.steal.next[i]) != 0 && allp[i] != s->pp &&
            load_relaxed(&allp[i]->status) == P_RUNNING) {
            host_sleep(RUNNEXT_WAIT_NS);
            return;
        }
    }
}

static struct g *find_stolen(struct search *s)
{
    for (int round = 0; round < STEAL_ROUNDS; round++) {
        if (round == STEAL_ROUNDS - 1)
            let_next_run(s);
        struct rand_order o;
        rand_order_begin(&o, &s->mp->rand, (uint32_t)s->nprocs);
        for (; rand_order_more(&o); rand_order_next(&o)) {
            struct p *victim = allp[o.at];
            if (victim == s->pp)
                continue;
            struct g *gp = steal_from(s, victim, round == STEAL_ROUNDS - 1);
            if (gp != NULL)
                return gp;
        }
    }
    return NULL;
}

// At most half of the busy p's spin: stealing costs those who work.
static bool may_spin(const struct search *s)
{
    if (s->mp->spinning)
        return true;
    int32_t spinning = load_relaxed(&sched.nmspinning);
    int32_t idle = load_relaxed(&sched.npidle);
    return 2 * spinning < s->nprocs - idle;
}

static bool safe_point_asked(const struct p *pp)
{
    // relaxed: changed under the lock that the caller holds
    uint32_t asked = load_relaxed(&sched.safepoint);
    return asked != 0 &&
           ((asked & SAFEPOINT_STOP) != 0 || load_relaxed(&pp->run_safe_point_fn) != 0);
}

// Nothing found: gives up the p, after a last look under the lock. NULL with `again` set: spin, or
// do what is asked at the safe point.
static struct g *give_up_p(struct search *s)
{
    lock(&sched.lock);
    if (safe_point_asked(s->pp)) {
        unlock(&sched.lock);
        s->again = true;
        return NULL;
    }
    if (load_relaxed(&sched.runqsize) != 0) {
        struct g *gp = globrunqget_locked(s->pp, 0);
        unlock(&sched.lock);
        s->inherit_time = false;
        return gp;
    }
    // pairs [sched.needspinning]: both under the lock
    if (!s->mp->spinning && load_relaxed(&sched.needspinning) != 0) {
        becomespinning(s->mp);
        unlock(&sched.lock);
        s->again = true;
        return NULL;
    }
    struct p *pp = releasep();
    rt_assert(pp == s->pp);
    pidleput_locked(pp);
    unlock(&sched.lock);
    s->pp = NULL;
    return NULL;
}

static void take_p(struct search *s, struct p *pp, bool spin)
{
    acquirep(pp);
    s->pp = pp;
    if (spin)
        becomespinning(s->mp);
}

// The last look of a spinner, without a p and no longer counted. See wake.c for what it pairs with.
static struct g *look_again(struct search *s)
{
    s->mp->spinning = false;
    int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
    if (before <= 0)
        rt_throw("findrunnable: negative nmspinning");

    lock(&sched.lock);
    struct p *pp = NULL;
    if (load_relaxed(&sched.runqsize) != 0)
        pp = pidleget_spinning_locked();
    if (pp != NULL) {
        struct g *gp = globrunqget_locked(pp, 0);
        unlock(&sched.lock);
        rt_assert(gp != NULL);
        take_p(s, pp, true);
        s->inherit_time = false;
        return gp;
    }
    unlock(&sched.lock);

    for (int32_t i = 0; i < s->nprocs; i++) {
        if (runqempty(allp[i]))
            continue;
        runqhint(allp[i]); // or the search that comes might pass it over
        lock(&sched.lock);
        pp = pidleget_spinning_locked();
        unlock(&sched.lock);
        if (pp != NULL) {
            take_p(s, pp, true);
            s->again = true;
            return NULL;
        }
        break; // no p: its holder has been told by needspinning
    }
    if (gc_idle_work()) {
        lock(&sched.lock);
        pp = pidleget_spinning_locked();
        unlock(&sched.lock);
        if (pp != NULL) {
            take_p(s, pp, true);
            s->again = true;
            return NULL;
        }
    }
    for (int32_t i = 0; i < s->nprocs; i++)
        note_timer(s, timers_next(allp[i]));
    return NULL;
}

static bool timers_wait(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (timers_next(allp[i]) != 0)
            return true;
    }
    return false;
}

// As the one that waits for the next timer and for descriptors. What has become ready is injected,
// or, when there is a p, returned.
static struct g *poll_without_p(struct search *s, int64_t until, bool was_spinning)
{
    rt_assert(s->mp->p == NULL && !s->mp->spinning);
    struct netpoll_found found = netpoll_sleep(until);
    lock(&sched.lock);
    struct p *pp = pidleget_locked();
    unlock(&sched.lock);
    if (pp == NULL) {
        netpoll_inject(&found);
        return NULL;
    }
    acquirep(pp);
    s->pp = pp;
    s->inherit_time = false;
    struct g *gp = netpoll_take(&found);
    if (gp == NULL && was_spinning)
        becomespinning(s->mp);
    else if (gp != NULL && timers_wait())
        wakep(); // nobody waits for them any more
    return gp;
}

// Sleeps: in the poller, or until it is woken. Returns with a p.
static struct g *sleep_without_p(struct search *s, bool was_spinning)
{
    int64_t until = s->poll_until;
    if (until == 0 && netpoll_wanted())
        until = INT64_MAX;
    if (until != 0 && netpoll_enter(until)) {
        struct g *gp = poll_without_p(s, until, was_spinning);
        if (s->pp != NULL)
            return gp;
    } else if (s->poll_until != 0) {
        netpoll_wake_before(s->poll_until);
    }
    stopm();
    s->pp = s->mp->p;
    return NULL;
}

struct found findrunnable(struct m *mp)
{
    struct search s = {.mp = mp, .pp = mp->p};
    for (;;) {
        rt_assert(s.pp != NULL && s.pp == mp->p);
        s.now = 0;
        s.again = false;
        s.inherit_time = false;
        s.worker = false;
        safe_point(&s);
        struct g *gp = find_own(&s);
        if (gp == NULL && may_spin(&s)) {
            if (!mp->spinning)
                becomespinning(mp);
            gp = find_stolen(&s);
        }
        if (gp == NULL && !s.again)
            gp = gc_find_idle_worker(s.pp);
        if (gp == NULL && !s.again)
            gp = give_up_p(&s);
        if (gp == NULL && !s.again) {
            bool was_spinning = mp->spinning;
            if (was_spinning)
                gp = look_again(&s);
            if (gp == NULL && !s.again)
                gp = sleep_without_p(&s, was_spinning);
        }
        if (gp != NULL)
            return (struct found){gp, s.inherit_time, s.worker};
    }
}
