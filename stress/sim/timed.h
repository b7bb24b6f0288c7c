// SPDX-License-Identifier: Apache-2.0
//
// Timed executions: every thread has a clock of its own, each operation moves it on by what it
// costs, and the thread whose clock is behind runs next, as if it had a processor to itself. So
// what processors do to each other shows on one of them: who waits for whom, and for which lines
// of the cache.
//
// Lines are 64 bytes. Each thread has a cache without bounds; a line is in the caches that have
// read it since it was last written, and a write takes it out of all others. Not modelled: caches
// that are full, distance between processors, the order in which several ask for one line, and
// computation, which costs nothing but by host_spin.
#pragma once

#include "stress/sim/engine.h"

// Nanoseconds of virtual time. Round figures of servers of these years; what matters is how they
// compare with each other. docs/simulation.md has them as a table.
enum timed_cost {
    TIMED_HIT = 1,             // an access that the own cache answers
    TIMED_MEMORY = 80,         // a line that no cache has
    TIMED_TRANSFER = 60,       // one that another cache has
    TIMED_INVALIDATE = 40,     // a write to a line that others have, too
    TIMED_RMW = 5,             // besides, for a read-modify-write, a fence, a seq_cst store
    TIMED_RELAX = 30,          // host_relax
    TIMED_CLOCK = 20,          // host_nanotime
    TIMED_CALL = 200,          // a system call
    TIMED_FUTEX_WAKE = 1000,   // besides, for each thread that it wakes
    TIMED_SLEEP = 800,         // before a thread is off its processor
    TIMED_WAKE = 3000,         // from the wake-up, or the time set, until it runs again
    TIMED_THREAD = 15000,      // until a new thread runs
    TIMED_THREAD_CREATE = 5000 // for its creator
};

// How far clocks may be apart for a strategy to prefer the thread that is ahead, and how often one
// may be passed over: so nobody is held up for longer than the product.
enum { TIMED_WINDOW_NS = 2000, TIMED_PASSES = 8 };

void timed_restart(void);
// The running thread's clock moves on.
static inline void timed_pay(int64_t ns)
{
    sim.now += ns;
    if (sim.now > sim.until)
        sim.next_stop = 0;
}
// An access of the running thread, in its cache or not.
void timed_access(uint64_t addr, uint64_t bytes, bool write);
enum timed_atomic { TIMED_LOAD, TIMED_STORE, TIMED_MODIFY };
void timed_atomic(uint64_t addr, enum timed_atomic what);
// The clock is read: no thread reads less than another has read before.
void timed_read_clock(void);

// timed_turns.c. On the engine's stack.
void timed_point(uint32_t site);       // the running thread could go on: does it?
void timed_run_another(uint32_t site); // it cannot
