// SPDX-License-Identifier: Apache-2.0
//
// Faults, held stores and numbers, for randomized strategies.
//
// Under SIM_TSO the first store after a gap is held, and some time later the oldest one of some
// thread drains; gap and time are drawn around means that are drawn per execution, from none to
// hundreds of points. Half of the executions drain only what the program makes drain. The generator
// for this is apart: who runs is the same for a seed until a store is held.

#include "stress/sim/strategy/strategy.h"

enum { LEAST_FAULT_SHIFT = 2, FAULT_SHIFTS = 7, HOLD_SHIFTS = 9 };

void dice_begin(struct dice *d, struct sim_strategy *s, uint64_t seed)
{
    *d = (struct dice){.rng = seed, .apart = ~seed};
    d->fault_shift = LEAST_FAULT_SHIFT + below(&d->apart, FAULT_SHIFTS);
    if (!sim.tso)
        return;
    d->hold_gap = 1u << below(&d->apart, HOLD_SHIFTS);
    d->hold_for = mix(&d->apart) & 1 ? 1u << below(&d->apart, HOLD_SHIFTS) : 0;
    s->next_hold = below(&d->apart, d->hold_gap);
}

static uint32_t hold_or_drain(struct dice *d, struct sim_strategy *s, const struct sim_point *p)
{
    bool hold = p->at.kind == SIM_HOLD;
    if (!hold && p->number < s->next_drain)
        return 0;
    if (hold)
        s->next_hold = p->number + 1 + below(&d->apart, d->hold_gap);
    if (d->hold_for != 0)
        s->next_drain = p->number + hold + below(&d->apart, d->hold_for);
    return 1 + below(&d->apart, p->n - 1);
}

static uint32_t fault(struct dice *d, const struct sim_point *p)
{
    if (mix(&d->rng) >> (64 - d->fault_shift) != 0)
        return 0;
    return 1 + below(&d->rng, p->n - 1);
}

uint32_t dice_value(struct dice *d, struct sim_strategy *s, const struct sim_point *p)
{
    if (p->at.kind == SIM_HOLD || p->at.kind == SIM_DRAIN)
        return hold_or_drain(d, s, p);
    return p->at.kind == SIM_FAULT ? fault(d, p) : below(&d->rng, p->n);
}
