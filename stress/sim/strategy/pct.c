// SPDX-License-Identifier: Apache-2.0
//
// PCT: priorities with d - 1 change points (Burckhardt et al., ASPLOS 2010).

#include "stress/sim/strategy/strategy.h"

#include <stdio.h>
#include <string.h>

enum { PCT_DEPTH_MAX = DRAWN_POINTS_MAX };

struct pct {
    struct sim_strategy base;
    char name[12];
    struct dice dice;
    uint32_t depth, changes;
    struct drawn_points change;
    int64_t priority[SIM_THREADS_MAX]; // 0: not drawn yet
    int64_t lowest;
};

static void pct_begin(struct sim_strategy *s, uint64_t seed)
{
    struct pct *c = (void *)s;
    dice_begin(&c->dice, s, seed);
    memset(c->priority, 0, sizeof c->priority);
    c->lowest = 0;
    c->changes = 0;
    drawn_points_begin(&c->change, &c->dice.rng, c->depth - 1);
    s->next_point = c->change.at[0];
}

static int64_t pct_priority(struct pct *c, uint32_t thread)
{
    if (c->priority[thread] == 0)
        c->priority[thread] = 1 + (int64_t)(mix(&c->dice.rng) >> 2);
    return c->priority[thread];
}

static uint32_t pct_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct pct *c = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&c->dice, s, p);
    if (p->number >= s->next_point) {
        c->priority[sim.thread] = --c->lowest;
        while (c->change.at[c->changes] <= p->number)
            c->changes++;
        s->next_point = c->change.at[c->changes];
    } else if (p->at.kind == SIM_NEXT) {
        c->priority[sim.thread] = --c->lowest; // it spins or yields: only others can help it
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < p->n; i++) {
        if (pct_priority(c, p->threads[i]) > pct_priority(c, p->threads[best]))
            best = i;
    }
    return best;
}

struct sim_strategy *sim_strategy_pct(uint32_t depth)
{
    static struct pct pcts[PCT_DEPTH_MAX + 1];
    if (depth < 1 || depth > PCT_DEPTH_MAX)
        return NULL;
    struct pct *c = &pcts[depth];
    if (!c->depth) {
        snprintf(c->name, sizeof c->name, "pct%u", depth);
        c->depth = depth;
        c->base = (struct sim_strategy){
            .name = c->name, .on_ready = true, .begin = pct_begin, .choose = pct_choose};
    }
    return &c->base;
}
