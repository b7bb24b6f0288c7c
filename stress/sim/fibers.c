// SPDX-License-Identifier: Apache-2.0
//
// Fibers, and how what runs on them is named. Names come from the program (probe_op says which
// goroutine runs which operation) and from births; visit counts make a name for every scheduling
// point: (actor, after, op, turn, site, visit) does not occur twice in an execution, and stays the
// same when choices elsewhere are taken away. See docs/simulation.md.

#include "stress/sim/engine.h"
#include "stress/sim/entries.h"
#include "stress/workload/probe.h"

#include <stdio.h>

SIM_HOOKS(SIM_PROBE_ENTRIES)

struct fiber sim_fibers[SIM_FIBERS_MAX];
struct context sim_contexts[SIM_CONTEXTS_MAX];

// A goroutine before its first operation: "g#3", the third fiber of the execution.
static uint32_t birth_name(uint32_t index)
{
    static uint32_t names[SIM_FIBERS_MAX];
    if (!names[index]) {
        char text[24];
        snprintf(text, sizeof text, "g#%u", index);
        names[index] = sim_intern(text);
    }
    return names[index];
}

struct fiber *sim_fiber_new(bool goroutine)
{
    uint32_t i;
    if (sim.fibers_free > 0) {
        i = sim.fiber_free[--sim.fibers_free];
    } else {
        if (sim.fibers == SIM_FIBERS_MAX)
            sim_finish(SIM_LIMIT);
        i = sim.fibers++;
    }
    struct fiber *f = &sim_fibers[i];
    f->actor = birth_name(i);
    f->op = 0;
    f->turn = 0;
    f->serial = ++sim.serial;
    f->node = CALLS_ROOT;
    f->depth = 0;
    f->goroutine = goroutine;
    f->low = NULL;
    f->span = 0; // its first function entry is seen
    f->refs = NULL;
    f->n_refs = 0;
    return f;
}

static void set_position(const struct position *p)
{
    if (unlikely(sim.unwatched)) { // nobody will ask who did it
        sim.at = *p;
        return;
    }
    if (unlikely(sim.contexts == SIM_CONTEXTS_MAX))
        sim_finish(SIM_LIMIT);
    uint32_t context = sim.contexts++;
    sim_contexts[context] =
        (struct context){p->actor, p->after, p->op, sim_threads[sim.thread].name};
    sim.at = *p;
    sim.at.context = context;
    sim.moment = 0;
}

void sim_position_goroutine(struct fiber *g)
{
    set_position(
        &(struct position){.visit = g->visit, .serial = g->serial, .actor = g->actor, .op = g->op});
}

void sim_position_after(struct fiber *g)
{
    set_position(&(struct position){.visit = sim_current->own->visit,
                                    .serial = ++sim.serial,
                                    .actor = sim_current->name,
                                    .after = g->actor,
                                    .op = g->op,
                                    .turn = ++g->turn});
}

void sim_position_thread(struct thread *t)
{
    set_position(&(struct position){.visit = t->own->visit,
                                    .serial = ++sim.serial,
                                    .actor = t->name,
                                    .op = SIM_OP(0, t->sleeps)});
}

void probe_op(uint32_t actor, uint32_t op)
{
    if (!sim.running)
        return;
    struct fiber *f = sim.fiber;
    sim.progress++;
    f->actor = actor;
    f->op = op;
    f->serial = ++sim.serial;
    f->turn = 0;
    sim_position_goroutine(f);
}

void probe_refs(void *const *refs, uint32_t n)
{
    sim.fiber->refs = n > 0 ? refs : NULL;
    sim.fiber->n_refs = n;
}

void probe_globals(const void *words, uint32_t n)
{
    if (sim.globals == SIM_GLOBALS_MAX)
        oracle_crash("probe_globals: too many", 0);
    sim.global[sim.globals++] = (struct global_words){words, n};
}
