// SPDX-License-Identifier: Apache-2.0
//
// Timers: a heap per p. A timer fires on the m that finds it due, with that m's p, on g0. One
// timer is in at most one heap; its fields belong to the heap's lock from timer_add until it
// fires.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct p;

struct timer {
    int64_t when;         // lock: timers_lock of the p that holds it; > 0
    void (*fire)(void *); // lock: likewise. Called on g0 with a p and without locks
    void *arg;            // lock: likewise
};

// The key beside the pointer: comparing touches one array only.
struct timer_slot {
    int64_t when;
    struct timer *timer;
};

// By the m that holds pp. Sees to it that an m which sleeps until a later time hears of it.
void timer_add(struct p *pp, struct timer *t);
// Fires what is due on pp, which need not be the caller's. *now is the time, or 0 when not yet
// asked for, and is set if it was needed. Returns when the next one is due, 0 if there is none.
int64_t timers_check(struct p *pp, int64_t *now, bool *ran);
// When the first timer of pp is due, 0 if there is none. A look without the lock.
int64_t timers_next(struct p *pp);
void timers_move(struct p *to, struct p *from);
// Heap operations by themselves; the caller holds pp->timers_lock.
void timers_push_locked(struct p *pp, struct timer *t);
struct timer *timers_pop_locked(struct p *pp);
