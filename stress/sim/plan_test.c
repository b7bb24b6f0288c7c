// SPDX-License-Identifier: Apache-2.0
//
// Plans (strategy/plan.c) and pairs (pairs.c), on the runtime: what a plan says comes about, and
// what comes before an edit stays as it was.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stress/sim/sim.h"
#include "stress/workload/interp.h"
#include "stress/workload/probe.h"

enum { EVENTS_MAX = 20000 };

struct seen {
    uint64_t point;
    uint32_t thread, site;
};

static struct seen first[EVENTS_MAX];
static size_t n_first;

static const struct sim_result *run(const struct sim_plan *plan, enum sim_memory memory)
{
    static struct sim_program program;
    static struct workload *w;

    if (w == NULL) {
        static const char text[] = "workload plan\nprocs 3\ngoroutine main\ngo b 4\nyield\nwait\n"
                                   "goroutine b\nyield\nadd x\nyield\n";
        struct text_error err;

        w = workload_parse(text, sizeof text - 1, 1, &err);
        assert_non_null(w);
        workload_name_actors(w, probe_actor);
        program = (struct sim_program){.threads = 1, .id = 1, .fn = {workload_main}, .arg = w};
    }
    struct sim_params params = {
        .program = &program, .strategy = sim_strategy_plan(plan), .memory = memory, .trace = true};
    const struct sim_result *r = sim_run(&params);
    assert_int_equal(r->outcome, SIM_OK);
    return r;
}

static void keep_trace(void)
{
    const struct sim_event *e = sim_trace(&n_first);

    assert_true(n_first < EVENTS_MAX);
    for (size_t i = 0; i < n_first; i++)
        first[i] = (struct seen){e[i].point, e[i].thread, e[i].site};
}

// Point before which this execution and the kept one first differ; UINT64_MAX: they do not.
static uint64_t first_difference(void)
{
    size_t n;
    const struct sim_event *e = sim_trace(&n);

    for (size_t i = 0; i < n && i < n_first; i++)
        if (e[i].point != first[i].point || e[i].thread != first[i].thread ||
            e[i].site != first[i].site)
            return e[i].point;
    return n == n_first ? UINT64_MAX : (uint64_t)0;
}

static void nothing_planned_is_calm(void **state)
{
    const struct sim_plan plan = {0};

    (void)state;
    assert_int_equal(run(&plan, SIM_SC)->schedule.n, 0);
}

static void equal_plans_are_equal_executions(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 40; seed++) {
        const struct sim_plan plan = {
            .legs = 1, .leg = {{seed % 2 ? SIM_WALK_RANDOM : SIM_WALK_PRIORITIES, seed, 0}}};
        uint64_t hash = run(&plan, seed % 3 ? SIM_SC : SIM_TSO)->state_hash;

        assert_true(run(&plan, seed % 3 ? SIM_SC : SIM_TSO)->state_hash == hash);
    }
}

// The prefix is kept: whatever the walk after it does.
static void an_edit_leaves_alone_what_came_before(void **state)
{
    uint32_t changed = 0;

    (void)state;
    for (uint32_t seed = 1; seed < 30; seed++) {
        struct sim_plan plan = {.legs = 1, .leg = {{SIM_WALK_RANDOM, seed, 0}}};
        const uint64_t at = 200 + seed * 7;

        run(&plan, SIM_SC);
        keep_trace();
        plan.edits = 1;
        plan.edit[0] = (struct sim_edit){(uint32_t)at, SIM_EDIT_RUN, seed, seed % 2 ? 50 : 0};
        run(&plan, SIM_SC);
        uint64_t edited = first_difference();
        plan.edits = 0;
        plan.legs = 2;
        plan.leg[0].points = (uint32_t)at;
        plan.leg[1] = (struct sim_leg){SIM_WALK_RANDOM, seed + 1000, 0};
        run(&plan, SIM_SC);
        uint64_t redrawn = first_difference();
        assert_true(edited >= at && redrawn >= at);
        changed += edited != UINT64_MAX && redrawn != UINT64_MAX;
    }
    assert_true(changed > 20);
}

static void a_calm_leg_is_calm(void **state)
{
    const struct sim_plan plan = {.legs = 2,
                                  .leg = {{SIM_WALK_CALM, 0, 300}, {SIM_WALK_RANDOM, 3, 0}}};
    const struct sim_plan calm = {0};

    (void)state;
    run(&calm, SIM_SC);
    keep_trace();
    assert_true(run(&plan, SIM_SC)->schedule.n > 0);
    assert_true(first_difference() >= 300);
}

static void held_stores_come_with_edits(void **state)
{
    struct sim_plan plan = {.edits = 1, .edit = {{100, SIM_EDIT_HOLD, 0, 0}}};
    uint32_t holds = 0;

    (void)state;
    const struct sim_result *r = run(&plan, SIM_TSO);
    for (size_t i = 0; i < r->schedule.n; i++)
        holds += r->schedule.v[i].kind == SIM_HOLD;
    assert_int_equal(holds, 1);
}

static uint32_t count(const uint8_t *bytes, uint32_t n)
{
    uint32_t met = 0;

    for (uint32_t i = 0; i < n; i++)
        met += bytes[i] != 0;
    return met;
}

static void equal_executions_meet_equal_pairs(void **state)
{
    enum { N = 4096 };
    static uint8_t calm[N], a[N], b[N];
    const struct sim_plan none = {0}, plan = {.legs = 1, .leg = {{SIM_WALK_RANDOM, 5, 0}}};

    (void)state;
    sim_pairs_into(calm, N);
    run(&none, SIM_SC);
    sim_pairs_into(a, N);
    run(&plan, SIM_SC);
    sim_pairs_into(b, N);
    run(&plan, SIM_SC);
    sim_pairs_into(NULL, 0);
    assert_memory_equal(a, b, N);
    assert_true(count(a, N / 2) > 10 && count(a + N / 2, N / 2) > 10);
    assert_true(memcmp(a, calm, N) != 0);
}

static int begin(void **state)
{
    (void)state;
    sim_init();
    sim_use_runtime();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_planned_is_calm),
        cmocka_unit_test(equal_plans_are_equal_executions),
        cmocka_unit_test(an_edit_leaves_alone_what_came_before),
        cmocka_unit_test(a_calm_leg_is_calm),
        cmocka_unit_test(held_stores_come_with_edits),
        cmocka_unit_test(equal_executions_meet_equal_pairs),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
