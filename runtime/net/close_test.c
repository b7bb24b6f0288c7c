// SPDX-License-Identifier: Apache-2.0
//
// Closing: who waits is woken, and what comes for an earlier descriptor reaches nobody.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/base/rand.h"
#include "runtime/net/net_testing.h"

static int64_t shared[2];

static atomic_u32 cancelled;

static void reads_until_closed(void *arg)
{
    (void)arg;
    char c;
    int64_t n = rt_read(shared[0], &c, 1);
    check(n == -ECANCELED || n == -EBADF); // the second: it was late
    add_relaxed(&cancelled, n == -ECANCELED);
    one_done();
}

static void closes_under_waiters(void *arg)
{
    (void)arg;
    for (int round = 0; round < 50; round++) {
        check(rt_socketpair(shared) == 0);
        begin(3);
        for (int i = 0; i < 3; i++)
            rt_go(reads_until_closed, NULL); // one waits for data, two in line
        if (round % 2 == 0)
            rt_sleep(MS / 2);
        else
            for (int i = 0; i < 5; i++)
                rt_yield();
        int64_t old = shared[0];
        if (round % 2 == 0) {
            check(rt_close(old) == 0);
            wait_for_all();
        } else {
            rt_sleep(MS);
            check(rt_close(old) == 0);
            check(rt_close(old) == -EBADF);
            wait_for_all();
        }
        // whatever is there now, the old handle does not name it
        int64_t others[2];
        char c;
        check(rt_socketpair(others) == 0);
        check(rt_write(others[1], "z", 1) == 1);
        check(rt_read(old, &c, 1) == -EBADF && rt_write(old, "q", 1) == -EBADF);
        check(rt_set_deadline(old, RT_READING, 0) == -EBADF);
        check(rt_shutdown(old, RT_READING) == -EBADF && rt_port(old) == -EBADF);
        check(rt_read(others[0], &c, 1) == 1 && c == 'z');
        check(rt_close(others[0]) == 0 && rt_close(others[1]) == 0 && rt_close(shared[1]) == 0);
    }
    check(load_relaxed(&cancelled) > 100); // of 150
}

static void who_waits_comes_back_when_it_is_closed(void **state)
{
    (void)state;
    holds(closes_under_waiters);
}

static void names_nothing(int64_t handle)
{
    char c;
    check(rt_close(handle) == -EBADF);
    check(rt_read(handle, &c, 1) == -EBADF && rt_write(handle, "x", 1) == -EBADF);
    check(rt_accept(handle) == -EBADF && rt_port(handle) == -EBADF);
    check(rt_shutdown(handle, RT_READING | RT_WRITING) == -EBADF);
    check(rt_set_deadline(handle, RT_READING, MS) == -EBADF);
}

static void closes_twice(void *arg)
{
    (void)arg;
    int64_t closed[64];
    for (int n = 0; n < 64; n += 2) {
        int64_t ends[2], others[2];
        check((n % 4 == 0 ? rt_pipe(ends) : rt_socketpair(ends)) == 0);
        for (int i = 0; i < 2; i++) {
            closed[n + i] = ends[i];
            check(rt_close(ends[i]) == 0);
            names_nothing(ends[i]);
        }
        check(rt_socketpair(others) == 0); // the slots and numbers of those
        for (int i = 0; i < n + 2; i++)
            names_nothing(closed[i]);
        char c;
        check(rt_write(others[0], "y", 1) == 1 && rt_read(others[1], &c, 1) == 1 && c == 'y');
        check(rt_close(others[0]) == 0 && rt_close(others[1]) == 0);
    }
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 1);
    check(rt_close(listener) == 0);
    names_nothing(listener);
}

static void a_closed_handle_names_nothing(void **state)
{
    (void)state;
    holds(closes_twice);
}

// Many open, transfer, set deadlines and close; numbers and slots are used again all the time.
enum { PAIRS = 12, LIVES = 60 };

static void lives(void *seed)
{
    struct rand r = {(uintptr_t)seed};
    for (uint32_t life = 0; life < LIVES; life++) {
        int64_t ends[2];
        uint64_t word = (uint64_t)(uintptr_t)seed << 32 | life, got = 0;
        check((rand_below(&r, 2) == 0 ? rt_socketpair(ends) : rt_pipe(ends)) == 0);
        if (rand_below(&r, 3) == 0) { // times out, or is cut off
            check(rt_set_deadline(ends[0], RT_READING, (int64_t)rand_below(&r, 200000)) == 0);
            check(rt_read(ends[0], &got, sizeof(got)) == -ETIMEDOUT);
            check(rt_set_deadline(ends[0], RT_READING, RT_NO_DEADLINE) == 0);
        }
        if (rand_below(&r, 2) == 0)
            rt_yield();
        check(rt_write(ends[1], &word, sizeof(word)) == sizeof(word));
        if (rand_below(&r, 3) == 0)
            check(rt_set_deadline(ends[0], RT_READING, 3600ll * 1000 * MS) == 0);
        check(read_full(ends[0], &got, sizeof(got)) == sizeof(got) && got == word);
        check(rt_close(ends[1]) == 0);
        check(rt_read(ends[0], &got, sizeof(got)) == 0);
        check(rt_close(ends[0]) == 0);
    }
    one_done();
}

static void many_live(void *arg)
{
    (void)arg;
    begin(PAIRS);
    for (uintptr_t i = 0; i < PAIRS; i++)
        rt_go(lives, (void *)(i + 1));
    wait_for_all();
    for (int tries = 0; load_relaxed(&sched.pollwaiters) != 0; tries++) {
        check(tries < 1000); // who wakes counts off after that
        rt_sleep(MS);
    }
}

static void what_is_used_again_gets_nothing_of_before(void **state)
{
    (void)state;
    holds(many_live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_comes_back_when_it_is_closed),
        cmocka_unit_test(a_closed_handle_names_nothing),
        cmocka_unit_test(what_is_used_again_gets_nothing_of_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
