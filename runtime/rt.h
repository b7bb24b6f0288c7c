// SPDX-License-Identifier: Apache-2.0
//
// The runtime as programs see it: goroutines on a few threads. A program calls rt_main once;
// everything else is called from goroutines. Their stacks grow up to a limit. Goroutines may resume
// on another thread after any call into the runtime, and so must not keep the address of a
// thread-local, a held libc lock or changed floating-point modes across one. Signal handlers of the
// program need SA_ONSTACK: a goroutine's stack may have no room for a signal frame.
//
// The design is Go's: D. Vyukov, "Scalable Go Scheduler Design", 2012.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct g; // a goroutine

struct rt_config {
    int32_t procs;             // goroutines that may run at the same time; 0: as many as processors
    uint32_t stack_step_bytes; // a stack that is full grows by that, whole pages; 0: it doubles
};

// Makes the calling thread the first of the runtime and runs fn(arg) as the main goroutine. When fn
// returns, the process ends with status 0, whatever other goroutines do. Once a process.
_Noreturn void rt_main(const struct rt_config *config, void (*fn)(void *), void *arg);

// Starts a goroutine that runs fn(arg) and ends when fn returns. What the caller wrote before is
// visible to it. The handle stays the runtime's; it is good for rt_ready until the goroutine ends
// (it then names a dead goroutine, and later perhaps a new one: see rt_ready).
struct g *rt_go(void (*fn)(void *), void *arg);

struct rt_go_attr {
    // The stack may grow to that: rounded up to a power of two from 16 KiB to 1 GiB; 0: the
    // default, 1 MiB in builds for programs. Only address space until it is used.
    size_t stack_bytes;
};
struct g *rt_go_with(const struct rt_go_attr *attr, void (*fn)(void *), void *arg);

// The calling goroutine.
struct g *rt_self(void);
// A number that no other goroutine of the process has, from 1.
uint64_t rt_id(const struct g *gp);

// Ends the calling goroutine, from any depth: rt_goexit of rt_panic.h. In the main goroutine the
// others go on.
_Noreturn void rt_exit(void);

// Labels of the calling goroutine, for dumps and profiles; who it starts from now on inherits them.
// The text is a constant; NULL: none, as at first.
void rt_set_label(const char *label);
const char *rt_label(void);

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

// Before and after a call that may block in the kernel: others may have the caller's p meanwhile.
// Between the two nothing of the runtime may be called, and no pointer to an object obtained. After
// the return the caller may run on another p, not on another thread.
void rt_entersyscall(void);
void rt_exitsyscall(void);
// The same for a call that is known to block: the p goes to others at once.
void rt_entersyscallblock(void);

// Gives way if that was asked for: by the runtime after a time slice (10 ms), or when all must
// stop. rt_go, rt_ready, rt_yield and rt_exitsyscall ask likewise; long computations without such
// calls should call it now and then. It costs a few instructions.
void rt_preempt_point(void);
// Asks gp to give way at its next such call. Given to one that does not run it acts later, or, if
// that ends, not at all or on who has the handle then. For experiments.
void rt_debug_preempt(struct g *gp);

// Makes gp, another goroutine, stand still wherever it is, runs fn(arg) on the thread's own stack,
// and lets it go on. False, and fn is not run, when it has ended. fn may not call the runtime. For
// experiments.
_Bool rt_debug_suspend(struct g *gp, void (*fn)(void *), void *arg);

// Ties the calling goroutine to its thread: it runs on no other, and nobody else runs there. Nests:
// as many calls untie it. One that ends while it is tied ends the thread.
void rt_lock_thread(void);
void rt_unlock_thread(void);

// Sets how many goroutines may run at the same time, at most as many as the build allows; all
// others stand still meanwhile. Returns the number before; n <= 0 only asks.
int32_t rt_set_procs(int32_t n);
// Runs fn(arg) while no other goroutine runs. fn may not call the runtime. For experiments.
void rt_debug_stop_the_world(void (*fn)(void *), void *arg);

// Totals since the start. What a running p has counted is published now and then, and when it goes
// idle; after a stretch in which everybody else was idle the numbers are exact.
struct rt_stats {
    uint64_t goroutines_started; // times a goroutine was switched to
    uint64_t goroutines_created;
    uint64_t goroutines_ended;
    uint64_t steal_attempts;      // one victim looked into
    uint64_t steal_successes;     // at least one goroutine obtained
    uint64_t stolen;              // goroutines obtained
    uint64_t overflows;           // a full queue moved half of itself to the global one
    uint64_t thread_sleeps;       // a thread found nothing and went to sleep
    uint64_t preempted;           // gave way because it was asked to
    uint64_t preempted_by_hand;   // of these: by rt_debug_preempt
    uint64_t preempted_at_point;  // of these: in rt_preempt_point
    uint64_t preempted_at_signal; // of these: in a function declared preemptible (rt_preempt.h)
    uint64_t stack_growths;       // a stack was full and got more pages
    uint64_t stack_shrinks;       // a stack gave pages back
};
void rt_stats(struct rt_stats *total);
// The same, exact for this moment: every p says what it has counted.
void rt_stats_now(struct rt_stats *total);
// Of one p; index below rt_procs().
void rt_stats_of(int32_t index, struct rt_stats *one);
int32_t rt_procs(void);

// For experiments: what the collector does to the stack of a goroutine that waits. Gives back what
// lies below twice the used part. False when gp does not wait just now (it runs, or has ended).
bool rt_debug_shrink(struct g *gp);
