// SPDX-License-Identifier: Apache-2.0
//
// The event log of one execution, for people: kept only on request (explain).

#include "stress/sim/engine.h"

#include <stdlib.h>

enum { EVENTS_MAX = 1 << 18, GROWTHS_MAX = 64 };

static struct sim_event *events;
static size_t n_events;

// Not yet in the log; the frames come from `node`.
static struct growth {
    struct sim_event event;
    uint32_t node;
} growths[GROWTHS_MAX];
static uint32_t n_growths;

void trace_restart(bool on)
{
    n_events = 0;
    n_growths = 0;
    if (on && !events)
        events = malloc(EVENTS_MAX * sizeof *events);
}

static struct sim_event event_now(const char *what, uint32_t site)
{
    const struct context *who = &sim_contexts[sim.at.context];
    return (struct sim_event){.point = sim.points,
                              .actor = who->actor,
                              .after = who->after,
                              .op = who->op,
                              .thread = who->thread,
                              .site = site,
                              .what = what,
                              .choice = -1};
}

void trace_growth(uint64_t lo, uint64_t bytes)
{
    sim.growth = (sim.growth ^ lo ^ sim.points << 40) * 0x9e3779b97f4a7c15u;
    if (!sim.tracing || n_growths == GROWTHS_MAX)
        return;
    struct growth *g = &growths[n_growths++];
    g->event = event_now("stack grows", sim.last_site);
    g->event.addr = lo;
    g->event.new_value = bytes;
    g->node = sim.node;
}

static void append_growths(void)
{
    for (uint32_t i = 0; i < n_growths && n_events < EVENTS_MAX; i++) {
        struct sim_event *e = &events[n_events++];
        *e = growths[i].event;
        calls_frames(growths[i].node, 0, &e->stack);
    }
    n_growths = 0;
}

void trace_event(const char *what, uint32_t site, uint64_t pc, uint64_t addr, uint64_t old_value,
                 uint64_t new_value, int32_t choice)
{
    if (events && n_growths > 0)
        append_growths();
    if (!events || n_events == EVENTS_MAX)
        return;
    struct sim_event *e = &events[n_events++];
    *e = event_now(what, site);
    e->addr = addr;
    e->old_value = old_value;
    e->new_value = new_value;
    e->choice = choice;
    calls_frames(sim.node, pc, &e->stack);
}

const struct sim_event *sim_trace(size_t *n)
{
    *n = n_events;
    return events;
}
