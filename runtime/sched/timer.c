// SPDX-License-Identifier: Apache-2.0
//
// Timers of a p: a heap with four children a node (shallower than two, and the children's keys
// share a cache line). The lock is held for heap operations only, never while a timer fires.
// timers_when mirrors the top, so that schedule() need not take the lock to see that nothing is
// due. It is written once an operation, when the heap is whole again: a reader must never see a
// heap that is empty for a moment only.
//
// A timer whose time changes stays in its heap, whosever that is: there is no moment at which it
// is in none, and nobody can miss it.
#include "runtime/sched/timer.h"

#include <errno.h>

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

enum { TIMER_CHILDREN = 4 };

// What a heap has held, or is to hold, is not lost on the way while marking goes on. On g0, by an m
// that holds a p.
static void timer_shade(const struct timer *t)
{
    if (load_relaxed(&gc.phase) == GC_OFF)
        return;
    gc_shade((uintptr_t)t);
    gc_shade((uintptr_t)t->arg);
}

// The heap --------------------------------------------------------------------------------

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

static inline void place(struct timer_slot *v, uint32_t i, struct timer_slot slot)
{
    v[i] = slot;
    slot.timer->index = i;
}

static void sift_up(struct timer_slot *v, uint32_t i, struct timer_slot moved)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / TIMER_CHILDREN;
        if (v[parent].when <= moved.when)
            break;
        place(v, i, v[parent]);
        i = parent;
    }
    place(v, i, moved);
}

static void sift_down(struct timer_slot *v, uint32_t n, uint32_t i, struct timer_slot moved)
{
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
        place(v, i, v[best]);
        i = best;
    }
    place(v, i, moved);
}

// Slot i is to hold `moved`, wherever that belongs.
static void settle_locked(struct p *pp, uint32_t i, struct timer_slot moved)
{
    if (i > 0 && pp->timers[(i - 1) / TIMER_CHILDREN].when > moved.when)
        sift_up(pp->timers, i, moved);
    else
        sift_down(pp->timers, pp->ntimers, i, moved);
}

// Takes a timer that is in no heap: from here on who else looks for it waits for the lock.
static bool claim_locked(struct p *pp, struct timer *t)
{
    assert_locked(&pp->timers_lock);
    struct p *none = NULL;
    return cas_acq_rel(&t->p, &none, pp); // pairs [timer.p]
}

// Puts in what was claimed; true when it is the first.
static bool insert_locked(struct p *pp, struct timer *t)
{
    rt_assert(t->when > 0);
    timer_shade(t);
    if (pp->ntimers == pp->timers_cap)
        grow_locked(pp);
    sift_up(pp->timers, pp->ntimers++, (struct timer_slot){t->when, t});
    mirror_top_locked(pp);
    return t->index == 0;
}

bool timers_push_locked(struct p *pp, struct timer *t)
{
    if (!claim_locked(pp, t))
        return false;
    insert_locked(pp, t);
    return true;
}

static void remove_locked(struct p *pp, struct timer *t)
{
    timer_shade(t);
    uint32_t i = t->index;
    rt_assert(i < pp->ntimers && pp->timers[i].timer == t && pp->timers[i].when == t->when);
    struct timer_slot last = pp->timers[--pp->ntimers];
    if (last.timer != t)
        settle_locked(pp, i, last);
    mirror_top_locked(pp);
    store_release(&t->p, NULL); // pairs [timer.p]
}

struct timer *timers_pop_locked(struct p *pp)
{
    assert_locked(&pp->timers_lock);
    if (pp->ntimers == 0)
        return NULL;
    struct timer *t = pp->timers[0].timer;
    remove_locked(pp, t);
    return t;
}

static void set_when_locked(struct p *pp, struct timer *t, int64_t when)
{
    rt_assert(when > 0);
    t->when = when;
    settle_locked(pp, t->index, (struct timer_slot){when, t});
    mirror_top_locked(pp);
}

// All of from's timers go to `to`. World stopped: nobody adds, changes or fires any.
void timers_move(struct p *to, struct p *from)
{
    lock(&from->timers_lock);
    const struct timer_slot *v = from->timers;
    uint32_t n = from->ntimers;
    from->timers = NULL;
    from->ntimers = from->timers_cap = 0;
    mirror_top_locked(from);
    for (uint32_t i = 0; i < n; i++)
        store_release(&v[i].timer->p, NULL); // pairs [timer.p]
    unlock(&from->timers_lock);
    lock(&to->timers_lock);
    for (uint32_t i = 0; i < n; i++) {
        bool pushed = timers_push_locked(to, v[i].timer);
        rt_assert(pushed);
    }
    unlock(&to->timers_lock);
}

void timers_each(struct p *pp, void (*visit)(void *, uintptr_t), void *arg)
{
    lock(&pp->timers_lock);
    for (uint32_t i = 0; i < pp->ntimers; i++) {
        struct timer *t = pp->timers[i].timer;
        visit(arg, (uintptr_t)t);
        visit(arg, (uintptr_t)t->arg);
    }
    unlock(&pp->timers_lock);
}

// Starting, changing, stopping ------------------------------------------------------------

// The heap that t is in, locked; NULL: it is in none.
static struct p *lock_heap_of(struct timer *t)
{
    for (;;) {
        struct p *pp = load_acquire(&t->p); // pairs [timer.p]
        if (pp == NULL)
            return NULL;
        lock(&pp->timers_lock);
        if (load_relaxed(&t->p) == pp) // under the lock it stays
            return pp;
        unlock(&pp->timers_lock);
    }
}

void timer_add(struct p *pp, struct timer *t)
{
    int64_t when = t->when;
    lock(&pp->timers_lock);
    bool claimed = claim_locked(pp, t);
    rt_assert(claimed);
    bool first = insert_locked(pp, t);
    unlock(&pp->timers_lock);
    // t is no longer ours: it may have fired
    if (first)
        netpoll_timer_added(when);
}

// False: somebody has claimed it.
static bool try_start(struct p *pp, struct timer *t, const struct timer *as, int64_t *tell)
{
    lock(&pp->timers_lock);
    bool claimed = claim_locked(pp, t), first = false;
    if (claimed) {
        t->when = as->when;
        t->fire = as->fire;
        t->arg = as->arg;
        t->period = as->period;
        first = insert_locked(pp, t);
    }
    unlock(&pp->timers_lock);
    *tell = first ? as->when : 0;
    return claimed;
}

bool timer_start(struct p *pp, struct timer *t, const struct timer *as, int64_t *tell)
{
    while (!try_start(pp, t, as, tell)) {
        // a reset claims a timer before it knows whether it was ever started, and lets go of it
        struct p *in = lock_heap_of(t);
        if (in == NULL)
            continue;
        unlock(&in->timers_lock);
        return false;
    }
    return true;
}

// Into pp's heap, as it was. -EBUSY: it is in one.
static int restart(struct p *pp, struct timer *t, int64_t when, int64_t period)
{
    lock(&pp->timers_lock);
    if (!claim_locked(pp, t)) {
        unlock(&pp->timers_lock);
        return -EBUSY;
    }
    bool never = t->fire == NULL, first = false;
    if (never) {
        store_release(&t->p, NULL); // pairs [timer.p]
    } else {
        t->when = when;
        if (period >= 0)
            t->period = period;
        first = insert_locked(pp, t);
    }
    unlock(&pp->timers_lock);
    if (first)
        netpoll_timer_added(when);
    return never ? -EINVAL : 0;
}

int timer_reset(struct p *pp, struct timer *t, int64_t when, int64_t period)
{
    for (;;) {
        struct p *in = lock_heap_of(t);
        if (in != NULL) {
            if (period >= 0)
                t->period = period;
            set_when_locked(in, t, when);
            bool first = t->index == 0;
            unlock(&in->timers_lock);
            // perhaps earlier than what somebody sleeps for, whosever p it is
            if (first)
                netpoll_timer_added(when);
            return 1;
        }
        int result = restart(pp, t, when, period);
        if (result != -EBUSY)
            return result;
    }
}

bool timer_stop(struct timer *t)
{
    struct p *in = lock_heap_of(t);
    if (in == NULL)
        return false;
    remove_locked(in, t);
    unlock(&in->timers_lock);
    return true;
}

// Firing ----------------------------------------------------------------------------------

int64_t timers_next(struct p *pp)
{
    return load_acquire(&pp->timers_when); // pairs [p.timers_when]
}

// The first time after `now` that is a whole number of periods after `when`.
static int64_t next_period(int64_t when, int64_t period, int64_t now)
{
    int64_t missed = (now - when) / period, next = 0;
    if (__builtin_mul_overflow(missed + 1, period, &next) ||
        __builtin_add_overflow(when, next, &next))
        return INT64_MAX;
    return next;
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
    for (uint32_t left = pp->ntimers; left > 0 && pp->ntimers > 0; left--) {
        struct timer *t = pp->timers[0].timer;
        if (t->when > *now)
            break;
        void (*fire)(void *) = t->fire;
        void *arg = t->arg;
        san_acquire(t);
        event_record(getg()->m->p, EV_TIMER, 0, (uint64_t)t->when);
        if (t->period > 0)
            set_when_locked(pp, t, next_period(t->when, t->period, *now));
        else
            remove_locked(pp, t);
        unlock(&pp->timers_lock);
        fire(arg);
        *ran = true;
        san_release_more(t);
        lock(&pp->timers_lock);
    }
    next = pp->ntimers == 0 ? 0 : pp->timers[0].when;
    unlock(&pp->timers_lock);
    return next;
}
