// SPDX-License-Identifier: Apache-2.0
//
// The timer heap: earliest first whatever the order of insertion, the mirror of its top exact,
// due ones fire once and no others.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/sched/death.h"
#include "runtime/sched/testing.h"

enum { N = 500 };

static struct timer timers[N];
static int fired[N];

static void fire(void *arg)
{
    fired[(struct timer *)arg - timers]++;
}

static int setup(void **state)
{
    (void)state;
    testing_init();
    struct rand r = {42};
    for (int i = 0; i < N; i++) {
        timers[i] =
            (struct timer){.when = 1 + rand_below(&r, N / 2), .fire = fire, .arg = &timers[i]};
        fired[i] = 0;
    }
    assert_int_equal(timers_next(allp[0]), 0);
    return 0;
}

static void timers_come_out_earliest_first(void **state)
{
    (void)state;
    struct p *pp = allp[0];
    lock(&pp->timers_lock);
    int64_t first = INT64_MAX;
    for (int i = 0; i < N; i++) {
        timers_push_locked(pp, &timers[i]);
        first = timers[i].when < first ? timers[i].when : first;
        assert_int_equal(timers_next(pp), first);
    }
    int64_t last = 0;
    for (int i = 0; i < N; i++) {
        struct timer *t = timers_pop_locked(pp);
        assert_non_null(t);
        assert_true(t->when >= last);
        last = t->when;
        t->fire(t->arg);
    }
    assert_null(timers_pop_locked(pp));
    unlock(&pp->timers_lock);
    assert_int_equal(timers_next(pp), 0);
    for (int i = 0; i < N; i++)
        assert_int_equal(fired[i], 1);
}

static void timers_check_fires_what_is_due_and_nothing_else(void **state)
{
    (void)state;
    struct p *pp = allp[0];
    lock(&pp->timers_lock);
    for (int i = 0; i < N; i++)
        timers_push_locked(pp, &timers[i]);
    unlock(&pp->timers_lock);

    for (int64_t now = N / 8; timers_next(pp) != 0; now += N / 8) {
        bool ran = false;
        int64_t asked = now;
        int64_t next = timers_check(pp, &asked, &ran);
        assert_true(ran);
        assert_true(next == 0 || next > now);
        for (int i = 0; i < N; i++)
            assert_int_equal(fired[i], timers[i].when <= now);
    }
}

static void without_time(void)
{
    struct timer never = {.fire = fire, .arg = &timers[0]};
    lock(&allp[0]->timers_lock);
    timers_push_locked(allp[0], &never);
}

static void a_timer_without_a_time_stops_the_runtime(void **state)
{
    (void)state;
    assert_true(dies_with(without_time, "insert_locked: assertion failed: t->when > 0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(timers_come_out_earliest_first, setup),
        cmocka_unit_test_setup(timers_check_fires_what_is_due_and_nothing_else, setup),
        cmocka_unit_test_setup(a_timer_without_a_time_stops_the_runtime, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
