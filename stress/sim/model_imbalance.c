// SPDX-License-Identifier: Apache-2.0
//
// imbalance: in a timed execution a goroutine that could run waits for too long: others run again
// and again, and those that stand before it in its queue become no fewer, or a p is idle all the
// time.
//
// Too long is more than what may rightly come before the next of a queue is served: a turn of what
// runs, one of who was readied and goes first, and those of the other queue, since a p serves the
// global one in every SCHED_TICK_GLOBAL-th turn. A turn is as long as the longest that was seen: a
// computation that nobody can interrupt is the program's own doing. But of turns that the runtime
// should have ended, those of its own goroutines and of several that hand a time slice on, no more
// counts than sysmon needs to end one. To that come wake-ups of threads, and the time that p's may
// be left in system calls. Time in which the world is to stand still is nobody's.
//
// Not while sysmon is frozen, since it ends time slices, nor in executions with faults.

#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

enum { WAITING_MAX = 1024, RUNS_AGAIN = 8 };

static const int64_t slice_ns = SYSMON_MAX_NS + SYSMON_SLICE_NS + 2 * SYSMON_ASK_AGAIN_NS;
static const int64_t turn_min_ns = 20 * 1000;
static const int64_t wake_ns = 50 * 1000; // several threads, one after the other
// A p in a system call is taken when sysmon sees it a second time, or after a slice.
static const int64_t syscall_ns = 2 * SYSMON_MAX_NS + SYSMON_SLICE_NS;
static const int64_t idle_bound_ns = 100 * 1000;
// Of the slice that runs, and what is served in between.
enum { TURNS_OWN = 2, TURNS_GLOBAL = SCHED_TICK_GLOBAL + 1, LOOKS = 4, NOWHERE = UINT32_MAX };

static struct waiting {
    const struct g *gp;
    int64_t since;      // it became runnable
    int64_t idle_since; // some p has been idle since; 0: none is
    int64_t still;      // no progress since then
    int64_t looked;     // when its place was looked at
    uint64_t starts;    // of all goroutines by `still`
    uint32_t queue;     // number of the p, PROCS_MAX: the global one, NOWHERE: not known
    uint32_t ahead;     // so many stood before it in that queue
} waiting[WAITING_MAX];
static uint32_t n_waiting;
static uint64_t starts;       // goroutines begun or resumed
static int64_t longest_turn;  // of the execution
static int64_t stopped_since; // the world is to stop; 0: it runs
static bool syscalls;         // p's have been left in system calls
// What was seen of each p when a goroutine began there last.
static struct turn {
    const struct g *gp;
    int64_t began, slice_began;
    uint32_t schedtick;
} turn[PROCS_MAX];

void model_imbalance_begin(void)
{
    n_waiting = 0;
    starts = 0;
    longest_turn = turn_min_ns;
    stopped_since = 0;
    syscalls = false;
    memset(turn, 0, sizeof turn);
}

static bool looks(void)
{
    return sim.timed && !sim.freeze && sim.faults == SIM_FAULTS_OFF;
}

static void report(const struct waiting *w, const char *what, int64_t ns)
{
    char signature[160], message[600];
    snprintf(signature, sizeof signature, "imbalance: a goroutine waits %s", what);
    snprintf(message, sizeof message,
             "goroutine %lu has been runnable for %ld ns %s; %lu times others began meanwhile, "
             "longest turn %ld ns;",
             (unsigned long)w->gp->goid, (long)ns, what, (unsigned long)(starts - w->starts),
             (long)longest_turn);
    model_list_goroutines(message, sizeof message);
    sim.result.finding.places = 0;
    oracle_report("imbalance", signature, message);
}

static uint32_t ring_place(const struct p *pp, const struct g *gp)
{
    uint32_t head = load_relaxed(&pp->runqhead), tail = load_relaxed(&pp->runqtail);
    if (load_relaxed(&pp->runnext) == gp)
        return 0;
    for (uint32_t k = 0; k < tail - head && k < RUNQ_SIZE; k++) {
        if (load_relaxed(&pp->runq[(head + k) % RUNQ_SIZE]) == gp)
            return k;
    }
    return NOWHERE;
}

// Where it stands. On its way between two queues it is in nobody's.
static void find_place(const struct g *gp, uint32_t *queue, uint32_t *ahead)
{
    for (*queue = 0; *queue < (uint32_t)nprocs; ++*queue) {
        *ahead = ring_place(allp[*queue], gp);
        if (*ahead != NOWHERE)
            return;
    }
    *queue = PROCS_MAX;
    *ahead = 0;
    for (const struct g *at = sched.runq.head; at && at != gp; at = at->schedlink)
        ++*ahead;
}

// Those before it have become fewer, or it stands elsewhere.
static bool progresses(struct waiting *w, int64_t now)
{
    uint32_t queue, ahead;
    find_place(w->gp, &queue, &ahead);
    bool progress = queue != w->queue || ahead < w->ahead;
    w->queue = queue;
    w->ahead = ahead;
    w->looked = now;
    if (!progress)
        return false;
    w->still = now;
    w->starts = starts;
    return true;
}

static bool left_in_syscall(const struct waiting *w)
{
    return w->queue < PROCS_MAX && load_relaxed(&allp[w->queue]->status) == P_SYSCALL;
}

static void look_at(struct waiting *w, int64_t now, bool others_run)
{
    if (load_relaxed(&sched.npidle) == 0)
        w->idle_since = 0;
    else if (w->idle_since == 0)
        w->idle_since = now;
    int64_t turns = w->queue == PROCS_MAX ? TURNS_GLOBAL : TURNS_OWN;
    int64_t bound = wake_ns + turns * longest_turn + (syscalls ? syscall_ns : 0);
    if (now - w->looked > bound / LOOKS)
        progresses(w, now);
    if (w->idle_since != 0 && now - w->idle_since > idle_bound_ns && !progresses(w, now) &&
        !left_in_syscall(w))
        report(w, "beside an idle p", now - w->since);
    if (others_run && now - w->still > bound && starts - w->starts > RUNS_AGAIN &&
        !progresses(w, now))
        report(w, "while others run again and again", now - w->still);
}

static void look_at_all(int64_t now, bool others_run)
{
    if (stopped_since == 0)
        for (uint32_t i = 0; i < n_waiting; i++)
            look_at(&waiting[i], now, others_run);
}

static void begins_to_wait(const struct g *gp)
{
    if (n_waiting == WAITING_MAX)
        return;
    waiting[n_waiting] = (struct waiting){
        .gp = gp,
        .since = sim.now,
        .idle_since = load_relaxed(&sched.npidle) != 0 ? sim.now : 0,
        .still = sim.now,
        .looked = sim.now,
        .starts = starts,
        .queue = NOWHERE,
    };
    n_waiting++;
}

static void waits_no_more(const struct g *gp)
{
    for (uint32_t i = 0; i < n_waiting; i++) {
        if (waiting[i].gp == gp) {
            waiting[i] = waiting[--n_waiting];
            return;
        }
    }
}

static struct turn *turn_of(const struct g *gp)
{
    const struct p *pp = gp->m ? gp->m->p : NULL;
    return pp ? &turn[pp->id] : NULL;
}

// schedtick counts a start a moment later, unless the time slice was inherited.
static void begins_to_run(const struct g *gp)
{
    struct turn *t = turn_of(gp);
    starts++;
    if (!t)
        return;
    uint32_t tick = gp->m->p->schedtick;
    if (tick != t->schedtick || t->slice_began == 0)
        t->slice_began = t->began; // of the one before
    t->schedtick = tick;
    t->began = sim.now;
    t->gp = gp;
    int64_t slice = t->slice_began != 0 ? sim.now - t->slice_began : 0;
    if (slice > longest_turn)
        longest_turn = slice < slice_ns ? slice : longest_turn > slice_ns ? longest_turn : slice_ns;
}

static void stops_running(const struct g *gp)
{
    struct turn *t = turn_of(gp);
    if (!t || t->gp != gp)
        return;
    int64_t ns = sim.now - t->began;
    if (gp->system && ns > slice_ns)
        ns = slice_ns;
    if (ns > longest_turn)
        longest_turn = ns;
}

void model_imbalance_status(const struct g *gp, uint32_t from, uint32_t to)
{
    if (!looks() || (from ^ to) == G_SCAN || nprocs == 0)
        return;
    if (from == G_RUNNING)
        stops_running(gp);
    syscalls |= to == G_SYSCALL;
    if (from == G_RUNNABLE)
        waits_no_more(gp);
    if (to == G_RUNNING)
        begins_to_run(gp);
    if (to == G_RUNNABLE)
        begins_to_wait(gp);
    look_at_all(sim.now, to == G_RUNNING);
}

// What the world stands still is nobody's time.
void model_imbalance_safepoint(uint32_t asked)
{
    if ((asked & SAFEPOINT_STOP) != 0) {
        if (stopped_since == 0)
            stopped_since = sim.now;
        return;
    }
    int64_t ns = stopped_since != 0 ? sim.now - stopped_since : 0;
    stopped_since = 0;
    for (uint32_t i = 0; i < n_waiting; i++) {
        waiting[i].since += ns;
        waiting[i].still += ns;
        waiting[i].idle_since = 0;
    }
}

void model_imbalance_stable(int64_t jump_ns)
{
    if (looks() && jump_ns > 0)
        look_at_all(sim.now + jump_ns, false);
}
