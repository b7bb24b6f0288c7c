// SPDX-License-Identifier: Apache-2.0
//
// Sweeping, without a collector: what is marked by hand stays, all else is free again, exactly.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/mem/heap_testing.h"

enum { N = 3000 };

// Globals of the test keep nothing alive: marks do.
static void *objects[N];
static bool keeps[N];

static void mark_kept(void)
{
    for (int i = 0; i < N; i++) {
        if (keeps[i])
            mark_object(objects[i]);
    }
}

static size_t size_of(int i)
{
    static const size_t sizes[] = {16, 24, 48, 100, 500, 1500, SMALL_BYTES_MAX + 100};
    return sizes[i % 50 == 0 ? 6 : i % 6];
}

static void allocate_all(void)
{
    for (int i = 0; i < N; i++) {
        objects[i] = rt_new_bytes(size_of(i));
        memset(objects[i], i % 255 + 1, size_of(i));
    }
}

static void kept_are_whole(void)
{
    for (int i = 0; i < N; i++) {
        const unsigned char *c = objects[i];
        for (size_t b = 0; keeps[i] && b < size_of(i); b++)
            check(c[b] == i % 255 + 1);
    }
}

static void keep_some(struct rand *r, uint32_t of_eight)
{
    for (int i = 0; i < N; i++)
        keeps[i] = rand_below(r, 8) < of_eight;
}

static uint64_t n_kept(void)
{
    uint64_t n = 0;
    for (int i = 0; i < N; i++)
        n += keeps[i];
    return n;
}

static void exactly(void *arg)
{
    (void)arg;
    struct rand r = {7};
    struct heap_walk w;
    for (uint32_t round = 0; round < 12; round++) {
        allocate_all();
        keep_some(&r, round % 9);
        collect(mark_kept);
        rt_debug_stop_the_world(heap_walk, &w);
        check(w.objects == n_kept());
        check(w.pages == load_relaxed(&heap.pages_in_use));
        kept_are_whole();
        for (int i = 0; i < N; i++) {
            const struct mspan *s = span_of((uintptr_t)objects[i]);
            if (s == NULL)
                check(!keeps[i]);
            else if (s->base + (s->npages * HEAP_PAGE_BYTES) > (uintptr_t)objects[i] && keeps[i])
                check(span_is_object(s, span_index(s, (uintptr_t)objects[i])));
        }
        // the slots are given out again, zeroed, beside what stays
        for (int i = 0; i < N; i++) {
            unsigned char *c = rt_new_bytes(size_of(i));
            for (size_t b = 0; b < size_of(i); b++)
                check(c[b] == 0);
            memset(c, 0xee, size_of(i));
        }
        kept_are_whole();
    }
    collect(NULL);
    rt_debug_stop_the_world(heap_walk, &w);
    check(w.objects == 0 && w.spans == 0 && load_relaxed(&heap.pages_in_use) == 0);
}

static void it_frees_exactly_what_is_not_marked(void **state)
{
    (void)state;
    holds(exactly);
}

// Lazily: allocators sweep what they need, a background goroutine the rest, and one may wait for
// a span.
static atomic_u32 stop, sweepers;

static void sweeps(void *arg)
{
    (void)arg;
    while (load_relaxed(&stop) == 0) {
        sweep_one();
        rt_preempt_point();
        rt_yield();
    }
    add_relaxed(&sweepers, 1);
}

static void together(void *arg)
{
    (void)arg;
    struct rand r = {3};
    for (int i = 0; i < 2; i++)
        rt_go(sweeps, NULL);
    for (int round = 0; round < 10; round++) {
        while (sweep_one() != SIZE_MAX || !sweep_is_done())
            rt_yield();
        allocate_all();
        keep_some(&r, 4);
        mark_and_stop(mark_kept);
        for (int i = 0; i < 100; i++) {
            int k = (int)rand_below(&r, N);
            if (!keeps[k])
                continue;
            struct mspan *s = span_of((uintptr_t)objects[k]);
            span_ensure_swept(s);
            check(load_relaxed(&s->sweepgen) == load_relaxed(&heap.sweepgen));
        }
        for (int i = 0; i < N; i++) {
            unsigned char *c = rt_new_bytes(size_of(i));
            for (size_t b = 0; b < size_of(i); b++)
                check(c[b] == 0);
            memset(c, 0xee, size_of(i));
        }
        kept_are_whole();
    }
    store_relaxed(&stop, 1);
    while (load_relaxed(&sweepers) < 2)
        rt_yield();
}

static void many_sweep_at_once(void **state)
{
    (void)state;
    holds(together);
}

// A refill takes what was freed before it takes new pages.
static void refilled(void *arg)
{
    (void)arg;
    for (int round = 0; round < 3; round++) {
        uint64_t before = load_relaxed(&heap.pages_in_use);
        for (int i = 0; i < 4 * HEAP_PAGE_BYTES / 64; i++)
            rt_new_bytes(64);
        if (round > 0)
            check(load_relaxed(&heap.pages_in_use) == before);
        mark_and_stop(NULL);
        check(!sweep_is_done());
        if (round == 2)
            return;
        for (int i = 0; i < 4 * HEAP_PAGE_BYTES / 64; i++)
            rt_new_bytes(64); // sweeps all
        check(sweep_is_done());
        mark_and_stop(NULL);
    }
}

static void a_refill_sweeps_before_it_takes_pages(void **state)
{
    (void)state;
    holds_on(refilled, 1, 0);
}

// Pointer bits in slots that are used again: neither their neighbours' nor what was there before.
static const uint64_t all_bits = 0x3f, first_bit = 1;
static const struct rt_type six = {"six", 48, 48, &all_bits}, two = {"two", 40, 8, &first_bit};

static void bits_stay(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        objects[i] = rt_new(&six);
        keeps[i] = i % 3 == 1;
    }
    collect(mark_kept);
    for (int i = 0; i < N; i++) {
        uintptr_t p = (uintptr_t)rt_new(&two);
        for (uintptr_t w = 0; w < 6; w++)
            check(heap_word_is_pointer(p + 8 * w) == (w == 0));
    }
    for (int i = 1; i < N; i += 3) {
        for (uintptr_t w = 0; w < 6; w++)
            check(heap_word_is_pointer((uintptr_t)objects[i] + 8 * w));
    }
}

static void slots_used_again_have_their_own_pointer_bits(void **state)
{
    (void)state;
    holds(bits_stay);
}

static void poisoned(void *arg)
{
    (void)arg;
    const unsigned char *kept = rt_new_bytes(100), *freed = rt_new_bytes(100);
    objects[0] = (void *)(uintptr_t)kept;
    keeps[0] = true;
    collect(mark_kept);
    for (int i = 0; i < 100; i++)
        check(kept[i] == 0 && freed[i] == RT_POISON);
}

static void poisoned_main(void *arg)
{
    rt_heap_debug.poison = true;
    poisoned(arg);
}

static void freed_slots_are_poisoned(void **state)
{
    (void)state;
    holds(poisoned_main);
}

static void mark_free_slot(void)
{
    struct mspan *s = span_of((uintptr_t)objects[0]);
    span_mark(s, span_index(s, (uintptr_t)objects[0]) + 1);
    span_mark(s, span_index(s, (uintptr_t)objects[0]));
}

static void marks_too_much(void *arg)
{
    (void)arg;
    objects[0] = rt_new_bytes(500);
    collect(mark_free_slot);
}

static void a_mark_too_many_stops_the_runtime(void **state)
{
    (void)state;
    dies_saying(marks_too_much, 1, "sweep: more objects are marked than there are");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_frees_exactly_what_is_not_marked),
        cmocka_unit_test(many_sweep_at_once),
        cmocka_unit_test(a_refill_sweeps_before_it_takes_pages),
        cmocka_unit_test(slots_used_again_have_their_own_pointer_bits),
        cmocka_unit_test(freed_slots_are_poisoned),
        cmocka_unit_test(a_mark_too_many_stops_the_runtime),
    };
    claim_without_gc = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
