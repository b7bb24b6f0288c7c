// SPDX-License-Identifier: Apache-2.0
//
// Feedback of interleavings: the matrix of states that the model counts (sim_coverage), pairs of
// sites where one thread reads what another wrote, and pairs where one stops and another goes on
// (sim_pairs_into). Bytes in a section that libFuzzer counts as coverage, and afl_counters.c for
// AFL++. Only with GAUNTLET_FEEDBACK=on: docs/fuzzing.md has what it costs, and no gain.
#include "fuzz/program/feedback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/sim/sim.h"

enum { CELLS_MAX = 1 << 14, PAIRS = 1 << 13 };

static struct {
    uint8_t cells[CELLS_MAX], pairs[PAIRS];
} found __attribute__((section("__libfuzzer_extra_counters")));
static uint64_t counts[CELLS_MAX];
static uint32_t n;

void feedback_begin(void)
{
    const struct sim_coverage *c = sim_coverage();
    const char *wanted = getenv("GAUNTLET_FEEDBACK");

    if (wanted == NULL || strcmp(wanted, "on") != 0)
        return;
    sim_pairs_into(found.pairs, PAIRS);
    if (c == NULL || c->cells > CELLS_MAX) {
        fputs("feedback: the matrix of states does not fit\n", stderr);
        exit(2);
    }
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
        found.cells[i] = counts[i] > 0;
}
