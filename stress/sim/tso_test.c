// SPDX-License-Identifier: Apache-2.0
//
// Total store order against its litmus programs: what the rules allow happens in some execution,
// what they do not in none, and sequential consistency shows none of it; randomized strategies find
// what there is. What does not depend on the model (races, ends, replay) is as it is without store
// buffers.

#include "stress/sim/litmus/tso.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 2000, POINTS_MAX = 20000 };

static const struct sim_result *run(const struct litmus *l, enum sim_memory memory,
                                    struct sim_strategy *strategy, uint64_t seed)
{
    static struct sim_program program;
    program.threads = l->threads;
    memcpy(program.fn, l->fn, sizeof program.fn);
    const struct sim_params params = {.program = &program,
                                      .strategy = strategy,
                                      .seed = seed,
                                      .memory = memory,
                                      .max_points = POINTS_MAX};
    return sim_run(&params);
}

// Every execution there is -----------------------------------------------------------------
// All answers to the first DEPTH choices, calm after them: depth-first, an execution for each leaf
// of the tree of choices. That is complete for most of the programs; loops make some of them long.

enum { DEPTH = 22, LEAVES_MAX = 150000 };

static struct every {
    struct sim_strategy base;
    uint32_t answer[DEPTH], n[DEPTH], at, length;
} every;

static void every_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)seed;
    s->next_hold = s->next_drain = 0; // next_point is 0
    every.at = 0;
}

static uint32_t every_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    if (every.at == DEPTH)
        return 0;
    if (every.at == every.length)
        every.answer[every.length++] = 0;
    every.n[every.at] = p->n;
    return every.answer[every.at++];
}

// The next leaf; false after the last.
static bool every_next(void)
{
    while (every.length > 0 && ++every.answer[every.length - 1] == every.n[every.length - 1])
        every.length--;
    return every.length > 0;
}

struct count {
    int runs, weak, reported;
};

static void judge(const struct tso_litmus *l, enum sim_memory memory, struct sim_strategy *strategy,
                  uint64_t seed, struct count *n)
{
    const struct sim_result *r = run(&l->program, memory, strategy, seed);
    const char *expect = l->program.expect;
    n->runs++;
    if (r->outcome == SIM_OK)
        n->weak += l->weak && l->weak();
    else if (r->outcome == SIM_FOUND && expect && strcmp(r->finding.oracle, expect) == 0)
        *(l->weak ? &n->reported : &n->weak) += 1;
    else
        fail_msg("%s, %s, %s: %s", l->program.name, sim_memory_names[memory], strategy->name,
                 r->outcome == SIM_FOUND ? r->finding.message : "ran out of points");
}

static struct count count_every(const struct tso_litmus *l, enum sim_memory memory)
{
    struct count n = {0};
    every = (struct every){.base = {.name = "every", .begin = every_begin, .choose = every_choose}};
    do
        judge(l, memory, &every.base, 0, &n);
    while (every_next() && n.runs < LEAVES_MAX);
    return n;
}

static void each_rule_is_kept_under(enum sim_memory memory)
{
    sim_catch_signals(); // cmocka has taken them
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++) {
        struct count n = count_every(l, memory);
        print_message("%-32s %-4s %6d of %6d\n", l->program.name, sim_memory_names[memory], n.weak,
                      n.runs);
        if ((n.weak > 0) != (memory == SIM_TSO && l->tso != TSO_NEVER))
            fail_msg("%s, %s: the weak outcome %d times of %d", l->program.name,
                     sim_memory_names[memory], n.weak, n.runs);
        if (l->weak && l->program.expect && n.reported == 0)
            fail_msg("%s: no %s", l->program.name, l->program.expect);
    }
}

static void sequential_consistency_shows_no_weak_outcome(void **state)
{
    (void)state;
    each_rule_is_kept_under(SIM_SC);
}

static void total_store_order_shows_what_its_rules_allow(void **state)
{
    (void)state;
    each_rule_is_kept_under(SIM_TSO);
}

static void randomized_strategies_hold_stores(void **state)
{
    (void)state;
    static const char *const names[] = {"random", "pct3", "pos", "surw", "delay2"};
    sim_catch_signals(); // cmocka has taken them
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++) {
        print_message("%-32s", l->program.name);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            struct count n = {0};
            for (uint64_t seed = 0; seed < SEEDS; seed++)
                judge(l, SIM_TSO, sim_strategy_by_name(names[i]), seed, &n);
            print_message(" %s %d", names[i], n.weak);
            if ((l->tso == TSO_FOUND && n.weak == 0) || (l->tso == TSO_NEVER && n.weak > 0))
                fail_msg("%s, %s: %d of %d", l->program.name, names[i], n.weak, SEEDS);
        }
        print_message(" of %d\n", SEEDS);
    }
}

// The programs of engine_test.c: verdicts on races and ends are no matter of the model.
static void other_verdicts_stay(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    for (const struct litmus *l = litmus_programs; l->name; l++) {
        int found = 0, seeds = l->threads == 1 ? 1 : SEEDS;
        if (strcmp(l->name, "loop without a hook") == 0)
            continue; // takes seconds, and has no store
        for (int seed = 0; seed < seeds; seed++) {
            const struct sim_result *r = run(l, SIM_TSO, sim_strategy_random(), (uint64_t)seed);
            found += r->outcome == SIM_FOUND;
            if (r->outcome == SIM_LIMIT || (r->outcome == SIM_FOUND && !l->expect) ||
                (r->outcome == SIM_FOUND && strcmp(l->expect, r->finding.oracle) != 0))
                fail_msg("%s, seed %d: %s", l->name, seed, r->finding.signature);
        }
        if (l->expect && found == 0)
            fail_msg("%s: %s not found", l->name, l->expect);
    }
}

static int kinds(const struct sim_schedule *s, enum sim_kind kind)
{
    int n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->v[i].kind == kind;
    return n;
}

// A burst is longer than these programs, so no other thread sees that it holds.
static void bursts_hold_stores(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    int holds = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        holds +=
            kinds(&run(&tso_programs[0].program, SIM_TSO, sim_strategy_burst(), seed)->schedule,
                  SIM_HOLD);
    assert_true(holds > 100);
}

static const struct litmus *find(const char *name)
{
    const struct litmus *l = litmus_programs;
    while (l->name && strcmp(l->name, name) != 0)
        l++;
    assert_non_null(l->name);
    return l;
}

// A race of a store that is held is reported in the same words.
static void a_held_store_races_as_any_other(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    const struct litmus *l = find("plain read, atomic store");
    int held = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(l, SIM_TSO, sim_strategy_random(), seed);
        assert_int_equal(r->outcome, SIM_FOUND);
        assert_string_equal(r->finding.signature,
                            "race: atomic write atomic_store_x `store_relaxed(&x, 1u);` / read "
                            "atomic_and_plain `litmus_seen = *(volatile uint32_t *)&x.v;`");
        held += kinds(&r->schedule, SIM_HOLD);
    }
    assert_true(held > 100);
}

// An execution that a finding ends leaves stores unseen. They do not come to be seen in the next
// one, where all threads' stores drain: when its points are used up.
static void what_is_held_at_the_end_is_gone(void **state)
{
    (void)state;
    const struct litmus *races = find("plain read, atomic store");
    struct litmus spins = *find("spins for ever");
    spins.fn[spins.threads++] = spins.fn[0]; // as many threads as may have held something
    const uint64_t hash = run(&spins, SIM_SC, sim_strategy_calm(), 0)->state_hash;
    int held = 0;
    for (uint64_t seed = 0; seed < SEEDS / 20; seed++) {
        held += kinds(&run(races, SIM_TSO, sim_strategy_random(), seed)->schedule, SIM_HOLD);
        for (enum sim_memory memory = SIM_SC; memory <= SIM_TSO; memory++)
            assert_true(run(&spins, memory, sim_strategy_calm(), 0)->state_hash == hash);
    }
    assert_true(held > 0);
}

// Two threads that wait for each other's stores end well before the engine runs out of points.
static void no_store_stays_for_ever(void **state)
{
    (void)state;
    const struct litmus *const waits[] = {&tso_relaxes, &tso_spins};
    for (int i = 0; i < 2; i++) {
        uint64_t most = 0;
        for (uint64_t seed = 0; seed < SEEDS / 5; seed++) {
            const struct sim_result *r = run(waits[i], SIM_TSO, sim_strategy_pct(1), seed);
            assert_int_equal(r->outcome, SIM_OK);
            most = r->points > most ? r->points : most;
        }
        assert_true(most < (i == 0 ? 1000 : POINTS_MAX));
    }
}

static void every_schedule_replays_to_the_same_end(void **state)
{
    (void)state;
    struct sim_schedule schedule = {0};
    int holds = 0, drains = 0;
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++) {
        for (uint64_t seed = 0; seed < SEEDS / 5; seed++) {
            struct sim_strategy *search = seed & 1 ? sim_strategy_random() : sim_strategy_pct(3);
            const struct sim_result *r = run(&l->program, SIM_TSO, search, seed);
            const enum sim_outcome outcome = r->outcome;
            const uint64_t hash = r->state_hash, points = r->points;
            sim_schedule_copy(&schedule, &r->schedule);
            holds += kinds(&schedule, SIM_HOLD);
            drains += kinds(&schedule, SIM_DRAIN);
            struct sim_strategy *replay = sim_strategy_replay(&schedule);
            r = run(&l->program, SIM_TSO, replay, 0);
            assert_int_equal(sim_replay_taken(replay, NULL), schedule.n);
            assert_int_equal(r->outcome, outcome);
            assert_int_equal(r->points, points);
            assert_true(r->state_hash == hash);
        }
    }
    assert_true(holds > 1000 && drains > 1000);
    sim_schedule_free(&schedule);
}

// Without a hold nothing differs: neither the calm execution nor one of a seed whose holds are
// taken away.
static void without_a_hold_the_models_are_one(void **state)
{
    (void)state;
    struct sim_schedule schedule = {0};
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++) {
        uint64_t hash = run(&l->program, SIM_SC, sim_strategy_calm(), 0)->state_hash;
        assert_true(run(&l->program, SIM_TSO, sim_strategy_calm(), 0)->state_hash == hash);
        for (uint64_t seed = 0; seed < 100; seed++) {
            const struct sim_result *r = run(&l->program, SIM_SC, sim_strategy_random(), seed);
            hash = r->state_hash;
            sim_schedule_copy(&schedule, &r->schedule);
            r = run(&l->program, SIM_TSO, sim_strategy_replay(&schedule), 0);
            assert_true(r->state_hash == hash);
        }
    }
    sim_schedule_free(&schedule);
}

// One hold beside the switches.
static void a_lost_wake_up_is_few_choices(void **state)
{
    (void)state;
    const struct tso_litmus *l = tso_programs;
    while (strcmp(l->program.name, "lost wake-up") != 0)
        l++;
    size_t fewest = SIZE_MAX;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const struct sim_result *r = run(&l->program, SIM_TSO, sim_strategy_pct(2), seed);
        if (r->outcome == SIM_FOUND && r->schedule.n < fewest)
            fewest = r->schedule.n;
    }
    assert_in_range(fewest, 2, 3);
}

// Inputs of a fuzzer reach the weak outcome as well.
static void bytes_hold_and_drain(void **state)
{
    (void)state;
    const struct tso_litmus *l = &tso_programs[0];
    int weak = 0;
    for (uint32_t i = 0; i < SEEDS; i++) {
        uint32_t word = i * 0x9e3779b1u;
        const uint8_t data[] = {word >> 24 & 7, word >> 20 & 7, word >> 16 & 7, word >> 13 & 7,
                                word >> 10 & 7, word >> 7 & 7,  word >> 4 & 7};
        assert_int_equal(
            run(&l->program, SIM_TSO, sim_strategy_bytes(data, sizeof data), 0)->outcome, SIM_OK);
        weak += l->weak();
    }
    assert_true(weak > 0);
}

int main(void)
{
    sim_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequential_consistency_shows_no_weak_outcome),
        cmocka_unit_test(total_store_order_shows_what_its_rules_allow),
        cmocka_unit_test(randomized_strategies_hold_stores),
        cmocka_unit_test(bursts_hold_stores),
        cmocka_unit_test(other_verdicts_stay),
        cmocka_unit_test(a_held_store_races_as_any_other),
        cmocka_unit_test(what_is_held_at_the_end_is_gone),
        cmocka_unit_test(no_store_stays_for_ever),
        cmocka_unit_test(every_schedule_replays_to_the_same_end),
        cmocka_unit_test(without_a_hold_the_models_are_one),
        cmocka_unit_test(a_lost_wake_up_is_few_choices),
        cmocka_unit_test(bytes_hold_and_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
