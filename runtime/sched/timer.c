// SPDX-License-Identifier: Apache-2.0
//
// Timers of a p: a heap with four children a node (shallower than two, and the children's keys
// share a cache line). The lock is held for heap operations only, never while a timer fires.
// timers_when mirrors the top, so that schedule() need not take the lock to see that nothing is
// due.
#include "runtime/sched/timer.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

enum { TIMER_CHILDREN = 4 };

static void grow_locked(struct p *pp)
{
    uint32_t cap = pp->timers_cap == 0 ? TIMERS_INITIAL : 2 * pp->timers_cap;
    rt_assert(cap > pp->timers_cap);
    struct timer_slot *v = persistent_alloc(cap * sizeof(*v), _Alignof(struct timer_slot));
    for (uint32_t i = 0; i < pp->ntimers; i++)
        v[i] = pp->timers[i];
    pp->timers = v; // the old array is lost: all of them together are smaller than this one
    pp->timers_cap = cap;
}

static void mirror_top_locked(struct p *pp)
{
    int64_t when = pp->ntimers == 0 ? 0 : pp->timers[0].when;
    store_release(&pp->timers_when, when); // pairs [p.timers_when]
}

void timers_push_locked(struct p *pp, struct timer *t)
{
    assert_locked(&pp->timers_lock);
    rt_assert(t->when > 0);
    if (pp->ntimers == pp->timers_cap)
        grow_locked(pp);
    struct timer_slot *v = pp->timers;
    uint32_t i = pp->ntimers++;
    while (i > 0) {
        uint32_t parent = (i - 1) / TIMER_CHILDREN;
        if (v[parent].when <= t->when)
            break;
        v[i] = v[parent];
        i = parent;
    }
    v[i] = (struct timer_slot){t->when, t};
    mirror_top_locked(pp);
}

static void sift_down(struct timer_slot *v, uint32_t n, struct timer_slot moved)
{
    uint32_t i = 0;
    for (;;) {
        uint32_t first = i * TIMER_CHILDREN + 1;
        if (first >= n)
            break;
        uint32_t best = first;
        for (uint32_t c = first + 1; c < n && c < first + TIMER_CHILDREN; c++) {
            if (v[c].when < v[best].when)
                best = c;
        }
        if (v[best].when >= moved.when)
            break;
        v[i] = v[best];
        i = best;
    }
    v[i] = moved;
}

struct timer *timers_pop_locked(struct p *pp)
{
    assert_locked(&pp->timers_lock);
    if (pp->ntimers == 0)
        return NULL;
    struct timer *t = pp->timers[0].timer;
    rt_assert(t->when == pp->timers[0].when);
    pp->ntimers--;
    if (pp->ntimers > 0)
        sift_down(pp->timers, pp->ntimers, pp->timers[pp->ntimers]);
    mirror_top_locked(pp);
    return t;
}

// All of from's timers go to `to`. World stopped: nobody adds or fires any.
void timers_move(struct p *to, struct p *from)
{
    lock(&from->timers_lock);
    const struct timer_slot *v = from->timers;
    uint32_t n = from->ntimers;
    from->timers = NULL;
    from->ntimers = from->timers_cap = 0;
    mirror_top_locked(from);
    unlock(&from->timers_lock);
    lock(&to->timers_lock);
    for (uint32_t i = 0; i < n; i++)
        timers_push_locked(to, v[i].timer);
    unlock(&to->timers_lock);
}

void timer_add(struct p *pp, struct timer *t)
{
    int64_t when = t->when;
    lock(&pp->timers_lock);
    timers_push_locked(pp, t);
    bool first = pp->timers[0].timer == t;
    unlock(&pp->timers_lock);
    // t is no longer ours: it may have fired
    if (first)
        netpoll_timer_added(when);
}

int64_t timers_next(struct p *pp)
{
    return load_acquire(&pp->timers_when); // pairs [p.timers_when]
}

int64_t timers_check(struct p *pp, int64_t *now, bool *ran)
{
    int64_t next = timers_next(pp);
    if (next == 0)
        return 0;
    if (*now == 0)
        *now = host_nanotime();
    if (next > *now)
        return next;
    lock(&pp->timers_lock);
    while (pp->ntimers > 0 && pp->timers[0].when <= *now) {
        struct timer *t = timers_pop_locked(pp);
        void (*fire)(void *) = t->fire;
        void *arg = t->arg;
        unlock(&pp->timers_lock);
        fire(arg);
        *ran = true;
        lock(&pp->timers_lock);
    }
    next = pp->ntimers == 0 ? 0 : pp->timers[0].when;
    unlock(&pp->timers_lock);
    return next;
}
