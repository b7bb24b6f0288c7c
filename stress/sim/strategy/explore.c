// SPDX-License-Identifier: Apache-2.0
//
// Exhaustive search without storing states: depth-first over the answers of executions, each run
// from its beginning. Every answer to who runs is tried, but
//
// - the running thread is replaced, although it could go on, at most `bound` times (Musuvathi and
//   Qadeer, PLDI 2007); who gives way, blocks or ends is replaced for nothing. A held store and a
//   drain cost as much.
// - an execution is left where it meets a state that was explored with as many replacements left.
//   States are told by the partial order that led there (Musuvathi and Qadeer, MSR-TR-2007-12).
//   Unlike sleep sets and persistent sets this stays exhaustive under a bound: what it stands for,
//   the way and the rest of the bound, is what it compares.
// - nobody is replaced before an operation that concerns no other thread: after it will do. Which
//   words are shared is found out on the way; a pass over the whole tree in which new ones appeared
//   is followed by another.
// - with `places`, nobody is replaced before an operation elsewhere. That is a smaller set of
//   schedules, and compared are beginnings of such alone.
// - who gives way does so: not the same thread goes on while others can, and none that has given
//   way PATIENCE times more often than another that can. A turn ends, for nothing, after TURN
//   operations; all schedules with turns of up to half as many are run. So loops that wait end.
// - the end of the program comes when nothing else can run: an execution that ends earlier is a
//   beginning of one that does so.
//
// A state is a hash of 64 bits: of n states some two are taken for one with probability n^2 / 2^65.

#include "stress/sim/strategy/partial_order.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 64, PATIENCE = 8, TURN = 1000, SEEN_MIN = 1 << 16, SEEN_MAX = 1 << 25 };

// A choice on the way to the present leaf.
struct level {
    uint64_t todo; // answers that were not tried yet
    uint32_t n;
    uint8_t answer;
};

struct seen {
    uint64_t *state; // a hash table, 0: free
    uint8_t *left;   // replacements left there, at most
    uint64_t n, cap;
};

static struct explorer {
    struct sim_strategy base;
    struct sim_explore how;
    struct sim_explored got;
    struct partial_order order;
    struct seen seen;
    struct level *level;
    uint32_t depth, cap;

    // this execution
    uint32_t at;   // next level
    uint32_t left; // replacements
    bool met;      // left: the rest had been explored
    bool cuts;     // the bound kept something away
    uint32_t last; // thread of the last operation, and which it was
    uint64_t last_pending;
    uint32_t turn; // operations that it has done in a row
    uint32_t gave_way[SIM_THREADS_MAX];
} explorer;

// States ----------------------------------------------------------------------------------

static uint64_t seen_slot(const struct seen *s, uint64_t state)
{
    uint64_t i = state & (s->cap - 1);
    while (s->state[i] != 0 && s->state[i] != state)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static void seen_resize(struct seen *s, uint64_t cap)
{
    struct seen bigger = {.cap = cap, .n = s->n};
    bigger.state = calloc(cap, sizeof bigger.state[0]);
    bigger.left = calloc(cap, sizeof bigger.left[0]);
    if (!bigger.state || !bigger.left)
        abort();
    for (uint64_t i = 0; i < s->cap; i++) {
        if (s->state[i] == 0)
            continue;
        uint64_t to = seen_slot(&bigger, s->state[i]);
        bigger.state[to] = s->state[i];
        bigger.left[to] = s->left[i];
    }
    free(s->state);
    free(s->left);
    *s = bigger;
}

static void seen_forget(struct seen *s)
{
    free(s->state);
    free(s->left);
    *s = (struct seen){0};
    seen_resize(s, SEEN_MIN);
}

// Whether it was met with as much left; if not, it is now. A full table forgets what is new: then
// more is run than needed.
static bool seen_before(struct seen *s, uint64_t state, uint32_t left)
{
    state += state == 0;
    uint64_t i = seen_slot(s, state);
    if (s->state[i] != 0) {
        if (s->left[i] >= left)
            return true;
        s->left[i] = (uint8_t)left;
        return false;
    }
    if (4 * s->n >= 3 * s->cap) {
        if (s->cap == SEEN_MAX)
            return false;
        seen_resize(s, 2 * s->cap);
        i = seen_slot(s, state);
    }
    s->state[i] = state;
    s->left[i] = (uint8_t)left;
    s->n++;
    return false;
}

// The order, who stands where, and what is remembered beside it. Of a turn that is less than half
// over the length does not matter.
static uint64_t state_here(const struct explorer *x, uint64_t situation)
{
    uint64_t state = x->order.number ^ (situation + 1) * 0xd6e8feb86659fd93u;
    if (x->turn > TURN / 2)
        state ^= x->turn * 0xe7037ed1a0b428dbu;
    for (uint32_t t = 0; t < sim.threads; t++) {
        state += x->gave_way[t] + ((uint64_t)sim_threads[t].relaxes << 32);
        state = mix(&state);
    }
    return mix(&state);
}

// Choosing --------------------------------------------------------------------------------

static void push_level(struct explorer *x, uint64_t answers, uint32_t n)
{
    if (x->depth == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 256;
        x->level = realloc(x->level, x->cap * sizeof x->level[0]);
        if (!x->level)
            abort();
    }
    struct level *l = &x->level[x->depth++];
    l->n = n;
    l->answer = (uint8_t)__builtin_ctzll(answers);
    l->todo = answers & (answers - 1);
}

// One of `answers`; those in `paid` cost a replacement. Levels that were there before this
// execution are its beginning; from then on it is in new country, where it may be left.
static uint32_t branch(struct explorer *x, const struct sim_point *p, uint64_t answers,
                       uint64_t paid, uint64_t situation)
{
    if (x->left == 0) {
        x->cuts |= (answers & paid) != 0;
        answers &= ~paid;
    }
    if (x->at == x->depth && x->how.reduce &&
        seen_before(&x->seen, state_here(x, situation), x->left)) {
        x->met = true;
        sim_finish(SIM_OK);
    }
    if ((answers & (answers - 1)) == 0)
        return (uint32_t)__builtin_ctzll(answers);
    if (x->at == x->depth)
        push_level(x, answers, p->n);
    const struct level *l = &x->level[x->at++];
    if (l->n != p->n || (answers >> l->answer & 1) == 0)
        oracle_crash("explore: the beginning of an execution is not what it was before", 0);
    if (paid >> l->answer & 1)
        x->left--;
    return l->answer;
}

static bool wants_to_exit(const struct sim_point *p, uint32_t i)
{
    uint64_t pending =
        p->threads[i] == sim.thread ? sim.pending : sim_threads[p->threads[i]].pending;
    return pending_call(pending) == CALL_EXIT;
}

// Without those who have given way too often, and without the end of the program, while there are
// others.
static uint64_t who_may_run(const struct explorer *x, const struct sim_point *p, uint64_t among)
{
    uint64_t may = 0, others = 0;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < p->n; i++) {
        if ((among >> i & 1) && x->gave_way[p->threads[i]] < least)
            least = x->gave_way[p->threads[i]];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if ((among >> i & 1) && x->gave_way[p->threads[i]] <= least + PATIENCE)
            may |= 1ull << i;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        if ((may >> i & 1) && !wants_to_exit(p, i))
            others |= 1ull << i;
    }
    return others ? others : may;
}

static uint64_t all_of(uint32_t n)
{
    return n == ANSWERS_MAX ? UINT64_MAX : (1ull << n) - 1;
}

enum { AT_RUN, AT_GIVE_WAY, AT_BLOCK, SITUATIONS };

static uint32_t choose_run(struct explorer *x, const struct sim_point *p)
{
    bool exits = pending_call(sim.pending) == CALL_EXIT;
    if (!exits && x->turn < TURN &&
        ((x->how.places != NULL && !x->how.places[p->at.site]) ||
         (x->how.reduce && !order_concerns_others(&x->order, sim.pending))))
        return 0;
    uint64_t situation = AT_RUN + SITUATIONS * (uint64_t)sim.thread;
    if (x->turn >= TURN) {
        x->gave_way[sim.thread]++;
        return branch(x, p, who_may_run(x, p, all_of(p->n) & ~1ull), 0, situation);
    }
    uint64_t may = who_may_run(x, p, all_of(p->n));
    return branch(x, p, exits ? may : may | 1, exits ? 0 : may & ~1ull, situation);
}

static uint32_t choose_next(struct explorer *x, const struct sim_point *p)
{
    uint64_t among = all_of(p->n);
    bool gives_way = x->last == sim.thread && pending_call(x->last_pending) == CALL_GIVES_WAY;
    for (uint32_t i = 0; gives_way && i < p->n; i++) {
        if (p->threads[i] == sim.thread)
            among &= ~(1ull << i);
    }
    uint64_t situation = gives_way ? AT_GIVE_WAY + SITUATIONS * (uint64_t)sim.thread : AT_BLOCK;
    return branch(x, p, who_may_run(x, p, among), 0, situation);
}

static bool begun(const struct explorer *x)
{
    return !x->how.from_first_operation || sim.progress > 0;
}

static uint32_t explore_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct explorer *x = (void *)s;
    if (!begun(x))
        return 0;
    if (sim_names_thread(p->at.kind) && p->n > ANSWERS_MAX) // no small program
        sim_finish(SIM_LIMIT);
    switch (p->at.kind) {
    case SIM_RUN:
        return choose_run(x, p);
    case SIM_NEXT:
        return choose_next(x, p);
    case SIM_HOLD:
    case SIM_DRAIN:
        return branch(x, p, all_of(p->n), all_of(p->n) & ~1ull, 0);
    default: // numbers and faults
        return 0;
    }
}

static void explore_step(struct sim_strategy *s)
{
    struct explorer *x = (void *)s;
    order_step(&x->order, sim.pending, begun(x));
    x->turn = x->last == sim.thread ? x->turn + 1 : 0;
    x->last = sim.thread;
    x->last_pending = sim.pending;
    x->gave_way[sim.thread] += pending_call(sim.pending) == CALL_GIVES_WAY;
}

static void explore_begin(struct sim_strategy *s, uint64_t seed)
{
    struct explorer *x = (void *)s;
    (void)seed;
    s->next_hold = s->next_drain = 0; // next_point is 0
    order_begin(&x->order);
    x->at = 0;
    x->left = x->how.bound;
    x->met = false;
    x->last = UINT32_MAX;
    x->turn = 0;
    x->last_pending = 0;
    memset(x->gave_way, 0, sizeof x->gave_way);
}

// The search ------------------------------------------------------------------------------

static void begin_pass(struct explorer *x)
{
    seen_forget(&x->seen);
    x->depth = 0;
    x->cuts = false;
    x->got.pass++;
    x->got.executions = x->got.met = x->got.limited = 0;
}

struct sim_strategy *sim_strategy_explore(const struct sim_explore *how)
{
    struct explorer *x = &explorer;
    x->base = (struct sim_strategy){
        .name = "explore", .begin = explore_begin, .choose = explore_choose, .step = explore_step};
    x->how = *how;
    x->got = (struct sim_explored){0};
    order_forget(&x->order);
    begin_pass(x);
    return &x->base;
}

bool sim_explore_next(struct sim_explored *got)
{
    struct explorer *x = &explorer;
    x->got.executions++;
    x->got.met += x->met;
    x->got.limited += sim.result.outcome == SIM_LIMIT;
    x->got.cuts = x->cuts;
    x->got.states = x->seen.n;
    *got = x->got;
    while (x->depth > 0 && x->level[x->depth - 1].todo == 0)
        x->depth--;
    if (x->depth == 0) {
        if (!x->how.reduce || !order_learn(&x->order))
            return false;
        begin_pass(x);
        return true;
    }
    struct level *l = &x->level[x->depth - 1];
    l->answer = (uint8_t)__builtin_ctzll(l->todo);
    l->todo &= l->todo - 1;
    return true;
}

void sim_explore_deeper(uint32_t bound)
{
    explorer.how.bound = bound;
    begin_pass(&explorer);
}
