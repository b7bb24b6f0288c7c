// SPDX-License-Identifier: Apache-2.0
//
// See nudge.h. Up to the new point the execution is that of the choices before, so its number
// means the same as in the execution that it was read from.
#include "repro/nudge.h"

struct nudge {
    struct sim_strategy base;
    struct sim_strategy *rest;
    uint64_t point;
    uint32_t thread; // name of who runs then; 0: nothing more than the rest
    size_t of;       // choices in the rest
    bool done;
};

static struct nudge nudge;

static void nudge_begin(struct sim_strategy *s, uint64_t seed)
{
    struct nudge *n = (void *)s;

    n->rest->begin(n->rest, seed);
    n->base.next_point = n->thread ? n->point : UINT64_MAX;
    n->done = n->thread == 0;
}

static uint32_t nudge_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct nudge *n = (void *)s;

    if (n->done || p->number < n->point)
        return n->rest->choose(n->rest, p);
    if (p->number == n->point && p->at.kind != SIM_RUN)
        return n->rest->choose(n->rest, p); // of several choices at the point it is another one
    n->base.next_point = UINT64_MAX;
    if (p->number > n->point)
        return n->rest->choose(n->rest, p);
    for (uint32_t i = 1; i < p->n && !n->done; i++) {
        n->done = sim_thread_name(p->threads[i]) == n->thread;
        if (n->done)
            return i;
    }
    return n->rest->choose(n->rest, p);
}

struct sim_strategy *nudge_strategy(const struct sim_schedule *rest, uint64_t point,
                                    uint32_t thread)
{
    nudge = (struct nudge){.base = {.name = "nudge", .begin = nudge_begin, .choose = nudge_choose},
                           .rest = sim_strategy_replay(rest),
                           .of = rest->n,
                           .point = point,
                           .thread = thread};
    nudge.base.all_faults = nudge.rest->all_faults;
    return &nudge.base;
}

bool nudge_taken(void)
{
    size_t untaken;

    return nudge.done && sim_replay_taken(nudge.rest, &untaken) == nudge.of;
}

void nudge_without(const struct sim_schedule *from, size_t choice, struct sim_schedule *to)
{
    to->n = 0;
    for (size_t i = 0; i < from->n; i++)
        if (i != choice)
            sim_schedule_push(to, &from->v[i]);
}
