// SPDX-License-Identifier: Apache-2.0
//
// What rt.h promises of goroutines, permits and sleep; see claims.h.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/sched/claims.h"

// Permits -------------------------------------------------------------------------------------

static atomic_u32 flag;

static void set_flag_and_ready(void *gp)
{
    rt_yield();
    store_relaxed(&flag, 1);
    rt_ready(gp);
}

static void early_permits(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        store_relaxed(&flag, 0);
        rt_ready(rt_self());
        rt_ready(rt_self());
        rt_park(); // both were one
        check(load_relaxed(&flag) == 0);
        rt_go(set_flag_and_ready, rt_self());
        rt_park();
        check(load_relaxed(&flag) == 1);
    }
}

static void a_ready_before_the_park_is_kept_and_several_are_one(void **state)
{
    (void)state;
    holds(early_permits);
}

static uint64_t message; // handed over by permits

static void producer(void *consumer)
{
    message = 99;
    rt_ready(consumer);
}

static void message_arrives(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++) {
        message = 0;
        rt_go(producer, rt_self());
        rt_park();
        check(message == 99);
    }
}

static void a_permit_brings_what_was_written_before(void **state)
{
    (void)state;
    holds(message_arrives);
}

// Life ----------------------------------------------------------------------------------------

static atomic_u32 count;

static void count_one(void *arg)
{
    (void)arg;
    add_relaxed(&count, 1);
}

static void many_at_once(void *arg)
{
    (void)arg;
    enum { N = 5 * RUNQ_SIZE };
    for (int i = 0; i < N; i++)
        rt_go(count_one, NULL);
    while (load_relaxed(&count) < N)
        rt_yield();
}

static void more_goroutines_than_a_queue_holds_all_run(void **state)
{
    (void)state;
    holds(many_at_once);
}

static void one_after_another(void *arg)
{
    (void)arg;
    for (uint32_t i = 1; i <= 1000; i++) {
        rt_go(count_one, NULL);
        while (load_relaxed(&count) < i)
            rt_yield();
    }
    // those on their way through goexit0 and those that other p's keep
    check(load_acquire(&allgs.n) <= 8 + 3 * GFREE_LOCAL_MAX);
}

static void dead_goroutines_are_used_again(void **state)
{
    (void)state;
    holds(one_after_another);
}

static uint64_t ids[64];

static void store_id(void *slot)
{
    *(uint64_t *)slot = rt_id(rt_self());
    add_acq_rel(&count, 1); // pairs [test.count]
}

static void distinct_ids(void *arg)
{
    (void)arg;
    for (int i = 0; i < 64; i++)
        rt_go(store_id, &ids[i]);
    while (load_acquire(&count) < 64) // pairs [test.count]
        rt_yield();
    for (int i = 0; i < 64; i++) {
        check(ids[i] != 0 && ids[i] != rt_id(rt_self()));
        for (int k = 0; k < i; k++)
            check(ids[i] != ids[k]);
    }
}

static void ids_are_never_used_twice(void **state)
{
    (void)state;
    holds(distinct_ids);
}

static void deep(int n)
{
    if (n == 0)
        rt_exit();
    deep(n - 1);
    count_one(NULL);
}

static void exit_from_below(void *main_goroutine)
{
    rt_ready(main_goroutine);
    deep(20);
}

static void exits(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        rt_go(exit_from_below, rt_self());
        rt_park();
    }
    rt_yield();
    check(load_relaxed(&count) == 0);
}

static void rt_exit_ends_a_goroutine_from_any_depth(void **state)
{
    (void)state;
    holds(exits);
}

static void exit_seven(void *arg)
{
    (void)arg;
    host_exit(7);
}

static void main_exits(void *arg)
{
    (void)arg;
    rt_go(exit_seven, NULL);
    rt_exit();
}

static void others_go_on_when_main_exits(void **state)
{
    (void)state;
    holds_on(main_exits, 1, 7);
    holds_on(main_exits, 3, 7);
}

static void park_for_ever(void *arg)
{
    (void)arg;
    rt_park();
}

static void main_returns(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++)
        rt_go(park_for_ever, NULL);
    rt_yield();
}

static void the_process_ends_when_main_returns(void **state)
{
    (void)state;
    holds(main_returns);
}

// Sleep ---------------------------------------------------------------------------------------

static void sleeps(void *arg)
{
    (void)arg;
    rt_sleep(0);
    rt_sleep(-1);
    for (int64_t ns = 1; ns < 3000000; ns *= 7) {
        int64_t before = host_nanotime();
        rt_sleep(ns);
        check(host_nanotime() - before >= ns);
    }
}

static void a_sleep_is_not_too_short(void **state)
{
    (void)state;
    holds(sleeps);
}

// A wait of the whole process (its only goroutine sleeps) is cut short by an earlier timer.
static void sleep_long(void *arg)
{
    (void)arg;
    rt_sleep(INT64_MAX);
}

static void earlier_timer(void *arg)
{
    (void)arg;
    rt_go(sleep_long, NULL);
    for (int i = 0; i < 20; i++)
        rt_sleep(200000);
}

static void a_long_sleep_does_not_hold_up_a_short_one(void **state)
{
    (void)state;
    holds(earlier_timer);
}

// A p runs on while others work; the timer of a busy p is fired by an idle one.
static void hog(void *arg)
{
    (void)arg;
    rt_go(count_one, NULL);
    while (load_relaxed(&count) == 0)
        host_relax(); // never gives up its p
}

static void work_is_stolen(void *arg)
{
    (void)arg;
    rt_go(hog, NULL);
    while (load_relaxed(&count) == 0)
        rt_yield();
}

static void work_beside_a_busy_goroutine_is_stolen(void **state)
{
    (void)state;
    holds_on(work_is_stolen, 3, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ready_before_the_park_is_kept_and_several_are_one),
        cmocka_unit_test(a_permit_brings_what_was_written_before),
        cmocka_unit_test(more_goroutines_than_a_queue_holds_all_run),
        cmocka_unit_test(dead_goroutines_are_used_again),
        cmocka_unit_test(ids_are_never_used_twice),
        cmocka_unit_test(rt_exit_ends_a_goroutine_from_any_depth),
        cmocka_unit_test(others_go_on_when_main_exits),
        cmocka_unit_test(the_process_ends_when_main_returns),
        cmocka_unit_test(a_sleep_is_not_too_short),
        cmocka_unit_test(a_long_sleep_does_not_hold_up_a_short_one),
        cmocka_unit_test(work_beside_a_busy_goroutine_is_stolen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
