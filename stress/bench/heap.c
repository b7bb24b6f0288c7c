// SPDX-License-Identifier: Apache-2.0
//
// What allocator and collector cost on the machine itself: sizes prod, no instrumentation.
// peer/heap/heap.go asks Go the same under the same names. Single: one p, processor time of the
// process, which is what the collector takes on that p as well. Parallel: two p's and the clock.
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/atomic.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"
#include "stress/bench/operations.h"

enum {
    BATCH = 10000,
    DEPTH = 16,
    SPOTS = 100000, // of the boundary pattern
    WORDS = 1 << 16,
    PARALLEL = 200000,
    LARGE = 20,
    LARGE_BYTES = 1 << 20,
};

struct node {
    rt_ptr left, right;
};
RT_TYPE(node_type, struct node, RT_AT(struct node, left) | RT_AT(struct node, right));

struct slot {
    rt_ptr object;
};
RT_TYPE(slot_type, struct slot, RT_AT(struct slot, object));

// So that nothing is optimized away, and everything is dropped at the next store.
static rt_ptr sink[3];
static struct g *main_goroutine;

static void small_objects(void)
{
    for (int i = 0; i < BATCH; i++)
        rt_write_ptr(&sink[0], rt_new(&node_type));
}

// Several p's ---------------------------------------------------------------------------------

static atomic_u32 allocating; // goroutines; the last one wakes main

static void allocate_many(void *slot)
{
    for (int i = 0; i < PARALLEL; i++)
        rt_write_ptr(slot, rt_new(&node_type));
    if (sub_acq_rel(&allocating, 1) == 1) // pairs [heap.allocating]
        rt_ready(main_goroutine);
}

static void small_objects_parallel(void)
{
    store_relaxed(&allocating, 2);
    rt_go(allocate_many, &sink[1]);
    rt_go(allocate_many, &sink[2]);
    while (load_acquire(&allocating) != 0) // pairs [heap.allocating]
        rt_park();
}

static void two_procs(void)
{
    rt_set_procs(2);
}

static void one_proc(void)
{
    rt_set_procs(1);
}

// Trees ---------------------------------------------------------------------------------------

static struct node *tree(int depth)
{
    struct node *n = rt_new(&node_type);
    if (depth > 0) {
        rt_write_ptr(&n->left, tree(depth - 1));
        rt_write_ptr(&n->right, tree(depth - 1));
    }
    return n;
}

static uint64_t count(const struct node *n)
{
    const struct node *left = rt_load_ptr(&n->left);
    return left == NULL ? 1 : 1 + count(left) + count(rt_load_ptr(&n->right));
}

// One long-lived tree of that depth, and short-lived ones of every second depth below, as many as
// make the same number of nodes each.
static void binary_trees(void)
{
    rt_write_ptr(&sink[0], tree(DEPTH));
    for (int depth = 4; depth <= DEPTH; depth += 4) {
        for (int i = 0; i < 1 << (DEPTH - depth); i++) {
            if (count(tree(depth)) != (UINT64_C(2) << depth) - 1)
                abort();
        }
    }
    if (count(rt_load_ptr(&sink[0])) != (UINT64_C(2) << DEPTH) - 1)
        abort();
    rt_write_ptr(&sink[0], NULL);
}

// Boundaries ----------------------------------------------------------------------------------
// Objects of 8, 16 and 24 bytes in turns; the middle half is dropped and made anew.

static void spots_fill(struct slot *spots, int from, int to)
{
    static const size_t bytes[] = {8, 16, 24};
    for (int i = from; i < to; i++)
        rt_write_ptr(&spots[i].object, rt_new_bytes(bytes[i % 3]));
}

static void tiny_boundaries(void)
{
    struct slot *spots = rt_new_array(&slot_type, SPOTS);
    spots_fill(spots, 0, SPOTS);
    for (int turn = 0; turn < 4; turn++) {
        for (int i = SPOTS / 4; i < 3 * SPOTS / 4; i++)
            rt_write_ptr(&spots[i].object, NULL);
        spots_fill(spots, SPOTS / 4, 3 * SPOTS / 4);
    }
    rt_keep_alive(spots);
}

// Large ---------------------------------------------------------------------------------------

static void large_objects(void)
{
    for (int i = 0; i < LARGE; i++) {
        char *p = rt_new_bytes(LARGE_BYTES);
        p[0] = 1;
        rt_write_ptr(&sink[0], p);
    }
}

static void large_pointer_objects(void)
{
    for (int i = 0; i < LARGE; i++)
        rt_write_ptr(&sink[0], rt_new_array(&slot_type, LARGE_BYTES / sizeof(struct slot)));
}

static struct slot *copy_from, *copy_to; // kept alive by sink[1], sink[2]

static void copy_prepare(void)
{
    copy_from = rt_new_array(&slot_type, WORDS);
    rt_write_ptr(&sink[1], copy_from);
    copy_to = rt_new_array(&slot_type, WORDS);
    rt_write_ptr(&sink[2], copy_to);
    for (int i = 0; i < WORDS; i++)
        rt_write_ptr(&copy_from[i].object, copy_to);
}

static void copy_clear(void)
{
    rt_write_ptr(&sink[1], NULL);
    rt_write_ptr(&sink[2], NULL);
}

static void bulk_copies(void)
{
    for (int i = 0; i < 10; i++)
        rt_move_ptrs(&copy_to->object, &copy_from->object, WORDS);
}

static const struct operation operations[] = {
    {.name = "heap.small_16", small_objects, BATCH, &clock_cpu_ns},
    {.name = "heap.binary_trees_16", binary_trees, 1, &clock_cpu_ms},
    {.name = "heap.tiny_boundaries", tiny_boundaries, 1, &clock_cpu_ms},
    {.name = "heap.large_1MiB", large_objects, LARGE, &clock_cpu_ns},
    {.name = "heap.large_1MiB_pointers", large_pointer_objects, LARGE, &clock_cpu_ns},
    {.name = "heap.copy_64Ki_pointers",
     bulk_copies,
     10,
     &clock_cpu_ns,
     .prepare = copy_prepare,
     .clear = copy_clear},
    {.name = "heap.small_16_parallel",
     small_objects_parallel,
     2 * PARALLEL,
     &clock_wall_ns,
     .prepare = two_procs,
     .clear = one_proc},
};

static void run(void *arg)
{
    main_goroutine = rt_self();
    rt_register_globals(sink, sizeof sink / sizeof sink[0]);
    operations_run(operations, sizeof operations / sizeof operations[0], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    rt_main(&(struct rt_config){.procs = 1}, run, &slices);
}
