// SPDX-License-Identifier: Apache-2.0
//
// Mutex and reader-writer lock of programs.
//
// Mutex. One word: locked, woken, starving, and how many wait. Whoever finds it free takes it,
// ahead of those that wait; unlocking wakes one of these, which then has to win against newcomers.
// Woken says that somebody is already on its way, so that not every unlock wakes one more. Who has
// lost for SYNC_STARVING_NS makes the mutex starving: then an unlock hands it to the first in line,
// newcomers queue, and the last one, or one that waited less, ends that mode. So throughput is that
// of barging, and nobody waits for ever.
//
// Reader-writer lock. A reader is an addition to one counter. A writer takes the mutex among
// writers, announces itself by making the counter negative, and waits until those readers that were
// inside then have left; later readers wait for the writer.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sync/semtable.h"

enum { LOCKED = 1, WOKEN = 2, STARVING = 4, WAITER = 8, WAITERS_SHIFT = 3 };

static bool try_lock(struct rt_mutex *m)
{
    uint32_t was = 0;
    return cas_acquire(&m->state, &was, LOCKED); // pairs [rt_mutex]
}

// Whether trying on is better than waiting: somebody else must be running who may unlock it, and
// nobody else want this p.
static bool worth_spinning(int spins)
{
    if (spins >= SYNC_SPINS || nprocs == 1)
        return false;
    int32_t idle = load_relaxed(&sched.npidle), spinning = load_relaxed(&sched.nmspinning);
    return idle + spinning + 1 < nprocs && runqempty(getg()->m->p);
}

static void spin(void)
{
    for (int i = 0; i < SYNC_RELAXES; i++)
        host_relax();
}

// The mutex was handed over: takes it, and ends the mode if there is no more reason for it.
static void take_over(struct rt_mutex *m, uint32_t state, bool starving)
{
    if ((state & (LOCKED | WOKEN)) != 0 || state >> WAITERS_SHIFT == 0)
        rt_throw("rt_mutex: inconsistent state");
    uint32_t change = (uint32_t)LOCKED - WAITER;
    if (!starving || state >> WAITERS_SHIFT == 1)
        change -= STARVING;
    add_acq_rel(&m->state, change); // pairs [rt_mutex]
}

// What the word becomes for one more who wants it.
static uint32_t wanted(uint32_t old, bool starving, bool awoke)
{
    uint32_t new = old;
    if ((old & STARVING) == 0)
        new |= LOCKED;
    if ((old & (LOCKED | STARVING)) != 0)
        new += WAITER;
    if (starving && (old & LOCKED) != 0)
        new |= STARVING;
    if (awoke) {
        if ((new &WOKEN) == 0)
            rt_throw("rt_mutex: inconsistent state");
        new &= ~(uint32_t)WOKEN;
    }
    return new;
}

// Says that an unlock need wake nobody, since one is here who tries.
static bool mark_woken(struct rt_mutex *m, uint32_t old)
{
    return (old & WOKEN) == 0 && old >> WAITERS_SHIFT != 0 &&
           cas_relaxed(&m->state, &old, old | WOKEN);
}

static void lock_slow(struct rt_mutex *m, enum wait_reason reason, const void *at)
{
    int64_t since = 0;
    bool starving = false, awoke = false;
    uint32_t old = load_relaxed(&m->state);
    for (int spins = 0;;) {
        if ((old & (LOCKED | STARVING)) == LOCKED && worth_spinning(spins)) {
            awoke |= mark_woken(m, old);
            spin();
            spins++;
            old = load_relaxed(&m->state);
            continue;
        }
        if (!cas_acquire(&m->state, &old, wanted(old, starving, awoke))) // pairs [rt_mutex]
            continue;
        if ((old & (LOCKED | STARVING)) == 0)
            return;
        bool again = since != 0;
        if (!again)
            since = host_nanotime();
        sema_acquire(&m->sema, again, reason, at);
        starving |= host_nanotime() - since > SYNC_STARVING_NS;
        old = load_relaxed(&m->state);
        if ((old & STARVING) != 0) {
            take_over(m, old, starving);
            return;
        }
        awoke = true;
        spins = 0;
    }
}

static void mutex_lock_for(struct rt_mutex *m, enum wait_reason reason, const void *at)
{
    if (!try_lock(m))
        lock_slow(m, reason, at);
    san_acquire(m);
    m->owner = getg()->goid;
}

void rt_mutex_lock(struct rt_mutex *m)
{
    mutex_lock_for(m, WAIT_MUTEX, m);
}

bool rt_mutex_try_lock(struct rt_mutex *m)
{
    if (!try_lock(m))
        return false;
    san_acquire(m);
    m->owner = getg()->goid;
    return true;
}

static void unlock_slow(struct rt_mutex *m, uint32_t new)
{
    if (((new + LOCKED) & LOCKED) == 0)
        rt_fatal("sync: unlock of unlocked mutex");
    if ((new &STARVING) != 0) {
        sema_release(&m->sema, true);
        return;
    }
    uint32_t old = new;
    do {
        // nobody to wake, or somebody else does it
        if (old >> WAITERS_SHIFT == 0 || (old & (LOCKED | WOKEN | STARVING)) != 0)
            return;
    } while (!cas_relaxed(&m->state, &old, (old - WAITER) | WOKEN));
    sema_release(&m->sema, false);
}

void rt_mutex_unlock(struct rt_mutex *m)
{
    m->owner = 0;
    san_release(m);
    uint32_t new = sub_acq_rel(&m->state, LOCKED) - LOCKED; // pairs [rt_mutex]
    if (new != 0)
        unlock_slow(m, new);
}

// Readers and writers ---------------------------------------------------------------------------

enum { READERS_MAX = 1 << 30 };

void rt_rwmutex_rlock(struct rt_rwmutex *rw)
{
    // pairs [rt_rwmutex]
    if (add_acq_rel(&rw->readers, 1) + 1 < 0)
        sema_acquire(&rw->reader, false, WAIT_RWMUTEX_READ, rw);
    san_acquire(&rw->reader);
}

void rt_rwmutex_runlock(struct rt_rwmutex *rw)
{
    san_release_more(&rw->writer);
    int32_t left = sub_acq_rel(&rw->readers, 1) - 1; // pairs [rt_rwmutex]
    if (left >= 0)
        return;
    if (left + 1 == 0 || left + 1 == -READERS_MAX)
        rt_fatal("sync: runlock of unlocked rwmutex");
    // the last one that the writer waits for
    if (sub_acq_rel(&rw->departing, 1) == 1) // pairs [rt_rwmutex]
        sema_release(&rw->writer, false);
}

void rt_rwmutex_lock(struct rt_rwmutex *rw)
{
    mutex_lock_for(&rw->w, WAIT_RWMUTEX_WRITE, rw);
    int32_t inside = sub_acq_rel(&rw->readers, READERS_MAX); // pairs [rt_rwmutex]
    // some of them may have left already, and counted departing below zero
    if (inside != 0 && add_acq_rel(&rw->departing, inside) + inside != 0) // pairs [rt_rwmutex]
        sema_acquire(&rw->writer, false, WAIT_RWMUTEX_WRITE, rw);
    san_acquire(&rw->writer);
}

void rt_rwmutex_unlock(struct rt_rwmutex *rw)
{
    san_release(&rw->reader);
    int32_t waiting = add_acq_rel(&rw->readers, READERS_MAX) + READERS_MAX; // pairs [rt_rwmutex]
    if (waiting >= READERS_MAX)
        rt_fatal("sync: unlock of unlocked rwmutex");
    for (int32_t i = 0; i < waiting; i++)
        sema_release(&rw->reader, false);
    rt_mutex_unlock(&rw->w);
}
