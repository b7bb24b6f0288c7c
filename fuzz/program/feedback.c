// SPDX-License-Identifier: Apache-2.0
//
// Feedback of interleavings: the matrix of states that the model counts (sim_coverage). Bytes in a
// section that libFuzzer counts as coverage, and afl_counters.c for AFL++.
#include "fuzz/program/feedback.h"

#include <stdlib.h>
#include <string.h>

#include "stress/sim/sim.h"

enum { CELLS_MAX = 1 << 14 };

static uint8_t cells[CELLS_MAX] __attribute__((section("__libfuzzer_extra_counters")));
static uint64_t counts[CELLS_MAX];
static uint32_t n;

void feedback_begin(void)
{
    const struct sim_coverage *c = sim_coverage();
    const char *off = getenv("GAUNTLET_FEEDBACK");

    if (c == NULL || (off != NULL && strcmp(off, "off") == 0) || c->cells > CELLS_MAX)
        return;
    n = c->cells;
    sim_coverage_into(counts);
}

void feedback_clear(void)
{
    memset(counts, 0, n * sizeof counts[0]);
}

void feedback_take(void)
{
    for (uint32_t i = 0; i < n; i++)
        if (counts[i] > 0)
            cells[i] = counts[i] > 255 ? 255 : (uint8_t)counts[i];
}
