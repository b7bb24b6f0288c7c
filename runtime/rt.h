// SPDX-License-Identifier: Apache-2.0
//
// The runtime as programs see it: goroutines on a few threads. A program calls rt_main once;
// everything else is called from goroutines. Goroutines have small stacks (STACK_BYTES of the
// build), may resume on another thread after any call into the runtime, and so must not keep the
// address of a thread-local, a held libc lock or changed floating-point modes across one.
//
// The design is Go's: D. Vyukov, "Scalable Go Scheduler Design", 2012.
#pragma once

#include <stdint.h>

struct g; // a goroutine

struct rt_config {
    int32_t procs; // goroutines that may run at the same time; 0: as many as processors
};

// Makes the calling thread the first of the runtime and runs fn(arg) as the main goroutine. When fn
// returns, the process ends with status 0, whatever other goroutines do. Once a process.
_Noreturn void rt_main(const struct rt_config *config, void (*fn)(void *), void *arg);

// Starts a goroutine that runs fn(arg) and ends when fn returns. What the caller wrote before is
// visible to it. The handle stays the runtime's; it is good for rt_ready until the goroutine ends
// (it then names a dead goroutine, and later perhaps a new one: see rt_ready).
struct g *rt_go(void (*fn)(void *), void *arg);

// The calling goroutine.
struct g *rt_self(void);
// A number that no other goroutine of the process has, from 1.
uint64_t rt_id(const struct g *gp);

// Ends the calling goroutine, from any depth. In the main goroutine the others go on.
_Noreturn void rt_exit(void);

// Lets others run; the caller goes to the end of the global queue.
void rt_yield(void);

// Waits for a permit and takes it. A permit that was given before is taken at once, so a ready that
// overtakes the park is not lost. What the giver wrote before rt_ready is visible after.
void rt_park(void);
// Gives gp its permit; several before it is taken are one. Given to a goroutine that has ended it
// does nothing, unless the handle is in use again: then the new goroutine may find a permit that
// nobody meant for it. Programs that cannot rule this out test their condition again after
// rt_park.
void rt_ready(struct g *gp);

// Parks for at least `duration_ns`; returns at once when that is not positive.
void rt_sleep(int64_t duration_ns);

// Totals since the start. What a running p has counted is published now and then, and when it goes
// idle; after a stretch in which everybody else was idle the numbers are exact.
struct rt_stats {
    uint64_t goroutines_started; // times a goroutine was switched to
    uint64_t goroutines_created;
    uint64_t goroutines_ended;
    uint64_t steal_attempts;  // one victim looked into
    uint64_t steal_successes; // at least one goroutine obtained
    uint64_t stolen;          // goroutines obtained
    uint64_t overflows;       // a full queue moved half of itself to the global one
    uint64_t thread_sleeps;   // a thread found nothing and went to sleep
};
void rt_stats(struct rt_stats *total);
// Of one p; index below rt_procs().
void rt_stats_of(int32_t index, struct rt_stats *one);
int32_t rt_procs(void);
