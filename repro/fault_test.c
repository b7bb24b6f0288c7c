// SPDX-License-Identifier: Apache-2.0
//
// Whose fault a finding is in a program that a fuzzer made: what its own operations bring about is
// no finding of the runtime, and nothing else is taken for it.
#include "repro/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct input in;

static void read_program(const char *body)
{
    char text[1024];
    struct text_error err = {0};

    snprintf(text, sizeof text, "gauntlet input 1\nmemory sc\nprogram\n  workload w\n%splan\n",
             body);
    if (!input_parse(&in, text, strlen(text), &err))
        fail_msg("line %u: %s", err.line, err.message);
}

// Its calm execution finds what the oracle has that name.
static const struct sim_finding *run(const char *body, const char *oracle)
{
    static struct trial trial;

    read_program(body);
    input_begin(&trial, &in);
    const struct sim_result *r = trial_run(&trial, sim_strategy_calm(), 0, false);
    assert_int_equal(r->outcome, SIM_FOUND);
    assert_string_equal(r->finding.oracle, oracle);
    return &r->finding;
}

#define PARKED "  goroutine main\n      park\n"
// A collection takes what a timer referred to, and it is armed again.
#define ARMED_AGAIN                                                                                \
    "  procs 1\n  sizes tiny\n"                                                                    \
    "  goroutine main\n"                                                                           \
    "      go b1\n"                                                                                \
    "      new r0 1\n"                                                                             \
    "      timerref t0 5us r0\n"                                                                   \
    "      drop r0\n"                                                                              \
    "      syscall 300us\n"                                                                        \
    "  goroutine b1\n"                                                                             \
    "      gc\n"                                                                                   \
    "      timerreset t0 10us\n"

static void what_a_program_does_to_itself(void **state)
{
    (void)state;
    sim_catch_signals(); // cmocka has taken them
    assert_true(input_is_at_fault(&in, run(PARKED, "deadlock")));
    assert_true(input_is_at_fault(&in, run("  goroutine main\n      expect x 1\n", "crash")));
    assert_true(input_is_at_fault(&in, run(ARMED_AGAIN, "poison")));
}

static void a_vouched_program_is_not_at_fault(void **state)
{
    (void)state;
    sim_catch_signals();
    const struct sim_finding *f = run(PARKED, "deadlock");
    in.vouched = true;
    assert_false(input_is_at_fault(&in, f));
}

// Of a program with that body, a finding that only these words tell of.
static bool at_fault(const char *body, const char *oracle, const char *signature)
{
    struct sim_finding f = {.oracle = oracle};

    read_program(body);
    snprintf(f.signature, sizeof f.signature, "%s: %s", oracle, signature);
    return input_is_at_fault(&in, &f);
}

static void nothing_else_is_taken_for_it(void **state)
{
    (void)state;
    static const char accepts[] = "  goroutine main\n      listen p0\n      accept p0 p1\n";

    assert_true(at_fault(PARKED, "race", "write op_set `variable` / write op_set `variable`"));
    assert_false(at_fault(PARKED, "race", "write runqput `pp->runqtail` / read runqsteal `h`"));
    assert_true(at_fault(PARKED, "livelock", "points used up"));
    assert_false(at_fault(PARKED, "livelock", "no point after run"));
    assert_false(at_fault(PARKED, "lost-wake", "a timer is left that nobody waits for"));
    assert_true(at_fault(PARKED, "crash", "panic: sync: waitgroup is used again"));
    assert_false(at_fault(PARKED, "crash", "panic: sync: negative counter"));
    assert_true(at_fault(accepts, "crash", "workload: a byte of another descriptor"));
    assert_false(at_fault(PARKED, "crash", "workload: a byte of another descriptor"));
    // in such a program, but not by the timer's function
    assert_false(at_fault(ARMED_AGAIN, "poison", "read head_of `object`"));
    assert_false(at_fault(ARMED_AGAIN, "crash", "workload: an object is not what it was"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_program_does_to_itself),
        cmocka_unit_test(a_vouched_program_is_not_at_fault),
        cmocka_unit_test(nothing_else_is_taken_for_it),
    };
    trial_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
