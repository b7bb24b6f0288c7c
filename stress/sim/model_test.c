// SPDX-License-Identifier: Apache-2.0
//
// The oracles of model.c against programs that break their rules. The race detector is off: most
// of the programs write where they must not.

#include "stress/sim/canary/canary.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 300 };

static int reports_under(enum sim_memory memory, const struct canary *c,
                         struct sim_strategy *strategy)
{
    const struct sim_program program = {
        .threads = 1, .fn = {canary_main}, .arg = (void *)(uintptr_t)c};
    int n = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_params params = {
            .program = &program, .strategy = strategy, .seed = seed, .memory = memory};
        const struct sim_result *r = sim_run(&params);
        if (r->outcome == SIM_OK)
            continue;
        if (r->outcome == SIM_FOUND && c->expect &&
            (strcmp(r->finding.oracle, "crash") == 0 || strcmp(r->finding.oracle, "race") == 0))
            continue; // in this schedule an assertion of the runtime, or the race, came first
        if (r->outcome == SIM_LIMIT || !c->expect || strcmp(r->finding.oracle, c->expect) != 0 ||
            !strstr(r->finding.signature, c->says))
            fail_msg("%s, %s seed %lu: %s\n%s", c->name, strategy->name, (unsigned long)seed,
                     r->outcome == SIM_LIMIT ? "limit" : r->finding.signature,
                     r->outcome == SIM_LIMIT ? "" : r->finding.message);
        n++;
    }
    return n;
}

static int reports(const struct canary *c, struct sim_strategy *strategy)
{
    return reports_under(SIM_SC, c, strategy);
}

static void each_rule_that_is_broken_is_reported(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    assert_true(sim_oracle_enable("race", false));
    for (const struct canary *c = canaries; c->name; c++) {
        int random = reports(c, sim_strategy_random()), pct = reports(c, sim_strategy_pct(3));
        if (c->expect && (random == 0 || pct == 0))
            fail_msg("%s: %s not reported (random %d, pct %d of %d)", c->name, c->expect, random,
                     pct, SEEDS);
    }
    assert_true(sim_oracle_enable("race", true));
}

// Holds every store that may be held, and is calm otherwise.
static void hold_all_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)seed;
    s->next_point = UINT64_MAX;
    s->next_hold = 0;
}

static uint32_t hold_all_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    return p->at.kind == SIM_HOLD;
}

// An oracle sees a store that was held when it drains.
static void held_stores_are_reported(void **state)
{
    (void)state;
    static struct sim_strategy hold_all = {
        .name = "hold all", .begin = hold_all_begin, .choose = hold_all_choose};
    assert_true(sim_oracle_enable("race", false));
    for (const struct canary *c = canaries; c->name; c++) {
        int held = reports_under(SIM_TSO, c, &hold_all);
        int random = reports_under(SIM_TSO, c, sim_strategy_random());
        if (c->expect && (held == 0 || random == 0))
            fail_msg("%s: %s not reported (all held %d, random %d of %d)", c->name, c->expect, held,
                     random, SEEDS);
    }
    assert_true(sim_oracle_enable("race", true));
    assert_int_equal(reports_under(SIM_TSO, &canaries[0], &hold_all), 0);
    assert_int_equal(reports_under(SIM_TSO, &canaries[0], sim_strategy_random()), 0);
    assert_int_equal(reports_under(SIM_TSO, &canaries[0], sim_strategy_pct(4)), 0);
}

static void the_runtime_is_silent_with_races_on(void **state)
{
    (void)state;
    assert_string_equal(canaries[0].name, "behaves");
    assert_int_equal(reports(&canaries[0], sim_strategy_random()), 0);
    assert_int_equal(reports(&canaries[0], sim_strategy_pct(4)), 0);
}

// The race detector and the watch on status words share the way of large stores.
static void large_stores_are_seen_with_races_on(void **state)
{
    (void)state;
    int programs = 0;
    for (const struct canary *c = canaries; c->name; c++) {
        if (!strstr(c->name, "over a status"))
            continue;
        programs++;
        assert_true(reports(c, sim_strategy_calm()) > 0);
    }
    assert_int_equal(programs, 2);
}

static bool name_of(const char *want, uint64_t addr)
{
    char buf[64];
    return strcmp(sim_address_name(addr, buf, sizeof buf), want) == 0;
}

// The trace of one execution names the words of the runtime and numbers its points in order.
static void the_trace_names_words(void **state)
{
    (void)state;
    const struct sim_program program = {
        .threads = 1, .fn = {canary_main}, .arg = (void *)(uintptr_t)&canaries[0]};
    const struct sim_params params = {.program = &program, .trace = true};
    assert_int_equal(sim_run(&params)->outcome, SIM_OK);
    size_t n;
    const struct sim_event *e = sim_trace(&n);
    bool status = false, spinning = false;
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        status |= name_of("g1.status", e[i].addr);
        spinning |= name_of("sched.nmspinning", e[i].addr);
        assert_true(i == 0 || e[i].point >= e[i - 1].point);
    }
    assert_true(status && spinning);
}

int main(void)
{
    sim_init();
    sim_use_runtime();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_that_is_broken_is_reported),
        cmocka_unit_test(held_stores_are_reported),
        cmocka_unit_test(the_runtime_is_silent_with_races_on),
        cmocka_unit_test(large_stores_are_seen_with_races_on),
        cmocka_unit_test(the_trace_names_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
