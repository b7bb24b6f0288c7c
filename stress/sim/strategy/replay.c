// SPDX-License-Identifier: Apache-2.0
//
// Replay: each choice of a schedule where its place is reached, calm everywhere else.

#include "stress/sim/strategy/strategy.h"

#include <stdlib.h>
#include <string.h>

enum { REPLAY_SLOTS = 1 << 12 };

struct replay {
    struct sim_strategy base;
    const struct sim_schedule *schedule;
    bool *taken;
    uint32_t *next; // entries of one slot
    size_t cap;
    uint32_t slot[REPLAY_SLOTS]; // index + 1
};

static struct replay replay;

static uint32_t replay_slot(const struct sim_choice *c)
{
    uint64_t h = c->actor;
    h = h * 31 + c->after;
    h = h * 31 + c->op;
    h = h * 31 + c->turn;
    h = h * 31 + c->site;
    h = h * 31 + c->visit;
    return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 52) % REPLAY_SLOTS;
}

static void replay_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)seed;
    s->next_point = UINT64_MAX;
    memset(replay.taken, 0, replay.schedule->n);
    for (size_t i = 0; i < replay.schedule->n; i++)
        sim.ask[replay.schedule->v[i].site] = 1;
    sim.asking = true;
}

static bool same_place(const struct sim_choice *a, const struct sim_choice *b)
{
    return a->kind == b->kind && a->actor == b->actor && a->after == b->after && a->op == b->op &&
           a->turn == b->turn && a->site == b->site && a->visit == b->visit;
}

// The answer that the recorded value names, or 0 when it is not to be had here.
static uint32_t answer_of(const struct sim_choice *c, const struct sim_point *p)
{
    if (!sim_value_is_name(p->at.kind))
        return c->value < p->n ? c->value : 0;
    enum sim_fault fault =
        p->at.kind == SIM_FAULT ? sim_fault_find(sim_name(c->value)) : SIM_FAULT_NONE;
    for (uint32_t i = 1; i < p->n; i++) {
        if (p->at.kind == SIM_FAULT ? p->faults[i] == fault
                                    : sim_threads[p->threads[i]].name == c->value)
            return i;
    }
    return 0;
}

static uint32_t replay_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    for (uint32_t i = replay.slot[replay_slot(&p->at)]; i; i = replay.next[i - 1]) {
        const struct sim_choice *c = &replay.schedule->v[i - 1];
        if (replay.taken[i - 1] || !same_place(c, &p->at))
            continue;
        uint32_t answer = answer_of(c, p);
        replay.taken[i - 1] = answer != 0;
        return answer;
    }
    return 0;
}

struct sim_strategy *sim_strategy_replay(const struct sim_schedule *schedule)
{
    struct replay *r = &replay;
    r->base =
        (struct sim_strategy){.name = "replay", .begin = replay_begin, .choose = replay_choose};
    r->schedule = schedule;
    if (schedule->n > r->cap) {
        r->cap = schedule->n;
        r->taken = realloc(r->taken, r->cap * sizeof r->taken[0]);
        r->next = realloc(r->next, r->cap * sizeof r->next[0]);
        if (!r->taken || !r->next)
            abort();
    }
    memset(r->slot, 0, sizeof r->slot);
    for (size_t i = schedule->n; i-- > 0;) {
        r->base.all_faults |= schedule->v[i].kind == SIM_FAULT;
        uint32_t h = replay_slot(&schedule->v[i]);
        r->next[i] = r->slot[h];
        r->slot[h] = (uint32_t)i + 1;
    }
    return &r->base;
}

size_t sim_replay_taken(const struct sim_strategy *s, size_t *first_untaken)
{
    const struct replay *r = (const void *)s;
    size_t taken = 0, first = r->schedule->n;
    for (size_t i = 0; i < r->schedule->n; i++) {
        taken += r->taken[i];
        if (!r->taken[i] && i < first)
            first = i;
    }
    if (first_untaken)
        *first_untaken = first;
    return taken;
}
