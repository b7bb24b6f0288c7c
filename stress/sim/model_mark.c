// SPDX-License-Identifier: Apache-2.0
//
// gc-lost: when marking ends, in a stopped world, whatever the program can still get at must be
// marked; and no object may be freed that a goroutine refers to. What it can get at is found
// without the runtime's code: from the references that goroutines told of (probe_refs), from
// registered globals, from armed timers, and from the stacks of goroutines that have not begun,
// along the words that the heap calls pointers.
//
// Rejected: all words of all stacks, as the collector itself takes them. A stack that was scanned
// early goes on, and what its frames have not written yet holds words of frames before them: dead
// objects, which the collector was right not to mark.

#include "runtime/gc/gc.h"
#include "runtime/mem/mheap.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// An object as a bit of its page's words: its first eight bytes.
struct reached {
    uint64_t *seen; // bit for each eight bytes of the heap
    size_t words;
    uint64_t *queue;
    size_t n, cap;
};
static struct reached reached;

struct edge {
    const char *from; // for the signature
    uint64_t holder;  // address of the word that refers to it
};

static void lost(const struct edge *e, uint64_t object, const char *what)
{
    char signature[256], message[400], name[128], holder[128];
    snprintf(signature, sizeof signature, "gc-lost: an object that %s refers to is %s", e->from,
             what);
    snprintf(message, sizeof message, "%s, which %s refers to (%s), is %s",
             sim_address_name(object, name, sizeof name), e->from,
             sim_address_name(e->holder, holder, sizeof holder), what);
    oracle_report("gc-lost", signature, message);
}

static void begin_walk(void)
{
    size_t words = load_relaxed(&heap.grown) * (HEAP_PAGE_BYTES / 512);
    if (words > reached.words) {
        reached.seen = realloc(reached.seen, words * sizeof *reached.seen);
        reached.words = words;
    }
    memset(reached.seen, 0, words * sizeof *reached.seen);
    reached.n = 0;
}

static void push(uint64_t object)
{
    if (reached.n == reached.cap) {
        reached.cap = reached.cap ? 2 * reached.cap : 1024;
        reached.queue = realloc(reached.queue, reached.cap * sizeof *reached.queue);
    }
    reached.queue[reached.n++] = object;
}

// True: it was met for the first time, and is followed if it has pointers.
static bool meet(const struct model_object *o)
{
    uint64_t bit = (o->base - heap.base) / 8;
    if ((reached.seen[bit / 64] >> bit % 64 & 1) != 0)
        return false;
    reached.seen[bit / 64] |= 1ull << bit % 64;
    if (o->pointers)
        push(o->base);
    return true;
}

static void each_slot(uint64_t object, void (*visit)(uint64_t slot, uint64_t value))
{
    struct model_object o;
    if (!model_object_at(object, &o) || !o.pointers)
        return;
    for (uint64_t at = o.base; at < o.base + o.bytes; at += 8) {
        if (model_is_pointer(at))
            visit(at, *(const uint64_t *)at);
    }
}

// gc-lost ---------------------------------------------------------------------------------

// The word's value may point into an object: that is reached, and must be marked.
static void reach(const struct edge *e, uint64_t value)
{
    struct model_object o;
    const struct mspan *s = model_span_of(value);
    if (!s || value >= s->limit)
        return;
    if (!model_object_at(value, &o))
        lost(e, value, "free");
    else if (meet(&o) && !o.marked)
        lost(e, o.base, "not marked when marking ends");
}

static void reach_slot(uint64_t slot, uint64_t value)
{
    reach(&(struct edge){"a slot of an object", slot}, value);
}

static void reach_globals(void)
{
    for (uint32_t i = 0; i < sim.globals; i++) {
        for (uint32_t k = 0; k < sim.global[i].n; k++) {
            const void *const *word = (const void *const *)&sim.global[i].words[k];
            reach(&(struct edge){"a global", (uint64_t)word}, (uint64_t)*word);
        }
    }
}

static void reach_refs(void)
{
    for (uint32_t i = 0; i < sim.fibers; i++) {
        const struct fiber *f = &sim_fibers[i];
        for (uint32_t k = 0; k < f->n_refs; k++)
            reach(&(struct edge){"a goroutine's reference", (uint64_t)&f->refs[k]},
                  (uint64_t)f->refs[k]);
    }
}

// One that was made and has not run: its argument lies in the few words of its first context.
static void reach_arguments(void)
{
    enum { FIRST_CONTEXT = 128 };
    struct g **all = load_relaxed(&allgs.v);
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
        const struct g *gp = all[i];
        uint64_t sp = (uint64_t)gp->sched.sp;
        if ((load_relaxed(&gp->status) & ~(uint32_t)G_SCAN) != G_RUNNABLE ||
            gp->stack.hi - sp > FIRST_CONTEXT)
            continue;
        for (; sp < gp->stack.hi; sp += 8)
            reach(&(struct edge){"a goroutine's argument", sp}, *(const uint64_t *)sp);
    }
}

// What timers of a heap keep alive: their arguments, and the objects that they lie in.
static void reach_timers(void)
{
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++) {
        for (uint32_t k = 0; k < allp[i]->ntimers; k++) {
            const struct timer *t = allp[i]->timers[k].timer;
            reach(&(struct edge){"a timer's heap", (uint64_t)&allp[i]->timers[k].timer},
                  (uint64_t)t);
            reach(&(struct edge){"an armed timer", (uint64_t)&t->arg}, (uint64_t)t->arg);
        }
    }
}

static void check_marked(void)
{
    if (!oracle_on("gc-lost"))
        return;
    begin_walk();
    reach_globals();
    reach_refs();
    reach_arguments();
    reach_timers();
    while (reached.n > 0)
        each_slot(reached.queue[--reached.n], reach_slot);
}

static void follow_white(uint64_t slot, uint64_t value)
{
    struct model_object o;
    (void)slot;
    if (model_object_at(value, &o) && !o.marked)
        meet(&o);
}

bool model_reaches(uint64_t from, uint64_t object)
{
    struct model_object o;
    if (!model_object_at(from, &o))
        return false;
    begin_walk();
    meet(&o);
    while (reached.n > 0)
        each_slot(reached.queue[--reached.n], follow_white);
    uint64_t bit = (object - heap.base) / 8;
    return (reached.seen[bit / 64] >> bit % 64 & 1) != 0;
}

// A store that was held is seen when it drains: its thread has gone on by a few plain accesses, and
// may have a span in its hands by then.
void model_phase_changed(uint32_t from, uint32_t to)
{
    if (from == GC_MARK && to != GC_MARK)
        check_marked();
    if (to == GC_MARK)
        model_cycle_begins();
    sim.heap_watched = to == GC_MARK ? sim.heap_span : 0;
    if (!sim.tso)
        model_check_heap();
}

void model_freed(uint64_t object, uint64_t bytes)
{
    for (uint32_t i = 0; i < sim.fibers; i++) {
        const struct fiber *f = &sim_fibers[i];
        for (uint32_t k = 0; k < f->n_refs; k++) {
            if ((uint64_t)f->refs[k] - object < bytes)
                lost(&(struct edge){"a goroutine's reference", (uint64_t)&f->refs[k]}, object,
                     "freed");
        }
    }
}
