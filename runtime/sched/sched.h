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
#include "runtime/mem/stack.h"
#include "runtime/observe/event.h"
#include "runtime/rt.h"
#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/note.h"

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

enum wait_reason { WAIT_NONE, WAIT_PARK, WAIT_SLEEP, WAIT_REASONS };

// Permit of rt_park / rt_ready.
enum { PERMIT_NONE, PERMIT_READY, PERMIT_PARKED };

struct g {
    struct gobuf sched;       // written by g0 around each switch; owner: who may change the status
    void *fiber;              // const after g_new; of the sanitizer
    struct m *m;              // owner: the m that runs it; NULL while it is not running
    _Alignas(8) atomic_u32 status; // atomic: enum g_status; casgstatus only
    _Alignas(8) atomic_u32 permit; // atomic: PERMIT_*
    struct g *schedlink;      // owner: the list that holds it (global queue, dead list)
    uint64_t goid;            // const from newproc to goexit0
    void (*fn)(void *);       // const from newproc to goexit0; for people
    enum wait_reason wait;    // written by itself before it parks; for people
    struct stack stack;       // const after g_new; empty for g0
    struct timer timer;       // for rt_sleep; see timer.h
    size_t san_base;          // g0: shadow call depth at the base of its stack; const after mstart
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
    struct rand rand;                        // owner: this m
    struct held_locks held;                  // owner: this m
    struct m *alllink;                       // const after newm; sched.allm list
};

enum p_status { P_IDLE, P_RUNNING, P_SYSCALL, P_GCSTOP, P_DEAD };

struct p {
    int32_t id;                          // const after procresize
    uint32_t schedtick;                  // owner: the m that holds this p; goroutines started
    _Alignas(8) atomic_u32 status;       // atomic: P_*; idle -> running only in acquirep
    struct m *m;                         // owner: the m that holds this p
    struct p *link;                      // lock: sched.lock; idle list
    struct rt_stats stats;               // owner: the m that holds this p
    struct rt_stats stats_seen;          // lock: sched.lock; copy for rt_stats
    struct g *gfree;                     // owner: the m that holds this p; dead g's
    uint32_t ngfree;                     // owner: likewise
    uint64_t goid_next, goid_end;        // owner: likewise; ids not yet given out
    uint64_t nevents;                    // owner: likewise; events ever recorded

    struct mutex timers_lock;
    struct timer_slot *timers;           // lock: timers_lock; heap by .when, four children a node
    uint32_t ntimers, timers_cap;        // lock: timers_lock
    _Alignas(8) atomic_i64 timers_when;  // written under timers_lock, read without: earliest or 0

    // The run queue. Slots are accessed relaxed: runqtail publishes them, and a thief that has
    // read an old one fails its swap of runqhead.
    _Alignas(64) atomic_u32 runqhead;    // atomic: moved by whoever takes g's out
    _Alignas(64) atomic_u32 runqtail;    // owner writes; release pairs [runq.tail]: who sees the
                                         // new tail sees the slots before it
    ATOMIC_PTR(struct g) runnext;        // atomic: the owner puts, anyone takes; runs next and
                                         // inherits the time slice
    ATOMIC_PTR(struct g) runq[RUNQ_SIZE];

    struct event events[EVENT_RING];     // owner: the m that holds this p
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

struct gqueue {
    struct g *head, *tail; // linked by schedlink
};

struct schedt {
    struct mutex lock;
    struct m *midle;               // lock; m's asleep in stopm
    int32_t nmidle;                // lock
    struct p *pidle;               // lock; p's that nobody holds
    struct gqueue runq;            // lock; global queue
    struct m *allm;                // lock
    int32_t nm;                    // lock; m's ever made
    struct rt_stats stats_m;       // lock; what m's count while they hold no p
    _Alignas(8) atomic_i32 runqsize; // written under lock; hint without: re-checked under it
    _Alignas(8) atomic_i32 npidle; // written under lock; hint without
    // Spinning m's. Every change and every look that a sleeping decision hangs on is a
    // read-modify-write: a submitter (wakep) and the last spinner (findrunnable) meet in its
    // order of changes.
    _Alignas(8) atomic_i32 nmspinning;
    _Alignas(8) atomic_u32 needspinning; // set and decided on under lock, cleared by any new
                                         // spinner: someone wanted to start one and found no p
    _Alignas(8) atomic_i64 lastpoll;     // atomic: time of the last poll, 0 while an m polls
    _Alignas(8) atomic_i64 poll_until;   // atomic: until when the polling m sleeps, 0 not known
    _Alignas(8) atomic_u64 goidgen;      // atomic, relaxed: only uniqueness matters

    struct mutex gfree_lock;
    struct g *gfree;               // gfree_lock; dead g's beyond what p's keep
    _Alignas(8) atomic_u32 ngfree; // written under gfree_lock; hint without

    struct mutex allgs_lock;
    uint32_t allgs_cap;            // allgs_lock
};

extern struct schedt sched;
extern struct p *allp[PROCS_MAX]; // const after procresize; first nprocs are set
extern int32_t nprocs;            // const after procresize
extern struct m m0;

// Every g ever made (g0s excepted), in the order of making; grows, never shrinks. Reading needs no
// lock: first the length, then the array.
struct allgs {
    ATOMIC_PTR(struct g *) v;      // release pairs [allgs.v]
    _Alignas(8) atomic_u32 n;      // release pairs [allgs.n]: who sees it sees array and g's
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
struct g *runqget(struct p *pp, bool *inherit_time);
bool runqempty(struct p *pp); // by anyone
// Half of victim's queue, the last of them to run now; runnext only with steal_next. NULL: nothing.
struct g *runqsteal(struct p *pp, struct p *victim, bool steal_next);

// globq.c
void globrunqput_locked(struct g *gp);
void globrunqputbatch_locked(struct gqueue *batch, int32_t n);
// One g to run and up to max - 1 (0: a fair share) more onto pp's queue.
struct g *globrunqget_locked(struct p *pp, int32_t max);
void gqueue_push(struct gqueue *q, struct g *gp);

// wake.c: p's and m's going to sleep and waking up
void pidleput_locked(struct p *pp);
struct p *pidleget_locked(void);
struct p *pidleget_spinning_locked(void);
void acquirep(struct p *pp);
struct p *releasep(void);
void startm(struct p *pp, bool spinning);
void stopm(void);
void wakep(void);
void becomespinning(struct m *mp);
void resetspinning(struct m *mp);
void stats_publish_locked(struct p *pp);
// m's
void mcommoninit(struct m *mp);
void mstart(void *mp);

// find.c
struct found {
    struct g *gp;
    bool inherit_time; // gp goes on in the time slice of the one before it
};
struct found findrunnable(struct m *mp);

// proc.c
void schedule(void); // does not return
void gopark(bool (*commit)(struct g *, void *), void *arg, enum wait_reason reason);
void goready(struct g *gp);        // by a goroutine
void ready(struct g *gp, bool next); // on g0
struct g *newproc(void (*fn)(void *), void *arg);

// glist.c: making and keeping g's
struct g *malg_g0(void);
struct g *gfget(struct p *pp);
void gfput(struct p *pp, struct g *gp);
struct g *g_new(struct p *pp);

// init.c
void schedinit(const struct rt_config *config);
