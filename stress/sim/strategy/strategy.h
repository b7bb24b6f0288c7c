// SPDX-License-Identifier: Apache-2.0
//
// What strategies share. A strategy only answers; what it answered is recorded by the engine, never
// by itself. Each keeps its own generator, begun from the seed, so that equal seeds give equal
// schedules.
#pragma once

#include "stress/sim/engine.h"

static inline uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline uint32_t below(uint64_t *state, uint64_t n)
{
    return (uint32_t)((mix(state) >> 32) * n >> 32);
}

// The generator of an execution, and what randomized strategies answer alike: whatever is not about
// who runs. How frequent faults and held stores are is drawn per execution, since some bugs want
// one and others many.
struct dice {
    uint64_t rng;
    uint64_t apart;              // draws what not every execution is asked for: see dice.c
    uint32_t fault_shift;        // a fault strikes with probability 1 / 2^fault_shift
    uint32_t hold_gap, hold_for; // points, at most; hold_for 0: no drain
};

// In `begin` of `s`. Under SIM_TSO it sets next_hold.
void dice_begin(struct dice *d, struct sim_strategy *s, uint64_t seed);
// The answer to a choice that is not about who runs.
uint32_t dice_value(struct dice *d, struct sim_strategy *s, const struct sim_point *p);

static inline bool about_who_runs(const struct sim_point *p)
{
    return p->at.kind == SIM_RUN || p->at.kind == SIM_NEXT;
}

// Points of an execution at which something is to happen: drawn, in order, then UINT64_MAX. The
// length of an execution varies with its schedule: they are spread over a drawn part of the longest
// one of this program so far.
enum { DRAWN_POINTS_MAX = 16 };
struct drawn_points {
    uint64_t program, longest; // see sim.programs
    uint64_t at[DRAWN_POINTS_MAX + 1];
};
void drawn_points_begin(struct drawn_points *d, uint64_t *rng, uint32_t n);
