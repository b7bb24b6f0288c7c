// SPDX-License-Identifier: Apache-2.0
//
// The statistics of memory are what a walk over all slots finds; so is the census.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/mem/census.h"
#include "runtime/mem/heap_testing.h"

enum { WORKERS = 4, N = 1500 };

static atomic_u32 ended;
static void *kept[WORKERS][N];

static void allocates(void *number)
{
    struct rand r = {(uintptr_t)number + 1};
    for (int i = 0; i < N; i++) {
        static const uint32_t most[] = {15, 15, 100, 2000, SMALL_BYTES_MAX + 9000};
        uint32_t size = 1 + rand_below(&r, most[rand_below(&r, i % 20 == 0 ? 5 : 4)]);
        kept[(uintptr_t)number][i] = rt_new_bytes(size);
        if (i % 100 == 0)
            rt_yield();
    }
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void allocate_everywhere(void)
{
    store_relaxed(&ended, 0);
    for (uintptr_t i = 0; i < WORKERS; i++)
        rt_go(allocates, (void *)i);
    while (load_acquire(&ended) < WORKERS) // pairs [test.ended]
        rt_yield();
}

static void mark_every_third(void)
{
    for (int w = 0; w < WORKERS; w++) {
        for (int i = 0; i < N; i += 3)
            mark_object(kept[w][i]);
    }
}

// A walk, and what the statistics say of a moment before which nothing was allocated since.
static void compare(void)
{
    struct rt_mem_stats s;
    struct heap_walk w;
    rt_read_mem_stats(&s);
    rt_debug_stop_the_world(heap_walk, &w);
    check(s.heap_objects == w.objects && s.mallocs - s.frees == w.objects);
    check(s.heap_alloc == w.bytes && s.alloc == w.bytes);
    check(s.heap_inuse == w.pages * HEAP_PAGE_BYTES);
    check(s.heap_sys == s.heap_idle + s.heap_inuse && s.heap_released <= s.heap_idle);
    check(s.n_sizes == SIZECLASSES);
    for (uint32_t i = 0; i < SIZECLASSES; i++) {
        check(s.by_size[i].size == sizeclass_bytes[i]);
        check(s.by_size[i].mallocs - s.by_size[i].frees == w.of_class[i]);
    }
    check(s.sys == s.heap_sys + s.stack_sys + s.mspan_sys + s.mcache_sys + s.gc_sys + s.other_sys);
    check(s.stack_inuse > 0 && s.stack_inuse <= s.stack_sys);
    check(s.mspan_inuse > 0 && s.mspan_inuse <= s.mspan_sys && s.mcache_inuse > 0);
    check(s.gc_sys > 0 && s.gc_sys < (uint64_t)1 << 30 && s.other_sys < (uint64_t)1 << 30);
}

static void walked(void *arg)
{
    (void)arg;
    for (int round = 0; round < 4; round++) {
        allocate_everywhere();
        compare();
        mark_and_stop(mark_every_third);
        compare(); // nothing is swept
        for (int i = 0; i < 20; i++)
            sweep_one();
        compare(); // some is
        while (sweep_one() != SIZE_MAX)
            ;
        compare();
        // what those counted that are no more still counts
        int32_t before = rt_set_procs(1);
        compare();
        rt_set_procs(before);
    }
}

static void statistics_equal_a_walk(void **state)
{
    (void)state;
    holds(walked);
}

static void total(void *arg)
{
    (void)arg;
    struct rt_mem_stats a, b;
    rt_read_mem_stats(&a);
    for (int i = 0; i < 1000; i++)
        rt_new_bytes(24);
    rt_new_bytes(3 * HEAP_PAGE_BYTES + 1 + SMALL_BYTES_MAX);
    collect(NULL);
    rt_read_mem_stats(&b);
    size_t large = (size_t)4 * HEAP_PAGE_BYTES + SMALL_BYTES_MAX;
    check(b.total_alloc - a.total_alloc == 1000 * 24 + large);
    check(b.mallocs - a.mallocs == 1001 && b.frees - a.frees == 1001 && b.heap_objects == 0);
    for (int i = 0; i < 10; i++)
        rt_new_bytes(4);
    rt_read_mem_stats(&a);
    // three blocks, and ten pieces that count as freed at once
    check(a.mallocs - b.mallocs == 13 && a.frees - b.frees == 10 && a.heap_objects == 3);
}

static void totals_only_grow(void **state)
{
    (void)state;
    holds_on(total, 1, 0);
}

// Census --------------------------------------------------------------------------------------

static void count_spans(const struct mspan *s, void *n)
{
    (void)s;
    ++*(uint64_t *)n;
}

struct census_call {
    struct census table;
    uint64_t spans;
};

static struct census_call census; // too large for a stack

static void take_census(void *unused)
{
    (void)unused;
    census.spans = 0;
    census_take_stw(&census.table, count_spans, &census.spans);
}

static void *old;

static void mark_old(void)
{
    mark_object(old);
}

static void counted(void *arg)
{
    (void)arg;
    old = rt_new_bytes(100);
    const spanclass class = span_of((uintptr_t)old)->class;
    for (uint32_t age = 0; age < 70; age++) {
        rt_debug_stop_the_world(take_census, NULL);
        const struct census_cell *cell = &census.table.cell[class][age / 4 % 16];
        check(cell->spans == 1 && cell->objects == 1 && census.spans == 1);
        check(cell->slots == span_of((uintptr_t)old)->nelems && cell->pages >= 1);
        collect(mark_old);
    }
    // a young span of another class beside it
    rt_new_bytes(1000);
    rt_debug_stop_the_world(take_census, NULL);
    check(census.spans == 2);
    uint64_t objects = 0;
    for (uint32_t c = 0; c < SPANCLASSES; c++)
        objects += census.table.cell[c][0].objects;
    check(objects == 1);
}

static void the_census_knows_classes_and_ages(void **state)
{
    (void)state;
    holds_on(counted, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_equal_a_walk),
        cmocka_unit_test(totals_only_grow),
        cmocka_unit_test(the_census_knows_classes_and_ages),
    };
    claim_without_gc = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
