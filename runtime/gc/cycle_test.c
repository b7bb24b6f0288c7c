// SPDX-License-Identifier: Apache-2.0
//
// Whole cycles under a program that changes its heap all the time, with every check on.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/gc/graph.h"
#include "runtime/sched/claims.h"

enum { MUTATORS = 4, STEPS = 3000, TREE_DEPTH = 6 };

static atomic_u32 left;

static void mutate(void *stream)
{
    struct rand r = {(uint64_t)(uintptr_t)stream};
    struct node *tree = tree_new(&r, TREE_DEPTH);
    for (int i = 0; i < STEPS; i++) {
        graph_step(&r);
        if (i % 50 == 0) {
            tree = tree_renew(&r, tree, TREE_DEPTH);
            check(tree_count(tree) == (1 << TREE_DEPTH) - 1);
        }
        rt_preempt_point();
    }
    add_acq_rel(&left, (uint32_t)-1);
}

static void everything_on(void)
{
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
}

static void graph(void *unused)
{
    (void)unused;
    graph_begin();
    store_relaxed(&left, MUTATORS);
    for (uintptr_t i = 1; i <= MUTATORS; i++)
        rt_go(mutate, (void *)i);
    uint32_t n = 0;
    while (load_acquire(&left) != 0) {
        rt_gc();
        n++;
    }
    check(load_relaxed(&gc.cycles) >= n);
}

static void what_is_reached_stays_and_is_marked(void **state)
{
    (void)state;
    everything_on();
    holds(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_reached_stays_and_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
