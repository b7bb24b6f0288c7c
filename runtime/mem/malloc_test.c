// SPDX-License-Identifier: Apache-2.0
//
// What an allocation gives: memory that is zero, aligned, nobody else's; pointer bits of its type;
// a clear end for sizes that cannot be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/mem/heap_testing.h"

struct node {
    uint64_t before;
    rt_ptr left, right;
    uint64_t after[2];
};
RT_TYPE(node_type, struct node, RT_AT(struct node, left) | RT_AT(struct node, right));

static void is_zero(const void *object, size_t bytes)
{
    const unsigned char *c = object;
    for (size_t i = 0; i < bytes; i++)
        check(c[i] == 0);
}

static uintptr_t slot_bytes(const void *object)
{
    const struct mspan *s = span_of((uintptr_t)object);
    return s->elem_bytes != 0 ? s->elem_bytes : s->limit - s->base;
}

static void all_sizes(void *arg)
{
    (void)arg;
    for (size_t bytes = 1; bytes < 3 * SMALL_BYTES_MAX; bytes += bytes < 2048 ? 1 : 509) {
        unsigned char *p = rt_new_bytes(bytes);
        const struct mspan *s = span_of((uintptr_t)p);
        check(s != NULL && span_noscan(s));
        check(span_of((uintptr_t)p + bytes - 1) == s);
        uint32_t index = span_index(s, (uintptr_t)p);
        check(span_is_object(s, index) && span_index(s, (uintptr_t)p + bytes - 1) == index);
        check(bytes % 8 != 0 || (uintptr_t)p % 8 == 0);
        is_zero(p, bytes);
        memset(p, 0xff, bytes);
    }
    check(span_of(heap.base - 1) == NULL && span_of(heap.end) == NULL);
    check(span_of((uintptr_t)&arg) == NULL && span_of(0) == NULL);
}

static void every_size_is_zeroed_and_its_own(void **state)
{
    (void)state;
    holds(all_sizes);
}

// Objects of all sizes on all p's at once: each keeps what its owner wrote.
enum { WORKERS = 6, ROUNDS = 400, KEPT = 64 };

static atomic_u32 ended;

static void fills(void *number)
{
    struct rand r = {(uintptr_t)number};
    struct {
        unsigned char *p;
        size_t bytes;
    } kept[KEPT] = {{NULL, 0}};
    unsigned char mine = (unsigned char)(uintptr_t)number;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t k = rand_below(&r, KEPT);
        for (size_t b = 0; b < kept[k].bytes; b++)
            check(kept[k].p[b] == mine);
        static const uint32_t most[] = {15, 64, 600, SMALL_BYTES_MAX + 5000};
        kept[k].bytes = 1 + rand_below(&r, most[rand_below(&r, rand_below(&r, 8) == 0 ? 4 : 3)]);
        kept[k].p = rt_new_bytes(kept[k].bytes);
        is_zero(kept[k].p, kept[k].bytes);
        memset(kept[k].p, mine, kept[k].bytes);
        if (i % 16 == 0)
            rt_yield();
    }
    for (uint32_t k = 0; k < KEPT; k++) {
        for (size_t b = 0; b < kept[k].bytes; b++)
            check(kept[k].p[b] == mine);
    }
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void fill_together(void *arg)
{
    (void)arg;
    for (uintptr_t i = 1; i <= WORKERS; i++)
        rt_go(fills, (void *)i);
    while (load_acquire(&ended) < WORKERS) // pairs [test.ended]
        rt_yield();
}

static void objects_are_disjoint(void **state)
{
    (void)state;
    holds(fill_together);
}

static void bits_of(void *arg)
{
    (void)arg;
    for (int i = 0; i < 300; i++) {
        uintptr_t p = (uintptr_t)rt_new(&node_type);
        check(!span_noscan(span_of(p)));
        for (size_t w = 0; w < slot_bytes((void *)p) / 8; w++)
            check(heap_word_is_pointer(p + 8 * w) == (w == 1 || w == 2));
        // a scan class has other types too: nothing of them may stay behind
        static const uint64_t all = 0x3f;
        static const struct rt_type six = {"six", 48, 48, &all};
        uintptr_t q = (uintptr_t)rt_new(&six);
        for (size_t w = 0; w < 6; w++)
            check(heap_word_is_pointer(q + 8 * w));
        check(heap_word_is_pointer(p + 8) && !heap_word_is_pointer(p));
    }
    for (size_t n = 1; n < 3000; n = 3 * n + 1) {
        uintptr_t p = (uintptr_t)rt_new_array(&node_type, n);
        for (size_t w = 0; w < slot_bytes((void *)p) / 8; w++)
            check(heap_word_is_pointer(p + 8 * w) == (w < 5 * n && (w % 5 == 1 || w % 5 == 2)));
        uintptr_t at = (p + 511) / 512 * 512;
        for (uintptr_t w = 0; w < 64; w++)
            check((heap_pointer_bits(at) >> w & 1) == heap_word_is_pointer(at + 8 * w));
    }
    static const struct rt_type plain = {"plain", 48, 0, NULL};
    check(span_noscan(span_of((uintptr_t)rt_new(&plain))));
}

static void pointer_bits_are_those_of_the_type(void **state)
{
    (void)state;
    holds(bits_of);
}

static void tiny_pack(void *arg)
{
    (void)arg;
    uintptr_t block = (uintptr_t)rt_new_bytes(1) & ~(uintptr_t)15;
    check(((uintptr_t)rt_new_bytes(1) & ~(uintptr_t)15) == block);
    check((uintptr_t)rt_new_bytes(2) == block + 2);
    check((uintptr_t)rt_new_bytes(4) == block + 4);
    check((uintptr_t)rt_new_bytes(8) == block + 8);
    // full: the next piece is in another block
    uintptr_t next = (uintptr_t)rt_new_bytes(12);
    check(next % 16 == 0 && next != block);
    // who does not fit takes a block of its own, and the one with more room stays
    check((uintptr_t)rt_new_bytes(15) != next);
    check((uintptr_t)rt_new_bytes(3) == next + 12);
    // with pointers nothing is shared
    static const uint64_t one = 1;
    static const struct rt_type pointer = {"pointer", 8, 8, &one};
    uintptr_t p = (uintptr_t)rt_new(&pointer), q = (uintptr_t)rt_new(&pointer);
    check(span_index(span_of(p), p) != span_index(span_of(q), q) || span_of(p) != span_of(q));
}

static void small_bytes_share_a_block(void **state)
{
    (void)state;
    holds_on(tiny_pack, 1, 0);
}

// 8, 16 and 24 bytes lie side by side in classes of their own; only the first share blocks.
static void boundary(void *arg)
{
    (void)arg;
    enum { N = 1000 };
    uint64_t tiny = 0;
    for (int i = 0; i < N; i++) {
        const void *p8 = rt_new_bytes(8), *p16 = rt_new_bytes(16), *p24 = rt_new_bytes(24);
        check(slot_bytes(p8) == 16 && slot_bytes(p16) == 16 && slot_bytes(p24) == 24);
    }
    tiny = allp[0]->mcache->tiny_allocs;
    check(tiny == N);
    struct heap_walk w;
    rt_debug_stop_the_world(heap_walk, &w);
    check(w.of_class[SIZECLASS_TINY] == N / 2 && w.of_class[2] == N && w.of_class[3] == N);
}

static void the_boundary_of_8_16_24_bytes(void **state)
{
    (void)state;
    holds_on(boundary, 1, 0);
}

static uint64_t given_way(void)
{
    struct rt_stats s;
    rt_stats_now(&s);
    return s.preempted; // by hand, unless sysmon wrote over that
}

// Nothing is a preemption point here but taking up spans, of which these are at least two.
static void only_allocates(void *unused)
{
    (void)unused;
    uint64_t before = given_way();
    rt_debug_preempt(rt_self());
    for (int i = 0; i < 2 * HEAP_PAGE_BYTES / 24; i++)
        rt_new_bytes(24);
    check(given_way() > before);
}

static void who_only_allocates_gives_way(void **state)
{
    (void)state;
    holds_on(only_allocates, 1, 0);
}

static void nothing_asked(void *arg)
{
    (void)arg;
    check(rt_new_bytes(0) != NULL && rt_new_array(&node_type, 0) != NULL);
}

static void no_bytes_are_no_object(void **state)
{
    (void)state;
    holds(nothing_asked);
}

static void multiplied(void *arg)
{
    (void)arg;
    rt_new_array(&node_type, SIZE_MAX / sizeof(struct node) + 1);
}

static void beyond_the_reservation(void *arg)
{
    (void)arg;
    rt_new_bytes(heap.end - heap.base + 1);
}

static void near_the_end(void *arg)
{
    (void)arg;
    rt_new_bytes(SIZE_MAX);
}

static void used_up(void *arg)
{
    (void)arg;
    for (;;)
        rt_new_bytes((heap.end - heap.base) / 3);
}

static void sizes_that_cannot_be_end_in_one_line(void **state)
{
    (void)state;
    dies_saying(multiplied, 1, "fatal error: runtime: allocation size out of range\n");
    dies_saying(beyond_the_reservation, 1, "fatal error: runtime: allocation size out of range\n");
    dies_saying(near_the_end, 1, "fatal error: runtime: allocation size out of range\n");
    dies_saying(used_up, 1, "runtime: out of memory: cannot allocate ");
    dies_saying(used_up, 1, "fatal error: runtime: out of memory: the host grants no more\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_zeroed_and_its_own),
        cmocka_unit_test(objects_are_disjoint),
        cmocka_unit_test(pointer_bits_are_those_of_the_type),
        cmocka_unit_test(small_bytes_share_a_block),
        cmocka_unit_test(the_boundary_of_8_16_24_bytes),
        cmocka_unit_test(who_only_allocates_gives_way),
        cmocka_unit_test(no_bytes_are_no_object),
        cmocka_unit_test(sizes_that_cannot_be_end_in_one_line),
    };
    claim_without_gc = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
