// SPDX-License-Identifier: Apache-2.0
//
// The table of g states: what is allowed, that everything else stops the runtime, and that the
// scan bit keeps others out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/sched/death.h"
#include "runtime/sched/testing.h"

static struct g one;

static int setup(void **state)
{
    (void)state;
    testing_init();
    testing_g(&one, 7);
    return 0;
}

static void a_goroutines_life_is_allowed(void **state)
{
    (void)state;
    static const uint32_t life[] = {G_IDLE,     G_DEAD,      G_RUNNABLE, G_RUNNING,  G_WAITING,
                                    G_RUNNABLE, G_RUNNING,   G_SYSCALL,  G_RUNNING,  G_COPYSTACK,
                                    G_RUNNING,  G_PREEMPTED, G_WAITING,  G_RUNNABLE, G_RUNNING,
                                    G_DEAD,     G_RUNNABLE};
    store_relaxed(&one.status, life[0]);
    for (size_t i = 0; i + 1 < sizeof(life) / sizeof(life[0]); i++) {
        casgstatus(&one, life[i], life[i + 1]);
        assert_int_equal(readgstatus(&one), life[i + 1]);
    }
}

static void no_state_follows_itself_and_none_skips_the_queue(void **state)
{
    (void)state;
    for (uint32_t s = 0; s < G_STATES; s++)
        assert_false(gstatus_allowed(s, s));
    assert_false(gstatus_allowed(G_DEAD, G_RUNNING));
    assert_false(gstatus_allowed(G_RUNNABLE, G_WAITING));
    assert_false(gstatus_allowed(G_WAITING, G_DEAD));
    assert_false(gstatus_allowed(G_RUNNING | G_SCAN, G_RUNNABLE));
    assert_false(gstatus_allowed(G_STATES, G_DEAD));
}

static void illegal(void)
{
    casgstatus(&one, G_RUNNABLE, G_WAITING);
}

static void unexpected(void)
{
    casgstatus(&one, G_WAITING, G_RUNNABLE); // it is runnable already
}

static void foreign_scan_bit(void)
{
    casfromgscanstatus(&one, G_RUNNABLE);
}

static void wrong_transitions_stop_the_runtime(void **state)
{
    (void)state;
    assert_true(dies_with(illegal, "casgstatus: illegal transition"));
    assert_true(dies_with(unexpected, "casgstatus: the g is not in the state it should be in"));
    assert_true(dies_with(foreign_scan_bit, "casfromgscanstatus: the scan bit was not ours"));
}

static void the_last_words_show_the_state(void **state)
{
    (void)state;
    assert_true(dies_with(unexpected, "runtime: g7 status 0x1, transition 0x4 -> 0x1"));
    assert_true(dies_with(unexpected, "P0: status=1"));
    assert_true(dies_with(unexpected, "M0: p=0"));
}

static void the_scan_bit_is_taken_once_and_given_back(void **state)
{
    (void)state;
    assert_true(castogscanstatus(&one, G_RUNNABLE));
    assert_int_equal(readgstatus(&one), G_RUNNABLE | G_SCAN);
    assert_false(castogscanstatus(&one, G_RUNNABLE));
    casfromgscanstatus(&one, G_RUNNABLE);
    assert_int_equal(readgstatus(&one), G_RUNNABLE);
    assert_false(castogscanstatus(&one, G_WAITING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_goroutines_life_is_allowed, setup),
        cmocka_unit_test_setup(no_state_follows_itself_and_none_skips_the_queue, setup),
        cmocka_unit_test_setup(wrong_transitions_stop_the_runtime, setup),
        cmocka_unit_test_setup(the_last_words_show_the_state, setup),
        cmocka_unit_test_setup(the_scan_bit_is_taken_once_and_given_back, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
