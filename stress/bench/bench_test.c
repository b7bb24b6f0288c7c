// SPDX-License-Identifier: Apache-2.0
//
// Samples and children: what figures are made of.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stress/bench/child.h"
#include "stress/bench/samples.h"

static void samples_order_does_not_matter(void **state)
{
    static struct samples s;

    (void)state;
    assert_true(samples_parse("a.b ns 3 1 2.5 9 1", &s));
    assert_string_equal(s.name, "a.b");
    assert_string_equal(s.unit, "ns");
    assert_int_equal(s.n, 5);
    assert_true(samples_median(&s) == 2.5);
    assert_true(samples_least(&s) == 1);
    assert_true(samples_most(&s) == 9);
    samples_add(&s, 3.5);
    assert_true(samples_median(&s) == 2.75);
}

static void samples_of_another_form_are_refused(void **state)
{
    static const char *const lines[] = {"", "a", "a ns", "a ns x", "a ns 1x", "a ns 1 x"};
    static struct samples s;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_false(samples_parse(lines[i], &s));
}

static void samples_beyond_the_most_are_dropped(void **state)
{
    static struct samples s;

    (void)state;
    for (int i = 0; i < SAMPLES_MAX + 10; i++)
        samples_add(&s, i);
    assert_int_equal(s.n, SAMPLES_MAX);
    assert_true(samples_most(&s) == SAMPLES_MAX - 1);
}

static char *shell(const char *script, int *status)
{
    char text[256];
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, text, NULL};

    strcpy(text, script);
    return child_output(argv, status, NULL);
}

static void child_output_and_status_come_back(void **state)
{
    int status = -1;
    char *text = shell("echo one; echo two; exit 3", &status);

    (void)state;
    assert_non_null(text);
    assert_string_equal(text, "one\ntwo\n");
    assert_int_equal(status, 3);
    free(text);
}

static void child_errors_can_be_kept(void **state)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"echo out; echo err >&2"}, NULL};
    char line[16] = "";
    FILE *errors = tmpfile();
    int status = -1;

    (void)state;
    assert_non_null(errors);
    char *text = child_output(argv, &status, errors);
    assert_string_equal(text, "out\n");
    rewind(errors);
    assert_non_null(fgets(line, sizeof line, errors));
    assert_string_equal(line, "err\n");
    fclose(errors);
    free(text);
}

static void child_that_prints_too_much_still_ends(void **state)
{
    int status = -1;
    char *text = shell("head -c 3000000 /dev/zero | tr '\\0' x", &status);

    (void)state;
    assert_non_null(text);
    assert_int_equal(status, 0);
    assert_int_equal(strlen(text), (1 << 20) - 1);
    free(text);
}

static void child_that_fails_is_told_apart(void **state)
{
    char *argv[] = {(char[]){"no-such-program-here"}, NULL};
    int status = -1;
    char *text = child_output(argv, &status, NULL);

    (void)state;
    assert_non_null(text);
    assert_int_equal(status, 127);
    free(text);
    assert_null(shell("kill -9 $$", &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_order_does_not_matter),
        cmocka_unit_test(samples_of_another_form_are_refused),
        cmocka_unit_test(samples_beyond_the_most_are_dropped),
        cmocka_unit_test(child_output_and_status_come_back),
        cmocka_unit_test(child_errors_can_be_kept),
        cmocka_unit_test(child_that_prints_too_much_still_ends),
        cmocka_unit_test(child_that_fails_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
