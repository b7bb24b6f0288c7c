// SPDX-License-Identifier: Apache-2.0
//
// System calls: who waits in one holds up nobody, and comes back to a p. Waiting is on futexes that
// only another goroutine wakes, so a p that is not handed on shows as a test that never ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/sched/claims.h"

static atomic_u32 word;  // futex
static atomic_u32 count; // goroutines that have come so far

static void wake_waiter(void *arg)
{
    (void)arg;
    store_release(&word, 1); // pairs [test.word]
    host_futex_wake(&word, 1);
}

static void wait_in_kernel(void)
{
    while (load_acquire(&word) == 0) // pairs [test.word]
        host_futex_wait(&word, 0, -1);
}

static void waits(void (*enter)(void))
{
    for (int i = 0; i < 20; i++) {
        store_relaxed(&word, 0);
        rt_go(wake_waiter, NULL);
        enter();
        wait_in_kernel();
        rt_exitsyscall();
        check(rt_self() == getg() && getg()->m->p != NULL);
    }
}

static void long_call(void *arg)
{
    (void)arg;
    waits(rt_entersyscall);
}

static void a_long_call_does_not_keep_its_p(void **state)
{
    (void)state;
    holds(long_call);
}

static void blocking_call(void *arg)
{
    (void)arg;
    waits(rt_entersyscallblock);
}

static void a_blocking_call_gives_its_p_away(void **state)
{
    (void)state;
    holds(blocking_call);
}

static void calls_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++) {
        rt_entersyscall();
        if (i % 16 == 0)
            host_sleep(i % 3 == 0 ? 100000 : 0);
        rt_exitsyscall();
        if (i % 8 == 0)
            rt_yield();
    }
    add_relaxed(&count, 1);
}

static void many_callers(void *arg)
{
    (void)arg;
    enum { N = 20 };
    for (int i = 0; i < N; i++)
        rt_go(calls_often, NULL);
    while (load_relaxed(&count) < N)
        rt_sleep(100000);
}

static void everybody_comes_back(void **state)
{
    (void)state;
    holds(many_callers);
}

// The p of a call that nobody else needs is still there: no other thread has run on it.
static void short_call(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        struct p *pp = getg()->m->p;
        rt_entersyscall();
        rt_exitsyscall();
        check(getg()->m->p == pp);
    }
}

static void a_short_call_finds_its_p_again(void **state)
{
    (void)state;
    holds_on(short_call, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_call_finds_its_p_again),
        cmocka_unit_test(a_long_call_does_not_keep_its_p),
        cmocka_unit_test(a_blocking_call_gives_its_p_away),
        cmocka_unit_test(everybody_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
