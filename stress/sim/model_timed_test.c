// SPDX-License-Identifier: Apache-2.0
//
// The oracles of model.c in timed executions: starvation is reported, and no oracle reports a
// program that behaves because its operations take time.

#include "stress/sim/canary/canary.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 12 };

static const struct sim_result *run(const struct canary *c, struct sim_strategy *strategy,
                                    uint64_t seed, bool frozen)
{
    const struct sim_program program = {
        .threads = 1, .fn = {canary_main}, .arg = (void *)(uintptr_t)c};
    return sim_run(&(struct sim_params){.program = &program,
                                        .strategy = strategy,
                                        .seed = seed,
                                        .memory = SIM_TIMED,
                                        .freeze_helpers = frozen});
}

// How often it is reported; fails when something else comes.
static int reports(const struct canary *c, struct sim_strategy *strategy)
{
    int n = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(c, strategy, seed, false);
        if (r->outcome == SIM_OK)
            continue;
        if (r->outcome == SIM_LIMIT || !c->expect || strcmp(r->finding.oracle, c->expect) != 0 ||
            !strstr(r->finding.signature, c->says))
            fail_msg("%s, %s seed %lu: %s", c->name, strategy->name, (unsigned long)seed,
                     r->outcome == SIM_LIMIT ? "limit" : r->finding.message);
        n++;
    }
    return n;
}

static void starvation_is_reported(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    assert_true(sim_oracle_enable("race", false));
    for (const struct canary *c = canaries_imbalance; c->name; c++) {
        int random = reports(c, sim_strategy_random()), pct = reports(c, sim_strategy_pct(3));
        print_message("%s: random %d, pct %d of %d\n", c->name, random, pct, SEEDS);
        assert_true(!c->expect || (random > 0 && pct > 0));
    }
    assert_true(sim_oracle_enable("race", true));
}

// It has the same schedule whenever it is run, and none where sysmon is frozen.
static void a_report_is_the_same_again_and_needs_sysmon(void **state)
{
    (void)state;
    const struct canary *c = &canaries_imbalance[1];
    assert_true(sim_oracle_enable("race", false));
    const struct sim_result *r = run(c, sim_strategy_random(), 1, false);
    assert_int_equal(r->outcome, SIM_FOUND);
    uint64_t points = r->points, hash = r->state_hash;
    r = run(c, sim_strategy_random(), 1, false);
    assert_int_equal(r->points, points);
    assert_int_equal(r->state_hash, hash);
    r = run(c, sim_strategy_random(), 1, true);
    assert_string_equal(r->finding.oracle, "crash"); // it has not been stopped
    assert_true(sim_oracle_enable("race", true));
}

static void who_behaves_is_not_reported(void **state)
{
    (void)state;
    static const char *const strategies[] = {"random", "pct4", "pos", "surw", "burst", "delay3"};
    const struct canary *const behave[] = {&canaries[0], &canaries_heap[0], &canaries_net[0],
                                           &canaries_preempt[0], &canary_collects};
    for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++)
        for (size_t k = 0; k < sizeof behave / sizeof behave[0]; k++)
            assert_int_equal(reports(behave[k], sim_strategy_by_name(strategies[i])), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starvation_is_reported),
        cmocka_unit_test(a_report_is_the_same_again_and_needs_sysmon),
        cmocka_unit_test(who_behaves_is_not_reported),
    };
    sim_init();
    sim_use_runtime();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
