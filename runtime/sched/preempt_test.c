// SPDX-License-Identifier: Apache-2.0
//
// Requests to give way: asked by sysmon, by hand, by who stops the world; taken at points and
// calls.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/sched/claims.h"

static atomic_u32 flag;

static void set_flag(void *arg)
{
    (void)arg;
    store_relaxed(&flag, 1);
}

// On one p the other goroutine runs only if this one gives way.
static void computes_with_points(void *arg)
{
    (void)arg;
    rt_go(set_flag, NULL);
    while (load_relaxed(&flag) == 0)
        rt_preempt_point();
    struct rt_stats total;
    rt_stats_now(&total);
    check(total.preempted > 0 && total.preempted_at_point > 0 && total.preempted_by_hand == 0);
}

static void a_time_slice_ends_at_a_point(void **state)
{
    (void)state;
    holds_on(computes_with_points, 1, 0);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void computes_with_calls(void *arg)
{
    (void)arg;
    rt_go(set_flag, NULL);
    rt_go(nothing, NULL); // kicks the other one out of runnext
    while (load_relaxed(&flag) == 0)
        rt_ready(rt_self());
    struct rt_stats total;
    rt_stats_now(&total);
    check(total.preempted > 0 && total.preempted_at_point == 0);
}

static void a_time_slice_ends_at_a_call(void **state)
{
    (void)state;
    holds_on(computes_with_calls, 1, 0);
}

static void asks_itself(void *arg)
{
    (void)arg;
    struct rt_stats before, after;
    rt_stats_now(&before);
    for (int i = 0; i < 10; i++) {
        rt_debug_preempt(rt_self());
        rt_debug_preempt(rt_self()); // both are one
        rt_preempt_point();
        rt_preempt_point();
    }
    rt_stats_now(&after);
    // sysmon may have asked as well, over a request that was not taken yet
    check(after.preempted - before.preempted >= 10);
    uint64_t by_hand = after.preempted_by_hand - before.preempted_by_hand;
    check(by_hand > 0 && by_hand <= 10);
}

static void a_request_by_hand_is_taken_once(void **state)
{
    (void)state;
    holds_on(asks_itself, 1, 0);
}

// A request that meets a parked goroutine makes it give way when it runs again; nothing breaks.
static void parks_and_counts(void *main_goroutine)
{
    rt_ready(main_goroutine);
    rt_park();
    rt_preempt_point();
    rt_ready(main_goroutine);
}

static void asks_a_parked_one(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(parks_and_counts, rt_self());
    rt_park();
    rt_debug_preempt(gp);
    rt_ready(gp);
    rt_park();
}

static void a_late_request_does_no_harm(void **state)
{
    (void)state;
    holds(asks_a_parked_one);
}

// Each one starts the next, which inherits the time slice.
static void starts_the_next(void *since)
{
    if (host_nanotime() - *(const int64_t *)since > 10000000000)
        rt_fatal("the others had to wait for 10 s");
    if (load_relaxed(&flag) == 0)
        rt_go(starts_the_next, since);
}

static void waits_beside_a_row(void *arg)
{
    (void)arg;
    static int64_t since;
    since = host_nanotime();
    rt_go(set_flag, NULL);
    rt_go(starts_the_next, &since); // kicks the other one out of runnext
    while (load_relaxed(&flag) == 0)
        rt_yield();
}

static void who_inherits_a_time_slice_does_not_prolong_it(void **state)
{
    (void)state;
    holds_on(waits_beside_a_row, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_slice_ends_at_a_point),
        cmocka_unit_test(a_time_slice_ends_at_a_call),
        cmocka_unit_test(a_request_by_hand_is_taken_once),
        cmocka_unit_test(a_late_request_does_no_harm),
        cmocka_unit_test(who_inherits_a_time_slice_does_not_prolong_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
