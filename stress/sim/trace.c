// SPDX-License-Identifier: Apache-2.0
//
// The event log of one execution, for people: kept only on request (explain).

#include "stress/sim/engine.h"

#include <stdlib.h>

enum { EVENTS_MAX = 1 << 18 };

static struct sim_event *events;
static size_t n_events;

void trace_restart(bool on)
{
    n_events = 0;
    if (on && !events)
        events = malloc(EVENTS_MAX * sizeof *events);
}

void trace_event(const char *what, uint32_t site, uint64_t pc, uint64_t addr, uint64_t old_value,
                 uint64_t new_value, int32_t choice)
{
    if (!events || n_events == EVENTS_MAX)
        return;
    const struct context *who = &sim_contexts[sim.at.context];
    struct sim_event *e = &events[n_events++];
    *e = (struct sim_event){.point = sim.points,
                            .actor = who->actor,
                            .after = who->after,
                            .op = who->op,
                            .thread = who->thread,
                            .site = site,
                            .what = what,
                            .addr = addr,
                            .old_value = old_value,
                            .new_value = new_value,
                            .choice = choice};
    calls_frames(sim.node, pc, &e->stack);
}

const struct sim_event *sim_trace(size_t *n)
{
    *n = n_events;
    return events;
}
