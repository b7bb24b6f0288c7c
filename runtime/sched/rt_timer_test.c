// SPDX-License-Identifier: Apache-2.0
//
// Timers of programs: never early, never lost, as often as armed and not stopped, whoever starts,
// moves and stops them and whatever happens to p's meanwhile; and what they keep alive.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <errno.h>

#include "runtime/base/rand.h"
#include "runtime/host/host.h"
#include "runtime/rt_timer.h"
#include "runtime/sched/claims.h"

enum { MS = 1000000 };

static struct rt_timer one;
static struct g *waiter;
static atomic_u32 fired;
static atomic_i64 last_fired; // the clock when it did

static void count_and_ready(void *arg)
{
    (void)arg;
    store_relaxed(&last_fired, host_nanotime());
    add_relaxed(&fired, 1);
    rt_ready(waiter);
}

static void wait_for(uint32_t n)
{
    while (load_relaxed(&fired) < n)
        rt_park();
}

static void fires_once(void *arg)
{
    (void)arg;
    waiter = rt_self();
    for (uint32_t i = 1; i <= 20; i++) {
        int64_t from = host_nanotime();
        check(rt_timer_start(&one, i * 100000, count_and_ready, NULL) == 0);
        wait_for(i);
        check(load_relaxed(&last_fired) - from >= i * 100000);
        check(!rt_timer_stop(&one));
    }
    rt_sleep(5 * MS);
    check(load_relaxed(&fired) == 20);
}

static void a_timer_fires_once_and_not_early(void **state)
{
    (void)state;
    holds(fires_once);
}

static void ticks(void *arg)
{
    (void)arg;
    waiter = rt_self();
    int64_t from = host_nanotime();
    check(rt_ticker_start(&one, MS, count_and_ready, NULL) == 0);
    for (uint32_t i = 1; i <= 10; i++) {
        wait_for(i);
        check(load_relaxed(&last_fired) - from >= i * (int64_t)MS);
    }
    // another period, twice as long
    from = host_nanotime();
    uint32_t before = load_relaxed(&fired);
    check(rt_ticker_reset(&one, 2 * MS, 2 * MS) == 1);
    wait_for(before + 3);
    check(load_relaxed(&last_fired) - from >= 4 * MS); // one may have been about to fire
    check(rt_timer_stop(&one));
    rt_sleep(3 * MS);
    before = load_relaxed(&fired);
    rt_sleep(5 * MS);
    check(load_relaxed(&fired) == before);
}

static void a_ticker_keeps_its_period_until_it_is_stopped(void **state)
{
    (void)state;
    holds(ticks);
}

static void stops_and_resets(void *arg)
{
    (void)arg;
    waiter = rt_self();
    check(rt_timer_reset(&one, MS) == -EINVAL);
    check(!rt_timer_stop(&one));
    check(rt_timer_start(&one, MS, NULL, NULL) == -EINVAL);
    check(rt_timer_start(&one, 3600 * 1000ll * MS, count_and_ready, NULL) == 0);
    check(rt_timer_start(&one, 1, count_and_ready, NULL) == -EBUSY);
    check(rt_timer_stop(&one));
    check(!rt_timer_stop(&one));
    check(rt_timer_reset(&one, 3600 * 1000ll * MS) == 0); // as it was
    int64_t from = host_nanotime();
    check(rt_timer_reset(&one, 2 * MS) == 1); // far earlier
    wait_for(1);
    check(load_relaxed(&last_fired) - from >= 2 * MS);
    check(rt_timer_reset(&one, MS) == 0); // it has fired: armed again
    from = host_nanotime();
    if (rt_timer_reset(&one, 5 * MS) == 1) {
        wait_for(2);
        check(load_relaxed(&last_fired) - from >= 5 * MS);
    }
}

static void what_is_stopped_does_not_fire_and_what_is_reset_fires_then(void **state)
{
    (void)state;
    holds(stops_and_resets);
}

static void absurd_times(void *arg)
{
    (void)arg;
    static struct rt_timer never[3];
    waiter = rt_self();
    check(rt_timer_start(&never[0], INT64_MAX, count_and_ready, NULL) == 0);
    check(rt_ticker_start(&never[1], INT64_MAX, count_and_ready, NULL) == 0);
    check(rt_ticker_start(&never[2], 0, count_and_ready, NULL) == -EINVAL);
    check(rt_ticker_start(&never[2], -1, count_and_ready, NULL) == -EINVAL);
    check(rt_ticker_reset(&never[1], 1, INT64_MIN) == -EINVAL);
    check(rt_timer_start(&one, INT64_MIN, count_and_ready, NULL) == 0);
    wait_for(1);
    check(rt_timer_start(&one, 0, count_and_ready, NULL) == 0);
    wait_for(2);
    check(rt_ticker_start(&one, 1, count_and_ready, NULL) == 0); // always due
    wait_for(100);
    check(rt_timer_stop(&one) && rt_timer_stop(&never[0]) && rt_timer_stop(&never[1]));
}

static void absurd_times_are_fine_or_refused(void **state)
{
    (void)state;
    holds(absurd_times);
}

static void starts_itself(void *arg)
{
    (void)arg;
    add_relaxed(&fired, 1);
    check(rt_timer_reset(&one, -1) == 0);
}

static void others_run_beside(void *arg)
{
    (void)arg;
    check(rt_timer_start(&one, 0, starts_itself, NULL) == 0);
    for (int i = 0; i < 100; i++)
        rt_yield();
    check(load_relaxed(&fired) > 10);
}

static void a_timer_that_starts_itself_again_keeps_nobody(void **state)
{
    (void)state;
    holds(others_run_beside);
}

static void started(void *arg)
{
    add_relaxed(&fired, 1);
    rt_ready(arg);
}

static void starts_goroutine(void *arg)
{
    rt_go(started, arg);
}

static void goroutine_by_timer(void *arg)
{
    (void)arg;
    for (uint32_t i = 1; i <= 50; i++) {
        check(rt_timer_start(&one, 20000, starts_goroutine, rt_self()) == 0);
        wait_for(i);
    }
}

static void a_timer_may_start_a_goroutine(void **state)
{
    (void)state;
    holds(goroutine_by_timer);
}

static void wants_to_park(void *arg)
{
    (void)arg;
    rt_park();
}

static void parks_in_a_timer(void *arg)
{
    (void)arg;
    rt_timer_start(&one, 0, wants_to_park, NULL);
    rt_sleep(MS);
}

static void a_timer_that_waits_is_a_clear_error(void **state)
{
    (void)state;
    dies_saying(parks_in_a_timer, 1, "gopark: assertion failed: gp == mp->curg");
}

// On the p of one that computes without a look at its timers: another p fires it.
static void computes_beside_its_timer(void *arg)
{
    (void)arg;
    check(rt_timer_start(&one, MS, started, rt_self()) == 0);
    int64_t until = host_nanotime() + 2000ll * MS;
    while (load_relaxed(&fired) == 0)
        check(host_nanotime() < until);
}

static void a_timer_of_a_busy_p_is_fired_by_another(void **state)
{
    (void)state;
    holds_on(computes_beside_its_timer, 2, 0);
}

// Everybody starts, moves and stops everybody's timers -------------------------------------------

enum { STORM_TIMERS = 40, STORM_GOROUTINES = 6, STORM_ROUNDS = 3000 };

static struct rt_timer storm_timer[STORM_TIMERS];
static atomic_u32 storm_armed[STORM_TIMERS], storm_fired[STORM_TIMERS];
static atomic_u32 storm_left;

static void storm_fire(void *arg)
{
    add_relaxed(&storm_fired[(uintptr_t)arg], 1);
}

static void storm_round(struct rand *r)
{
    uint32_t i = rand_below(r, STORM_TIMERS);
    int64_t delay = (int64_t)rand_below(r, 20000);
    switch (rand_below(r, 4)) {
    case 0:
        if (rt_timer_stop(&storm_timer[i]))
            sub_relaxed(&storm_armed[i], 1);
        break;
    case 1:
        if (rt_timer_start(&storm_timer[i], delay, storm_fire, (void *)(uintptr_t)i) == 0)
            add_relaxed(&storm_armed[i], 1);
        break;
    default:
        if (rt_timer_reset(&storm_timer[i], delay) == 0)
            add_relaxed(&storm_armed[i], 1);
    }
}

static void storm_goroutine(void *seed)
{
    struct rand r = {(uintptr_t)seed};
    for (int n = 0; n < STORM_ROUNDS; n++) {
        storm_round(&r);
        if (n % 16 == 0)
            rt_yield();
        if (n % 300 == 0)
            rt_set_procs(1 + (int32_t)rand_below(&r, 4));
    }
    if (sub_acq_rel(&storm_left, 1) == 1)
        rt_ready(waiter);
}

static void timers_in_a_storm(void *arg)
{
    (void)arg;
    waiter = rt_self();
    store_relaxed(&storm_left, STORM_GOROUTINES);
    for (uintptr_t i = 0; i < STORM_GOROUTINES; i++)
        rt_go(storm_goroutine, (void *)(i + 1));
    while (load_acquire(&storm_left) != 0)
        rt_park();
    rt_sleep(20 * MS);
    uint32_t sum = 0;
    for (int i = 0; i < STORM_TIMERS; i++) {
        for (int tries = 0; load_relaxed(&storm_fired[i]) != load_relaxed(&storm_armed[i]);
             tries++) {
            check(tries < 5000);
            rt_sleep(MS);
        }
        check(!rt_timer_stop(&storm_timer[i]));
        sum += load_relaxed(&storm_fired[i]);
    }
    check(sum > 2 * STORM_TIMERS);
}

static void each_timer_fires_as_often_as_it_was_armed_and_not_stopped(void **state)
{
    (void)state;
    holds(timers_in_a_storm);
}

// What timers keep alive -------------------------------------------------------------------------

struct item {
    uint64_t word;
    uint64_t pad[3];
};
RT_TYPE(item_type, struct item, 0);
struct holder {
    struct rt_timer timer;
    uint64_t word;
    uint64_t pad;
};
RT_TYPE(holder_type, struct holder, 0);
enum { WORD = 0x715e };

static struct rt_weak *weak_item, *weak_holder;
static rt_ptr weak_roots[2];

static void look(void *arg)
{
    check(((const struct item *)arg)->word == WORD);
    add_relaxed(&fired, 1);
}

static __attribute__((noinline)) void forget_stack(void)
{
    volatile uint64_t hole[256];
    for (int i = 0; i < 256; i++)
        hole[i] = 0;
}

static void collect(void)
{
    for (int i = 0; i < 2; i++) {
        forget_stack();
        rt_gc();
    }
}

static __attribute__((noinline)) bool is_there(struct rt_weak *weak)
{
    return rt_weak_get(weak) != NULL;
}

// By a goroutine of its own: nothing of it is left on a stack.
static void arms_hidden(void *arg)
{
    (void)arg;
    struct item *item = rt_new(&item_type);
    item->word = WORD;
    struct holder *holder = rt_new(&holder_type);
    weak_item = rt_weak_new(item);
    weak_holder = rt_weak_new(holder);
    rt_write_ptr(&weak_roots[0], weak_item);
    rt_write_ptr(&weak_roots[1], weak_holder);
    check(rt_timer_start(&holder->timer, 3600 * 1000ll * MS, look, item) == 0);
    add_relaxed(&fired, 1);
    rt_ready(waiter);
}

static void stops_hidden(void *arg)
{
    (void)arg;
    struct holder *holder = rt_weak_get(weak_holder);
    check(holder != NULL && rt_timer_stop(&holder->timer));
    add_relaxed(&fired, 1);
    rt_ready(waiter);
}

static void keeps_while_armed(void *arg)
{
    (void)arg;
    waiter = rt_self();
    rt_register_globals(weak_roots, 2);
    rt_go(arms_hidden, NULL);
    wait_for(1);
    collect();
    check(is_there(weak_item) && is_there(weak_holder));
    rt_go(stops_hidden, NULL);
    wait_for(2);
    collect();
    collect();
    check(!is_there(weak_item) && !is_there(weak_holder));
}

static void an_armed_timer_keeps_its_argument_and_its_own_object(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(keeps_while_armed);
    rt_heap_debug = (struct rt_heap_debug){0};
}

// Objects that only timers refer to, armed, moved from heap to heap and fired while marking goes
// on.
static void arms_and_fires(void *arg)
{
    (void)arg;
    static struct rt_timer t[8];
    for (int n = 0; n < 200; n++) {
        struct item *item = rt_new(&item_type);
        item->word = WORD;
        struct rt_timer *at = &t[n % 8];
        rt_timer_stop(at);
        check(rt_timer_start(at, (n % 5) * 30000, look, item) == 0);
        if (n % 3 == 0)
            rt_timer_reset(at, 20000);
        if (n % 10 == 0)
            rt_set_procs(1 + n / 10 % 3);
        rt_yield();
    }
    rt_sleep(MS);
    store_relaxed(&storm_left, 0);
}

static void collects_beside(void *arg)
{
    (void)arg;
    store_relaxed(&storm_left, 1);
    rt_go(arms_and_fires, NULL);
    while (load_relaxed(&storm_left) != 0) {
        rt_gc();
        rt_yield();
    }
    check(load_relaxed(&fired) > 0);
}

static void timers_and_marking_lose_no_object(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(collects_beside);
    rt_heap_debug = (struct rt_heap_debug){0};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_early),
        cmocka_unit_test(a_ticker_keeps_its_period_until_it_is_stopped),
        cmocka_unit_test(what_is_stopped_does_not_fire_and_what_is_reset_fires_then),
        cmocka_unit_test(absurd_times_are_fine_or_refused),
        cmocka_unit_test(a_timer_that_starts_itself_again_keeps_nobody),
        cmocka_unit_test(a_timer_may_start_a_goroutine),
        cmocka_unit_test(a_timer_that_waits_is_a_clear_error),
        cmocka_unit_test(a_timer_of_a_busy_p_is_fired_by_another),
        cmocka_unit_test(each_timer_fires_as_often_as_it_was_armed_and_not_stopped),
        cmocka_unit_test(an_armed_timer_keeps_its_argument_and_its_own_object),
        cmocka_unit_test(timers_and_marking_lose_no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
