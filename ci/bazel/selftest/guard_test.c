// SPDX-License-Identifier: Apache-2.0
//
// The guard flavour calls the hooks of trace-pc-guard, and different branches pass different
// guards.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ci/bazel/selftest/guard_hooks.h"
#include "ci/bazel/selftest/subject.h"

static volatile unsigned low, high;

static void branches_pass_different_guards(void **state)
{
    (void)state;
    assert_true(guard_hooks_announced() > 4);
    (void)subject_branch(1);
    low = guard_hooks_take_last();
    (void)subject_branch(9);
    high = guard_hooks_take_last();
    assert_int_not_equal(low, 0);
    assert_int_not_equal(high, 0);
    assert_int_not_equal(low, high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(branches_pass_different_guards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
