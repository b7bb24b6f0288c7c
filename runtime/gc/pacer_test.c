// SPDX-License-Identifier: Apache-2.0
//
// When collections begin, who pays, and what comes of them for stacks, waiters and finalizers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/gc/cycle.h"
#include "runtime/gc/graph.h"
#include "runtime/sched/claims.h"

static rt_ptr root;
static atomic_u32 left;

static void litter(size_t bytes)
{
    struct rand r = {7};
    for (size_t n = 0; n < bytes; n += 128)
        node_new(&r);
}

static uint32_t cycles(void)
{
    return load_relaxed(&gc.cycles);
}

// Triggers --------------------------------------------------------------------------------------

static uint32_t cycles_at(int32_t percent)
{
    rt_set_gc_percent(percent);
    rt_gc();
    uint32_t before = cycles();
    litter(32 * GC_HEAP_MIN_BYTES);
    return cycles() - before;
}

static void percents(void *unused)
{
    (void)unused;
    check(rt_set_gc_percent(100) == 100);
    uint32_t seldom = cycles_at(400), often = cycles_at(20);
    check(seldom > 0 && often > 2 * seldom);
    check(cycles_at(0) > seldom); // and not without end
    check(cycles_at(-7) == 0);
    check(rt_set_gc_percent(50) == -1);
    check(rt_set_gc_percent(INT32_MAX) == 50);
}

static void the_percentage_says_how_often(void **state)
{
    (void)state;
    holds(percents);
}

static void limited(void *unused)
{
    (void)unused;
    rt_set_gc_percent(-1);
    check(rt_set_memory_limit(-1) == INT64_MAX);
    int64_t limit = 8 * GC_HEAP_MIN_BYTES;
    check(rt_set_memory_limit(limit) == INT64_MAX);
    uint32_t before = cycles();
    for (int i = 0; i < 64; i++) {
        litter(GC_HEAP_MIN_BYTES);
        uint64_t spans = load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES;
        check(spans < (uint64_t)limit + (uint64_t)limit / 2);
    }
    check(cycles() > before);
    check(rt_set_memory_limit(0) == limit);
    litter(4 * GC_HEAP_MIN_BYTES); // cannot be kept, and goes on
    check(rt_set_memory_limit(INT64_MAX) == 0);
}

static void a_memory_limit_collects_without_a_percentage(void **state)
{
    (void)state;
    holds(limited);
}

static void wait_for_time(void *unused)
{
    (void)unused;
    litter(128);
    for (uint32_t n = cycles() + 3; cycles() < n;)
        rt_sleep(FORCEGC_PERIOD_MS * INT64_C(1000000));
    rt_set_gc_percent(-1);
    rt_gc();
    uint32_t before = cycles();
    rt_sleep(20 * FORCEGC_PERIOD_MS * INT64_C(1000000));
    check(cycles() == before);
}

static void a_collection_is_forced_when_it_is_time(void **state)
{
    (void)state;
    if (FORCEGC_PERIOD_MS > 1000)
        skip();
    holds(wait_for_time);
}

static void collect_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        uint32_t before = cycles();
        rt_gc();
        check(cycles() > before);
    }
    add_acq_rel(&left, (uint32_t)-1);
}

static void many_by_hand(void *unused)
{
    (void)unused;
    rt_set_gc_percent(-1);
    enum { CALLERS = 5 };
    store_relaxed(&left, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        rt_go(collect_many, NULL);
    while (load_acquire(&left) != 0)
        rt_yield();
    // several wait for one cycle, and each needs one that began after its call
    check(cycles() >= 20 && cycles() <= CALLERS * 20);
}

static void several_ask_at_once(void **state)
{
    (void)state;
    holds(many_by_hand);
}

// Assists ---------------------------------------------------------------------------------------

static void allocate_much(void *unused)
{
    (void)unused;
    litter(2 * GC_HEAP_MIN_BYTES);
    add_acq_rel(&left, (uint32_t)-1);
}

static void assisted(void *unused)
{
    (void)unused;
    rt_register_globals(&root, 1);
    struct rand r = {3};
    rt_write_ptr(&root, tree_new(&r, GC_HEAP_MIN_BYTES > 100000 ? 14 : 8));
    rt_set_gc_percent(20);
    store_relaxed(&left, 4);
    for (int i = 0; i < 4; i++)
        rt_go(allocate_much, NULL);
    while (load_acquire(&left) != 0)
        rt_yield();
    check(load_relaxed(&gc_counts.assisted) > 0);
    check(tree_count(rt_load_ptr(&root)) != 0);
}

static void who_allocates_pays(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(assisted);
}

// What else it does -----------------------------------------------------------------------------

static __attribute__((noinline)) void dive(uint32_t depth)
{
    char frame[1024];
    frame[0] = (char)depth;
    __asm__ volatile("" : : "r"(frame) : "memory");
    if (depth > 0)
        dive(depth - 1);
    __asm__ volatile("" : : "r"(frame) : "memory");
}

static void dive_and_wait(void *unused)
{
    (void)unused;
    dive(STACK_BYTES / 2048);
    rt_park();
    store_release(&left, 0);
}

static void stacks(void *unused)
{
    (void)unused;
    store_relaxed(&left, 1);
    struct g *gp = rt_go(dive_and_wait, NULL);
    rt_sleep(5000000);
    check(gp->stack.hi - gp->stack.open > STACK_KEEP_BYTES);
    rt_gc();
    check(gp->stack.hi - gp->stack.open <= STACK_KEEP_BYTES);
    rt_ready(gp);
    while (load_acquire(&left) != 0)
        rt_yield();
}

static void a_stack_shrinks_when_it_is_scanned(void **state)
{
    (void)state;
    if (STACK_BYTES / 4 <= STACK_KEEP_BYTES)
        skip();
    holds(stacks);
}

static void wait_for_ever(void *unused)
{
    (void)unused;
    litter(2 * GC_HEAP_MIN_BYTES);
    rt_gc();
    rt_park();
}

static void helpers_do_not_hide_a_deadlock(void **state)
{
    (void)state;
    dies_saying(wait_for_ever, 1, "goroutine 1 [park] fn=");
    dies_saying(wait_for_ever, 3, "all goroutines are asleep - deadlock!");
    static char text[16384];
    claim = wait_for_ever;
    death_of(run_claim, text, sizeof(text));
    assert_null(strstr(text, "GC"));
}

static atomic_u32 finalized;
static struct rt_weak *weak;
static rt_ptr weak_root;

static void finalize(void *n)
{
    node_verify(n);
    node_verify(rt_load_ptr(&((struct node *)n)->kid[0])); // what it refers to is whole
    add_acq_rel(&finalized, 1);
}

static __attribute__((noinline)) void make_with_finalizer(void)
{
    struct rand r = {5};
    struct node *n = node_new(&r);
    rt_write_ptr(&n->kid[0], node_new(&r));
    rt_set_finalizer(n, finalize);
    weak = rt_weak_new(n);
    rt_write_ptr(&weak_root, weak);
}

static void finalizers(void *unused)
{
    (void)unused;
    enum { ROUNDS = 10 };
    rt_register_globals(&weak_root, 1);
    store_relaxed(&finalized, 0);
    for (int i = 0; i < ROUNDS; i++) {
        make_with_finalizer();
        dive(4);
    }
    // the last one may still lie in some frame
    while (load_acquire(&finalized) < ROUNDS - 1) {
        rt_gc();
        rt_yield();
    }
}

static void finalizers_run_once_their_object_is_not_reached(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(finalizers);
}

// Work buffers ------------------------------------------------------------------------------------

enum { NODES = 8, TAKES = 20000 };

static struct mine {
    _Alignas(LFNODE_ALIGN) struct lfnode node;
    atomic_u32 taken;
} nodes[NODES];
static struct lfstack stack;

static void take_and_give(void *unused)
{
    (void)unused;
    for (int i = 0; i < TAKES; i++) {
        struct mine *a = (struct mine *)(void *)lfstack_pop(&stack);
        struct mine *b = (struct mine *)(void *)lfstack_pop(&stack);
        if (a != NULL)
            check(add_acq_rel(&a->taken, 1) == 0);
        if (b != NULL)
            check(add_acq_rel(&b->taken, 1) == 0);
        // in the order in which they came, so that a head comes back over another
        if (a != NULL) {
            sub_acq_rel(&a->taken, 1);
            lfstack_push(&stack, &a->node);
        }
        if (b != NULL) {
            sub_acq_rel(&b->taken, 1);
            lfstack_push(&stack, &b->node);
        }
        rt_preempt_point();
    }
    add_acq_rel(&left, (uint32_t)-1);
}

static void exactly_once(void *unused)
{
    (void)unused;
    for (int i = 0; i < NODES; i++)
        lfstack_push(&stack, &nodes[i].node);
    store_relaxed(&left, 3);
    for (int i = 0; i < 3; i++)
        rt_go(take_and_give, NULL);
    while (load_acquire(&left) != 0)
        rt_yield();
    uint32_t n = 0;
    while (lfstack_pop(&stack) != NULL)
        n++;
    check(n == NODES);
}

static void a_node_is_popped_by_one(void **state)
{
    (void)state;
    holds(exactly_once);
}

// Objects of many pages --------------------------------------------------------------------------

static void large(void *unused)
{
    (void)unused;
    enum { N = 4 * OBLET_BYTES / sizeof(struct node) + 3 };
    rt_register_globals(&root, 1);
    struct rand r = {11};
    struct node *array = rt_new_array(&node_type, N);
    rt_write_ptr(&root, array);
    for (size_t i = 0; i < N; i++)
        rt_write_ptr(&array[i].kid[i % 2], node_new(&r));
    for (int round = 0; round < 3; round++) {
        litter(2 * GC_HEAP_MIN_BYTES);
        rt_gc();
        for (size_t i = 0; i < N; i++)
            node_verify(rt_load_ptr(&array[i].kid[i % 2]));
        rt_move(&node_type, array, array + 1, N - 1); // the last one is there twice
        rt_move(&node_type, array + 1, array, N - 1);
        rt_write_ptr(&array[0].kid[0], rt_load_ptr(&array[2].kid[0]));
        rt_move_ptrs(&array[0].kid[1], &array[0].kid[0], 1);
        for (size_t i = 0; i < N; i++) {
            struct node *n = rt_load_ptr(&array[i].kid[0]);
            if (n != NULL)
                node_verify(n);
            rt_clear_ptrs(array[i].kid, 2);
            rt_write_ptr(&array[i].kid[i % 2], node_new(&r));
        }
    }
}

static void large_objects_are_scanned_in_pieces(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
    holds(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_popped_by_one),
        cmocka_unit_test(the_percentage_says_how_often),
        cmocka_unit_test(a_memory_limit_collects_without_a_percentage),
        cmocka_unit_test(a_collection_is_forced_when_it_is_time),
        cmocka_unit_test(several_ask_at_once),
        cmocka_unit_test(helpers_do_not_hide_a_deadlock),
        cmocka_unit_test(who_allocates_pays),
        cmocka_unit_test(a_stack_shrinks_when_it_is_scanned),
        cmocka_unit_test(finalizers_run_once_their_object_is_not_reached),
        cmocka_unit_test(large_objects_are_scanned_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
