// SPDX-License-Identifier: Apache-2.0
//
// The contract of host.h, asked of the engine's host: the same claims as of the linux host, as a
// program on virtual threads, under schedules that are calm, random and adverse, also with the
// faults that a host may show to a correct program. Races between
// the threads of a claim count as breaches too: the host must order what the contract says that
// it orders, and the claims order the rest themselves.

#include "runtime/host/contract_test.h"
#include "runtime/host/host.h"
#include "stress/sim/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 300 };

static enum sim_faults_allowed faults; // of the executions to come
static int struck[SIM_FAULTS];         // how often each was taken so far

static const struct sim_result *run(void (*fn)(void *), const void *arg,
                                    struct sim_strategy *strategy, uint64_t seed)
{
    const struct sim_program program = {.threads = 1, .fn = {fn}, .arg = (void *)(uintptr_t)arg};
    const struct sim_params params = {
        .program = &program, .strategy = strategy, .seed = seed, .faults = faults};
    const struct sim_result *r = sim_run(&params);
    for (size_t i = 0; i < r->schedule.n; i++) {
        if (r->schedule.v[i].kind == SIM_FAULT)
            struck[sim_fault_find(sim_name(r->schedule.v[i].value))]++;
    }
    return r;
}

static void whole_contract(void *unused)
{
    (void)unused;
    host_exit(host_contract() == 0 ? 0 : 1);
}

static void one_claim(void *claim)
{
    const struct host_claim *c = claim;
    host_exit(c->holds() ? 0 : 1);
}

// Runs `seeds` schedules of one strategy, all of which must end well; adds to *different how often
// an execution differed from the one before.
static void holds(void (*fn)(void *), const struct host_claim *claim, struct sim_strategy *strategy,
                  uint64_t seeds, int *different)
{
    uint64_t last = 0;
    for (uint64_t seed = 0; seed < seeds; seed++) {
        const struct sim_result *r = run(fn, claim, strategy, seed);
        if (r->outcome != SIM_OK)
            fail_msg("%s, %s seed %lu: %s\n%s", claim ? claim->name : "the contract",
                     strategy->name, (unsigned long)seed,
                     r->outcome == SIM_LIMIT ? "limit" : r->finding.signature, sim_output());
        *different += seed > 0 && r->state_hash != last;
        last = r->state_hash;
    }
}

static void the_whole_contract_holds_under_every_strategy(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    int different = 0, calm = 0;
    holds(whole_contract, NULL, sim_strategy_calm(), 3, &calm);
    assert_int_equal(calm, 0);
    holds(whole_contract, NULL, sim_strategy_random(), SEEDS, &different);
    for (uint32_t depth = 2; depth <= 5; depth++)
        holds(whole_contract, NULL, sim_strategy_pct(depth), SEEDS, &different);
    holds(whole_contract, NULL, sim_strategy_pos(), SEEDS, &different);
    holds(whole_contract, NULL, sim_strategy_surw(), SEEDS, &different);
    holds(whole_contract, NULL, sim_strategy_burst(), SEEDS, &different);
    holds(whole_contract, NULL, sim_strategy_delay(3), SEEDS, &different);
    assert_true(different > 7 * SEEDS); // these were schedules, not one schedule many times
    assert_int_equal(struck[SIM_FAULT_EINTR], 0);
}

// What is allowed by the contract breaks none of its claims, and all of it is tried.
static void the_contract_holds_with_faults(void **state)
{
    (void)state;
    int different = 0;
    sim_catch_signals(); // cmocka has taken them
    memset(struck, 0, sizeof struck);
    faults = SIM_FAULTS_MILD;
    holds(whole_contract, NULL, sim_strategy_random(), SEEDS, &different);
    holds(whole_contract, NULL, sim_strategy_pct(3), SEEDS, &different);
    for (size_t i = 0; i < host_nclaims; i++)
        holds(one_claim, &host_claims[i], sim_strategy_random(), SEEDS, &different);
    faults = SIM_FAULTS_OFF;
    for (int i = SIM_FAULT_EINTR; i < SIM_FAULTS; i++) {
        if ((struck[i] > 0) != (i < SIM_FAULT_EAGAIN))
            fail_msg("%s: struck %d times", sim_fault_name((enum sim_fault)i), struck[i]);
    }
}

static void nothing(void *unused)
{
    (void)unused;
}

// Refused is what is asked for, each with its own error, and the call has done nothing.
static void ask_for_everything(void *arg)
{
    enum { BYTES = HOST_PAGE_BYTES };
    int *refusals = arg; // of a thread, a reservation, a commitment
    if (host_thread_create(nothing, NULL, 0) != 0)
        refusals[0]++;
    char *p = host_reserve(BYTES);
    if (p == NULL)
        refusals[1]++;
    else if (host_commit(p, BYTES) != 0)
        refusals[2]++;
    else
        *p = 1;
    host_exit(0);
}

static void what_is_refused_is_an_error(void **state)
{
    (void)state;
    int refusals[3] = {0};
    faults = SIM_FAULTS_ALL;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        assert_int_equal(run(ask_for_everything, refusals, sim_strategy_random(), seed)->outcome,
                         SIM_OK);
    faults = SIM_FAULTS_OFF;
    for (int i = 0; i < 3; i++)
        assert_in_range(refusals[i], 1, SEEDS - 1);
}

// Alone, a claim meets the host as it is after a restart, and its few points all get their turn.
static void each_claim_holds_alone(void **state)
{
    (void)state;
    sim_catch_signals();
    int different = 0;
    assert_true(host_nclaims >= 23);
    for (size_t i = 0; i < host_nclaims; i++) {
        holds(one_claim, &host_claims[i], sim_strategy_calm(), 1, &different);
        holds(one_claim, &host_claims[i], sim_strategy_random(), SEEDS, &different);
        holds(one_claim, &host_claims[i], sim_strategy_pct(3), SEEDS, &different);
    }
}

static bool never(void)
{
    return false;
}

// The canary: what a claim that does not hold looks like from here.
static void a_broken_claim_is_noticed(void **state)
{
    (void)state;
    const struct host_claim broken = {"never", never};
    const struct sim_result *r = run(one_claim, &broken, sim_strategy_calm(), 0);
    assert_int_equal(r->outcome, SIM_FOUND);
    assert_string_equal(r->finding.oracle, "crash");
}

// Of the engine's host alone: only waiting moves its time, and by exactly what was asked.
static void spin_and_look(void *arg)
{
    int64_t *passed = arg;
    int64_t before = host_nanotime();
    for (int i = 0; i < 1000; i++)
        host_yield();
    passed[0] = host_nanotime() - before;
    host_spin(12345);
    passed[1] = host_nanotime() - before;
    host_exit(0);
}

static void virtual_time_moves_by_what_is_waited(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        int64_t passed[2] = {-1, -1};
        assert_int_equal(run(spin_and_look, passed, sim_strategy_random(), seed)->outcome, SIM_OK);
        assert_int_equal(passed[0], 0);
        assert_int_equal(passed[1], 12345);
    }
}

int main(void)
{
    sim_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_contract_holds_under_every_strategy),
        cmocka_unit_test(each_claim_holds_alone),
        cmocka_unit_test(the_contract_holds_with_faults),
        cmocka_unit_test(what_is_refused_is_an_error),
        cmocka_unit_test(a_broken_claim_is_noticed),
        cmocka_unit_test(virtual_time_moves_by_what_is_waited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
