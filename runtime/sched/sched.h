// SPDX-License-Identifier: Apache-2.0
//
// g, m, p and the scheduler's shared state. An m (thread) runs goroutines only while it holds a
// p; whoever moves a g through its states owns it for that moment. Included by the runtime
// itself, by oracles and tests; programs see runtime/rt.h only. Every field says how it is
// protected.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "runtime/arch/amd64/context.h"
#include "runtime/base/atomic.h"
#include "runtime/base/rand.h"
#include "runtime/gc/work.h"
#include "runtime/mem/stack.h"
#include "runtime/observe/event.h"
#include "runtime/rt.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/note.h"
#include "runtime/sync/sema.h"

// States of a g. A state with G_SCAN belongs to whoever set the bit: nobody else may leave it.
enum g_status {
    G_IDLE,      // just allocated, never used
    G_RUNNABLE,  // on exactly one run queue
    G_RUNNING,   // on an m that holds a p
    G_SYSCALL,   // in a system call, m's p left behind
    G_WAITING,   // parked; whoever will ready it knows it
    G_DEAD,      // on a list of dead g's, or on its way there
    G_COPYSTACK, // its stack is being changed
    G_PREEMPTED, // stopped itself for a suspender, which will make it waiting
    G_STATES,
    G_SCAN = 0x1000, // bit: locked for a stack scan
};

enum wait_reason {
    WAIT_NONE,
    WAIT_PARK,
    WAIT_SLEEP,
    WAIT_SEMA,
    WAIT_PREEMPTED, // stopped for a suspender
    WAIT_OTHERS,    // on g0, for others to stop: see g0_wait
    WAIT_GC_WORKER, // marks on g0, or waits for marking to do
    WAIT_GC_ASSIST, // pays for its allocations on g0, or waits for others to have marked
    WAIT_GC_CYCLE,  // for marking to end
    WAIT_GC_SWEEP,  // the sweeper, for spans to sweep
    WAIT_FORCEGC,   // the helper that starts collections when it is time
    WAIT_HELPER,    // a goroutine of the runtime that has nothing to do
    WAIT_IO,        // a descriptor that is not ready
    WAIT_CHAN_SEND, // these and the following: g.wait_at says on what
    WAIT_CHAN_RECV,
    WAIT_CHAN_NIL_SEND,
    WAIT_CHAN_NIL_RECV,
    WAIT_SELECT,
    WAIT_SELECT_NONE, // no case: for ever
    WAIT_MUTEX,
    WAIT_RWMUTEX_READ,
    WAIT_RWMUTEX_WRITE,
    WAIT_WAITGROUP,
    WAIT_COND,
    WAIT_REASONS
};

// A stack guard that no stack pointer is above: the goroutine is asked to give up its p at its next
// check. The lowest bits say who asked.
#define STACK_PREEMPT (UINTPTR_MAX - 0xff)
enum preempt_cause {
    PREEMPT_SLICE, // sysmon: the time slice is over
    PREEMPT_HAND,  // rt_debug_preempt
    PREEMPT_WORLD, // all p's are asked to come to a safe point
    PREEMPT_STOP,  // a suspender: stops in G_PREEMPTED instead of going to a queue
    PREEMPT_CAUSES
};
// How a request was taken.
enum preempt_how {
    PREEMPT_AT_CALL,
    PREEMPT_AT_POINT,
    PREEMPT_AT_SYSCALL,
    PREEMPT_AT_SIGNAL,
    PREEMPT_HOWS
};

// Permit of rt_park / rt_ready.
enum { PERMIT_NONE, PERMIT_READY, PERMIT_PARKED };

struct mcache;
struct sudog;
struct panic;
struct scope;

struct g {
    struct gobuf sched; // written by g0 around each switch; owner: who may change the status
    void *fiber;        // const after g_new; of the sanitizer
    struct m *m;        // owner: the m that runs it; NULL while it is not running
    _Alignas(8) atomic_u32 status; // atomic: enum g_status; casgstatus only
    _Alignas(8) atomic_u32 permit; // atomic: PERMIT_*
    // Atomic, relaxed: stack.lo, or STACK_PREEMPT + cause. Anyone poisons it; the goroutine puts it
    // back when it gives way. A request that comes too late makes it do so once more.
    _Alignas(8) atomic_u64 stackguard;
    struct m *lockedm;     // written by itself while it runs; owner reads: the m it is tied to
    uint32_t preempted;    // written by itself before it gives way: how << 8 | cause
    struct g *schedlink;   // owner: the list that holds it (global queue, dead list)
    uint64_t goid;         // const from newproc to goexit0
    void (*fn)(void *);    // const from newproc to goexit0; for people
    enum wait_reason wait; // written by itself before it parks; for people
    const void *wait_at;   // likewise, on what: see wait_describe
    uint32_t io_direction; // likewise, of a descriptor: enum pd_direction
    const char *label;     // itself; before it is started: who starts it
    struct stack stack;    // owner: who may change the status; while it runs: the fault handler
                           // on its m moves .open. Empty for g0 and some dead g's
    struct timer timer;    // for rt_sleep; see timer.h
    size_t san_base;       // g0: shadow call depth at the base of its stack; const after mstart
    void *from;            // const from newproc to goexit0; where it was started, NULL: not known
    bool system;           // likewise; of the runtime, not of the program
    // Channels and locks. Whoever took a sudog of it out of a queue owns a waiting g.
    struct sudog *waiting;              // itself, before it parks: its sudogs, by .waitlink
    struct sudog *param;                // who readies it: the sudog that was served
    _Alignas(8) atomic_u32 select_done; // 1: a case is chosen. Relaxed: changed under the lock of a
                                        // channel of the select, put back under all of them
    // Panics; itself. Records on its own stack.
    struct scope *scopes; // calls of rt_call that have not ended, the innermost first
    struct panic *panics; // that go on, the newest first
    // What the collector knows of it; owner: itself while it runs, who may change the status else.
    // Of the last system call, written before it counts as in one: the registers that its frames
    // may still hold, and the stack pointer of who called. Apart from .sched, which the way back
    // may write while somebody looks at the stack.
    struct arch_saved syscall_saved;
    void *syscall_sp;
    int64_t assist_bytes;  // may be allocated before it has to pay by marking; below 0: owed
    uint32_t assist_cycle; // in which cycle that was so
};

struct m {
    struct g *g0;    // const; scheduling stack
    struct p *p;     // owner: this m; the p it holds or NULL
    struct g *curg;  // owner: this m; goroutine it runs or NULL
    struct p *nextp; // the waker, which owns the sleeping m, until the wake-up; then this m
    bool spinning;   // like nextp; looks for work and counts in sched.nmspinning
    int32_t id;      // const
    bool (*park_commit)(struct g *, void *); // owner: this m, between gopark and park_m
    void *park_arg;                          // likewise
    struct m *schedlink;                     // lock: sched.lock; idle list
    struct note park;                        // sleeper: this m; waker: who took it off midle
    struct p *oldp;         // owner: this m; the p that it left behind in a system call
    struct g *lockedg;      // owner: this m; the goroutine that is tied to it
    uint32_t locks_thread;  // owner: this m; depth of rt_lock_thread of lockedg
    void (*startfn)(void);  // const after newm; runs instead of the scheduler, without a p
    struct rand rand;       // owner: this m
    struct held_locks held; // owner: this m
    struct m *alllink;      // const after newm; sched.allm list
    // For who interrupts it. Relaxed: a signal too many, or one that has to be sent again, does no
    // harm.
    _Alignas(8) atomic_u64 thread;       // of the host; written by itself when it starts
    _Alignas(8) atomic_u32 interrupting; // a signal is on its way: set by who sends, cleared by it
};

enum p_status {
    P_IDLE,    // on the idle list, or in the hands of who took it from there
    P_RUNNING, // held by an m
    P_SYSCALL, // left behind by an m in a system call: whoever changes the status has it
    P_GCSTOP,  // the world is stopped
    P_DEAD,    // procs were made fewer
    P_STATES
};

// What sysmon saw of a p at its last looks.
struct sysmontick {
    uint16_t schedtick;
    uint32_t syscalltick;
    int64_t schedwhen, syscallwhen; // when it first saw these
    int64_t asked;                  // when it last asked what runs to give way
};

struct p {
    int32_t id;                    // const after procresize
    uint32_t schedtick;            // owner: the m that holds this p; goroutines started
    _Alignas(8) atomic_u32 status; // atomic: P_*; idle -> running only in acquirep. Leaving
                                   // P_SYSCALL is by compare-and-swap: it hands over the p
    // Written by the owner in execute: schedtick in the upper 16 bits, the g in the lower 48, for
    // those who ask the p to give way. One word, so that both are of one moment.
    _Alignas(8) atomic_u64 running;
    _Alignas(8) atomic_u32 syscalltick; // relaxed; counted by who ends a system call's hold on it
    _Alignas(8) atomic_u32 run_safe_point_fn; // atomic: 1 while for_each_p wants its function here
    struct sysmontick sysmontick;             // owner: sysmon
    // The m that holds it, or held it last, for who interrupts it; release pairs [p.runs_on]
    ATOMIC_PTR(struct m) runs_on;
    struct m *m;                                   // owner: the m that holds this p
    struct p *link;                                // lock: sched.lock; idle list
    struct rt_stats stats;                         // owner: the m that holds this p
    struct rt_stats stats_seen;                    // lock: sched.lock; copy for rt_stats
    struct g *gfree;                               // owner: the m that holds this p; dead g's
    uint32_t ngfree;                               // owner: likewise
    uint64_t goid_next, goid_end;                  // owner: likewise; ids not yet given out
    uint64_t nevents;                              // owner: likewise; events ever recorded
    struct stackcache stackcache[STACK_CLASSES];   // owner: likewise; free stacks
    struct mcache *mcache;                         // owner: likewise; NULL until it allocates
    struct gcwork gcw;                             // owner: likewise; grey objects
    struct wbbuf wbbuf;                            // owner: likewise; what stores have shaded
    struct sudog *sudogs;                          // owner: likewise; unused ones
    uint32_t nsudogs;                              // owner: likewise
    uint64_t nchans;                               // owner: likewise; channels ever made
    int64_t gc_fractional_ns, gc_fractional_begin; // owner: likewise; for worker.c of gc/

    struct mutex timers_lock;
    struct timer_slot *timers;          // lock: timers_lock; heap by .when, four children a node
    uint32_t ntimers, timers_cap;       // lock: timers_lock
    _Alignas(8) atomic_i64 timers_when; // written under timers_lock, read without: earliest or 0

    // The run queue. Slots are accessed relaxed: runqtail publishes them, and a thief that has
    // read an old one fails its swap of runqhead.
    _Alignas(64) atomic_u32 runqhead; // atomic: moved by whoever takes g's out
    _Alignas(64) atomic_u32 runqtail; // owner writes; release pairs [runq.tail]: who sees the
                                      // new tail sees the slots before it
    ATOMIC_PTR(struct g) runnext;     // atomic: the owner puts, anyone takes; runs next and
                                      // inherits the time slice
    ATOMIC_PTR(struct g) runq[RUNQ_SIZE];

    struct event events[EVENT_RING]; // owner: the m that holds this p
};

// By the m that holds pp. The ring is never read by running code, so it needs no atomics.
static inline void event_record(struct p *pp, enum event_kind kind, uint64_t gid, uint64_t arg)
{
    _Static_assert((EVENT_RING & (EVENT_RING - 1)) == 0, "index by mask");
    uint64_t n = pp->nevents;
    pp->nevents = n + 1;
    struct event *e = &pp->events[n & (EVENT_RING - 1)];
    e->gid_kind = gid << 8 | (uint64_t)kind;
    e->arg = arg;
}

static inline void p_running_set(struct p *pp, struct g *gp)
{
    // release pairs [p.running]: who sees the g sees it made
    store_release(&pp->running, (uint64_t)pp->schedtick << 48 | (uint64_t)(uintptr_t)gp);
}

static inline struct g *p_running_g(uint64_t running)
{
    return (struct g *)(uintptr_t)(running << 16 >> 16);
}

static inline uint16_t p_running_tick(uint64_t running)
{
    return (uint16_t)(running >> 48);
}

// What is asked of every p at its next safe point: bits of sched.safepoint.
enum { SAFEPOINT_STOP = 1, SAFEPOINT_FN = 2 };

struct schedt {
    struct mutex lock;
    struct m *midle;         // lock; m's asleep in stopm
    int32_t nmidle;          // lock
    int32_t nmidlelocked;    // lock; m's asleep that wait for the goroutine tied to them
    int32_t nmsys;           // lock; m's that never run goroutines: sysmon
    int32_t nmfreed;         // lock; m's whose thread has ended
    struct m *mfree;         // lock; those, to be used again
    struct p *pidle;         // lock; p's that nobody holds, the longest idle first
    struct p *pidle_last;    // lock; the end of that list, valid while it is not empty
    struct gqueue runq;      // lock; global queue
    struct m *allm;          // lock
    int32_t nm;              // lock; m's ever made
    struct rt_stats stats_m; // lock; what m's count while they hold no p, and dead p's

    // Stopping the world and for_each_p; see world.c. One at a time: who holds worldsema.
    struct sema worldsema;
    _Alignas(8) atomic_u32 safepoint; // atomic: SAFEPOINT_*; changed under lock
    int32_t stopwait;                 // lock; p's that are still to stop
    struct note stopnote;             // sleeper: who stops the world; waker: the last p to stop
    void (*safepoint_fn)(struct p *); // const while SAFEPOINT_FN is set
    int32_t safepoint_wait;           // lock; p's whose turn is still to come
    struct note safepoint_note;       // sleeper: who called for_each_p; waker: the last p

    struct m *sysmon;                // const once it is started
    bool sysmonwait;                 // lock; it sleeps until it is woken
    struct note sysmonnote;          // sleeper: sysmon; waker: who clears sysmonwait
    _Alignas(8) atomic_i32 runqsize; // written under lock; hint without: re-checked under it
    _Alignas(8) atomic_i32 npidle;   // written under lock; hint without
    // Spinning m's. Every change and every look that a sleeping decision hangs on is a
    // read-modify-write: a submitter (wakep) and the last spinner (findrunnable) meet in its
    // order of changes.
    _Alignas(8) atomic_i32 nmspinning;
    _Alignas(8) atomic_u32 needspinning; // set and decided on under lock, cleared by any new
                                         // spinner: someone wanted to start one and found no p
    _Alignas(8) atomic_i64 lastpoll;     // atomic: time of the last poll, 0 while an m polls
    _Alignas(8) atomic_i64 poll_until;   // atomic: until when the polling m sleeps, 0 not known
    _Alignas(8) atomic_i32 pollwaiters;  // goroutines parked for descriptors, written by who parks
                                         // and who wakes; pairs [sched.lastpoll]
    _Alignas(8) atomic_u32 pollbroken;   // atomic: a break is on its way; pairs [sched.pollbroken]
    _Alignas(8) atomic_u64 goidgen;      // atomic, relaxed: only uniqueness matters

    struct mutex gfree_lock;
    struct g *gfree;               // gfree_lock; dead g's beyond what p's keep
    _Alignas(8) atomic_u32 ngfree; // written under gfree_lock; hint without

    // Which p's have something to steal in their ring, and in front of it: a byte for each p, so
    // that one line of the cache tells of 64. Hints, relaxed: who changes a queue writes what it
    // has left there, without order with the queue itself; the thief that claims a ring takes its
    // hint away first. A 1 too many costs a look. One too few lasts until the owner's next put or
    // get, or until a spinner gives up: nothing sleeps on hints, look_again asks the queues
    // themselves, and writes what it finds before the search that follows.
    struct {
        _Alignas(64) atomic_u8 ring[PROCS_MAX];
        _Alignas(64) atomic_u8 next[PROCS_MAX];
    } steal;

    struct mutex allgs_lock;
    uint32_t allgs_cap; // allgs_lock
};

extern struct schedt sched;
// Changed with the world stopped, under sched.lock and allp_lock: read by who holds a p or one of
// these locks. Who lets go of its p keeps the number that it knew.
extern int32_t nprocs;
extern struct p *allp[PROCS_MAX]; // const once made; the first nprocs are in use
extern struct mutex allp_lock;
extern struct m m0;

// Every g ever made (g0s excepted), in the order of making; grows, never shrinks. Reading needs no
// lock: first the length, then the array.
struct allgs {
    ATOMIC_PTR(struct g *) v; // release pairs [allgs.v]
    _Alignas(8) atomic_u32 n; // release pairs [allgs.n]: who sees it sees array and g's
};
extern struct allgs allgs;

// status.c
uint32_t readgstatus(struct g *gp);
bool gstatus_allowed(uint32_t from, uint32_t to);
void casgstatus(struct g *gp, uint32_t from, uint32_t to);
bool castogscanstatus(struct g *gp, uint32_t from);
void casfromgscanstatus(struct g *gp, uint32_t to);

// switch.c
void mcall(void (*fn)(struct g *));
void mcall_abandon(void (*fn)(struct g *)) __attribute__((noreturn));
void gogo(struct g *gp); // does not return
void systemstack(void (*fn)(void *), void *arg);
_Noreturn void g0_enter(void (*fn)(void));
_Noreturn void goexit(void);

// runq.c: by the m that holds pp, unless said otherwise
void runqput(struct p *pp, struct g *gp, bool next);
void runqkick(struct p *pp);
struct g *runqget(struct p *pp, bool *inherit_time);
bool runqempty(struct p *pp); // by anyone
// Half of victim's queue, the last of them to run now; runnext only with steal_next. NULL: nothing.
struct g *runqsteal(struct p *pp, struct p *victim, bool steal_next);
bool runqclaim(const struct p *victim, bool next); // by a thief, before runqsteal
void runqhint(const struct p *pp);

// globq.c
void globrunqput_locked(struct g *gp);
void globrunqputbatch_locked(struct gqueue *batch, int32_t n);
// One g to run and up to max - 1 (0: a fair share) more onto pp's queue.
struct g *globrunqget_locked(struct p *pp, int32_t max);
void globrunqputhead_locked(struct g *gp);

// wake.c: p's going idle and being woken
void pidleput_locked(struct p *pp);
struct p *pidleget_locked(void);
struct p *pidleget_spinning_locked(void);
void acquirep(struct p *pp);
struct p *releasep(void);
void wakep(void);
void handoffp(struct p *pp); // by who has pp in its hands but runs no goroutine on it
void becomespinning(struct m *mp);
void resetspinning(struct m *mp);
void stats_publish_locked(struct p *pp);

// threads.c: m's
void mcommoninit(struct m *mp);
void mstart(void *mp);
void startm(struct p *pp, bool spinning);
void stopm(void);
struct m *newm_system(void (*fn)(void));
void mthread_start(struct m *mp);
void stoplockedm(struct m *mp);
void startlockedm(struct g *gp);
_Noreturn void mexit(void);
void incidlelocked(int32_t n);
void checkdead_locked(void); // checkdead.c

// template.c: threads that are started for m's which are tied to their goroutine
void template_start(void); // by a goroutine, before it is tied
void template_hand_over(struct m *nmp);

// find.c
struct found {
    struct g *gp;
    bool inherit_time; // gp goes on in the time slice of the one before it
    bool worker;       // of the runtime, chosen before the goroutines that may be in the queues
};
struct found findrunnable(struct m *mp);

// proc.c
void schedule(void);                                         // does not return
void execute(struct m *mp, struct g *gp, bool inherit_time); // on g0; does not return
void dropg(struct m *mp, struct g *gp);
void goyield_m(struct g *gp);
void gopark(bool (*commit)(struct g *, void *), void *arg, enum wait_reason reason);
void g0_wait(void (*fn)(void *), void *arg, enum wait_reason reason);
void goready(struct g *gp);          // by a goroutine
void ready(struct g *gp, bool next); // on g0

struct newproc_attr {
    uint32_t stack_class;
    void *from;  // where it is started
    bool system; // of the runtime: not counted as the program's
};
struct g *newproc(const struct newproc_attr *attr, void (*fn)(void *), void *arg);
struct g *newproc_system(void (*fn)(void *), void *arg);

// preempt.c
void preempt_take(struct g *gp, enum preempt_how how);
bool preemptone(struct p *pp, enum preempt_cause cause);
// async.c
void async_init(void);
void preempt_interrupt(struct p *pp);   // what runs there looks whether it is asked to give way
void preempt_interrupt_g(struct g *gp); // the same when gp runs somewhere; by who may read nprocs
void preemptall(void);

// A goroutine asks itself whether it is asked to give way. Not between two halves of something: it
// may go on on another m.
static inline __attribute__((always_inline)) void preempt_check(struct g *gp, enum preempt_how how)
{
    if (__builtin_expect((uintptr_t)__builtin_frame_address(0) < load_relaxed(&gp->stackguard), 0))
        preempt_take(gp, how);
}

// suspend.c
struct suspended {
    struct g *gp;
    bool dead;       // it has ended: nothing to look at, nothing to resume
    bool stopped;    // it stopped itself: resumeg makes it ready
    uint32_t status; // locked in this state
};
struct suspended suspendg(struct g *gp);
void resumeg(const struct suspended *s);

// world.c
enum stw_reason { // why, for the event stream
    STW_DEBUG,    // rt_debug_stop_the_world
    STW_PROCS,    // the number of p's changes
    STW_STATS,    // rt_read_mem_stats
    STW_GC_BEGIN, // sweep termination
    STW_GC_END,   // mark termination, or the last look whether it can be
    STW_REASONS
};
void stop_the_world(enum stw_reason reason);
void start_the_world(int32_t procs); // 0: as many p's as before
void for_each_p(void (*fn)(struct p *));
void gcstopm(void); // by an m that holds a p, when the world is being stopped
void run_safe_point_fn(struct p *pp);
void run_safe_point_fn_locked(struct p *pp);
void stopped_one_locked(void);

// procs.c
void procs_make(int32_t n);
void procs_unload(int32_t n);
struct p *procresize_locked(int32_t n);

// sysmon.c
void sysmon_start(void);
void sysmon_wake_locked(void);

// glist.c: making and keeping g's
struct g *malg_g0(void);
struct g *gfget(struct p *pp);
void gfput(struct p *pp, struct g *gp);
void gfpurge(struct p *pp);
struct g *g_new(struct p *pp);
// Gives a g that is in the caller's hands and dead a stack of that class.
void gstack_set(struct p *pp, struct g *gp, uint32_t stack_class);
// Stacks of dead g's beyond p's lists go to the pool.
void gfree_release_stacks(struct p *pp);

// sync/semtable.c
void semtable_init(void);

// init.c
void schedinit(const struct rt_config *config);
