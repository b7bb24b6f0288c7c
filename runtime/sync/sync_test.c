// SPDX-License-Identifier: Apache-2.0
//
// Notes and mutexes on real threads, each of which is a bare m. Waiting for threads is itself
// done with notes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/sched/death.h"
#include "runtime/sched/testing.h"

enum { THREADS = 3, ROUNDS = 20000 };

struct actor {
    struct m m;
    struct g g0;
    struct note done;
    void (*fn)(void);
};

static struct actor actors[THREADS];
static struct mutex outer, inner;
static uint64_t counter; // lock: outer
static struct note noted;
static uint64_t message; // handed over by noted

static int setup(void **state)
{
    (void)state;
    testing_init();
    mutex_init(&outer, RANK_TIMERS);
    mutex_init(&inner, RANK_SCHED);
    noteclear(&noted);
    counter = 0;
    return 0;
}

static void act(void *arg)
{
    struct actor *a = arg;
    a->m.g0 = &a->g0;
    a->g0.m = &a->m;
    setg(&a->g0);
    a->fn();
    notewakeup(&a->done);
}

static void start(int n, void (*fn)(void))
{
    for (int i = 0; i < n; i++) {
        noteclear(&actors[i].done);
        actors[i].m.held.n = 0;
        actors[i].fn = fn;
        assert_int_equal(host_thread_create(act, &actors[i], 0), 0);
    }
}

static void wait_for(int n)
{
    for (int i = 0; i < n; i++)
        notesleep(&actors[i].done);
}

static void count(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock(&outer);
        uint64_t was = counter;
        if (i % 64 == 0)
            host_yield(); // others find it taken and go to sleep
        counter = was + 1;
        unlock(&outer);
    }
}

static void a_mutex_admits_one_and_forgets_no_sleeper(void **state)
{
    (void)state;
    start(THREADS, count);
    wait_for(THREADS);
    assert_int_equal(counter, THREADS * ROUNDS);
}

static void against_the_ranks(void)
{
    lock(&inner);
    lock(&outer);
}

static void twice(void)
{
    lock(&outer);
    lock(&outer);
}

static void not_held(void)
{
    unlock(&outer);
}

static void assert_without(void)
{
    assert_locked(&outer);
}

static void wrong_use_of_locks_stops_the_runtime(void **state)
{
    (void)state;
    assert_true(dies_with(against_the_ranks, "lock: taken against the rank order"));
    assert_true(dies_with(twice, "lock: taken against the rank order"));
    assert_true(dies_with(not_held, "unlock_as: assertion failed: l->owner == mp"));
    assert_true(dies_with(assert_without, "assert_locked: the caller does not hold the lock"));
}

static void locks_may_be_released_in_any_order(void **state)
{
    (void)state;
    lock(&outer);
    lock(&inner);
    unlock(&outer);
    assert_locked(&inner);
    unlock(&inner);
    assert_int_equal(m0.held.n, 0);
}

static void send(void)
{
    message = 42;
    notewakeup(&noted);
}

static void a_note_hands_over_what_was_written_before(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        noteclear(&noted);
        message = 0;
        start(1, send);
        notesleep(&noted);
        assert_int_equal(message, 42);
        wait_for(1);
    }
}

static void a_note_woken_before_the_sleep_is_not_lost(void **state)
{
    (void)state;
    notewakeup(&noted);
    notesleep(&noted);
    assert_true(notetsleep(&noted, 0));
}

static void notetsleep_ends_when_time_is_up(void **state)
{
    (void)state;
    int64_t before = host_nanotime();
    assert_false(notetsleep(&noted, 2000000));
    assert_true(host_nanotime() - before >= 2000000);
}

static void wake_twice(void)
{
    notewakeup(&noted);
    notewakeup(&noted);
}

static void a_second_wake_up_stops_the_runtime(void **state)
{
    (void)state;
    assert_true(dies_with(wake_twice, "notewakeup: double wake-up"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wrong_use_of_locks_stops_the_runtime, setup),
        cmocka_unit_test_setup(a_second_wake_up_stops_the_runtime, setup),
        cmocka_unit_test_setup(locks_may_be_released_in_any_order, setup),
        cmocka_unit_test_setup(a_note_woken_before_the_sleep_is_not_lost, setup),
        cmocka_unit_test_setup(notetsleep_ends_when_time_is_up, setup),
        cmocka_unit_test_setup(a_note_hands_over_what_was_written_before, setup),
        cmocka_unit_test_setup(a_mutex_admits_one_and_forgets_no_sleeper, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
