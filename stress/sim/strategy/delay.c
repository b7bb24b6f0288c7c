// SPDX-License-Identifier: Apache-2.0
//
// Delay-bounded scheduling (Emmi, Qadeer, Rakamaric, POPL 2011). A deterministic scheduler, here
// the calm one, with at most d delays at drawn points: the thread that would run is passed over,
// and the next in line runs instead. Few delays reach far from the calm schedule, since each moves
// all that follows.

#include "stress/sim/strategy/strategy.h"

#include <stdio.h>

enum { DELAYS_MAX = DRAWN_POINTS_MAX };

struct delay {
    struct sim_strategy base;
    char name[12];
    struct dice dice;
    uint32_t bound, used;
    struct drawn_points due;
};

static void delay_begin(struct sim_strategy *s, uint64_t seed)
{
    struct delay *d = (void *)s;
    dice_begin(&d->dice, s, seed);
    d->used = 0;
    drawn_points_begin(&d->due, &d->dice.rng, d->bound);
    s->next_point = d->due.at[0];
}

static uint32_t delay_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct delay *d = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&d->dice, s, p);
    uint32_t passed = 0;
    while (d->due.at[d->used] <= p->number && passed + 1 < p->n) {
        d->used++;
        passed++;
    }
    s->next_point = d->due.at[d->used];
    return passed;
}

struct sim_strategy *sim_strategy_delay(uint32_t bound)
{
    static struct delay delays[DELAYS_MAX + 1];
    if (bound < 1 || bound > DELAYS_MAX)
        return NULL;
    struct delay *d = &delays[bound];
    if (!d->bound) {
        snprintf(d->name, sizeof d->name, "delay%u", bound);
        d->bound = bound;
        d->base =
            (struct sim_strategy){.name = d->name, .begin = delay_begin, .choose = delay_choose};
    }
    return &d->base;
}
