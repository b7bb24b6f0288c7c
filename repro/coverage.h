// SPDX-License-Identifier: Apache-2.0
//
// Which workloads meet what: counts of the engine's matrix (struct sim_coverage), a row of cells
// for each workload.
#pragma once

#include "repro/hunt.h"

enum { COVERAGE_TURNS = 4 };

// How much of the matrix is met by all workloads together.
struct coverage_sum {
    uint32_t met, holes, impossible; // impossible ones that were not met; all three: the cells
    uint32_t strange;                // of those met: impossible ones
};
struct coverage_sum coverage_add_up(const uint64_t *counts, uint32_t nworkloads);

// Cells that workload `w` meets, and those that no other one does.
void coverage_share(const uint64_t *counts, uint32_t nworkloads, uint32_t w, uint32_t *met,
                    uint32_t *alone);

// Turns in a round, 1 to COVERAGE_TURNS, of each workload: a cell is worth one divided by the
// number of workloads that meet it; the workload that is worth most has all turns, others a part.
void coverage_turns(const uint64_t *counts, uint32_t nworkloads, uint32_t *turns);

// Workloads in the order of a round: all of them, then those that have a second turn ... `list` has
// room for COVERAGE_TURNS * nworkloads; returns how many.
uint32_t coverage_round(struct workload *const *workloads, const uint32_t *turns,
                        uint32_t nworkloads, struct workload **list);
