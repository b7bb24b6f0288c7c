// SPDX-License-Identifier: Apache-2.0
//
// Deadlines end who waits, and not before.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/net/net_testing.h"

static int64_t shared[2];

static void passes_deadline_later(void *arg)
{
    (void)arg;
    rt_sleep(3 * MS);
    check(rt_set_deadline(shared[0], RT_READING, 0) == 0);
    one_done();
}

static void deadlines(void *arg)
{
    (void)arg;
    char c;
    static char full[1 << 16];
    check(rt_socketpair(shared) == 0);
    int64_t from = host_nanotime();
    check(rt_set_deadline(shared[0], RT_READING, 2 * MS) == 0);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(host_nanotime() - from >= 2 * MS);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT); // it stays
    check(rt_write(shared[0], "x", 1) == 1);        // the other direction has none
    check(rt_set_deadline(shared[0], RT_READING, RT_NO_DEADLINE) == 0);
    check(rt_write(shared[1], "y", 1) == 1 && rt_read(shared[0], &c, 1) == 1 && c == 'y');
    // moved to the past while somebody waits
    begin(1);
    rt_go(passes_deadline_later, NULL);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    wait_for_all();
    // moved away: the first one must not strike
    check(rt_set_deadline(shared[0], RT_READING, MS) == 0);
    check(rt_set_deadline(shared[0], RT_READING, 20 * MS) == 0);
    from = host_nanotime();
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(host_nanotime() - from >= 19 * MS);
    // a writer that fills the socket
    check(rt_set_deadline(shared[0], RT_READING | RT_WRITING, 5 * MS) == 0);
    int64_t n;
    while ((n = rt_write(shared[0], full, sizeof(full))) == (int64_t)sizeof(full))
        ;
    check(n == -ETIMEDOUT || (n > 0 && n < (int64_t)sizeof(full)));
    check(rt_write(shared[0], full, 1) == -ETIMEDOUT);
    check(rt_set_deadline(shared[0], 0, 1) == -EINVAL);
    check(rt_set_deadline(shared[0], RT_READING, INT64_MIN) == 0);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(rt_set_deadline(shared[0], RT_READING, INT64_MAX - 1) == 0); // too far away: none
}

static void deadlines_end_who_waits_and_not_before(void **state)
{
    (void)state;
    holds(deadlines);
}

static void is_late_from_the_start(void *arg)
{
    (void)arg;
    static const int64_t past[] = {0, -1, -3600ll * 1000 * MS, INT64_MIN};
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 4);
    char address[64], c;
    snprintf(address, sizeof(address), "tcp:127.0.0.1:%d", rt_port(listener));
    check(rt_socketpair(shared) == 0 && rt_write(shared[1], "ab", 2) == 2);
    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        check(rt_set_deadline(shared[0], RT_READING | RT_WRITING, past[i]) == 0);
        check(rt_read(shared[0], &c, 1) == -ETIMEDOUT); // although there is something
        check(rt_write(shared[0], "x", 1) == -ETIMEDOUT);
        check(rt_set_deadline(listener, RT_READING, past[i]) == 0);
        check(rt_accept(listener) == -ETIMEDOUT);
        check(rt_dial(address, past[i]) == -ETIMEDOUT);
    }
    check(rt_set_deadline(shared[0], RT_READING | RT_WRITING, RT_NO_DEADLINE) == 0);
    check(rt_read(shared[0], &c, 1) == 1 && c == 'a' && rt_write(shared[0], "x", 1) == 1);
}

static void a_deadline_in_the_past_ends_the_next_call(void **state)
{
    (void)state;
    holds(is_late_from_the_start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_end_who_waits_and_not_before),
        cmocka_unit_test(a_deadline_in_the_past_ends_the_next_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
