// SPDX-License-Identifier: Apache-2.0
//
// Three-state futex mutex. MUTEX_SLEEPING says that some thread may sleep: the unlocker then
// makes the system call. A thread that has slept takes the lock as SLEEPING, since others may
// sleep beside it: one wake-up too many at times, never one too few. Rejected: ticket order (a
// preempted first waiter stops all others), spinning without a bound.
#include "runtime/sync/mutex.h"

#include "config.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

enum { MUTEX_UNLOCKED, MUTEX_LOCKED, MUTEX_SLEEPING };

void mutex_init(struct mutex *l, enum lock_rank rank)
{
    store_relaxed(&l->key, MUTEX_UNLOCKED);
    l->rank = rank;
    l->order = 0;
    l->owner = NULL;
}

void mutex_init_ordered(struct mutex *l, enum lock_rank rank, uint64_t order)
{
    mutex_init(l, rank);
    l->order = order;
}

static bool comes_after(const struct mutex *l, const struct mutex *held)
{
    return held->rank < l->rank || (held->rank == l->rank && held->order < l->order);
}

static void held_push(struct m *mp, const struct mutex *l)
{
    struct held_locks *held = &mp->held;
    rt_assert(held->n < LOCKS_HELD_MAX);
    if (held->n > 0 && !comes_after(l, held->lock[held->n - 1]))
        rt_throw("lock: taken against the rank order");
    held->lock[held->n++] = l;
}

static void held_pop(struct m *mp, const struct mutex *l)
{
    struct held_locks *held = &mp->held;
    rt_assert(held->n > 0);
    // released mostly in reverse order, but not always
    uint32_t i = held->n - 1;
    while (held->lock[i] != l) {
        rt_assert(i > 0);
        i--;
    }
    for (; i + 1 < held->n; i++)
        held->lock[i] = held->lock[i + 1];
    held->n--;
}

// Tries for a while without the kernel; true when taken. `as` is the value that marks it ours.
static bool mutex_spin(struct mutex *l, uint32_t as)
{
    for (int try = 0; try < MUTEX_SPINS; try++) {
        uint32_t free = MUTEX_UNLOCKED;
        if (load_relaxed(&l->key) == MUTEX_UNLOCKED &&
            cas_acquire(&l->key, &free, as)) // pairs [mutex.key]
            return true;
        for (int i = 0; i < MUTEX_RELAXES; i++)
            host_relax();
    }
    return false;
}

static void mutex_lock_slow(struct mutex *l, uint32_t as)
{
    for (;;) {
        if (mutex_spin(l, as))
            return;
        // pairs [mutex.key]: what the last holder wrote is seen
        if (xchg_acquire(&l->key, MUTEX_SLEEPING) == MUTEX_UNLOCKED)
            return;
        as = MUTEX_SLEEPING;
        host_futex_wait(&l->key, MUTEX_SLEEPING, -1);
    }
}

void lock(struct mutex *l)
{
    lock_as(getg()->m, l);
}

void unlock(struct mutex *l)
{
    unlock_as(getg()->m, l);
}

void lock_as(struct m *mp, struct mutex *l)
{
    held_push(mp, l);
    // pairs [mutex.key]
    uint32_t was = xchg_acquire(&l->key, MUTEX_LOCKED);
    if (was != MUTEX_UNLOCKED)
        mutex_lock_slow(l, was);
    l->owner = mp;
}

void unlock_as(struct m *mp, struct mutex *l)
{
    rt_assert(l->owner == mp);
    l->owner = NULL;
    held_pop(mp, l);
    // pairs [mutex.key]
    uint32_t was = xchg_release(&l->key, MUTEX_UNLOCKED);
    rt_assert(was != MUTEX_UNLOCKED);
    if (was == MUTEX_SLEEPING)
        host_futex_wake(&l->key, 1);
}

void assert_locked(const struct mutex *l)
{
    const struct m *mp = getg()->m;
    for (uint32_t i = 0; i < mp->held.n; i++) {
        if (mp->held.lock[i] == l)
            return;
    }
    rt_throw("assert_locked: the caller does not hold the lock");
}
