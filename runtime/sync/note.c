// SPDX-License-Identifier: Apache-2.0
//
// Notes on a futex; see note.h. The word says only whether it has happened, not whether someone
// sleeps: a wake-up costs a system call either way, and notes are for threads that have long gone
// to sleep.
#include "runtime/sync/note.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"

void noteclear(struct note *n)
{
    // relaxed: sleeper and waker learn of the new use through what handed them the note
    store_relaxed(&n->key, 0);
}

void notewakeup(struct note *n)
{
    // pairs [note.key]
    uint32_t was = xchg_release(&n->key, 1);
    if (was != 0)
        rt_throw("notewakeup: double wake-up");
    host_futex_wake(&n->key, 1);
}

void notesleep(struct note *n)
{
    while (load_acquire(&n->key) == 0) // pairs [note.key]
        host_futex_wait(&n->key, 0, -1);
}

bool notetsleep(struct note *n, int64_t timeout_ns)
{
    rt_assert(timeout_ns >= 0);
    int64_t deadline = host_nanotime() + timeout_ns;
    while (load_acquire(&n->key) == 0) { // pairs [note.key]
        int64_t left = deadline - host_nanotime();
        if (left <= 0)
            return false;
        host_futex_wait(&n->key, 0, left);
    }
    return true;
}
