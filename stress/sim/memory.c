// SPDX-License-Identifier: Apache-2.0
//
// The address space of the program under test: its globals (between the section symbols of
// runtime/base/sections.h), and one arena at a fixed address from which every reservation and
// thread stack is cut in order, so that equal executions see equal addresses.
//
// Restart puts the globals back to what the binary holds and clears what the last execution
// committed; stacks are apart (stacks.c).
// Rejected: madvise(DONTNEED) and fork per execution (a fault a page: over 20 µs here),
// soft-dirty bits (system calls with page-table walks).
//
// Page protection follows commits lazily: a page stays accessible in later executions of the same
// program, which commit it again sooner or later; nothing is paid for it after the first. Another
// program starts with nothing accessible.

#include "stress/sim/race.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, COMMITS_MAX = 8192 };

extern char __start_rt_data[] __attribute__((weak)), __stop_rt_data[] __attribute__((weak));
extern char __start_rt_bss[] __attribute__((weak)), __stop_rt_bss[] __attribute__((weak));

struct cell *memory_arena_cells, *memory_global_cells;
struct birth *memory_births;
uint64_t memory_global_lo, memory_global_span;

static char *data_image;
static char *brk_now;       // next reservation
static uint8_t *accessible; // per arena page: has PROT_READ | PROT_WRITE
static bool closed_again;   // a page was decommitted in this execution
static struct commit {
    char *lo, *hi;
} commits[COMMITS_MAX];
static size_t n_commits;

static void *map(uint64_t at, size_t bytes, int prot)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0);
    void *p = mmap((void *)at, bytes, prot, flags, -1, 0);
    if (p == MAP_FAILED || (at && p != (void *)at)) {
        fprintf(stderr, "gauntlet: cannot map %zu MiB of address space at %#lx: %s\n", bytes >> 20,
                (unsigned long)at, strerror(errno));
        exit(2);
    }
    return p;
}

static size_t data_bytes(void)
{
    return (size_t)(__stop_rt_data - __start_rt_data);
}

void memory_init(void)
{
    const uint64_t edges[] = {(uint64_t)__start_rt_data, (uint64_t)__stop_rt_data,
                              (uint64_t)__start_rt_bss, (uint64_t)__stop_rt_bss};
    uint64_t lo = UINT64_MAX, hi = 0;
    for (int i = 0; i < 4; i++) {
        if (!edges[i])
            continue;
        lo = edges[i] < lo ? edges[i] : lo;
        hi = edges[i] > hi ? edges[i] : hi;
    }
    if (hi > lo) {
        memory_global_lo = lo & ~7ull;
        memory_global_span = hi - memory_global_lo;
    }
    memory_global_cells =
        map(0, (memory_global_span / 8 + 1) * sizeof(struct cell), PROT_READ | PROT_WRITE);
    memory_arena_cells =
        map(0, MEMORY_ARENA_BYTES / 8 * sizeof(struct cell), PROT_READ | PROT_WRITE);
    memory_births = map(0, MEMORY_HEAP_BYTES / 8 * sizeof(struct birth), PROT_READ | PROT_WRITE);
    accessible = map(0, MEMORY_ARENA_BYTES / PAGE, PROT_READ | PROT_WRITE);
    map(MEMORY_ARENA_BASE, MEMORY_ARENA_BYTES, PROT_NONE);
    brk_now = (char *)MEMORY_ARENA_BASE;
    data_image = malloc(data_bytes() + 1);
    memcpy(data_image, __start_rt_data, data_bytes());
}

void memory_wipe_cells(void)
{
    madvise(memory_births, MEMORY_HEAP_BYTES / 8 * sizeof(struct birth), MADV_DONTNEED);
    madvise(memory_arena_cells, MEMORY_ARENA_BYTES / 8 * sizeof(struct cell), MADV_DONTNEED);
    memset(memory_global_cells, 0, (memory_global_span / 8 + 1) * sizeof(struct cell));
}

// Clears what of the range is still accessible: a part may have been decommitted.
static void clear(char *from, char *to)
{
    if (likely(!closed_again)) {
        memset(from, 0, (size_t)(to - from));
        return;
    }
    const uint8_t *open = accessible + ((uint64_t)from - MEMORY_ARENA_BASE) / PAGE;
    for (char *page = (char *)((uint64_t)from & ~(uint64_t)(PAGE - 1)); page < to; page += PAGE) {
        if (*open++)
            memset(page, 0, PAGE);
    }
}

void memory_restart(void)
{
    memcpy(__start_rt_data, data_image, data_bytes());
    memset(__start_rt_bss, 0, (size_t)(__stop_rt_bss - __start_rt_bss));
    for (size_t i = 0; i < n_commits; i++) {
        const struct commit *c = &commits[i];
        clear(c->lo, c->hi);
    }
    stacks_restart();
    n_commits = 0;
    closed_again = false;
    brk_now = (char *)MEMORY_ARENA_BASE;
}

static uint64_t hash_words(uint64_t h, const char *from, const char *to)
{
    uint64_t x;
    for (; from + sizeof x <= to; from += sizeof x) {
        memcpy(&x, from, sizeof x);
        h = (h ^ x) * 0x9e3779b97f4a7c15u;
    }
    x = 0;
    memcpy(&x, from, (size_t)(to - from));
    return (h ^ x) * 0x9e3779b97f4a7c15u;
}

uint64_t sim_globals_hash(void)
{
    uint64_t h = hash_words(0x243f6a8885a308d3u, __start_rt_data, __stop_rt_data);
    return hash_words(h, __start_rt_bss, __stop_rt_bss);
}

bool sim_is_program(uint64_t addr)
{
    return memory_cell(addr) != NULL;
}

void *memory_reserve(size_t bytes)
{
    uint64_t left = MEMORY_STACKS - (uint64_t)brk_now;
    if (bytes > left)
        return NULL;
    char *p = brk_now;
    brk_now += (bytes + PAGE - 1) / PAGE * PAGE;
    return p;
}

int memory_make_accessible(char *p, size_t bytes)
{
    size_t first = ((uint64_t)p - MEMORY_ARENA_BASE) / PAGE, n = bytes / PAGE;
    if (!memchr(accessible + first, 0, n))
        return 0;
    if (mprotect(p, bytes, PROT_READ | PROT_WRITE) != 0)
        return -ENOMEM;
    memset(accessible + first, 1, n);
    return 0;
}

int memory_commit(void *p, size_t bytes)
{
    if (n_commits == COMMITS_MAX)
        return -ENOMEM;
    int err = memory_make_accessible(p, bytes);
    if (err == 0)
        commits[n_commits++] = (struct commit){p, (char *)p + bytes};
    return err;
}

void memory_decommit(void *p, size_t bytes)
{
    char *lo = p, *hi = lo + bytes;
    closed_again = true;
    for (size_t i = 0; i < n_commits; i++) {
        struct commit *c = &commits[i];
        char *a = c->lo > lo ? c->lo : lo, *b = c->hi < hi ? c->hi : hi;
        if (a < b)
            clear(a, b);
    }
    if (mprotect(p, bytes, PROT_NONE) != 0)
        oracle_crash("host_decommit: the page protection cannot be changed", 0);
    memset(accessible + ((uint64_t)p - MEMORY_ARENA_BASE) / PAGE, 0, bytes / PAGE);
    race_forget((uint64_t)lo, bytes);
}

void memory_close_all(void)
{
    // what was committed last is still to be cleared; it is gone with its pages
    madvise((void *)MEMORY_ARENA_BASE, MEMORY_ARENA_BYTES, MADV_DONTNEED);
    mprotect((void *)MEMORY_ARENA_BASE, MEMORY_ARENA_BYTES, PROT_NONE);
    madvise(accessible, MEMORY_ARENA_BYTES / PAGE, MADV_DONTNEED);
    n_commits = 0;
    stacks_forget();
}
