// SPDX-License-Identifier: Apache-2.0
//
// See partial_order.h. The number of an operation is a hash over what it is, its thread's last
// operation, and the last write to its word; the number of an execution is the sum. So it says what
// each operation read from, and in which order writes to a word came. That a read came before the
// write after it follows from these, as does when time moved: when no thread could go on.

#include "stress/sim/strategy/partial_order.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 1 << 14, SHARED_MIN = 1 << 8 };

struct order_word {
    uint64_t word;
    uint64_t wrote; // number of the last write
    uint32_t stamp;
    uint32_t user; // a thread that has used it, and 1
    bool several;  // others have
    bool changed;  // one of them changes it
};

static uint64_t hash(uint64_t a, uint64_t b)
{
    uint64_t state = a ^ (b + 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
    return mix(&state);
}

// What a host call shares is a word of its own, at an address that no program has. 0: nothing.
static uint64_t word_of(uint64_t pending)
{
    enum pending_call call = pending_call(pending);
    if (call != CALL_ALONE && call != CALL_GIVES_WAY)
        return (uint64_t)call * 8;
    return pending_addr(pending) & ~7ull;
}

static bool changes(uint64_t pending)
{
    return (pending & 3) != PENDING_READ;
}

// Shared words ----------------------------------------------------------------------------

static bool find_shared(const struct order_shared *s, uint64_t word, uint32_t *at)
{
    if (s->cap == 0)
        return false;
    *at = (uint32_t)((word & ~1ull) * 0x9e3779b97f4a7c15u >> 32) & (s->cap - 1);
    while (s->v[*at] != 0 && s->v[*at] >> 1 != word >> 1)
        *at = (*at + 1) & (s->cap - 1);
    return s->v[*at] != 0;
}

static void grow_shared(struct order_shared *s)
{
    struct order_shared bigger = {.cap = s->cap ? 2 * s->cap : SHARED_MIN};
    bigger.v = calloc(bigger.cap, sizeof bigger.v[0]);
    if (!bigger.v)
        abort();
    for (uint32_t i = 0; i < s->cap; i++) {
        uint32_t at;
        if (s->v[i] != 0 && !find_shared(&bigger, s->v[i], &at))
            bigger.v[at] = s->v[i];
    }
    bigger.n = s->n;
    free(s->v);
    *s = bigger;
}

// The lowest bit says that it does not count yet: words are multiples of 8.
static void note_shared(struct partial_order *o, uint64_t word)
{
    struct order_shared *s = &o->shared;
    uint32_t at;
    if (find_shared(s, word, &at))
        return;
    if (2 * s->n >= s->cap) {
        grow_shared(s);
        find_shared(s, word, &at);
    }
    s->v[at] = word | 1;
    s->n++;
    o->fresh++;
}

bool order_learn(struct partial_order *o)
{
    for (uint32_t i = 0; i < o->shared.cap; i++)
        o->shared.v[i] &= ~1ull;
    bool learned = o->fresh > 0;
    o->fresh = 0;
    return learned;
}

bool order_concerns_others(const struct partial_order *o, uint64_t pending)
{
    uint64_t word = word_of(pending);
    uint32_t at;
    return word != 0 && find_shared(&o->shared, word, &at) && (o->shared.v[at] & 1) == 0;
}

// Executions ------------------------------------------------------------------------------

void order_forget(struct partial_order *o)
{
    free(o->shared.v);
    o->shared = (struct order_shared){0};
    o->fresh = 0;
}

void order_begin(struct partial_order *o)
{
    if (!o->words)
        o->words = calloc(WORDS, sizeof o->words[0]);
    if (!o->words)
        abort();
    if (++o->stamp == 0)
        memset(o->words, 0, WORDS * sizeof o->words[0]);
    o->used = 0;
    o->number = 0;
    for (uint32_t t = 0; t < SIM_THREADS_MAX; t++)
        o->chain[t] = hash(t, 1);
}

// Words beyond what the table holds are taken for one: more depends on each other than does.
static struct order_word *word_at(struct partial_order *o, uint64_t word)
{
    if (o->used >= WORDS / 4 * 3)
        word = 0;
    for (uint32_t i = (uint32_t)(word * 0x9e3779b97f4a7c15u >> 40) % WORDS;; i = (i + 1) % WORDS) {
        struct order_word *w = &o->words[i];
        if (w->stamp == o->stamp && w->word == word)
            return w;
        if (w->stamp != o->stamp) {
            *w = (struct order_word){.word = word, .stamp = o->stamp};
            o->used++;
            return w;
        }
    }
}

// What it does depends on all that was done before, and all that comes after on it.
static uint64_t order_with_all(struct partial_order *o, uint64_t self)
{
    self = hash(self, o->number);
    for (uint32_t t = 0; t < SIM_THREADS_MAX; t++)
        o->chain[t] = hash(o->chain[t], self);
    return self;
}

void order_step(struct partial_order *o, uint64_t pending, bool sharing)
{
    uint64_t *chain = &o->chain[sim.thread], word = word_of(pending);
    uint64_t self = hash(*chain, pending);
    if (word != 0) {
        struct order_word *w = word_at(o, word);
        self = hash(self, w->wrote);
        if (changes(pending))
            w->wrote = self;
        if (sharing) {
            w->several |= w->user != 0 && w->user != sim.thread + 1;
            w->user = sim.thread + 1;
            w->changed |= changes(pending);
            if (w->changed && w->several)
                note_shared(o, word);
        }
    }
    if (pending_call(pending) == CALL_SIGNAL)
        self = order_with_all(o, self);
    *chain = self;
    o->number += self;
}
