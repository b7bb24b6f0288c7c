// SPDX-License-Identifier: Apache-2.0
//
// The words of findings: the same for whoever came first, and for every number.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stress/sim/sites.h"

static void race_is_the_same_whichever_side_came_first(void **state)
{
    char one[256], other[256];

    (void)state;
    sim_race_signature(one, sizeof one, "write g `x = 1;`", "read f `y = x;`");
    sim_race_signature(other, sizeof other, "read f `y = x;`", "write g `x = 1;`");
    assert_string_equal(one, "race: read f `y = x;` / write g `x = 1;`");
    assert_string_equal(other, one);
}

static void crash_has_its_first_line_without_numbers(void **state)
{
    char signature[256];

    (void)state;
    sim_crash_signature(signature, sizeof signature, "g 17 of 3: bad\nmore 4");
    assert_string_equal(signature, "crash: g # of #: bad");
}

static void access_has_its_kind(void **state)
{
    (void)state;
    assert_string_equal(sim_access_name(false, false), "read");
    assert_string_equal(sim_access_name(true, false), "write");
    assert_string_equal(sim_access_name(false, true), "atomic read");
    assert_string_equal(sim_access_name(true, true), "atomic write");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(race_is_the_same_whichever_side_came_first),
        cmocka_unit_test(crash_has_its_first_line_without_numbers),
        cmocka_unit_test(access_has_its_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
