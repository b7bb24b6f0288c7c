// SPDX-License-Identifier: Apache-2.0
//
// Random walk. At each point another thread runs with probability 1 / 2^shift; shift is drawn per
// execution, since some bugs want many switches and others long undisturbed runs.

#include "stress/sim/strategy/strategy.h"

struct random_walk {
    struct sim_strategy base;
    struct dice dice;
    uint32_t shift;
};

static uint64_t geometric(struct random_walk *r)
{
    uint64_t n = 1, mask = (1u << r->shift) - 1;
    if (r->shift >= 4) // far enough apart that the mean is what matters: uniform on 1 .. 2 * mean
        return 1 + below(&r->dice.rng, 2 * mask + 1);
    while (mix(&r->dice.rng) & mask)
        n++;
    return n;
}

static void random_begin(struct sim_strategy *s, uint64_t seed)
{
    struct random_walk *r = (void *)s;
    dice_begin(&r->dice, s, seed);
    r->shift = 1 + below(&r->dice.rng, 7);
    s->next_point = geometric(r);
}

static uint32_t random_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct random_walk *r = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&r->dice, s, p);
    if (p->at.kind == SIM_NEXT)
        return below(&r->dice.rng, p->n);
    s->next_point = p->number + geometric(r);
    return 1 + below(&r->dice.rng, p->n - 1);
}

struct sim_strategy *sim_strategy_random(void)
{
    static struct random_walk r = {
        .base = {.name = "random", .begin = random_begin, .choose = random_choose}};
    return &r.base;
}
