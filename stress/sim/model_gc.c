// SPDX-License-Identifier: Apache-2.0
//
// barrier: while marking, a store that makes a black object refer to a white one which nothing grey
// protects. The runtime's barrier shades both what the slot held and what it gets, so the white one
// stands in some p's buffer at the moment of the store; only when it does not is the heap walked,
// from all that is grey along white objects.
//
// gc-live: something was asked of the collector and nobody is there to do it: a stable point at
// which the period is over, the heap is past its trigger, grey objects lie beside an idle p, or
// marking is over and the phase is not; or a collection is forced before it is time. lost-wake: who
// waits for the collector, or for what it has found, without reason.
//
// What is asked at a stable point holds only while no goroutine is on its way: one that is
// runnable, stops others or waits for a semaphore may be the one that will do it.

#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mheap.h"
#include "runtime/mem/special.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

enum { FORCED_BOUND_NS = 200000, MARK_BOUND_NS = 10000, LIST_MAX = 1 << 16 };

// Grey ------------------------------------------------------------------------------------

// As the runtime packs it: 41 bits of address and 23 that count.
static const struct workbuf *unpack(uint64_t head)
{
    return (const struct workbuf *)(head >> 23 << 6);
}

static const struct workbuf *first_full(void)
{
    return unpack(load_relaxed(&cycle.full.head));
}

static const struct workbuf *next_full(const struct workbuf *b)
{
    return unpack(load_relaxed(&b->node.next));
}

// Calls visit(address, arg) for each entry of the buffer until it returns true.
static bool any_in(const struct workbuf *b, bool (*visit)(uint64_t, void *), void *arg)
{
    bool found = false;
    for (uint64_t i = 0; b && i < b->n && i < WORKBUF_ENTRIES && !found; i++)
        found = visit(b->object[i], arg);
    return found;
}

static bool any_grey(bool (*visit)(uint64_t, void *), void *arg)
{
    bool found = false;
    uint32_t n = 0;
    for (const struct workbuf *b = first_full(); b && !found && n < LIST_MAX; b = next_full(b), n++)
        found = any_in(b, visit, arg);
    for (int32_t i = 0; i < PROCS_MAX && allp[i] && !found; i++) {
        const struct p *pp = allp[i];
        found = any_in(pp->gcw.first, visit, arg) || any_in(pp->gcw.second, visit, arg);
        // a store that was held may be seen while its p empties the buffer into marking
        uint32_t held = sim.tso || pp->wbbuf.n > WBBUF_ENTRIES ? WBBUF_ENTRIES : pp->wbbuf.n;
        for (uint32_t k = 0; k < held && !found; k++)
            found = visit(pp->wbbuf.pointer[k], arg);
    }
    return found;
}

// barrier ---------------------------------------------------------------------------------

struct lookup {
    uint64_t object, bytes;
};

static bool lies_in(uint64_t grey, void *arg)
{
    const struct lookup *l = arg;
    return grey - l->object < l->bytes;
}

static bool is_grey(uint64_t object, uint64_t bytes)
{
    return any_grey(lies_in, &(struct lookup){object, bytes});
}

static bool protects(uint64_t grey, void *object)
{
    return model_reaches(grey, *(const uint64_t *)object);
}

// A stack that is still to be scanned is grey. Which are is the roots' business, so all are taken
// for that until the last root job was handed out.
static bool stacks_protect(void)
{
    return load_relaxed(&cycle.next_root) < load_relaxed(&cycle.roots);
}

static void stored(uint64_t slot, uint64_t object)
{
    char message[400], name[128], what[128];
    snprintf(message, sizeof message, "%s now refers to %s, which nobody will mark",
             sim_address_name(slot, name, sizeof name),
             sim_address_name(object, what, sizeof what));
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, sim.last_site, sim.node, 0, "store", sim.points);
    f->places = 1;
    oracle_report("barrier", "barrier: a black object refers to a white one that nothing protects",
                  message);
}

void model_pointer_stored(uint64_t slot, uint64_t value)
{
    struct model_object holder, object;
    if (load_relaxed(&gc.phase) != GC_MARK || !model_object_at(value, &object) || object.marked)
        return;
    if (!model_object_at(slot, &holder) || !holder.marked || !model_is_pointer(slot))
        return;
    if (is_grey(object.base, object.bytes) || is_grey(holder.base, holder.bytes))
        return;
    if (!oracle_on("barrier") || stacks_protect() || any_grey(protects, &object.base))
        return;
    stored(slot, object.base);
}

// Beginning and marking -------------------------------------------------------------------

// By a goroutine of the runtime: the helper, when it is time, or a finalizer that allocates.
void model_cycle_begins(void)
{
    const struct m *mp = rt_tls_g ? rt_tls_g->m : NULL;
    int64_t last = load_relaxed(&gc_counts.last_end);
    int64_t early_ns = last + FORCEGC_PERIOD_MS * INT64_C(1000000) - (sim.now + 1);
    if (!mp || !mp->curg || !mp->curg->system || last == 0 || early_ns <= 0 ||
        load_relaxed(&heap.live) >= MODEL_QUIETLY(pacer_trigger()))
        return;
    char message[160];
    snprintf(message, sizeof message, "a collection is forced %ld ns before the period is over",
             (long)early_ns);
    oracle_report("gc-live", "gc-live: a collection is forced before it is time", message);
}

void model_root_given(uint32_t old, uint32_t now)
{
    if (now < old || old >= load_relaxed(&cycle.roots) || load_relaxed(&gc.phase) != GC_MARK ||
        load_relaxed(&cycle.marking) != 0)
        return;
    oracle_report("invariant", "invariant: a root is given to who does not count as marking",
                  "a root is given to who marks while cycle.marking is 0");
}

// Stable points ---------------------------------------------------------------------------

// What goroutines are there that may be about to do something, or that wait for it.
struct waiting {
    bool on_way;
    bool forcegc, sweeper, worker;
};

static struct waiting look(void)
{
    struct g **all = load_relaxed(&allgs.v);
    struct waiting w = {0};
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
        uint32_t status = load_relaxed(&all[i]->status) & ~(uint32_t)G_SCAN;
        enum wait_reason wait = status == G_WAITING ? all[i]->wait : WAIT_NONE;
        w.on_way |= status == G_RUNNABLE || status == G_PREEMPTED || wait == WAIT_SEMA ||
                    wait == WAIT_OTHERS || wait == WAIT_PREEMPTED;
        w.forcegc |= wait == WAIT_FORCEGC;
        w.sweeper |= wait == WAIT_GC_SWEEP;
        w.worker |= wait == WAIT_GC_WORKER;
    }
    return w;
}

// A collection that is overdue is sysmon's to ask for; it may be asleep for good, or late by a
// fault.
static bool overdue(void)
{
    const uint32_t late =
        1u << SIM_FAULT_LATE_SHORT | 1u << SIM_FAULT_LATE_MIDDLE | 1u << SIM_FAULT_LATE_LONG;
    int64_t at = MODEL_QUIETLY(gc_forced_at());
    return at != 0 && !sim.freeze && (sim.struck & late) == 0 &&
           sim.now > at + FORCED_BOUND_NS + sim.jumped_ns;
}

static bool work_for_all(void)
{
    return first_full() != NULL || load_relaxed(&cycle.next_root) < load_relaxed(&cycle.roots);
}

static void check_marking(const struct waiting *w, int64_t jump_ns)
{
    bool idle = load_relaxed(&sched.npidle) > 0;
    if (work_for_all() && idle && w->worker && (jump_ns < 0 || jump_ns > MARK_BOUND_NS))
        model_stable_report("gc-live", "there is something to mark beside an idle p", jump_ns);
    if (!work_for_all() && load_relaxed(&cycle.marking) == 0)
        model_stable_report("gc-live", "all is marked and nobody ends the phase", jump_ns);
}

static void check_waiting(const struct waiting *w, int64_t jump_ns)
{
    if (cycle.assists.head)
        model_stable_report("lost-wake", "a goroutine waits for credit while nobody marks",
                            jump_ns);
    if (cycle.waiting.head)
        model_stable_report("lost-wake", "a goroutine waits for a cycle that nobody begins",
                            jump_ns);
    if (w->sweeper && load_relaxed(&heap.unswept) > 0)
        model_stable_report("lost-wake", "the sweeper sleeps beside spans to sweep", jump_ns);
    if (finalizer_queue.first && finalizer_queue.parked)
        model_stable_report("lost-wake", "finalizers are to run and nobody runs them", jump_ns);
    if (w->forcegc && overdue())
        model_stable_report("gc-live", "the period is over and no collection begins", jump_ns);
    if (load_relaxed(&heap.live) >= MODEL_QUIETLY(pacer_trigger()))
        model_stable_report("gc-live", "the heap is past its trigger and no collection begins",
                            jump_ns);
}

void model_check_collector(int64_t jump_ns)
{
    if (load_relaxed(&gc.cycles) == 0 && heap.nallspans == 0)
        return; // the program has no objects
    struct waiting w = look();
    if (w.on_way)
        return;
    if (load_relaxed(&gc.phase) == GC_MARK)
        check_marking(&w, jump_ns);
    else if (load_relaxed(&gc.phase) == GC_OFF)
        check_waiting(&w, jump_ns);
}
