// SPDX-License-Identifier: Apache-2.0
//
// See timed.h: what operations cost, and where cache lines are. Lines are found by a table of open
// addressing; neighbours lie side by side in it as they do in memory. An entry carries the number
// of its execution, so that a restart costs nothing.
#include "stress/sim/timed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE_LOG2 = 6, LINES = 1 << 20, PROBES = 64, WORDS = (SIM_THREADS_MAX + 63) / 64 };

struct line {
    uint64_t number; // address / 64
    uint32_t execution;
    uint64_t in[WORDS]; // a bit for each thread that has it in its cache
};

static struct line *lines; // NULL: no execution was timed yet
static uint32_t execution;
static int64_t read_ns; // the latest that anybody has read from the clock
static struct sim_timed counts;

const struct sim_timed *sim_timed(void)
{
    return &counts;
}

void timed_restart(void)
{
    counts = (struct sim_timed){0};
    read_ns = 0;
    sim.until = NEVER;
    execution++;
    if (!sim.timed || lines != NULL)
        return;
    lines = mmap(NULL, LINES * sizeof *lines, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (lines == MAP_FAILED) {
        fputs("gauntlet: no memory for the lines of a timed execution\n", stderr);
        exit(2);
    }
}

// NULL: no room for it. *fresh: nobody has touched it before.
static struct line *find_line(uint64_t number, bool *fresh)
{
    uint64_t at = number ^ (number >> 20) * 0x9e3779b1u;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct line *l = &lines[(at + i) % LINES];
        if (l->execution != execution) {
            *l = (struct line){.number = number, .execution = execution};
            *fresh = true;
            return l;
        }
        if (l->number == number)
            return l;
    }
    return NULL;
}

static bool only_here(const struct line *l, uint32_t word, uint64_t bit)
{
    for (uint32_t i = 0; i < WORDS; i++) {
        if (l->in[i] != (i == word ? bit : 0))
            return false;
    }
    return true;
}

static void keep_only_here(struct line *l, uint32_t word, uint64_t bit)
{
    for (uint32_t i = 0; i < WORDS; i++)
        l->in[i] = i == word ? bit : 0;
}

static int64_t touch(uint64_t number, bool write)
{
    bool fresh = false;
    struct line *l = find_line(number, &fresh);
    uint32_t word = sim.thread / 64;
    uint64_t bit = 1ull << sim.thread % 64;
    if (l == NULL) {
        counts.unknown++;
        return TIMED_HIT;
    }
    bool here = (l->in[word] & bit) != 0;
    if (here && (!write || only_here(l, word, bit))) {
        counts.hits++;
        return TIMED_HIT;
    }
    if (write)
        keep_only_here(l, word, bit);
    else
        l->in[word] |= bit;
    if (fresh) {
        counts.cold++;
        return TIMED_MEMORY;
    }
    if (here) {
        counts.invalidations++;
        return TIMED_INVALIDATE;
    }
    counts.transfers++;
    return TIMED_TRANSFER;
}

void timed_access(uint64_t addr, uint64_t bytes, bool write)
{
    if (bytes == 0 || memory_cell(addr) == NULL)
        return;
    int64_t ns = 0;
    for (uint64_t n = addr >> LINE_LOG2; n <= (addr + bytes - 1) >> LINE_LOG2; n++)
        ns += touch(n, write);
    timed_pay(ns);
}

void timed_atomic(uint64_t addr, enum timed_atomic what)
{
    timed_access(addr, 1, what != TIMED_LOAD);
    if (what == TIMED_MODIFY)
        timed_pay(TIMED_RMW);
}

void timed_read_clock(void)
{
    timed_pay(TIMED_CLOCK);
    if (sim.now < read_ns)
        timed_pay(read_ns - sim.now);
    read_ns = sim.now;
}
