// SPDX-License-Identifier: Apache-2.0
//
// The exhaustive search with its reduction against the one without: whatever the bound, the
// outcomes are the same. Each row of litmus_outcomes is there for one kind of dependency.

#include "stress/sim/litmus/litmus.h"
#include "stress/sim/litmus/outcomes.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    OUTCOMES_MAX = 512,
    RUNS_MAX = 100000,
    BOUND = 2,
    POINTS_MAX = 4000,
    ALL = SIM_EXPLORE_BOUND_MAX
};

struct outcomes {
    uint64_t v[OUTCOMES_MAX];
    uint32_t n;
    struct sim_explored explored; // of the last pass
    bool ended;
};

static uint64_t text_number(const char *text)
{
    uint64_t h = 5381;
    while (*text)
        h = h * 33 + (uint8_t)*text++;
    return h;
}

static void add(struct outcomes *o, uint64_t outcome)
{
    for (uint32_t i = 0; i < o->n; i++) {
        if (o->v[i] == outcome)
            return;
    }
    assert_in_range(o->n, 0, OUTCOMES_MAX - 1);
    o->v[o->n++] = outcome;
}

static bool has_all(const struct outcomes *a, const struct outcomes *b)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        for (uint32_t k = 0; k < a->n; k++)
            found += a->v[k] == b->v[i];
    }
    return found == b->n;
}

// Every schedule; loops that wait end soon in each. What an execution that was left early has seen
// is no outcome.
static void explore(const struct litmus *l, uint32_t bound, bool reduce, struct outcomes *o)
{
    static struct sim_program program;
    program.threads = l->threads;
    memcpy(program.fn, l->fn, sizeof program.fn);
    const struct sim_explore how = {.bound = bound, .reduce = reduce};
    const struct sim_params params = {.program = &program, .strategy = sim_strategy_explore(&how)};
    uint64_t met = 0;
    uint32_t pass = 0;
    bool more = true;
    memset(o, 0, sizeof *o);
    for (int i = 0; more && i < RUNS_MAX; i++) {
        const struct sim_result *r = sim_run(&params);
        more = sim_explore_next(&o->explored);
        if (r->outcome == SIM_OK)
            assert_in_range(r->points, 1, POINTS_MAX);
        bool left = o->explored.pass == pass ? o->explored.met > met : o->explored.met > 0;
        met = o->explored.met;
        pass = o->explored.pass;
        if (r->outcome == SIM_FOUND)
            add(o, text_number(r->finding.signature));
        else if (!left)
            add(o, litmus_outcome());
    }
    o->ended = !more;
}

static void reduced_is_whole(const struct litmus *l, uint32_t bound, uint32_t n)
{
    static struct outcomes with, without;
    explore(l, bound, true, &with);
    explore(l, bound, false, &without);
    print_message("%-32s %3u  %6llu of %6llu executions, %u outcomes\n", l->name, bound,
                  (unsigned long long)with.explored.executions,
                  (unsigned long long)without.explored.executions, with.n);
    if (!with.ended || !without.ended || !has_all(&with, &without) || !has_all(&without, &with))
        fail_msg("%s, bound %u: %u outcomes, %u without the reduction", l->name, bound, with.n,
                 without.n);
    if (n > 0 && with.n != n)
        fail_msg("%s: %u outcomes, not %u", l->name, with.n, n);
}

static void outcomes_are_those_that_there_are(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    for (const struct litmus_outcomes *l = litmus_outcomes; l->program.name; l++) {
        for (uint32_t bound = 0; bound < BOUND; bound++)
            reduced_is_whole(&l->program, bound, 0);
        reduced_is_whole(&l->program, l->finite ? ALL : BOUND, l->n);
    }
}

// What is reported depends on plain accesses, which have no point.
static void races_and_ends_are_found(void **state)
{
    (void)state;
    static struct outcomes with, without;
    sim_catch_signals(); // cmocka has taken them
    for (const struct litmus *l = litmus_programs; l->name; l++) {
        if (strcmp(l->name, "loop without a hook") == 0)
            continue; // takes seconds, and has no choice
        explore(l, 2, true, &with);
        explore(l, 2, false, &without);
        if (!with.ended || with.n != without.n || !has_all(&with, &without))
            fail_msg("%s: %u outcomes, %u without the reduction", l->name, with.n, without.n);
    }
}

// Operations that concern nobody have one order, but for which of the other threads ends first.
static void what_commutes_is_run_once(void **state)
{
    (void)state;
    static struct outcomes o;
    const struct litmus_outcomes *l = litmus_outcomes;
    while (strcmp(l->program.name, "nothing shared") != 0)
        l++;
    explore(&l->program, ALL, true, &o);
    assert_int_equal(o.explored.executions, 2);
    assert_false(o.explored.cuts);
}

// Both loads see 0 only with stores that are held, and these count against the bound.
static void held_stores_count(void **state)
{
    (void)state;
    static struct sim_program program = {.threads = 2};
    const struct litmus *l = &litmus_outcomes[0].program;
    memcpy(program.fn, l->fn, sizeof program.fn);
    static struct outcomes o;
    for (uint32_t bound = 0; bound <= 3; bound++) {
        const struct sim_explore how = {.bound = bound};
        const struct sim_params params = {
            .program = &program, .strategy = sim_strategy_explore(&how), .memory = SIM_TSO};
        memset(&o, 0, sizeof o);
        do {
            assert_int_equal(sim_run(&params)->outcome, SIM_OK);
            add(&o, litmus_outcome());
        } while (sim_explore_next(&o.explored));
        assert_int_equal(o.n, bound == 0 ? 1 : bound == 1 ? 3 : 4);
    }
}

int main(void)
{
    sim_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_those_that_there_are),
        cmocka_unit_test(races_and_ends_are_found),
        cmocka_unit_test(what_commutes_is_run_once),
        cmocka_unit_test(held_stores_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
