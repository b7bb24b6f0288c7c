// SPDX-License-Identifier: Apache-2.0
//
// Giving memory back: what goes is free and comes again as zero; the background stops at its goal;
// a host that refuses is asked again after that.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/mem/heap_testing.h"
#include "runtime/mem/scavenge.h"

enum { BLOCK = HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES, N = 24 };

static unsigned char *large[N];
static bool keeps[N];

static void mark_kept(void)
{
    for (int i = 0; i < N; i++) {
        if (keeps[i])
            mark_object(large[i]);
    }
}

static uint64_t open_bytes(void)
{
    struct rt_mem_stats s;
    rt_read_mem_stats(&s);
    check(s.heap_sys - s.heap_released >= s.heap_inuse);
    return s.heap_sys - s.heap_released;
}

static void fill(int i)
{
    large[i] = rt_new_bytes(2 * BLOCK);
    for (size_t b = 0; b < 2 * BLOCK; b++)
        check(large[i][b] == 0);
    memset(large[i], i + 1, 2 * BLOCK);
}

static void kept_are_whole(void)
{
    for (int i = 0; i < N; i++) {
        for (size_t b = 0; keeps[i] && b < 2 * BLOCK; b++)
            check(large[i][b] == i + 1);
    }
}

static void by_hand(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        fill(i);
        keeps[i] = i % 3 == 0;
    }
    uint64_t before = open_bytes();
    check(before >= (uint64_t)2 * N * BLOCK);
    collect(mark_kept);
    check(open_bytes() == before);
    // a little: no more than asked for, but whole blocks
    check(heap_scavenge(1) == BLOCK && open_bytes() == before - BLOCK);
    check(heap_scavenge(3 * BLOCK) == 3 * BLOCK);
    size_t rest = heap_scavenge(SIZE_MAX);
    check(rest > 0 && open_bytes() == before - 4 * BLOCK - rest);
    if (HEAP_HOLES_MAX > N) // else a fragmented heap keeps some
        check(open_bytes() <= (uint64_t)(2 * N / 3 + 3) * BLOCK);
    check(heap_scavenge(SIZE_MAX) == 0);
    kept_are_whole();
    for (int i = 0; i < N; i++) {
        if (!keeps[i])
            fill(i);
        keeps[i] = true;
    }
    kept_are_whole();
}

static void what_is_free_goes_and_comes_back_as_zero(void **state)
{
    (void)state;
    holds(by_hand);
}

static atomic_u32 stop, ended;
static atomic_u32 pause_wanted,
    paused; // marks are made by hand: none would be there for what it uses

static void pause_until_collected(void)
{
    while (load_relaxed(&pause_wanted) == 0 && load_relaxed(&stop) == 0)
        rt_yield();
    store_relaxed(&paused, 1);
    while (load_relaxed(&pause_wanted) != 0)
        rt_yield();
    store_relaxed(&paused, 0);
}

static void churns(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; load_relaxed(&stop) == 0; i++) {
        if (i % 200 == 199)
            pause_until_collected();
        unsigned char *p = rt_new_bytes(i % 7 == 0 ? BLOCK : 600);
        for (size_t b = 0; b < 600; b++)
            check(p[b] == 0);
        memset(p, 0xee, 600);
        if (i % 16 == 0)
            rt_yield();
    }
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void scavenges(void *arg)
{
    (void)arg;
    while (load_relaxed(&stop) == 0) {
        heap_scavenge(2 * BLOCK);
        rt_yield();
    }
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void together(void *arg)
{
    (void)arg;
    rt_go(churns, NULL);
    rt_go(scavenges, NULL);
    rt_go(scavenges, NULL);
    for (int i = 0; i < 30; i++) {
        store_relaxed(&pause_wanted, 1);
        while (load_relaxed(&paused) == 0)
            rt_yield();
        while (sweep_one() != SIZE_MAX || !sweep_is_done())
            rt_yield();
        mark_and_stop(NULL);
        store_relaxed(&pause_wanted, 0); // sweeping goes on beside it
        while (load_relaxed(&paused) != 0)
            rt_yield();
        while (sweep_one() != SIZE_MAX)
            rt_yield();
    }
    store_relaxed(&stop, 1);
    while (load_acquire(&ended) < 3) // pairs [test.ended]
        rt_yield();
}

static void it_goes_on_beside_allocation(void **state)
{
    (void)state;
    holds(together);
}

static void down_to_the_goal(void *arg)
{
    (void)arg;
    enum { GOAL = 10 * BLOCK };
    for (int i = 0; i < N; i++)
        fill(i);
    uint64_t before = open_bytes();
    collect(NULL);
    rt_sleep(1000000);
    check(open_bytes() == before); // no goal is known
    for (int round = 0; round < 2; round++) {
        heap_set_retained_goal(GOAL);
        for (int i = 0; i < N; i++)
            fill(i);
        collect(NULL); // the last sweep wakes the scavenger
        while (open_bytes() > GOAL + GOAL / 10)
            rt_sleep(100000);
        rt_sleep(1000000);
        check(open_bytes() > GOAL + GOAL / 10 - BLOCK);
    }
    heap_free_os_memory();
    check(open_bytes() < 3 * BLOCK);
}

static void the_background_goes_down_to_its_goal(void **state)
{
    (void)state;
    holds(down_to_the_goal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_free_goes_and_comes_back_as_zero),
        cmocka_unit_test(it_goes_on_beside_allocation),
        cmocka_unit_test(the_background_goes_down_to_its_goal),
    };
    claim_without_gc = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
