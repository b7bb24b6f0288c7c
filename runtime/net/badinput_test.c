// SPDX-License-Identifier: Apache-2.0
//
// What programs do wrong and what the world refuses is an error, and no more than that.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>

#include "runtime/net/net_testing.h"

static void wrong_use(void *arg)
{
    (void)arg;
    static const int64_t wrong[] = {-1, 0, 1, INT64_MAX, INT64_MIN, 77, 1ll << 32, 5ll << 32 | 3};
    char c;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check(rt_read(wrong[i], &c, 1) == -EBADF && rt_close(wrong[i]) == -EBADF);
    int64_t ends[2];
    check(rt_pipe(ends) == 0);
    check(rt_read(ends[1], &c, 1) == -EBADF && rt_write(ends[0], &c, 1) == -EBADF);
    check(rt_shutdown(ends[0], RT_READING) == -ENOTSOCK);
    check(rt_close(ends[0]) == 0 && rt_write(ends[1], &c, 1) == -EPIPE);
    check(rt_listen("tcp:127.0.0.1", 1) == -EINVAL && rt_dial("", 1) == -EINVAL);
}

static void wrong_use_is_an_error(void **state)
{
    (void)state;
    holds(wrong_use);
}

static void opens_all(void *arg)
{
    (void)arg;
    static int64_t ends[256][2];
    int n = 0, err;
    while (n < 256 && (err = rt_pipe(ends[n])) == 0)
        n++;
    check(n > 10 && n < 256 && (err == -EMFILE || err == -ENFILE));
    check(rt_dial("tcp:127.0.0.1:1", MS) < 0);
    for (int i = 0; i < n; i++)
        check(rt_close(ends[i][0]) == 0 && rt_close(ends[i][1]) == 0);
    check(rt_pipe(ends[0]) == 0 && rt_write(ends[0][1], "x", 1) == 1);
}

static void limited(void *arg)
{
    const struct rlimit few = {64, 64};
    check(setrlimit(RLIMIT_NOFILE, &few) == 0);
    opens_all(arg);
}

static void no_descriptor_left_is_an_error(void **state)
{
    (void)state;
    holds(limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_use_is_an_error),
        cmocka_unit_test(no_descriptor_left_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
