// SPDX-License-Identifier: Apache-2.0
//
// Coverage of what is meant to be met: in which surroundings the goroutines' changes of state came
// about. A cell is a transition, the p of the m that makes it, what the collector does, what sysmon
// does, whether somebody polls, and whether the world is being stopped. The watch on status words
// gives every transition.
//
// A cell that was never met is a hole, unless the runtime's rules leave no way there: impossible()
// says which these are, and why. A rule that is broken shows as an impossible cell that was met. A
// further axis is one more row of `axes` and one more digit of cell_of.

#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mheap.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

enum p_now { P_NONE = P_STATES, P_NOW };
enum gc_now { GC_NOW_OFF, GC_NOW_SWEEP, GC_NOW_MARK, GC_NOW_ENDS, GC_NOW };
enum sysmon_now { SYSMON_TICKS, SYSMON_DEEP, SYSMON_FROZEN, SYSMON_NOW };
enum poll_now { POLL_NOBODY, POLL_SOMEBODY, POLL_NOW };
enum world_now { WORLD_RUNS, WORLD_ASKED, WORLD_STOPPED, WORLD_NOW };

static const struct transition {
    uint32_t from, to;
} transitions[] = {
    {G_IDLE, G_DEAD},         {G_DEAD, G_RUNNABLE},     {G_DEAD, G_SYSCALL},
    {G_RUNNABLE, G_RUNNING},  {G_RUNNING, G_RUNNABLE},  {G_RUNNING, G_SYSCALL},
    {G_RUNNING, G_WAITING},   {G_RUNNING, G_DEAD},      {G_RUNNING, G_COPYSTACK},
    {G_RUNNING, G_PREEMPTED}, {G_SYSCALL, G_RUNNING},   {G_SYSCALL, G_RUNNABLE},
    {G_WAITING, G_RUNNABLE},  {G_WAITING, G_RUNNING},   {G_WAITING, G_COPYSTACK},
    {G_COPYSTACK, G_RUNNING}, {G_COPYSTACK, G_WAITING}, {G_PREEMPTED, G_WAITING},
};
enum {
    PLAIN = sizeof transitions / sizeof transitions[0],
    SCAN_ON = PLAIN, // in whatever state
    SCAN_OFF,
    TRANSITIONS
};

static const char *const transition_names[TRANSITIONS] = {
    "idle -> dead",         "dead -> runnable",     "dead -> syscall",      "runnable -> running",
    "running -> runnable",  "running -> syscall",   "running -> waiting",   "running -> dead",
    "running -> copystack", "running -> preempted", "syscall -> running",   "syscall -> runnable",
    "waiting -> runnable",  "waiting -> running",   "waiting -> copystack", "copystack -> running",
    "copystack -> waiting", "preempted -> waiting", "locked for a scan",    "unlocked"};
static const char *const p_names[P_NOW] = {"idle", "running", "syscall", "gcstop", "dead", "none"};
static const char *const gc_names[GC_NOW] = {"off", "sweep", "mark", "ends"};
static const char *const sysmon_names[SYSMON_NOW] = {"ticks", "deep", "frozen"};
static const char *const poll_names[POLL_NOW] = {"no", "yes"};
static const char *const world_names[WORLD_NOW] = {"runs", "asked", "stopped"};

// The digits of a cell.
struct place {
    uint32_t transition, p, gc, sysmon, poll, world;
};

static uint32_t cell_of(const struct place *at)
{
    uint32_t cell = at->transition;
    cell = cell * P_NOW + at->p;
    cell = cell * GC_NOW + at->gc;
    cell = cell * SYSMON_NOW + at->sysmon;
    cell = cell * POLL_NOW + at->poll;
    return cell * WORLD_NOW + at->world;
}

static struct place place_of(uint32_t cell)
{
    struct place at = {.world = cell % WORLD_NOW};
    at.poll = (cell /= WORLD_NOW) % POLL_NOW;
    at.sysmon = (cell /= POLL_NOW) % SYSMON_NOW;
    at.gc = (cell /= SYSMON_NOW) % GC_NOW;
    at.p = (cell /= GC_NOW) % P_NOW;
    at.transition = cell / P_NOW;
    return at;
}

static bool is(uint32_t transition, uint32_t from, uint32_t to)
{
    return transition < PLAIN && transitions[transition].from == from &&
           transitions[transition].to == to;
}

// What comes with parts of the runtime that are not there, and what no oracle can see.
static const char *never_made(uint32_t transition)
{
    if (transition >= PLAIN)
        return NULL;
    const struct transition *t = &transitions[transition];
    if (t->from == G_COPYSTACK || t->to == G_COPYSTACK)
        return "stacks grow in place: nobody changes one";
    if (is(transition, G_DEAD, G_SYSCALL))
        return "no foreign thread comes in";
    if (is(transition, G_IDLE, G_DEAD))
        return "done before the g is in allgs, from when on it is watched";
    return NULL;
}

// By an m that has no p.
static const char *impossible_without(const struct place *at)
{
    bool back = is(at->transition, G_SYSCALL, G_RUNNABLE),
         helper = is(at->transition, G_WAITING, G_RUNNABLE);
    if (!back && !helper)
        return "without a p one comes back from a system call, polls, or is sysmon";
    if (helper && at->sysmon == SYSMON_DEEP && at->world == WORLD_RUNS)
        return "who polls and finds no idle p, and sysmon, are awake beside others";
    if (at->gc == GC_NOW_ENDS && at->world != WORLD_STOPPED)
        return "marking ends in a stopped world";
    return NULL;
}

// By the one that stops the world, when it is stopped: it comes back from g0_wait, and when all is
// marked those who wait for credit go on.
static const char *impossible_stopped(const struct place *at)
{
    bool pays = is(at->transition, G_WAITING, G_RUNNABLE) && at->gc == GC_NOW_MARK;
    if (at->world != WORLD_STOPPED)
        return "who stops the world does nothing else before it is stopped";
    return pays || is(at->transition, G_WAITING, G_RUNNING)
               ? NULL
               : "while the world is stopped its stopper only looks";
}

static const char *impossible(uint32_t cell)
{
    struct place at = place_of(cell);
    const char *why = never_made(at.transition);
    if (why)
        return why;
    if (at.p == P_NONE)
        return impossible_without(&at);
    if (at.gc == GC_NOW_ENDS)
        return "who ends marking does nothing else, and the world is stopped";
    switch (at.p) {
    case P_RUNNING:
        if (is(at.transition, G_SYSCALL, G_RUNNABLE))
            return "who has got a p goes on running";
        if (at.world == WORLD_STOPPED)
            return "all p's are stopped";
        if (at.sysmon == SYSMON_DEEP && at.world == WORLD_RUNS)
            return "who takes an idle p wakes sysmon";
        return NULL;
    case P_GCSTOP:
        return impossible_stopped(&at);
    default:
        return "nobody runs goroutines on such a p";
    }
}

static const struct sim_coverage coverage = {
    .axes = 6,
    .cells = TRANSITIONS * P_NOW * GC_NOW * SYSMON_NOW * POLL_NOW * WORLD_NOW,
    .axis = {{"transition", TRANSITIONS, transition_names},
             {"p", P_NOW, p_names},
             {"gc", GC_NOW, gc_names},
             {"sysmon", SYSMON_NOW, sysmon_names},
             {"polled", POLL_NOW, poll_names},
             {"world", WORLD_NOW, world_names}},
    .impossible = impossible,
};

const struct sim_coverage *model_coverage(void)
{
    return &coverage;
}

static uint32_t transition_of(uint32_t from, uint32_t to)
{
    if ((from ^ to) == G_SCAN)
        return to & G_SCAN ? SCAN_ON : SCAN_OFF;
    for (uint32_t i = 0; i < PLAIN; i++) {
        if (transitions[i].from == from && transitions[i].to == to)
            return i;
    }
    return TRANSITIONS;
}

static uint32_t gc_is(void)
{
    switch (load_relaxed(&gc.phase)) {
    case GC_OFF:
        return load_relaxed(&heap.unswept) > 0 ? GC_NOW_SWEEP : GC_NOW_OFF;
    case GC_MARK:
        return GC_NOW_MARK;
    default:
        return GC_NOW_ENDS;
    }
}

static uint32_t world_is(void)
{
    if ((load_relaxed(&sched.safepoint) & SAFEPOINT_STOP) == 0)
        return WORLD_RUNS;
    return sched.stopwait > 0 ? WORLD_ASKED : WORLD_STOPPED;
}

void model_cover(uint32_t from, uint32_t to)
{
    const struct m *mp = rt_tls_g ? rt_tls_g->m : NULL;
    struct place at = {.transition = transition_of(from, to)};
    if (at.transition == TRANSITIONS)
        return; // not one of a sound runtime: gstate reports it
    at.p = mp && mp->p ? load_relaxed(&mp->p->status) : P_NONE;
    at.gc = gc_is();
    at.sysmon = sim.freeze ? SYSMON_FROZEN : sched.sysmonwait ? SYSMON_DEEP : SYSMON_TICKS;
    at.poll = load_relaxed(&sched.lastpoll) == 0 ? POLL_SOMEBODY : POLL_NOBODY;
    at.world = world_is();
    if (at.p < P_NOW)
        sim_cover[cell_of(&at)]++;
}
