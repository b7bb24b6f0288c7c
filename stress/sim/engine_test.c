// SPDX-License-Identifier: Apache-2.0
//
// The engine against its litmus programs: what must be found is found under random walk and PCT,
// what must not be found is not, and every schedule replays to the same end.

#include "stress/sim/engine.h"
#include "stress/sim/litmus/litmus.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 2000 };

// in the executions to come
static bool freeze, trace;
static enum sim_memory memory;
static enum sim_faults_allowed faults;

static const struct sim_result *run(const struct litmus *l, struct sim_strategy *strategy,
                                    uint64_t seed)
{
    static struct sim_program program;
    program.threads = l->threads;
    memcpy(program.fn, l->fn, sizeof program.fn);
    const struct sim_params params = {.program = &program,
                                      .strategy = strategy,
                                      .seed = seed,
                                      .memory = memory,
                                      .max_points = 20000,
                                      .trace = trace,
                                      .faults = faults,
                                      .freeze_helpers = freeze};
    return sim_run(&params);
}

static const struct litmus *find(const char *name)
{
    const struct litmus *l = litmus_programs;
    while (l->name && strcmp(l->name, name) != 0)
        l++;
    assert_non_null(l->name);
    return l;
}

// Runs all seeds; returns how many were reported, each by the oracle expected.
static int reports(const struct litmus *l, struct sim_strategy *strategy, int seeds)
{
    int n = 0;
    for (int seed = 0; seed < seeds; seed++) {
        const struct sim_result *r = run(l, strategy, (uint64_t)seed);
        if (r->outcome == SIM_OK)
            continue;
        if (r->outcome != SIM_FOUND || !l->expect || strcmp(r->finding.oracle, l->expect) != 0)
            fail_msg("%s, %s seed %d: outcome %d: %s: %s", l->name, strategy->name, seed,
                     r->outcome, r->outcome == SIM_FOUND ? r->finding.signature : "-",
                     r->outcome == SIM_FOUND ? r->finding.message : "-");
        n++;
    }
    return n;
}

static void judged_right(const struct litmus *programs)
{
    static const struct {
        const char *name;
        int seeds;
    } strategies[] = {{"random", SEEDS},   {"pct3", SEEDS},      {"pos", SEEDS / 4},
                      {"surw", SEEDS / 4}, {"burst", SEEDS / 4}, {"delay2", SEEDS / 4}};
    sim_catch_signals(); // cmocka has taken them
    for (const struct litmus *l = programs; l->name; l++) {
        bool slow = strcmp(l->name, "loop without a hook") == 0; // a timer finds it
        for (size_t i = 0; i < (slow ? 1 : sizeof strategies / sizeof strategies[0]); i++) {
            int seeds = slow ? 1 : l->threads == 1 ? 20 : strategies[i].seeds;
            int n = reports(l, sim_strategy_by_name(strategies[i].name), seeds);
            if (l->expect && n == 0)
                fail_msg("%s: %s not found by %s with %d seeds", l->name, l->expect,
                         strategies[i].name, seeds);
        }
    }
}

static void litmus_programs_are_judged_right(void **state)
{
    (void)state;
    judged_right(litmus_programs);
}

static void what_is_freed_is_poison(void **state)
{
    (void)state;
    judged_right(litmus_heap_programs);
    assert_true(sim_oracle_enable("race", false));
    for (const struct litmus *l = litmus_heap_programs; l->name; l++) {
        bool expected = l->expect && strcmp(l->expect, "poison") == 0;
        assert_int_equal(reports(l, sim_strategy_random(), 20) > 0, expected);
    }
    assert_true(sim_oracle_enable("race", true));
}

// Who allocated, who freed, who touched; no digits of addresses in the signature.
static void poison_has_three_places(void **state)
{
    (void)state;
    const struct sim_result *r = run(&litmus_heap_programs[0], sim_strategy_calm(), 0);
    assert_string_equal(r->finding.signature,
                        "poison: read reads_plainly `litmus_seen = (uint32_t)object->rest[1];`");
    assert_int_equal(r->finding.places, 3);
    static const char *const kinds[] = {"allocation", "free", "read"};
    static const char *const functions[] = {"begin", "ends", "reads_plainly"};
    for (int i = 0; i < 3; i++) {
        const struct sim_place *p = &r->finding.place[i];
        bool found = false;
        assert_string_equal(p->kind, kinds[i]);
        for (uint32_t k = 0; k < p->stack.n; k++)
            found |= strncmp(sim_site(sim_pc_site(p->stack.pc[k]))->function, functions[i],
                             strlen(functions[i])) == 0;
        assert_true(found);
    }
    assert_true(sim_oracle_enable("poison", false));
    for (const struct litmus *l = litmus_heap_programs; l->name; l++) {
        if (l->expect && strcmp(l->expect, "poison") == 0)
            assert_int_equal(run(l, sim_strategy_calm(), 0)->outcome, SIM_OK);
    }
    assert_true(sim_oracle_enable("poison", true));
}

// Both detections of one bug have one signature, whoever comes second.
static void race_signature_is_symmetric(void **state)
{
    (void)state;
    const struct litmus *l = find("message passing, relaxed store");
    char first[512] = "";
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(l, sim_strategy_random(), seed);
        if (r->outcome != SIM_FOUND)
            continue;
        if (!*first)
            snprintf(first, sizeof first, "%s", r->finding.signature);
        assert_string_equal(first, r->finding.signature);
        assert_int_equal(r->finding.places, 2);
    }
    assert_string_equal(
        first,
        "race: read mp_load_acquire `litmus_seen = data;` / write mp_store_relaxed `data = 42;`");
}

static void every_schedule_replays_to_the_same_end(void **state)
{
    (void)state;
    const struct litmus *l = find("spin lock, relaxed unlock");
    struct sim_schedule schedule = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        static const char *const strategies[] = {"random", "pct3",  "pos",
                                                 "surw",   "burst", "delay2"};
        const struct sim_result *r = run(l, sim_strategy_by_name(strategies[seed % 6]), seed);
        enum sim_outcome outcome = r->outcome;
        uint64_t hash = r->state_hash, points = r->points;
        char signature[512] = "";
        if (outcome == SIM_FOUND)
            snprintf(signature, sizeof signature, "%s", r->finding.signature);
        sim_schedule_copy(&schedule, &r->schedule);
        struct sim_strategy *replay = sim_strategy_replay(&schedule);
        r = run(l, replay, 0);
        assert_int_equal(sim_replay_taken(replay, NULL), schedule.n);
        assert_int_equal(r->outcome, outcome);
        assert_int_equal(r->points, points);
        assert_true(r->state_hash == hash);
        if (outcome == SIM_FOUND)
            assert_string_equal(signature, r->finding.signature);
    }
    sim_schedule_free(&schedule);
}

// Under sequential consistency one of the two threads must see the other's store.
static void store_buffer_is_sequentially_consistent(void **state)
{
    (void)state;
    int seen[4] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_int_equal(run(&litmus_store_buffer, sim_strategy_random(), seed)->outcome, SIM_OK);
        seen[litmus_store_buffer_outcome()]++;
    }
    assert_int_equal(seen[0], 0);
    assert_true(seen[1] > 0 && seen[2] > 0 && seen[3] > 0);
}

// A switched-off oracle says nothing; the others still do.
static void oracle_can_be_switched_off(void **state)
{
    (void)state;
    assert_true(sim_oracle_enable("race", false));
    int n = reports(find("plain increments"), sim_strategy_random(), 100);
    assert_true(sim_oracle_enable("race", true));
    assert_int_equal(n, 0);
    assert_false(sim_oracle_enable("no such oracle", true));
}

// What an earlier program has opened is closed to the next: it faults as in a fresh process.
static void memory_of_another_program_is_not_accessible(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    assert_int_equal(reports(&litmus_commits_one, sim_strategy_calm(), 2), 2);
    assert_int_equal(reports(&litmus_commits_both, sim_strategy_calm(), 2), 0);
    assert_int_equal(reports(&litmus_commits_one, sim_strategy_calm(), 2), 2);
}

static void stack_is_clean(const struct litmus *l, struct sim_strategy *strategy, const char *how)
{
    assert_int_equal(run(l, strategy, 1)->outcome, SIM_OK);
    if (litmus_words_below != 0)
        fail_msg("%s, %s: %u words of the stack have been changed", l->name, how,
                 litmus_words_below);
}

// What the engine writes for itself lies on stacks of its own, whatever it does.
static void hooks_leave_nothing_on_the_stack(void **state)
{
    (void)state;
    for (const struct litmus *l = litmus_hooks; l->name; l++) {
        for (memory = SIM_SC; memory <= SIM_TSO; memory++) {
            struct sim_schedule recorded = {0};
            stack_is_clean(l, sim_strategy_calm(), "calm");
            faults = SIM_FAULTS_MILD;
            stack_is_clean(l, sim_strategy_random(), "random walk with faults");
            sim_schedule_copy(&recorded, &run(l, sim_strategy_random(), 2)->schedule);
            stack_is_clean(l, sim_strategy_replay(&recorded), "replay");
            faults = SIM_FAULTS_OFF;
            sim_schedule_free(&recorded);
            trace = true;
            stack_is_clean(l, sim_strategy_random(), "with the event log");
            trace = false;
            assert_true(sim_oracle_enable("race", false));
            stack_is_clean(l, sim_strategy_random(), "without the race detector");
            assert_true(sim_oracle_enable("race", true));
        }
        memory = SIM_SC;
    }
}

// All tests before this one have run on it.
static void hook_stacks_are_deep_enough(void **state)
{
    (void)state;
    const char *end = (const char *)(sim_threads[0].hook_sp + 1), *at = end - SIM_HOOK_STACK_BYTES;
    while (at < end && *at == 0)
        at++;
    print_message("%td bytes\n", end - at);
    assert_in_range(end - at, 1, SIM_HOOK_STACK_BYTES / 4);
}

// A fault in the middle of a hook is one of the program, where it called it.
static void a_fault_in_a_hook_has_its_place(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    const struct sim_result *r = run(&litmus_fills_null, sim_strategy_calm(), 0);
    assert_int_equal(r->outcome, SIM_FOUND);
    assert_string_equal(r->finding.signature, "crash: Segmentation fault in fills_null");
    assert_string_equal(sim_site(r->finding.place[0].site)->function, "fills_null");
}

// A program that runs out of points while its operations go on is cut off, not reported.
static void a_long_program_is_no_livelock(void **state)
{
    (void)state;
    assert_int_equal(run(&litmus_long, sim_strategy_random(), 1)->outcome, SIM_LIMIT);
}

// Time passes for those who sleep although one is always able to run, also when that is alone.
static void who_waits_for_a_sleeper_is_no_livelock(void **state)
{
    (void)state;
    assert_int_equal(run(&litmus_waits_for_sleeper, sim_strategy_calm(), 0)->outcome, SIM_OK);
}

// A model of programs with a helper.
static void *no_thread_local;
static int64_t least_jump_ns, least_unaided_ns;

static void no_words(void) {}

static void note_jumps(int64_t jump_ns, int64_t unaided_ns)
{
    least_jump_ns = jump_ns < least_jump_ns ? jump_ns : least_jump_ns;
    least_unaided_ns = unaided_ns < least_unaided_ns ? unaided_ns : least_unaided_ns;
}

static const char *helper_name(const void *arg)
{
    return arg == &litmus_helper ? "helper" : NULL;
}

// What a helper brings is not there when it is frozen, and not counted on when it is not; and the
// execution does not wait for it.
static void helpers_freeze(void **state)
{
    (void)state;
    static const struct sim_model model = {
        .tls = &no_thread_local, .begin = no_words, .stable = note_jumps, .thread = helper_name};
    sim_model = &model;
    for (uint64_t seed = 0; seed < 100; seed++) {
        freeze = false;
        least_jump_ns = least_unaided_ns = INT64_MAX;
        assert_int_equal(run(&litmus_waits_for_help, sim_strategy_random(), seed)->outcome, SIM_OK);
        assert_int_equal(least_jump_ns, 20000);
        assert_int_equal(least_unaided_ns, -1);
        assert_int_equal(run(&litmus_needs_no_help, sim_strategy_random(), seed)->outcome, SIM_OK);
        freeze = true;
        const struct sim_result *r = run(&litmus_waits_for_help, sim_strategy_random(), seed);
        assert_int_equal(r->outcome, SIM_FOUND);
        assert_string_equal(r->finding.oracle, "deadlock");
        assert_int_equal(least_jump_ns, -1);
        assert_int_equal(run(&litmus_needs_no_help, sim_strategy_random(), seed)->outcome, SIM_OK);
    }
    freeze = false;
    sim_model = NULL;
}

int main(void)
{
    sim_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(litmus_programs_are_judged_right),
        cmocka_unit_test(what_is_freed_is_poison),
        cmocka_unit_test(poison_has_three_places),
        cmocka_unit_test(race_signature_is_symmetric),
        cmocka_unit_test(every_schedule_replays_to_the_same_end),
        cmocka_unit_test(store_buffer_is_sequentially_consistent),
        cmocka_unit_test(oracle_can_be_switched_off),
        cmocka_unit_test(memory_of_another_program_is_not_accessible),
        cmocka_unit_test(hooks_leave_nothing_on_the_stack),
        cmocka_unit_test(a_fault_in_a_hook_has_its_place),
        cmocka_unit_test(a_long_program_is_no_livelock),
        cmocka_unit_test(who_waits_for_a_sleeper_is_no_livelock),
        cmocka_unit_test(helpers_freeze),
        cmocka_unit_test(hook_stacks_are_deep_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
