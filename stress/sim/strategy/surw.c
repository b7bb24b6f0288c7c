// SPDX-License-Identifier: Apache-2.0
//
// SURW: selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025). Of the
// operations on words some count: those on one word that threads share, or all. Who does the next
// of them is drawn with each thread's remaining number of them as its weight, so that all their
// orders are about equally likely; a plain walk prefers orders in which short threads end early.
// All others run in between as they like.
//
// The numbers are estimates: they come from the first execution of a program, a random walk that
// counts. A hunt's slice of executions is a program of its own here, so the executions of a slice
// depend on its seeds alone. A thread's weight includes threads that it has yet to start.

#include "stress/sim/strategy/strategy.h"

#include <string.h>

enum { NOBODY = UINT32_MAX, NAMES_MAX = 64, WORDS = 512, ALL_OPERATIONS = 0, COUNTING_SHIFT = 3 };

struct word {
    uint64_t addr;
    uint32_t count[NAMES_MAX]; // operations on it, by thread
};

struct surw {
    struct sim_strategy base;
    struct dice dice;
    uint64_t program; // that was counted; see sim.programs
    bool counting;
    // threads by name, since a number may be another thread's in another execution
    uint32_t names;
    uint32_t name[NAMES_MAX], parent[NAMES_MAX]; // parent: index of a name, or NOBODY
    struct word word[WORDS];                     // a hash table; [ALL_OPERATIONS] is all together
    uint32_t shared, shared_word[WORDS];         // those that several threads use

    // this execution
    uint32_t who[SIM_THREADS_MAX]; // thread -> index of its name, or NOBODY
    bool born[NAMES_MAX];
    uint32_t chosen;          // index in word: what counts
    uint32_t left[NAMES_MAX]; // operations that count and are still to come
    uint32_t intended;        // thread that does the next of them
};

// Names -----------------------------------------------------------------------------------

static uint32_t who_is(struct surw *c, uint32_t thread)
{
    const struct thread *t = &sim_threads[thread];
    if (c->who[thread] != NOBODY)
        return c->who[thread];
    uint32_t parent = t->parent == t->index ? NOBODY : who_is(c, t->parent);
    uint32_t i = 0;
    while (i < c->names && c->name[i] != t->name)
        i++;
    if (i == NAMES_MAX)
        return NAMES_MAX - 1; // as many names as threads: only with births in another order
    if (i == c->names) {
        c->name[c->names++] = t->name;
        c->parent[i] = parent;
    }
    c->born[i] = true;
    return c->who[thread] = i;
}

// Counting --------------------------------------------------------------------------------

static struct word *word_at(struct surw *c, uint64_t addr)
{
    uint32_t i = (uint32_t)(addr * 0x9e3779b97f4a7c15u >> 32) % WORDS;
    for (uint32_t tried = 0; tried < WORDS; tried++, i = (i + 1) % WORDS) {
        struct word *w = &c->word[i];
        if (i != ALL_OPERATIONS && (w->addr == addr || w->addr == 0)) {
            w->addr = addr;
            return w;
        }
    }
    return NULL; // more words than the table holds: those met first are enough
}

static void count(struct surw *c, uint32_t who)
{
    if (pending_addr(sim.pending) == 0)
        return;
    c->word[ALL_OPERATIONS].count[who]++;
    struct word *w = word_at(c, pending_addr(sim.pending));
    if (w)
        w->count[who]++;
}

static void begin_counting(struct surw *c)
{
    c->program = sim.programs;
    c->counting = true;
    c->names = 0;
    memset(c->word, 0, sizeof c->word);
}

static void end_counting(struct surw *c)
{
    c->counting = false;
    c->shared = 0;
    for (uint32_t i = 1; i < WORDS; i++) {
        uint32_t users = 0;
        for (uint32_t k = 0; k < c->names; k++)
            users += c->word[i].count[k] > 0;
        if (users > 1)
            c->shared_word[c->shared++] = i;
    }
}

// Drawing ---------------------------------------------------------------------------------

static void surw_begin(struct sim_strategy *s, uint64_t seed)
{
    struct surw *c = (void *)s;
    dice_begin(&c->dice, s, seed);
    if (c->program != sim.programs)
        begin_counting(c);
    else if (c->counting)
        end_counting(c);
    memset(c->who, 0xff, sizeof c->who);
    memset(c->born, 0, sizeof c->born);
    c->intended = NOBODY;
    c->chosen = ALL_OPERATIONS;
    if (!c->counting && c->shared > 0 && below(&c->dice.rng, 2))
        c->chosen = c->shared_word[below(&c->dice.rng, c->shared)];
    memcpy(c->left, c->word[c->chosen].count, sizeof c->left);
}

static bool counts(const struct surw *c, uint64_t pending)
{
    if (c->chosen == ALL_OPERATIONS)
        return pending_addr(pending) != 0;
    return pending_addr(pending) == c->word[c->chosen].addr;
}

static uint32_t weight(const struct surw *c, uint32_t who)
{
    uint32_t sum = c->left[who];
    for (uint32_t i = 0; i < c->names; i++) {
        uint32_t ancestor = i;
        while (ancestor != NOBODY && !c->born[ancestor])
            ancestor = c->parent[ancestor];
        if (ancestor == who && i != who)
            sum += c->left[i];
    }
    return sum;
}

// Who does the next operation that counts: one of the n threads.
static uint32_t draw(struct surw *c, const uint32_t *threads, uint32_t n)
{
    uint64_t weights[SIM_THREADS_MAX], sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += weights[i] = weight(c, c->who[threads[i]]);
    for (uint32_t i = 0; i < n && sum == 0; i++) // all estimates are used up: they say nothing
        weights[i] = 1;
    if (sum == 0)
        sum = n;
    uint64_t at = below(&c->dice.rng, sum);
    uint32_t i = 0;
    while (at >= weights[i])
        at -= weights[i++];
    return threads[i];
}

static void decide(struct surw *c, const struct sim_point *p)
{
    uint32_t all[SIM_THREADS_MAX], family[SIM_THREADS_MAX], n_all = 0, n_family = 0;
    bool ready = false;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t t = p->threads[i];
        if (p->at.kind == SIM_NEXT && t == sim.thread)
            continue; // it spins or yields: only others can help it
        all[n_all++] = t;
        ready |= t == c->intended;
        // what was drawn for a child before its birth was drawn for the parent
        bool newborn = c->who[t] == NOBODY && c->intended != NOBODY && t != c->intended;
        if (t == c->intended || (newborn && sim_threads[t].parent == c->intended))
            family[n_family++] = t;
    }
    for (uint32_t i = 0; i < p->n; i++)
        who_is(c, p->threads[i]); // all are born before weights are compared
    if (!ready)
        c->intended = draw(c, all, n_all);
    else if (n_family > 1)
        c->intended = draw(c, family, n_family);
}

static uint32_t surw_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct surw *c = (void *)s;
    if (!about_who_runs(p))
        return dice_value(&c->dice, s, p);
    if (c->counting) {
        bool stays = p->at.kind == SIM_RUN && mix(&c->dice.rng) >> (64 - COUNTING_SHIFT) != 0;
        return stays ? 0 : below(&c->dice.rng, p->n);
    }
    decide(c, p);
    uint32_t candidate[SIM_THREADS_MAX], n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->threads[i] == c->intended || !counts(c, sim_threads[p->threads[i]].pending))
            candidate[n++] = i;
    }
    return candidate[below(&c->dice.rng, n)];
}

static void surw_step(struct sim_strategy *s)
{
    struct surw *c = (void *)s;
    uint32_t who = who_is(c, sim.thread);
    if (c->counting) {
        count(c, who);
    } else if (counts(c, sim.pending)) {
        c->left[who] -= c->left[who] > 0;
        c->intended = NOBODY;
    }
}

struct sim_strategy *sim_strategy_surw(void)
{
    static struct surw c = {
        .base = {.name = "surw", .begin = surw_begin, .choose = surw_choose, .step = surw_step}};
    return &c.base;
}
