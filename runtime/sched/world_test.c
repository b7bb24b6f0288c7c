// SPDX-License-Identifier: Apache-2.0
//
// The world stops and starts; the number of p's changes; every p has its say.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/rt_heap.h"
#include "runtime/sched/claims.h"

enum { WORKERS = 6 };

static uint64_t steps[WORKERS]; // plain: read with the world stopped
static atomic_u32 stop, ended;

static void steps_on(void *own)
{
    uint64_t *n = own;
    while (load_relaxed(&stop) == 0) {
        ++*n;
        rt_preempt_point();
        if (*n % 64 == 0) {
            rt_entersyscall();
            rt_exitsyscall();
        }
    }
    add_relaxed(&ended, 1);
}

static void start_workers(void)
{
    for (int i = 0; i < WORKERS; i++)
        rt_go(steps_on, &steps[i]);
}

static void end_workers(void)
{
    store_relaxed(&stop, 1);
    while (load_relaxed(&ended) < WORKERS)
        rt_sleep(100000);
}

static uint64_t sum(void)
{
    uint64_t n = 0;
    for (int i = 0; i < WORKERS; i++)
        n += steps[i];
    return n;
}

static void store_sum(void *n)
{
    *(uint64_t *)n = sum();
}

static uint64_t sum_stopped(void)
{
    uint64_t n = 0;
    rt_debug_stop_the_world(store_sum, &n);
    return n;
}

static void look_twice(void *moved)
{
    uint64_t before = sum();
    host_spin(200000);
    *(bool *)moved |= sum() != before;
}

static void nothing_moves(void *arg)
{
    (void)arg;
    bool moved = false;
    uint64_t last = 0;
    start_workers();
    for (int i = 0; i < 20; i++) {
        rt_debug_stop_the_world(look_twice, &moved);
        rt_sleep(500000);
        last = i == 10 ? sum_stopped() : last;
    }
    check(!moved);
    check(sum_stopped() > last);
    end_workers();
}

static void nobody_runs_while_the_world_is_stopped(void **state)
{
    (void)state;
    holds(nothing_moves);
}

static uint64_t alone; // plain: world stopped
static atomic_u32 stoppers;

static void add_alone(void *arg)
{
    (void)arg;
    uint64_t was = alone;
    host_relax();
    alone = was + 1;
}

static void stops_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++)
        rt_debug_stop_the_world(add_alone, NULL);
    add_relaxed(&stoppers, 1);
}

static void several_stoppers(void *arg)
{
    (void)arg;
    enum { N = 4 };
    start_workers();
    for (int i = 0; i < N; i++)
        rt_go(stops_often, NULL);
    while (load_relaxed(&stoppers) < N)
        rt_sleep(100000);
    rt_debug_stop_the_world(add_alone, NULL);
    check(alone == N * 50 + 1);
    end_workers();
}

static void stops_exclude_each_other(void **state)
{
    (void)state;
    holds(several_stoppers);
}

static atomic_u32 woken;

static void sleeps_and_counts(void *arg)
{
    (void)arg;
    rt_sleep(3000000);
    add_relaxed(&woken, 1);
}

static void up_and_down(void *arg)
{
    (void)arg;
    enum { N = 40 };
    const int32_t before = rt_procs();
    static const int32_t sizes[] = {1, 4, 2, PROCS_MAX, 3, 1, 2};
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
    start_workers();
    int32_t last = before;
    for (int i = 0; i < N; i++) {
        rt_go(sleeps_and_counts, NULL);
        check(rt_set_procs(sizes[i % SIZES]) == last);
        last = sizes[i % SIZES];
        check(rt_set_procs(0) == last && rt_procs() == last);
        if (i % 4 == 0)
            rt_sleep(300000);
    }
    while (load_relaxed(&woken) < N)
        rt_sleep(100000);
    end_workers();
}

static void nothing_is_lost_when_procs_change(void **state)
{
    (void)state;
    holds(up_and_down);
}

static void too_many(void *arg)
{
    (void)arg;
    rt_set_procs(INT32_MAX);
    check(rt_procs() == PROCS_MAX);
}

static void procs_end_at_the_limit(void **state)
{
    (void)state;
    holds_on(too_many, 2, 0);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void counts_exactly(void *arg)
{
    (void)arg;
    struct rt_stats before, after;
    start_workers();
    for (int round = 0; round < 10; round++) {
        rt_stats_now(&before);
        for (int i = 0; i < 100; i++)
            rt_go(nothing, NULL);
        rt_stats_now(&after);
        check(after.goroutines_created - before.goroutines_created == 100);
    }
    end_workers();
}

static void stats_now_are_exact(void **state)
{
    (void)state;
    holds(counts_exactly);
}

// Bits of the reasons for which the rings of events say that the world was stopped.
static void collect_reasons(void *reasons)
{
    for (int32_t i = 0; i < nprocs; i++) {
        const struct p *pp = allp[i];
        for (uint64_t k = pp->nevents > EVENT_RING ? pp->nevents - EVENT_RING : 0; k < pp->nevents;
             k++) {
            const struct event *e = &pp->events[k % EVENT_RING];
            if ((e->gid_kind & 0xff) == EV_STW_BEGIN)
                *(uint32_t *)reasons |= 1u << e->arg;
        }
    }
}

static bool was_stopped_for(enum stw_reason reason)
{
    uint32_t reasons = 0;
    rt_debug_stop_the_world(collect_reasons, &reasons);
    return (reasons >> reason & 1) != 0;
}

static void stops_for_each_reason(void *arg)
{
    (void)arg;
    struct rt_mem_stats stats;
    check(!was_stopped_for(STW_STATS) && was_stopped_for(STW_DEBUG));
    rt_read_mem_stats(&stats);
    check(was_stopped_for(STW_STATS) && !was_stopped_for(STW_PROCS));
    rt_set_procs(rt_procs());
    check(was_stopped_for(STW_PROCS) && !was_stopped_for(STW_GC_BEGIN));
    rt_new_bytes(16);
    rt_gc();
    check(was_stopped_for(STW_GC_BEGIN) && was_stopped_for(STW_GC_END));
}

static void the_stream_says_why_the_world_was_stopped(void **state)
{
    (void)state;
    holds(stops_for_each_reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_runs_while_the_world_is_stopped),
        cmocka_unit_test(stops_exclude_each_other),
        cmocka_unit_test(nothing_is_lost_when_procs_change),
        cmocka_unit_test(procs_end_at_the_limit),
        cmocka_unit_test(stats_now_are_exact),
        cmocka_unit_test(the_stream_says_why_the_world_was_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
