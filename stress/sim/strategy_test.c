// SPDX-License-Identifier: Apache-2.0
//
// What each strategy is there for, asked of it: programs of a few operations whose orders are
// counted, over fixed seeds. A spy stands before the strategy and sees who does each operation.

#include "stress/sim/engine.h"
#include "stress/sim/litmus/litmus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { OPERATIONS_MAX = 64 };

static struct spy {
    struct sim_strategy base;
    struct sim_strategy *inner;
    uint8_t order[OPERATIONS_MAX]; // threads, in the order of their operations on words
    uint32_t n;
    uint64_t since[SIM_THREADS_MAX]; // point at which it last did something
    uint64_t longest_wait;           // of a thread that was ready
    uint64_t passed;                 // answers about threads, summed up
} spy;

static void take_wishes(void)
{
    spy.base.next_point = spy.inner->next_point;
    spy.base.on_ready = spy.inner->on_ready;
}

static void spy_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)s;
    spy.n = 0;
    spy.longest_wait = spy.passed = 0;
    memset(spy.since, 0, sizeof spy.since);
    spy.inner->next_point = 0;
    spy.inner->begin(spy.inner, seed);
    take_wishes();
}

static uint32_t spy_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    uint32_t answer = spy.inner->choose(spy.inner, p);
    take_wishes();
    if (p->at.kind == SIM_RUN || p->at.kind == SIM_NEXT)
        spy.passed += answer;
    return answer;
}

static void spy_step(struct sim_strategy *s)
{
    (void)s;
    if (spy.inner->step)
        spy.inner->step(spy.inner);
    if (spy.n < OPERATIONS_MAX && pending_addr(sim.pending) != 0) // not the ends of threads
        spy.order[spy.n++] = (uint8_t)sim.thread;
    spy.since[sim.thread] = sim.points;
    for (uint32_t i = 0; i < sim.ready; i++) {
        uint64_t wait = sim.points - spy.since[sim.run[i]];
        if (wait > spy.longest_wait)
            spy.longest_wait = wait;
    }
}

static const struct sim_result *run(const struct litmus *l, struct sim_strategy *strategy,
                                    uint64_t seed)
{
    static struct sim_program program;
    program.threads = l->threads;
    memcpy(program.fn, l->fn, sizeof program.fn);
    spy.base = (struct sim_strategy){
        .name = "spy", .begin = spy_begin, .choose = spy_choose, .step = spy_step};
    spy.inner = strategy;
    const struct sim_params params = {.program = &program, .strategy = &spy.base, .seed = seed};
    return sim_run(&params);
}

static bool is_last(uint32_t thread)
{
    return spy.order[spy.n - 1] == thread;
}

// SURW ------------------------------------------------------------------------------------

// Chi-square over the orders of operations, as bits of the second thread's.
static double unevenness(const struct litmus *l, struct sim_strategy *strategy, uint32_t operations,
                         uint32_t orders, uint32_t runs)
{
    uint32_t seen[64] = {0};
    double expected = (double)runs / orders, sum = 0;
    uint32_t different = 0;
    run(l, strategy, 0); // SURW counts
    for (uint64_t seed = 1; seed <= runs; seed++) {
        assert_int_equal(run(l, strategy, seed)->outcome, SIM_OK);
        assert_int_equal(spy.n, operations);
        uint32_t bits = 0;
        for (uint32_t i = 0; i < operations; i++)
            bits |= (uint32_t)(spy.order[i] == 1) << i;
        seen[bits]++;
    }
    for (uint32_t i = 0; i < 64; i++) {
        different += seen[i] > 0;
        if (seen[i] > 0)
            sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    return sum + (orders - different) * expected;
}

// 43.8: what chi-square with 19 degrees of freedom exceeds once in a thousand; 20.5: with 5.
static void surw_is_uniform_over_orders(void **state)
{
    (void)state;
    double even = unevenness(&litmus_three_and_three, sim_strategy_surw(), 6, 20, 4000);
    double uneven = unevenness(&litmus_three_and_three, sim_strategy_random(), 6, 20, 4000);
    if (even > 43.8 || uneven < 10 * 43.8)
        fail_msg("three and three: surw %.1f, random %.1f", even, uneven);
    even = unevenness(&litmus_child_and_three, sim_strategy_surw(), 6, 20, 4000);
    if (even > 43.8)
        fail_msg("child and three: surw %.1f", even);
    even = unevenness(&litmus_one_and_five, sim_strategy_surw(), 6, 6, 4000);
    uneven = unevenness(&litmus_one_and_five, sim_strategy_random(), 6, 6, 4000);
    if (even > 20.5 || uneven < 10 * 20.5)
        fail_msg("one and five: surw %.1f, random %.1f", even, uneven);
}

// With one word chosen its operations are uniform however many others one thread has: the late
// operation comes first in a quarter of the runs or more (half when the word is chosen).
static void surw_is_uniform_over_what_counts(void **state)
{
    (void)state;
    int late_first = 0;
    run(&litmus_one_and_late, sim_strategy_surw(), 0);
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        run(&litmus_one_and_late, sim_strategy_surw(), seed);
        late_first += is_last(0);
    }
    if (late_first < 200 || late_first > 350)
        fail_msg("the late operation came first in %d of 1000", late_first);
}

// POS -------------------------------------------------------------------------------------

static int first_thread_last(const struct litmus *l, struct sim_strategy *strategy, uint64_t runs)
{
    int n = 0;
    for (uint64_t seed = 0; seed < runs; seed++) {
        run(l, strategy, seed);
        n += is_last(0);
    }
    return n;
}

// One operation waits for 21 of another thread. While they conflict it draws again each time, and
// nearly never comes last; where they do not, it keeps its priority, and is the lowest of 22 in one
// run of 22.
static void pos_draws_again_for_what_conflicts(void **state)
{
    (void)state;
    int conflicting = first_thread_last(&litmus_one_and_twenty, sim_strategy_pos(), 4400);
    int independent = first_thread_last(&litmus_one_and_late, sim_strategy_pos(), 4400);
    if (conflicting > 5 || independent < 140 || independent > 260)
        fail_msg("last of 4400: %d when conflicting, %d when independent", conflicting,
                 independent);
}

// Bursts ----------------------------------------------------------------------------------

static int runs_with_wait(struct sim_strategy *strategy, uint64_t points)
{
    int n = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        assert_int_equal(run(&litmus_many, strategy, seed)->outcome, SIM_OK);
        n += spy.longest_wait > points;
    }
    return n;
}

static void bursts_keep_ready_threads_waiting(void **state)
{
    (void)state;
    assert_true(runs_with_wait(sim_strategy_burst(), 3000) > 25);
    assert_int_equal(runs_with_wait(sim_strategy_random(), 3000), 0);
    // and windows end: not every run is three threads one after the other
    int short_waits = 50 - runs_with_wait(sim_strategy_burst(), 7990);
    assert_true(short_waits > 10);
}

// Delays ----------------------------------------------------------------------------------

static void delays_are_bounded(void **state)
{
    (void)state;
    for (uint32_t bound = 1; bound <= 3; bound++) {
        uint64_t most = 0;
        for (uint64_t seed = 0; seed < 1000; seed++) {
            run(&litmus_one_and_twenty, sim_strategy_delay(bound), seed);
            assert_true(spy.passed <= bound);
            most = spy.passed > most ? spy.passed : most;
        }
        assert_int_equal(most, bound);
    }
}

// All -------------------------------------------------------------------------------------

static const char *const names[] = {"random", "pct2", "pos", "surw", "burst", "delay1", "delay16"};
enum { NAMES = sizeof names / sizeof names[0] };

static const struct litmus *find(const char *name)
{
    const struct litmus *l = litmus_programs;
    while (l->name && strcmp(l->name, name) != 0)
        l++;
    assert_non_null(l->name);
    return l;
}

static void each_finds_a_race(void **state)
{
    (void)state;
    const struct litmus *l = find("message passing, relaxed store");
    for (uint32_t i = 0; i < NAMES; i++) {
        int found = 0;
        for (uint64_t seed = 0; seed < 200; seed++)
            found += run(l, sim_strategy_by_name(names[i]), seed)->outcome == SIM_FOUND;
        if (found == 0)
            fail_msg("%s found nothing", names[i]);
    }
}

// What is drawn comes from the seed, and from the executions of this program before: its counts,
// the length of the longest.
static void equal_seeds_give_equal_schedules(void **state)
{
    (void)state;
    const struct litmus *l = find("spin lock, relaxed unlock");
    for (uint32_t i = 0; i < NAMES; i++) {
        struct sim_strategy *strategy = sim_strategy_by_name(names[i]);
        for (uint64_t seed = 0; seed < 200; seed++)
            run(l, strategy, seed);
        for (uint64_t seed = 0; seed < 200; seed++) {
            uint64_t hash = run(l, strategy, seed)->state_hash;
            if (run(l, strategy, seed)->state_hash != hash)
                fail_msg("%s, seed %lu: two schedules", names[i], (unsigned long)seed);
        }
    }
}

static void names_are_known_and_others_are_not(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",        "rand",   "random2", "pct0",   "pct17",
                                        "pct2x",   "pos1",   "surw ",   "delay0", "delay17",
                                        "delay-1", "bursts", "pct002"};
    for (uint32_t i = 0; i < NAMES; i++)
        assert_string_equal(sim_strategy_by_name(names[i])->name, names[i]);
    assert_string_equal(sim_strategy_by_name("pct")->name, "pct3");
    assert_string_equal(sim_strategy_by_name("delay")->name, "delay2");
    for (uint32_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(sim_strategy_by_name(wrong[i]));
}

int main(void)
{
    sim_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surw_is_uniform_over_orders),
        cmocka_unit_test(surw_is_uniform_over_what_counts),
        cmocka_unit_test(pos_draws_again_for_what_conflicts),
        cmocka_unit_test(bursts_keep_ready_threads_waiting),
        cmocka_unit_test(delays_are_bounded),
        cmocka_unit_test(each_finds_a_race),
        cmocka_unit_test(equal_seeds_give_equal_schedules),
        cmocka_unit_test(names_are_known_and_others_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
