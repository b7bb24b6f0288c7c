// SPDX-License-Identifier: Apache-2.0
//
// A host that grants no more memory: what is free goes back first, then comes one clear line.
// Native only: sanitizers need memory of their own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <stdio.h>

#include "runtime/gc/cycle.h"
#include "runtime/gc/graph.h"
#include "runtime/mem/heap_testing.h"

enum { BLOCK = HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES, N = 48, WORKERS = 2 };

// From now on the kernel makes at most `bytes` more writable.
static void grant_only(size_t bytes)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;
    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        sscanf(line, "VmData: %zu", &kib);
    if (f != NULL)
        fclose(f);
    struct rlimit limit = {kib * 1024 + bytes, kib * 1024 + bytes};
    if (kib == 0 || setrlimit(RLIMIT_DATA, &limit) != 0)
        rt_fatal("the test cannot limit its memory");
}

static void fills_up(void *arg)
{
    (void)arg;
    rt_new_bytes(100);
    grant_only(4 * BLOCK + BLOCK / 2); // the rest is for records
    for (;;)
        rt_new_bytes(BLOCK);
}

static void small_ones(void *arg)
{
    (void)arg;
    rt_new_bytes(100);
    grant_only(4 * BLOCK + BLOCK / 2); // the rest is for records
    for (;;)
        rt_new_bytes(100);
}

static void refused_memory_is_a_clear_error(void **state)
{
    (void)state;
    void (*const dying[])(void *) = {fills_up, small_ones};
    for (size_t i = 0; i < 2; i++) {
        dies_saying(dying[i], 1, "runtime: out of memory: cannot allocate ");
        dies_saying(dying[i], 1,
                    " in use)\nfatal error: runtime: out of memory: the host grants no more\n");
    }
}

static void *large[N];

static void mark_every_fourth(void)
{
    for (int i = 0; i < N; i += 4)
        mark_object(large[i]);
}

// Free memory there is, but nowhere enough in a row.
static void fragmented(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        large[i] = rt_new_bytes(BLOCK);
        memset(large[i], i + 1, BLOCK);
    }
    collect(mark_every_fourth);
    grant_only(BLOCK);
    unsigned char *p = rt_new_bytes(16 * BLOCK);
    for (size_t b = 0; b < 16 * BLOCK; b++)
        check(p[b] == 0);
    for (int i = 0; i < N; i += 4)
        check(((unsigned char *)large[i])[BLOCK - 1] == i + 1);
    for (int i = 0; i < 1000; i++)
        rt_new_bytes(48);
}

static void free_memory_goes_back_before_that(void **state)
{
    (void)state;
    holds_on(fragmented, 1, 0);
}

// While others collect, check each collection, and change a graph: what is there is kept together.

static rt_ptr kept[N]; // blocks; registered
static atomic_u32 busy;

static void changes_a_graph(void *number)
{
    struct rand r = {(uint64_t)(uintptr_t)number};
    while (load_acquire(&busy) != 0) { // pairs [test.busy]
        for (int i = 0; i < 50; i++)
            graph_step(&r);
        rt_gc();
    }
}

// Of n blocks, all zero, made while the collector marks; one a cycle, since they survive it.
static void *made_in_a_cycle(size_t n)
{
    static uint32_t last;
    while (load_relaxed(&gc.phase) != GC_MARK || load_relaxed(&gc.cycles) == last)
        rt_yield();
    last = load_relaxed(&gc.cycles);
    unsigned char *p = rt_new_bytes(n * BLOCK);
    for (size_t b = 0; b < n * BLOCK; b++)
        check(p[b] == 0);
    memset(p, 0xa5, n * BLOCK);
    return p;
}

static void within_cycles(void *unused)
{
    (void)unused;
    graph_begin();
    rt_register_globals(kept, N);
    for (int i = 0; i < N; i++)
        rt_write_ptr(&kept[i], rt_new_bytes(BLOCK));
    for (int i = 0; i < N; i++) {
        if (i % 4 != 0)
            rt_write_ptr(&kept[i], NULL);
    }
    rt_gc();
    store_release(&busy, 1); // pairs [test.busy]
    for (uintptr_t i = 1; i <= WORKERS; i++)
        rt_go(changes_a_graph, (void *)i);
    // How many records the collector needs depends on who runs when. Most are there by then, and
    // what is granted, less than a block, can be used for them alone.
    for (size_t i = 0; i < 20; i++)
        rt_write_ptr(&kept[1], made_in_a_cycle(1));
    grant_only(BLOCK - HEAP_PAGE_BYTES);
    for (size_t i = 0; i < 60; i++)
        rt_write_ptr(&kept[1], made_in_a_cycle(1 + i % 5));
    store_release(&busy, 0); // pairs [test.busy]
    rt_gc();
}

static void refused_within_a_cycle_the_heap_stays_whole(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds_on(within_cycles, 1, 0); // more p's are threads, which need memory too
}

int main(void)
{
    claim_without_gc = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_memory_is_a_clear_error),
        cmocka_unit_test(free_memory_goes_back_before_that),
        cmocka_unit_test(refused_within_a_cycle_the_heap_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
