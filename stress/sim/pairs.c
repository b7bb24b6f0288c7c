// SPDX-License-Identifier: Apache-2.0
//
// Pairs of sites, as feedback for fuzzers: which write an atomic operation reads or overwrites when
// it is another thread's, and at which site one thread stops where another goes on. Noted by hash
// in bytes of the caller's. The last writer of a word is looked up by a hash of its address, too:
// two words may share an entry, always the same two, so equal executions count the same.

#include "stress/sim/engine.h"

#include <string.h>

enum { WORDS = 1 << 12 };

static struct writer {
    uint32_t tag; // of the execution; others are none
    uint32_t site, thread;
} writers[WORDS];

void sim_pairs_into(uint8_t *counters, uint32_t n)
{
    sim.pairs = counters;
    sim.pairs_half = n / 2;
}

// That it was met, not how often: with numbers every third input would be new.
static void meet(uint32_t base, uint32_t a, uint32_t b)
{
    uint32_t h = (a * 0x9e3779b1u ^ b) * 0x85ebca6bu;

    sim.pairs[base + (h >> 16) % sim.pairs_half] = 1;
}

void pairs_atomic(uint32_t site, uint64_t pending)
{
    uint64_t word = pending_addr(pending);
    struct writer *w = &writers[(word >> 2) * 0x9e3779b97f4a7c15u >> 52];

    if (w->tag == sim.tag && w->thread != sim.thread)
        meet(0, w->site, site);
    if ((pending & 3) == PENDING_WRITE)
        *w = (struct writer){sim.tag, site, sim.thread};
}

void pairs_handoff(uint32_t from, uint32_t to)
{
    meet(sim.pairs_half, from, to);
}
