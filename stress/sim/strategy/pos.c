// SPDX-License-Identifier: Apache-2.0
//
// POS: partial order sampling (Yuan, Yang, Gu, CAV 2018). Every pending operation has a random
// priority; the highest goes first. Once it has been done, operations that conflict with it (the
// same word, one of the two changes it) draw anew, so that what is ordered by one pair says nothing
// about the next. Of executions that differ only in the order of what does not conflict, few more
// than one are tried.

#include "stress/sim/strategy/strategy.h"

#include <string.h>

struct pos {
    struct sim_strategy base;
    struct dice dice;
    uint64_t priority[SIM_THREADS_MAX]; // of what the thread is about to do; 0: not drawn yet
};

static void pos_begin(struct sim_strategy *s, uint64_t seed)
{
    struct pos *c = (void *)s;
    dice_begin(&c->dice, s, seed);
    memset(c->priority, 0, sizeof c->priority);
}

static uint64_t priority(struct pos *c, uint32_t thread)
{
    if (c->priority[thread] == 0)
        c->priority[thread] = mix(&c->dice.rng) | 1;
    return c->priority[thread];
}

static uint32_t pos_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct pos *c = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&c->dice, s, p);
    uint32_t best = 0;
    for (uint32_t i = 1; i < p->n; i++) {
        uint64_t its = priority(c, p->threads[i]); // first: both may draw, and the order counts
        if (its > priority(c, p->threads[best]))
            best = i;
    }
    return best;
}

static void pos_step(struct sim_strategy *s)
{
    struct pos *c = (void *)s;
    for (uint32_t i = 0; i < sim.ready; i++) {
        if (pending_conflict(sim.pending, sim_threads[sim.run[i]].pending))
            c->priority[sim.run[i]] = 0;
    }
    c->priority[sim.thread] = 0;
}

struct sim_strategy *sim_strategy_pos(void)
{
    static struct pos c = {
        .base = {.name = "pos", .begin = pos_begin, .choose = pos_choose, .step = pos_step}};
    return &c.base;
}
