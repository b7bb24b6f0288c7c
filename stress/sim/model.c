// SPDX-License-Identifier: Apache-2.0
//
// What the oracles know of the runtime: its status words, queues and idle lists, read directly
// while no thread of it moves. Built once per size, uninstrumented; the runtime has no code for it.
//
// gstate: a status change that the states do not allow, made by the wrong m, or of a g that is in
// two places.
//
// lost-wake: a stable point where nothing is pending, and yet there is work.
//
// conserve: time is about to pass by more than CONSERVE_BOUND_NS while a p is idle and a goroutine
// queued.
//
// timer: a sleeping goroutine is woken before its time, or no p knows of its timer. That is asked
// of the goroutines, not of the heaps. One that comes late beside an idle p is a lost wake-up.
//
// imbalance: model_imbalance.c. netpoll: model_net.c. invariant: model_counts.c. heap, accounting:
// model_heap.c. gc-lost: model_mark.c. barrier, gc-live: model_gc.c. Coverage: model_coverage.c.
// Names of words: model_names.c.
//
// A stable point is a moment at which no thread can run: whoever could have helped is asleep.

#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mheap.h"
#include "runtime/observe/waiting.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

enum { CONSERVE_BOUND_NS = 10000, LATE_BOUND_NS = 10000 };

// Independent of the table in status.c, on purpose: one mistake must not blind both.
static bool transition_legal(uint32_t from, uint32_t to)
{
    if ((from ^ to) == G_SCAN)
        return true;
    switch (from) {
    case G_IDLE:
        return to == G_DEAD;
    case G_DEAD:
        return to == G_RUNNABLE || to == G_SYSCALL;
    case G_RUNNABLE:
        return to == G_RUNNING;
    case G_RUNNING:
        return to != G_IDLE && to != G_RUNNING && to < G_STATES;
    case G_WAITING:
        return to == G_RUNNABLE || to == G_RUNNING || to == G_COPYSTACK;
    case G_SYSCALL:
        return to == G_RUNNING || to == G_RUNNABLE;
    case G_COPYSTACK:
        return to == G_RUNNING || to == G_WAITING;
    case G_PREEMPTED:
        return to == G_WAITING;
    default:
        return false;
    }
}

const char *model_status_name(uint32_t status)
{
    static const char *const names[] = {"idle",    "runnable", "running",   "syscall",
                                        "waiting", "dead",     "copystack", "preempted"};
    return status < G_STATES ? names[status] : status & G_SCAN ? "scan" : "?";
}

// Queues ----------------------------------------------------------------------------------

static uint32_t runq_count(const struct p *pp, const struct g *gp)
{
    uint32_t n = 0, head = load_relaxed(&pp->runqhead), tail = load_relaxed(&pp->runqtail);
    for (uint32_t i = head; i != tail && i - head < RUNQ_SIZE; i++)
        n += !gp || load_relaxed(&pp->runq[i % RUNQ_SIZE]) == gp;
    const struct g *next = load_relaxed(&pp->runnext);
    return n + (next && (!gp || next == gp));
}

static uint32_t global_count(const struct g *gp)
{
    uint32_t n = 0;
    for (const struct g *at = sched.runq.head; at && n < 100000; at = at->schedlink)
        n += !gp || at == gp;
    return n;
}

// In how many queues gp stands; gp NULL: how many goroutines stand in queues. *where names one. The
// queue of a p in a system call counts only for gp: sysmon comes for it, in its own time.
static uint32_t queued(const struct g *gp, const char **where)
{
    uint32_t n = global_count(gp);
    if (n)
        *where = "the global queue";
    for (int32_t i = 0; i < nprocs; i++) {
        uint32_t k = runq_count(allp[i], gp), status = load_relaxed(&allp[i]->status);
        if (k == 0 || (!gp && status == P_SYSCALL))
            continue;
        *where = status == P_IDLE ? "the queue of an idle p" : "the queue of a running p";
        n += k;
    }
    return n;
}

static uint32_t places_running(const struct g *gp)
{
    uint32_t n = 0;
    for (const struct m *mp = sched.allm; mp; mp = mp->alllink)
        n += mp->curg == gp;
    return n;
}

// gstate ----------------------------------------------------------------------------------

static void bad_state(const struct g *gp, uint32_t from, uint32_t to, const char *why)
{
    char signature[256], message[256];
    snprintf(signature, sizeof signature, "gstate: %s -> %s: %s", model_status_name(from),
             model_status_name(to), why);
    snprintf(message, sizeof message, "goroutine %lu goes %s -> %s: %s", (unsigned long)gp->goid,
             model_status_name(from), model_status_name(to), why);
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, SIM_SITE_NONE, sim.node, 0, "status change",
                 sim.points);
    f->places = 1;
    oracle_report("gstate", signature, message);
}

// host_nanotime is one ahead of the engine's time.
static void woken_from_sleep(const struct g *gp)
{
    char message[160];
    int64_t early_ns = gp->timer.when - (sim.now + 1);
    if (early_ns <= 0)
        return;
    snprintf(message, sizeof message, "goroutine %lu is woken %ld ns before its time",
             (unsigned long)gp->goid, (long)early_ns);
    oracle_report("timer", "timer: a sleeping goroutine is woken before its time", message);
}

static void status_changed(const struct g *gp, uint32_t from, uint32_t to)
{
    const struct m *mp = rt_tls_g ? rt_tls_g->m : NULL;
    const char *where = "";
    if (unlikely(sim_cover))
        model_cover(from, to);
    if (!transition_legal(from, to))
        bad_state(gp, from, to, "no such transition");
    else if (from == G_RUNNING && places_running(gp) > (mp && mp->curg == gp))
        bad_state(gp, from, to, "another m runs it");
    else if (from == G_WAITING && to == G_RUNNING && !(mp && mp->curg == gp))
        bad_state(gp, from, to, "not by its own m");
    else if (to == G_RUNNING && places_running(gp) > 1)
        bad_state(gp, from, to, "two m's run it");
    else if (to == G_RUNNING && queued(gp, &where) > 0)
        bad_state(gp, from, to, "it still stands in a queue");
    else if (from == G_DEAD && queued(gp, &where) > 0)
        bad_state(gp, from, to, "it stands in a queue");
    else if (from == G_WAITING && to == G_RUNNABLE && gp->wait == WAIT_SLEEP)
        woken_from_sleep(gp);
    else if (from == G_WAITING && to == G_RUNNABLE && gp->wait == WAIT_IO)
        model_woken_from_io(gp);
    if (sim.timed)
        model_imbalance_status(gp, from, to);
}

static void model_wrote(uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    if (addr == (uint64_t)&gc.phase) {
        model_phase_changed((uint32_t)old_value, (uint32_t)new_value);
        return;
    }
    if (addr == (uint64_t)&sched.safepoint) {
        model_imbalance_safepoint((uint32_t)new_value);
        return;
    }
    if (addr == (uint64_t)&heap.unswept) {
        model_unswept_changed(new_value);
        return;
    }
    if (addr == (uint64_t)&cycle.next_root) {
        model_root_given((uint32_t)old_value, (uint32_t)new_value);
        return;
    }
    if (addr - sim.heap_lo < sim.heap_span) {
        model_pointer_stored(addr, new_value);
        return;
    }
    if (addr == (uint64_t)&allgs.n) {
        struct g **all = load_relaxed(&allgs.v);
        for (uint64_t i = old_value; i < new_value; i++)
            race_watch((uint64_t)&all[i]->status);
        return;
    }
    status_changed((const struct g *)(addr - offsetof(struct g, status)), (uint32_t)old_value,
                   (uint32_t)new_value);
}

// Stable points ---------------------------------------------------------------------------

// In findings; where there is none, as the runtime says it.
static const char *const wait_names[WAIT_REASONS] = {
    [WAIT_NONE] = "",
    [WAIT_PARK] = "park",
    [WAIT_SLEEP] = "sleep",
    [WAIT_SEMA] = "semaphore",
    [WAIT_PREEMPTED] = "preempted",
    [WAIT_OTHERS] = "others to stop",
    [WAIT_HELPER] = "helper",
    [WAIT_GC_WORKER] = "work to mark",
    [WAIT_GC_ASSIST] = "credit",
    [WAIT_GC_CYCLE] = "a collection",
    [WAIT_GC_SWEEP] = "spans to sweep",
    [WAIT_FORCEGC] = "a request",
    [WAIT_IO] = "a descriptor",
};

static const char *wait_name(uint32_t reason)
{
    bool own = reason < WAIT_REASONS && wait_names[reason] != NULL;
    return own ? wait_names[reason] : wait_reason_name(reason);
}

void model_list_goroutines(char *buf, size_t bytes)
{
    struct g **all = load_relaxed(&allgs.v);
    size_t n = strlen(buf);
    const char *separator = " ";
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n) && n + 1 < bytes; i++) {
        uint32_t status = load_relaxed(&all[i]->status);
        if (status == G_DEAD || status == G_IDLE)
            continue;
        const char *why = wait_name(all[i]->wait);
        n += (size_t)snprintf(buf + n, bytes - n, "%sg%lu %s", separator,
                              (unsigned long)all[i]->goid, model_status_name(status));
        struct print what;
        print_begin(&what);
        if (status == G_WAITING && all[i]->wait >= WAIT_CHAN_SEND) {
            wait_describe(&what, all[i]); // with its object
            why = print_text(&what);
        }
        if (status == G_WAITING && *why && n < bytes)
            n += (size_t)snprintf(buf + n, bytes - n, " (%s)", why);
        separator = ", ";
    }
}

static int64_t earliest_timer(void)
{
    int64_t when = NEVER;
    for (int32_t i = 0; i < nprocs; i++) {
        int64_t w = load_relaxed(&allp[i]->timers_when);
        if (w != 0 && w < when)
            when = w;
    }
    return when;
}

// When the first sleeping goroutine is due, by its own words.
static int64_t earliest_sleeper(void)
{
    struct g **all = load_relaxed(&allgs.v);
    int64_t when = NEVER;
    for (uint32_t i = 0; i < load_relaxed(&allgs.n); i++) {
        if (all[i]->wait == WAIT_SLEEP && all[i]->timer.when < when &&
            load_relaxed(&all[i]->status) == G_WAITING)
            when = all[i]->timer.when;
    }
    return when;
}

void model_stable_report(const char *oracle, const char *what, int64_t jump_ns)
{
    char signature[200], message[600];
    snprintf(signature, sizeof signature, "%s: %s", oracle, what);
    snprintf(message, sizeof message, "no thread can run%s, but %s (idle p's %d, spinning %d);",
             jump_ns < 0 ? " and nothing is due" : " before time passes", what,
             load_relaxed(&sched.npidle), load_relaxed(&sched.nmspinning));
    model_list_goroutines(message, sizeof message);
    oracle_report(oracle, signature, message);
}

// All goroutines wait, and for what: a program that parks for ever is another bug than a runtime
// that never wakes whom it stopped.
static void deadlock_report(void)
{
    model_check_waits();
    char what[160] = "all goroutines wait";
    const char *separator = ": ";
    struct g **all = load_relaxed(&allgs.v);
    for (uint32_t reason = WAIT_NONE; reason < WAIT_REASONS; reason++) {
        bool any = false;
        for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
            uint32_t status = load_relaxed(&all[i]->status);
            any |= status != G_DEAD && status != G_IDLE && !all[i]->system &&
                   all[i]->wait == (enum wait_reason)reason;
        }
        size_t n = strlen(what);
        if (any)
            snprintf(what + n, sizeof what - n, "%s%s", separator, wait_name(reason));
        separator = any ? ", " : separator;
    }
    model_stable_report("deadlock", what, -1);
}

// The p of a system call is sysmon's to take, and what stands there waits for that.
static bool left_in_syscall(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (load_relaxed(&allp[i]->status) == P_SYSCALL)
            return true;
    }
    return false;
}

static void model_stable(int64_t aided_ns, int64_t unaided_ns)
{
    if (nprocs == 0)
        return;
    int64_t jump_ns = left_in_syscall() ? aided_ns : unaided_ns;
    const char *where = "";
    char what[160];
    bool work = queued(NULL, &where) > 0, idle = sched.pidle != NULL;
    int64_t timer = earliest_timer();
    if (work && (jump_ns < 0 || (idle && jump_ns > CONSERVE_BOUND_NS))) {
        snprintf(what, sizeof what, "a goroutine is left in %s%s", where,
                 idle ? " beside an idle p" : "");
        model_stable_report(jump_ns < 0 ? "lost-wake" : "conserve", what, jump_ns);
    }
    if (timer != NEVER &&
        (jump_ns < 0 || (idle && timer + LATE_BOUND_NS + sim.jumped_ns < sim.now + jump_ns)))
        model_stable_report("lost-wake", "a timer is left that nobody waits for", jump_ns);
    if (earliest_sleeper() < timer)
        model_stable_report("timer", "no p knows of a sleeping goroutine's timer", jump_ns);
    model_check_fired();
    model_check_net(jump_ns);
    model_check_stable();
    model_check_heap();
    model_check_collector(jump_ns);
    model_imbalance_stable(jump_ns);
    if (jump_ns < 0)
        deadlock_report();
}

// checkdead says that nobody can ever run again: true or false?
static void model_crash(const char *text)
{
    if (strcmp(text, "all goroutines are asleep - deadlock!") != 0)
        return;
    struct g **all = load_relaxed(&allgs.v);
    bool work = earliest_timer() != NEVER;
    for (uint32_t i = 0; i < load_relaxed(&allgs.n); i++) {
        uint32_t status = load_relaxed(&all[i]->status);
        work |= status == G_RUNNABLE || status == G_RUNNING || status == G_SYSCALL;
    }
    sim.result.finding.places = 0;
    if (work)
        model_stable_report("deadlock", "checkdead gives a false alarm", -1);
    else
        deadlock_report();
}

static const char *model_thread(const void *arg)
{
    return arg == sched.sysmon ? "sysmon" : NULL;
}

static void model_begin(void)
{
    model_net_begin();
    model_preempt_begin();
    model_imbalance_begin();
    race_watch((uint64_t)&allgs.n);
    race_watch((uint64_t)&gc.phase);
    race_watch((uint64_t)&heap.unswept);
    race_watch((uint64_t)&cycle.next_root);
    if (sim.timed)
        race_watch((uint64_t)&sched.safepoint);
}

static void model_switched(void)
{
    model_check_lists();
    model_check_fired();
}

static const struct sim_model model = {
    .begin = model_begin,
    .wrote = model_wrote,
    .stable = model_stable,
    .switched = model_switched,
    .freed = model_freed,
    .name = model_name,
    .computes = model_computes,
    .crash = model_crash,
    .thread = model_thread,
    .last_words = {[SIM_FAULT_EAGAIN] = "runtime: cannot create a thread",
                   [SIM_FAULT_ENOMEM] = "runtime: out of memory: "},
    .value = model_value,
    .coverage = model_coverage,
};

int32_t sim_own_p(void)
{
    return rt_tls_g->m->p->id;
}

void sim_use_runtime(void)
{
    static struct sim_model with_tls;
    with_tls = model;
    with_tls.tls =
        (void **)&rt_tls_g; // the engine runs on one OS thread: the address does not change
    sim_model = &with_tls;
}
