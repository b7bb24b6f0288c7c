// SPDX-License-Identifier: Apache-2.0
//
// The collector under a program that does everything at once, with every check on in every cycle:
// gc_soak_test [SECONDS [SEED]]. Goroutines come and go, change a graph that they share and trees
// of their own, stay in system calls with objects in their frames, sleep, ask for collections; the
// number of p's goes up and down. Run natively and under ThreadSanitizer, where it must be silent.
#include <stdio.h>
#include <stdlib.h>

#include "runtime/gc/cycle.h"
#include "runtime/gc/graph.h"
#include "runtime/sched/sched.h"

enum { SOAK_WORKERS = 12, SOAK_DEPTH = 5, SOAK_PROCS = 6 };

static struct {
    int64_t end; // const after main
    uint64_t seed;
    atomic_u32 left;
    atomic_u64 rounds, children;
} soak;

static bool time_is_up(void)
{
    return host_nanotime() >= soak.end;
}

// Begins with an object that its starter has let go of.
static void child(void *tree)
{
    rt_yield();
    graph_check(tree_count(tree) == (1 << SOAK_DEPTH) - 1);
    add_relaxed(&soak.children, 1);
    add_acq_rel(&soak.left, (uint32_t)-1);
}

static void in_system_call(struct rand *r)
{
    struct node *tree = tree_new(r, SOAK_DEPTH);
    if (rand_below(r, 3) == 0)
        rt_entersyscallblock();
    else
        rt_entersyscall();
    host_sleep((int64_t)rand_below(r, 200000));
    rt_exitsyscall();
    graph_check(tree_count(tree) == (1 << SOAK_DEPTH) - 1);
}

static void tune(struct rand *r)
{
    static const int32_t percents[] = {5, 20, 100, 100, 300, -1};
    switch (rand_below(r, 4)) {
    case 0:
        rt_set_procs(1 + (int32_t)rand_below(r, SOAK_PROCS));
        break;
    case 1:
        rt_set_gc_percent(percents[rand_below(r, 6)]);
        break;
    case 2:
        rt_set_memory_limit(rand_below(r, 2) == 0 ? INT64_MAX : 2 * GC_HEAP_MIN_BYTES);
        break;
    case 3:
        rt_free_os_memory();
        break;
    }
}

static void one_round(struct rand *r, struct node **tree)
{
    switch (rand_below(r, 16)) {
    case 0:
        in_system_call(r);
        break;
    case 1:
        add_acq_rel(&soak.left, 1);
        rt_go(child, tree_new(r, SOAK_DEPTH));
        break;
    case 2:
        rt_sleep((int64_t)rand_below(r, 100000));
        break;
    case 3:
        rt_gc();
        break;
    case 4:
        if (rand_below(r, 8) == 0)
            tune(r);
        break;
    case 5:
        rt_new_bytes(rand_below(r, 4 * GC_HEAP_MIN_BYTES / 64));
        break;
    case 6:
    case 7:
        *tree = tree_renew(r, *tree, SOAK_DEPTH);
        graph_check(tree_count(*tree) == (1 << SOAK_DEPTH) - 1);
        break;
    default:
        for (int i = 0; i < 20; i++)
            graph_step(r);
        break;
    }
}

static void worker(void *stream)
{
    struct rand r = {soak.seed * SOAK_WORKERS + (uint64_t)(uintptr_t)stream};
    rand_next(&r);
    struct node *tree = tree_new(&r, SOAK_DEPTH);
    while (!time_is_up()) {
        one_round(&r, &tree);
        add_relaxed(&soak.rounds, 1);
        rt_preempt_point();
    }
    graph_check(tree_count(tree) == (1 << SOAK_DEPTH) - 1);
    add_acq_rel(&soak.left, (uint32_t)-1);
}

static void run(void *unused)
{
    (void)unused;
    graph_begin();
    store_relaxed(&soak.left, SOAK_WORKERS);
    for (uintptr_t i = 0; i < SOAK_WORKERS; i++)
        rt_go(worker, (void *)i);
    while (load_acquire(&soak.left) != 0)
        rt_sleep(1000000);
    rt_gc();
    printf("%u cycles, %llu rounds, %llu children, %llu bytes by assists\n",
           load_relaxed(&gc.cycles), (unsigned long long)load_relaxed(&soak.rounds),
           (unsigned long long)load_relaxed(&soak.children),
           (unsigned long long)load_relaxed(&gc_counts.assisted));
    fflush(stdout);
    graph_check(load_relaxed(&gc.cycles) > 1);
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 2;
    if (argc > 3 || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "usage: gc_soak_test [SECONDS [SEED]]\n");
        return 2;
    }
    soak.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : host_random();
    printf("%s %ld %llu\n", argv[0], seconds, (unsigned long long)soak.seed);
    fflush(stdout);
    soak.end = host_nanotime() + seconds * 1000000000;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
    struct rt_config config = {.procs = 3};
    rt_main(&config, run, NULL);
}
