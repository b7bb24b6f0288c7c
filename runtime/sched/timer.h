// SPDX-License-Identifier: Apache-2.0
//
// Timers: a heap per p. A timer fires on the m that finds it due, with that m's p, on g0. It is in
// at most one heap, and stays in that one when its time changes: .p says in which, and changes
// under that heap's lock only, as do all other fields while it is in one. What the collector must
// know: a timer in a heap, and its argument, are roots; whoever takes one out of a heap or puts one
// in shades both while it marks (timer_shade).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/atomic.h"

struct p;
struct gcwork;

struct timer {
    int64_t when;         // lock: timers_lock of .p; > 0
    void (*fire)(void *); // lock: likewise. Called on g0 with a p and without locks
    void *arg;            // lock: likewise
    int64_t period;       // lock: likewise; 0: fires once
    uint32_t index;       // lock: likewise; its slot
    // NULL: in no heap. Changed under the lock of the heap that it enters or leaves; release pairs
    // [timer.p]: who finds NULL may write the other fields
    ATOMIC_PTR(struct p) p;
};

// The key beside the pointer: comparing touches one array only.
struct timer_slot {
    int64_t when;
    struct timer *timer;
};

// Of a timer that is in no heap and that nobody else starts. By the m that holds pp. Sees to it
// that an m which sleeps until a later time hears of it.
void timer_add(struct p *pp, struct timer *t);
// The same for a timer that others may use meanwhile: false, and nothing is done, when it is in a
// heap. When *tell is not 0 after it, netpoll_timer_added is to be told of that time, once the
// caller has no lock. On g0, by the m that holds pp.
bool timer_start(struct p *pp, struct timer *t, const struct timer *as, int64_t *tell);
// Another time for a timer, wherever it is, and another period, unless that is negative; added to
// pp when it is in no heap. 1 when it was in one, 0 when not, -EINVAL when it was never started. On
// g0, by the m that holds pp.
int timer_reset(struct p *pp, struct timer *t, int64_t when, int64_t period);
// Whether it was in a heap. On g0. After that the runtime does not touch *t, but what it fired
// before may still be running.
bool timer_stop(struct timer *t);
// Fires what is due on pp, which need not be the caller's; each timer at most once, so that one
// that starts itself again does not keep the caller. *now is the time, or 0 when not yet asked for,
// and is set if it was needed. Returns when the next one is due, 0 if there is none.
int64_t timers_check(struct p *pp, int64_t *now, bool *ran);
// When the first timer of pp is due, 0 if there is none. A look without the lock.
int64_t timers_next(struct p *pp);
void timers_move(struct p *to, struct p *from);
// Calls visit(arg, word) for each timer of pp and its argument.
void timers_each(struct p *pp, void (*visit)(void *, uintptr_t), void *arg);
// Heap operations by themselves; the caller holds pp->timers_lock. push: false when it is in a
// heap.
bool timers_push_locked(struct p *pp, struct timer *t);
struct timer *timers_pop_locked(struct p *pp);
