// SPDX-License-Identifier: Apache-2.0
//
// Sums over the coverage matrix: see coverage.h.
#include "repro/coverage.h"

// How many workloads meet the cell.
static uint32_t meeting(const uint64_t *counts, uint32_t nworkloads, uint32_t cell)
{
    uint32_t cells = sim_coverage()->cells, n = 0;

    for (uint32_t w = 0; w < nworkloads; w++)
        n += counts[(size_t)w * cells + cell] > 0;
    return n;
}

struct coverage_sum coverage_add_up(const uint64_t *counts, uint32_t nworkloads)
{
    const struct sim_coverage *c = sim_coverage();
    struct coverage_sum sum = {0};

    for (uint32_t cell = 0; cell < c->cells; cell++) {
        bool met = meeting(counts, nworkloads, cell) > 0, possible = c->impossible(cell) == NULL;

        sum.met += met;
        sum.strange += met && !possible;
        sum.holes += !met && possible;
        sum.impossible += !met && !possible;
    }
    return sum;
}

void coverage_share(const uint64_t *counts, uint32_t nworkloads, uint32_t w, uint32_t *met,
                    uint32_t *alone)
{
    uint32_t cells = sim_coverage()->cells;

    *met = *alone = 0;
    for (uint32_t cell = 0; cell < cells; cell++)
        if (counts[(size_t)w * cells + cell] > 0) {
            ++*met;
            *alone += meeting(counts, nworkloads, cell) == 1;
        }
}
