// SPDX-License-Identifier: Apache-2.0
//
// Strategies: who answers the choices. Each keeps its own generator, split from the seed, so that
// equal seeds give equal schedules. What a strategy answered is recorded by the engine, never by
// itself.

#include "stress/sim/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint64_t n)
{
    return (uint32_t)((mix(state) >> 32) * n >> 32);
}

// Holding stores ----------------------------------------------------------------------------
// For randomized strategies, under SIM_TSO: the first store after a gap is held, and some time
// later the oldest one of some thread drains; gap and time are drawn around means that are drawn
// per execution, from none to hundreds of points. Half of the executions drain only what the
// program makes drain. A generator of its own: the other choices of a seed stay what they are
// without store buffers.

struct holding {
    uint64_t rng;
    uint32_t gap, time; // points, at most; time 0: no drain
};

enum { HOLDING_SHIFTS = 9 };

static void holding_begin(struct holding *h, struct sim_strategy *s, uint64_t seed)
{
    if (!sim.tso)
        return;
    h->rng = ~seed;
    h->gap = 1u << below(&h->rng, HOLDING_SHIFTS);
    h->time = mix(&h->rng) & 1 ? 1u << below(&h->rng, HOLDING_SHIFTS) : 0;
    s->next_hold = below(&h->rng, h->gap);
}

static bool is_holding(const struct sim_point *p)
{
    return p->at.kind == SIM_HOLD || p->at.kind == SIM_DRAIN;
}

static uint32_t holding_choose(struct holding *h, struct sim_strategy *s, const struct sim_point *p)
{
    bool hold = p->at.kind == SIM_HOLD;
    if (!hold && p->number < s->next_drain)
        return 0;
    if (hold)
        s->next_hold = p->number + 1 + below(&h->rng, h->gap);
    if (h->time != 0)
        s->next_drain = p->number + hold + below(&h->rng, h->time);
    return 1 + below(&h->rng, p->n - 1);
}

// Calm ------------------------------------------------------------------------------------

static void calm_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)seed;
    s->next_point = UINT64_MAX;
}

static uint32_t calm_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s, (void)p;
    return 0;
}

struct sim_strategy *sim_strategy_calm(void)
{
    static struct sim_strategy calm = {.name = "calm", .begin = calm_begin, .choose = calm_choose};
    return &calm;
}

// Random walk -----------------------------------------------------------------------------
// At each point another thread runs with probability 1 / 2^shift; shift is drawn per execution,
// since some bugs want many switches and others long undisturbed runs.

struct random_walk {
    struct sim_strategy base;
    struct holding holding;
    uint64_t rng;
    uint32_t shift;
};

static uint64_t geometric(struct random_walk *r)
{
    uint64_t n = 1, mask = (1u << r->shift) - 1;
    if (r->shift >= 4) // far enough apart that the mean is what matters: uniform on 1 .. 2 * mean
        return 1 + below(&r->rng, 2 * mask + 1);
    while (mix(&r->rng) & mask)
        n++;
    return n;
}

static void random_begin(struct sim_strategy *s, uint64_t seed)
{
    struct random_walk *r = (void *)s;
    r->rng = seed;
    r->shift = 1 + below(&r->rng, 7);
    s->next_point = geometric(r);
    holding_begin(&r->holding, s, seed);
}

static uint32_t random_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct random_walk *r = (void *)s;
    if (is_holding(p))
        return holding_choose(&r->holding, s, p);
    if (p->at.kind != SIM_RUN)
        return below(&r->rng, p->n);
    s->next_point = p->number + geometric(r);
    return 1 + below(&r->rng, p->n - 1);
}

struct sim_strategy *sim_strategy_random(void)
{
    static struct random_walk r = {
        .base = {.name = "random", .begin = random_begin, .choose = random_choose}};
    return &r.base;
}

// PCT: priorities with d - 1 change points (Burckhardt et al., ASPLOS 2010) ---------------------

enum { PCT_DEPTH_MAX = 16 };

struct pct {
    struct sim_strategy base;
    struct holding holding;
    char name[12];
    uint64_t rng, length; // length: points of the longest execution so far, a guess for the next
    uint32_t depth, changes;
    uint64_t change[PCT_DEPTH_MAX];
    int64_t priority[SIM_THREADS_MAX]; // 0: not drawn yet
    int64_t lowest;
};

static int compare_points(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void pct_begin(struct sim_strategy *s, uint64_t seed)
{
    struct pct *c = (void *)s;
    c->rng = seed;
    if (sim.result.points > c->length)
        c->length = sim.result.points;
    memset(c->priority, 0, sizeof c->priority);
    c->lowest = 0;
    c->changes = 0;
    // The length of an execution varies with its schedule: spread the points over a drawn part of
    // it.
    uint64_t span = (c->length ? c->length : 1000) >> below(&c->rng, 3);
    for (uint32_t i = 0; i + 1 < c->depth; i++)
        c->change[i] = 1 + below(&c->rng, span + 1);
    qsort(c->change, c->depth - 1, sizeof c->change[0], compare_points);
    c->change[c->depth - 1] = UINT64_MAX;
    s->next_point = c->change[0];
    holding_begin(&c->holding, s, seed);
}

static int64_t pct_priority(struct pct *c, uint32_t thread)
{
    if (c->priority[thread] == 0)
        c->priority[thread] = 1 + (int64_t)(mix(&c->rng) >> 2);
    return c->priority[thread];
}

static uint32_t pct_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct pct *c = (void *)s;
    if (is_holding(p))
        return holding_choose(&c->holding, s, p);
    if (p->at.kind == SIM_RANDOM)
        return below(&c->rng, p->n);
    if (p->number >= s->next_point) {
        c->priority[sim.thread] = --c->lowest;
        while (c->change[c->changes] <= p->number)
            c->changes++;
        s->next_point = c->change[c->changes];
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

// Bytes: a fuzzer's input answers ----------------------------------------------------------
// Two bytes for a switch: how many points until it, and who runs. Under SIM_TSO two for each store
// that is held or drains likewise. One byte for any other choice.
// When the input is used up everything is calm.

struct bytes {
    struct sim_strategy base;
    const uint8_t *data;
    size_t n, at;
};

static uint8_t next_byte(struct bytes *b)
{
    return b->at < b->n ? b->data[b->at++] : 0;
}

static uint64_t bytes_plan(struct bytes *b, uint64_t number)
{
    return b->at < b->n ? number + 1 + next_byte(b) : UINT64_MAX;
}

static void bytes_begin(struct sim_strategy *s, uint64_t seed)
{
    struct bytes *b = (void *)s;
    (void)seed;
    b->at = 0;
    s->next_point = bytes_plan(b, 0);
    if (sim.tso) {
        s->next_hold = bytes_plan(b, 0);
        s->next_drain = bytes_plan(b, 0);
    }
}

static uint32_t bytes_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct bytes *b = (void *)s;
    if (p->at.kind == SIM_DRAIN && p->number < s->next_drain)
        return 0;
    uint32_t answer = next_byte(b) % p->n;
    if (p->at.kind == SIM_RUN)
        s->next_point = bytes_plan(b, p->number);
    else if (p->at.kind == SIM_HOLD)
        s->next_hold = bytes_plan(b, p->number);
    else if (p->at.kind == SIM_DRAIN)
        s->next_drain = bytes_plan(b, p->number);
    return answer;
}

struct sim_strategy *sim_strategy_bytes(const uint8_t *data, size_t n)
{
    static struct bytes b = {
        .base = {.name = "bytes", .begin = bytes_begin, .choose = bytes_choose}};
    b.data = data;
    b.n = n;
    return &b.base;
}

// Replay ----------------------------------------------------------------------------------

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
    if (!sim_names_thread(p->at.kind))
        return c->value < p->n ? c->value : 0;
    for (uint32_t i = 1; i < p->n; i++) {
        if (sim_threads[p->threads[i]].name == c->value)
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

struct sim_strategy *sim_strategy_by_name(const char *name)
{
    if (strcmp(name, "random") == 0)
        return sim_strategy_random();
    if (strcmp(name, "calm") == 0)
        return sim_strategy_calm();
    if (strncmp(name, "pct", 3) == 0) {
        uint32_t depth = name[3] ? 0 : 3;
        for (const char *digit = name + 3; *digit; digit++) {
            if (*digit < '0' || *digit > '9' || depth > PCT_DEPTH_MAX)
                return NULL;
            depth = depth * 10 + (uint32_t)(*digit - '0');
        }
        return sim_strategy_pct(depth);
    }
    return NULL;
}
