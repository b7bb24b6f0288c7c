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

#include "runtime/mem/heap_testing.h"

enum { BLOCK = HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES, N = 48 };

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
                    " in use)\nfatal error: runtime: out of memory: the heap cannot grow\n");
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

int main(void)
{
    claim_without_gc = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_memory_is_a_clear_error),
        cmocka_unit_test(free_memory_goes_back_before_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
