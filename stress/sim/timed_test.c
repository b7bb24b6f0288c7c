// SPDX-License-Identifier: Apache-2.0
//
// Timed executions: lines of the cache and times of programs that can be counted by hand, who runs
// when, how far a strategy can hold up a thread, and that it is always the same.
#include "stress/sim/litmus/timed.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct sim_result *run(const struct litmus *l, struct sim_strategy *strategy,
                                    uint64_t seed)
{
    struct sim_program program = {0};
    program.threads = l->threads;
    memcpy(program.fn, l->fn, sizeof program.fn);
    const struct sim_params params = {
        .program = &program, .strategy = strategy, .seed = seed, .memory = SIM_TIMED};
    return sim_run(&params);
}

static const struct litmus_timed *named(const char *name)
{
    const struct litmus_timed *t = litmus_timed_programs;
    while (strcmp(t->litmus.name, name) != 0)
        t++;
    return t;
}

static void lines_are_counted_as_by_hand(void **state)
{
    (void)state;
    sim_oracle_enable("race", false); // what keeps these threads apart is time
    for (const struct litmus_timed *t = litmus_timed_programs; t->litmus.name; t++) {
        assert_int_equal(run(&t->litmus, sim_strategy_calm(), 0)->outcome, SIM_OK);
        const struct sim_timed *got = sim_timed();
        print_message("%s: %lu hits, %lu cold, %lu transfers, %lu invalidations, end %ld\n",
                      t->litmus.name, got->hits, got->cold, got->transfers, got->invalidations,
                      litmus_timed_end_ns());
        if (t->end_ns != 0) {
            assert_int_equal(litmus_timed_end_ns(), t->end_ns);
            continue;
        }
        assert_int_equal(got->hits, t->hits);
        assert_int_equal(got->cold, t->cold);
        assert_int_equal(got->transfers, t->transfers);
        assert_int_equal(got->invalidations, t->invalidations);
        assert_int_equal(got->unknown, 0);
    }
}

static void who_is_behind_runs_next(void **state)
{
    (void)state;
    run(&named("who is behind")->litmus, sim_strategy_calm(), 0);
    assert_int_equal(litmus_timed_order(), 21);
}

static uint32_t choose_the_last(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    return sim_names_thread(p->at.kind) ? p->n - 1 : 0;
}

static void nobody_is_held_up_for_long(void **state)
{
    (void)state;
    struct sim_strategy adverse = {.name = "adverse", .choose = choose_the_last};
    run(&litmus_timed_beside, sim_strategy_calm(), 0);
    int64_t calm_ns = litmus_timed_end_ns();
    assert_int_equal(calm_ns, 80 + 999 + 1000 * 5 + 20 + 1);
    assert_int_equal(run(&litmus_timed_beside, &adverse, 0)->outcome, SIM_OK);
    assert_in_range(litmus_timed_end_ns(), calm_ns, 2 * calm_ns);
}

static void equal_seeds_are_equal_executions(void **state)
{
    (void)state;
    uint64_t last = 0;
    int different = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        uint64_t hash = run(&litmus_timed_beside, sim_strategy_random(), seed)->state_hash;
        int64_t end_ns = litmus_timed_end_ns();
        different += hash != last;
        last = hash;
        assert_int_equal(run(&litmus_timed_beside, sim_strategy_random(), seed)->state_hash, hash);
        assert_int_equal(litmus_timed_end_ns(), end_ns);
    }
    assert_in_range(different, 40, 50);
}

// What was not calm is all that a replay needs.
static void a_schedule_replays(void **state)
{
    (void)state;
    struct sim_schedule schedule = {0};
    for (uint64_t seed = 0; seed < 50; seed++) {
        const struct sim_result *r = run(&litmus_timed_beside, sim_strategy_random(), seed);
        uint64_t hash = r->state_hash;
        sim_schedule_copy(&schedule, &r->schedule);
        r = run(&litmus_timed_beside, sim_strategy_replay(&schedule), 0);
        assert_int_equal(r->state_hash, hash);
    }
    sim_schedule_free(&schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_counted_as_by_hand),
        cmocka_unit_test(who_is_behind_runs_next),
        cmocka_unit_test(nobody_is_held_up_for_long),
        cmocka_unit_test(equal_seeds_are_equal_executions),
        cmocka_unit_test(a_schedule_replays),
    };
    sim_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
