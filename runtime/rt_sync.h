// SPDX-License-Identifier: Apache-2.0
//
// Locks and meeting points for goroutines. All zero is good and unlocked. They may lie anywhere,
// also in objects of the heap, and must not be copied or moved once they are used. `name` is for
// reports (a constant, or NULL); the other fields are the runtime's.
//
// What was done before an unlock, a done or a signal is visible to who is let in or woken by it.
// They know of no owner: another goroutine may unlock what one has locked. Misuse that may have
// done damage already is a fatal error; the rest is a panic. The design is Go's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/atomic.h"

// Inside of the following.
struct rt_sema {
    _Alignas(8) atomic_u64 state;  // goroutines that wait << 32 | free units: one of them is 0
    _Alignas(8) atomic_u32 number; // its own, once somebody has waited; relaxed
};

// Mutex ----------------------------------------------------------------------------------------

struct rt_mutex {
    _Alignas(8) atomic_u32 state; // sync/lock.c
    struct rt_sema sema;
    uint64_t owner; // id of who locked it, 0: nobody; written by the holder, for people
    const char *name;
};

void rt_mutex_lock(struct rt_mutex *m);
bool rt_mutex_try_lock(struct rt_mutex *m);
// Of one that is not locked: a fatal error.
void rt_mutex_unlock(struct rt_mutex *m);

// Many readers or one writer --------------------------------------------------------------------

// A writer that waits keeps later readers out, so a reader must not lock for reading twice.
struct rt_rwmutex {
    struct rt_mutex w;              // held by the writer, and by who waits to be it
    struct rt_sema writer, reader;  // wait for readers to leave, for the writer to
    _Alignas(8) atomic_i32 readers; // inside or waiting; less by a constant: a writer is announced
    _Alignas(8) atomic_i32 departing; // readers that the writer waits for
    const char *name;
};

void rt_rwmutex_rlock(struct rt_rwmutex *rw);
void rt_rwmutex_runlock(struct rt_rwmutex *rw);
void rt_rwmutex_lock(struct rt_rwmutex *rw);
void rt_rwmutex_unlock(struct rt_rwmutex *rw);

// Until others are done -------------------------------------------------------------------------

struct rt_waitgroup {
    _Alignas(8) atomic_u64 state; // counter << 32 | goroutines that wait
    struct rt_sema sema;
    const char *name;
};

// Below zero: a panic. From zero upwards only while nobody waits, or has waited and is not back.
void rt_waitgroup_add(struct rt_waitgroup *wg, int32_t delta);
void rt_waitgroup_done(struct rt_waitgroup *wg);
// Until the counter is zero.
void rt_waitgroup_wait(struct rt_waitgroup *wg);

// Once ------------------------------------------------------------------------------------------

struct rt_once {
    _Alignas(8) atomic_u32 done;
    struct rt_mutex m;
};

// Runs fn(arg) unless a call did so before; returns when that has ended. One that panics has ended.
// From within fn it waits for ever.
void rt_once_do(struct rt_once *o, void (*fn)(void *), void *arg);

// Conditions ------------------------------------------------------------------------------------

struct rt_cond {
    _Alignas(8) atomic_u32 wait;   // number of the next who waits
    _Alignas(8) atomic_u32 notify; // of the next to be woken
    struct rt_sema line;           // its number only
    void *first, *last;            // who waits
    const char *name;
};

// m, which the caller holds, is unlocked while it waits. Whoever waits longest is woken first, and
// nobody but by the following two: but others may have been in between, so ask again.
void rt_cond_wait(struct rt_cond *c, struct rt_mutex *m);
// One, or all of those that wait now.
void rt_cond_signal(struct rt_cond *c);
void rt_cond_broadcast(struct rt_cond *c);
