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

// Of the executions to come.
static enum sim_memory memory;
static enum sim_faults_allowed faults;

static const struct sim_result *run(const struct canary *c, struct sim_strategy *strategy,
                                    uint64_t seed)
{
    const struct sim_program program = {
        .threads = 1, .fn = {canary_main}, .arg = (void *)(uintptr_t)c};
    const struct sim_params params = {.program = &program,
                                      .strategy = strategy,
                                      .seed = seed,
                                      .memory = memory,
                                      .faults = faults};
    return sim_run(&params);
}

static int reports(const struct canary *c, struct sim_strategy *strategy)
{
    int n = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(c, strategy, seed);
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

static void all_reported(const struct canary *all)
{
    for (const struct canary *c = all; c->name; c++) {
        int random = reports(c, sim_strategy_random()), pct = reports(c, sim_strategy_pct(3));
        if (c->expect && (random == 0 || pct == 0))
            fail_msg("%s: %s not reported (random %d, pct %d of %d)", c->name, c->expect, random,
                     pct, SEEDS);
    }
}

static void each_rule_that_is_broken_is_reported(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    assert_true(sim_oracle_enable("race", false));
    all_reported(canaries);
    all_reported(canaries_heap);
    all_reported(canaries_collector);
    all_reported(canaries_chan);
    all_reported(canaries_net);
    all_reported(canaries_preempt);
    assert_true(sim_oracle_enable("conserve", false));
    for (const struct canary *c = canaries_queued; c->name; c++)
        assert_true(reports(c, sim_strategy_random()) > 0);
    assert_true(sim_oracle_enable("conserve", true));
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
    memory = SIM_TSO;
    for (const struct canary *c = canaries; c->name; c++) {
        int held = reports(c, &hold_all), random = reports(c, sim_strategy_random());
        if (c->expect && (held == 0 || random == 0))
            fail_msg("%s: %s not reported (all held %d, random %d of %d)", c->name, c->expect, held,
                     random, SEEDS);
    }
    assert_true(sim_oracle_enable("race", true));
    assert_int_equal(reports(&canaries[0], &hold_all), 0);
    memory = SIM_SC;
}

static void the_runtime_is_silent_with_races_on(void **state)
{
    (void)state;
    static const char *const strategies[] = {"random", "pct4", "pos", "surw", "burst", "delay3"};
    const struct canary *const behave[] = {&canaries[0], &canaries_heap[0], &canaries_net[0],
                                           &canaries_preempt[0]};
    enum { BEHAVE = sizeof behave / sizeof behave[0] };
    for (int i = 0; i < BEHAVE; i++)
        assert_null(behave[i]->expect);
    for (memory = SIM_SC; memory <= SIM_TSO; memory++) {
        for (faults = SIM_FAULTS_OFF; faults <= SIM_FAULTS_MILD; faults++) {
            for (size_t i = 0; i < sizeof strategies / sizeof strategies[0]; i++)
                for (int k = 0; k < BEHAVE; k++)
                    assert_int_equal(reports(behave[k], sim_strategy_by_name(strategies[i])), 0);
        }
    }
    memory = SIM_SC;
    faults = SIM_FAULTS_OFF;
}

// The collector under both memory models, races on.
static void the_collector_is_silent(void **state)
{
    (void)state;
    for (memory = SIM_SC; memory <= SIM_TSO; memory++) {
        assert_int_equal(reports(&canary_collects, sim_strategy_random()), 0);
        assert_int_equal(reports(&canary_collects, sim_strategy_pct(3)), 0);
        assert_int_equal(reports(&canary_collects, sim_strategy_by_name("pos")), 0);
    }
    memory = SIM_SC;
}

static bool refused(const struct sim_result *r, enum sim_fault what)
{
    for (size_t i = 0; i < r->schedule.n; i++) {
        const struct sim_choice *c = &r->schedule.v[i];
        if (c->kind == SIM_FAULT && sim_fault_find(sim_name(c->value)) == what)
            return true;
    }
    return false;
}

// A refusal ends the runtime, with the words for it: no finding. Other words are one, and so are
// those for a thread when none was refused, but memory, which the runtime may survive.
static void only_its_own_words_excuse_a_fault(void **state)
{
    (void)state;
    static const char claim[] = "crash: runtime: cannot create a thread";
    int ends = 0, own_words = 0, claims = 0;
    sim_catch_signals(); // cmocka has taken them
    faults = SIM_FAULTS_ALL;
    assert_int_equal(reports(&canaries[0], sim_strategy_random()), 0);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(&canary_claims_a_fault, sim_strategy_random(), seed);
        bool thread = refused(r, SIM_FAULT_EAGAIN);
        if (r->outcome == SIM_OK && (thread || refused(r, SIM_FAULT_ENOMEM)))
            ends++;
        else if (r->outcome == SIM_FOUND && strcmp(r->finding.signature, claim) == 0)
            claims++; // also after a refusal that the runtime has coped with
        else if (r->outcome == SIM_FOUND && thread)
            own_words += strcmp(r->finding.signature, "crash: canary: refused") == 0;
    }
    faults = SIM_FAULTS_OFF;
    if (ends == 0 || own_words == 0 || claims == 0 || ends + own_words + claims != SEEDS)
        fail_msg("of %d: %d ended by a fault, %d with other words, %d without one", SEEDS, ends,
                 own_words, claims);
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

static const struct sim_result *run_one(const struct canary *c, struct sim_strategy *strategy,
                                        uint64_t seed, bool trace)
{
    const struct sim_program program = {
        .threads = 1, .fn = {canary_main}, .arg = (void *)(uintptr_t)c};
    const struct sim_params params = {
        .program = &program, .strategy = strategy, .seed = seed, .trace = trace};
    return sim_run(&params);
}

// Where and how far stacks have grown, as one number; *n: how often.
static uint64_t growths_of_trace(int *n)
{
    size_t events;
    const struct sim_event *e = sim_trace(&events);
    uint64_t sum = 0;
    *n = 0;
    for (size_t i = 0; i < events; i++) {
        if (strcmp(e[i].what, "stack grows") != 0)
            continue;
        ++*n;
        sum = sum * 31 + e[i].addr + e[i].new_value + e[i].point * 7919;
        assert_true(e[i].stack.n > 0);
    }
    return sum;
}

// The second execution of a schedule faults where the first did, whatever ran in between; and what
// has grown is part of the hash.
static void stacks_grow_alike_in_every_execution(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    struct sim_schedule schedule = {0};
    for (uint64_t seed = 0; seed < 40; seed++) {
        int n, again;
        const struct sim_result *r = run_one(&canary_grows, sim_strategy_random(), seed, true);
        assert_int_equal(r->outcome, SIM_OK);
        uint64_t hash = r->state_hash, growths = growths_of_trace(&n);
        assert_true(n >= 3);
        sim_schedule_copy(&schedule, &r->schedule);
        run_one(&canary_grows, sim_strategy_pct(3), seed, false);
        if (seed % 2 == 1) // another program: all is closed
            run_one(&canaries[0], sim_strategy_random(), seed, false);
        struct sim_strategy *replay = sim_strategy_replay(&schedule);
        r = run_one(&canary_grows, replay, 0, true);
        assert_true(r->state_hash == hash);
        assert_true(growths_of_trace(&again) == growths);
        assert_int_equal(again, n);
    }
    sim_schedule_free(&schedule);
}

static void an_overflow_is_a_crash_with_a_stable_signature(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    const struct canary *const crashing[] = {&canary_overflows, &canary_strays};
    char signature[512] = "";
    for (uint64_t i = 0; i < 40; i++) {
        const struct canary *c = crashing[i / 20];
        const struct sim_result *r = run_one(c, sim_strategy_random(), i, false);
        assert_int_equal(r->outcome, SIM_FOUND);
        assert_string_equal(r->finding.oracle, "crash");
        if (i % 20 == 0)
            snprintf(signature, sizeof signature, "%s", r->finding.signature);
        assert_string_equal(r->finding.signature, signature);
        assert_non_null(strstr(signature, c->says));
        assert_int_equal(strstr(sim_output(), "runtime: goroutine stack exceeds") != NULL,
                         c == &canary_overflows);
    }
}

// The call depth that the engine knows goes back with each jump: else an execution would run out of
// it. A million recoveries in all, as many at a time as an execution has room for.
static void recoveries_leave_nothing_behind(void **state)
{
    (void)state;
    for (int n = 0; n < 1000000; n += CANARY_RECOVERIES) {
        const struct sim_result *r = run_one(&canary_recovers, sim_strategy_calm(), 0, false);
        assert_int_equal(r->outcome, SIM_OK);
    }
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

static void assert_named(const void *object, size_t at, const char *want)
{
    char name[64];
    sim_address_name((uint64_t)object + at, name, sizeof name);
    if (strcmp(name, want) != 0)
        fail_msg("%s, not %s", name, want);
}

// An object has the name of its size and its place, its words of what they are; the same in all
// executions that allocate alike, whatever ran before.
static void words_of_objects_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run_one(&canary_allocates, sim_strategy_calm(), 0, i == 1)->outcome,
                         SIM_OK);
        assert_named(canary_node, 0, "object 16B #0:0.pointer[0]");
        assert_named(canary_node, 8, "object 16B #0:0.word[1]");
        assert_named(canary_node, 13, "object 16B #0:0.word[1]");
        assert_named(canary_large, 80, "object 100000B #4:0.word[10]");
        assert_named(canary_large, 100000, "heap page #28.word[212]");
        const struct sim_result *r =
            run_one(&canary_writes_after_the_end, sim_strategy_random(), (uint64_t)i, false);
        assert_int_equal(r->outcome, SIM_FOUND);
        assert_string_equal(r->finding.oracle, "poison");
        assert_string_equal(r->finding.message,
                            "write of object 48B #0:0.word[1], which has been freed");
    }
}

int main(void)
{
    sim_init();
    sim_use_runtime();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_that_is_broken_is_reported),
        cmocka_unit_test(held_stores_are_reported),
        cmocka_unit_test(the_runtime_is_silent_with_races_on),
        cmocka_unit_test(only_its_own_words_excuse_a_fault),
        cmocka_unit_test(the_collector_is_silent),
        cmocka_unit_test(large_stores_are_seen_with_races_on),
        cmocka_unit_test(recoveries_leave_nothing_behind),
        cmocka_unit_test(the_trace_names_words),
        cmocka_unit_test(words_of_objects_have_names),
        cmocka_unit_test(stacks_grow_alike_in_every_execution),
        cmocka_unit_test(an_overflow_is_a_crash_with_a_stable_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
