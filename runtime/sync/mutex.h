// SPDX-License-Identifier: Apache-2.0
//
// The runtime's own mutex, on a futex: for short critical sections on any stack. A goroutine
// never holds one across a switch (schedule() checks), and locks are taken in rising rank. Where
// several of a rank may be held at a time each has a number: they are taken in rising order.
#pragma once

#include "runtime/base/atomic.h"
#include "runtime/base/rank.h"

struct m;

struct mutex {
    atomic_u32 key;      // atomic: MUTEX_*
    enum lock_rank rank; // const after mutex_init
    uint64_t order;      // likewise; among those of its rank, 0: it is held beside none of them
    struct m *owner;     // written and read by the holder, for checks
};

// For a mutex that is good from the beginning.
// clang-format off
#define MUTEX_INIT(r) {.rank = (r)}
// clang-format on

enum { LOCKS_HELD_MAX = 72 }; // a select holds one for each channel

// Locks that an m holds, for the rank check. Owner: the m.
struct held_locks {
    uint32_t n;
    const struct mutex *lock[LOCKS_HELD_MAX];
};

void mutex_init(struct mutex *l, enum lock_rank rank);
void mutex_init_ordered(struct mutex *l, enum lock_rank rank, uint64_t order);
void lock(struct mutex *l);
void unlock(struct mutex *l);
// The same for callers that know their m anyway: the hot paths of the scheduler.
void lock_as(struct m *mp, struct mutex *l);
void unlock_as(struct m *mp, struct mutex *l);
void assert_locked(const struct mutex *l);
