// SPDX-License-Identifier: Apache-2.0
//
// Bursts. For a window of 16 to 8191 points, drawn anew each time, one thread runs whenever it can
// and some others only when nobody else can. Long queues, full rings and starvation need such
// schedules; a random walk, which is fair in every stretch, hardly has them.

#include "stress/sim/strategy/strategy.h"

enum { LEAST_SHIFT = 4, SHIFTS = 9 };

struct burst {
    struct sim_strategy base;
    struct dice dice;
    uint64_t until;                                 // number of the point at which the window ends
    uint32_t favourite;                             // thread
    uint64_t shut_out[(SIM_THREADS_MAX + 63) / 64]; // bit per thread
};

static void burst_begin(struct sim_strategy *s, uint64_t seed)
{
    struct burst *b = (void *)s;
    dice_begin(&b->dice, s, seed);
    b->until = 0;
}

static void open_window(struct burst *b, const struct sim_point *p)
{
    uint32_t least = 1u << (LEAST_SHIFT + below(&b->dice.rng, SHIFTS));
    b->until = p->number + least + below(&b->dice.rng, least);
    b->base.next_point = b->until;
    b->favourite = p->threads[below(&b->dice.rng, p->n)];
    for (size_t i = 0; i < sizeof b->shut_out / sizeof b->shut_out[0]; i++)
        b->shut_out[i] = mix(&b->dice.rng) & mix(&b->dice.rng); // a quarter of them
}

static int rank(const struct burst *b, uint32_t thread)
{
    return thread == b->favourite ? 2 : !(b->shut_out[thread / 64] >> thread % 64 & 1);
}

static uint32_t burst_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct burst *b = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&b->dice, s, p);
    if (p->number >= b->until)
        open_window(b, p);
    uint32_t best = p->n;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->at.kind == SIM_NEXT && p->threads[i] == sim.thread)
            continue; // it spins or yields: only others can help it
        if (best == p->n || rank(b, p->threads[i]) > rank(b, p->threads[best]))
            best = i;
    }
    return best;
}

struct sim_strategy *sim_strategy_burst(void)
{
    static struct burst b = {
        .base = {.name = "burst", .on_ready = true, .begin = burst_begin, .choose = burst_choose}};
    return &b.base;
}
