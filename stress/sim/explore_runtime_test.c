// SPDX-License-Identifier: Apache-2.0
//
// What the exhaustive search leaves out of a program of the runtime: the partial orders in which
// its executions end are the same as without the reduction, whatever the bound.

#include "stress/sim/strategy/partial_order.h"
#include "stress/workload/interp.h"
#include "stress/workload/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS_MAX = 200000, BOUND = 2 };

static const char *const programs[] = {
    "workload one\nprocs 2\nsizes tiny\ngoroutine main\ngo w\nwait\ngoroutine w\n",
    "workload two\nprocs 2\nsizes tiny\ngoroutine main\nyield\ngo w\nwork 50us\ngoroutine w\n",
};

// Stands before the search and keeps the order of the execution with books of its own.
static struct spy {
    struct sim_strategy base;
    struct sim_strategy *inner;
    struct partial_order order;
} spy;

static void spy_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)s;
    order_begin(&spy.order);
    spy.inner->begin(spy.inner, seed);
}

static uint32_t spy_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    return spy.inner->choose(spy.inner, p);
}

static void spy_step(struct sim_strategy *s)
{
    (void)s;
    order_step(&spy.order, sim.pending, false);
    spy.inner->step(spy.inner);
}

struct ends {
    uint64_t v[RUNS_MAX];
    uint32_t n, runs;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void explore(struct workload *w, uint32_t bound, bool reduce, struct ends *ends)
{
    static uint32_t id;
    const struct sim_program program = {.threads = 1, .id = ++id, .fn = {workload_main}, .arg = w};
    const struct sim_explore how = {.bound = bound, .reduce = reduce, .from_first_operation = true};
    const struct sim_params params = {
        .program = &program, .strategy = &spy.base, .freeze_helpers = true};
    struct sim_explored got = {0};
    uint32_t pass = 0;
    uint64_t met = 0;
    spy.base = (struct sim_strategy){
        .name = "spy", .begin = spy_begin, .choose = spy_choose, .step = spy_step};
    spy.inner = sim_strategy_explore(&how);
    ends->n = ends->runs = 0;
    for (bool more = true; more;) {
        assert_in_range(ends->runs, 0, RUNS_MAX - 1);
        assert_int_equal(sim_run(&params)->outcome, SIM_OK);
        ends->runs++;
        more = sim_explore_next(&got);
        bool left = got.pass == pass ? got.met > met : got.met > 0;
        pass = got.pass;
        met = got.met;
        if (!left)
            ends->v[ends->n++] = spy.order.number;
    }
    qsort(ends->v, ends->n, sizeof ends->v[0], compare);
    uint32_t different = 0;
    for (uint32_t i = 0; i < ends->n; i++) {
        if (i == 0 || ends->v[i] != ends->v[i - 1])
            ends->v[different++] = ends->v[i];
    }
    ends->n = different;
}

static void no_end_is_lost(void **state)
{
    (void)state;
    static struct ends with, without;
    struct text_error err;
    sim_catch_signals(); // cmocka has taken them
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct workload *w = workload_parse(programs[i], strlen(programs[i]), 1, &err);
        assert_non_null(w);
        workload_name_actors(w, probe_actor);
        for (uint32_t bound = 0; bound <= BOUND; bound++) {
            explore(w, bound, true, &with);
            explore(w, bound, false, &without);
            print_message("%s, bound %u: %u ends in %u executions, %u in %u without\n", w->name,
                          bound, with.n, with.runs, without.n, without.runs);
            assert_int_equal(with.n, without.n);
            assert_memory_equal(with.v, without.v, with.n * sizeof with.v[0]);
        }
        workload_free(w);
    }
}

int main(void)
{
    sim_init();
    sim_use_runtime();
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_end_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
