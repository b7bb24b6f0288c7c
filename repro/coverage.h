// SPDX-License-Identifier: Apache-2.0
//
// Which workloads meet what: counts of the engine's matrix (struct sim_coverage), a row of cells
// for each workload.
#pragma once

#include "repro/hunt.h"

// How much of the matrix is met by all workloads together.
struct coverage_sum {
    uint32_t met, holes, impossible; // impossible ones that were not met; all three: the cells
    uint32_t strange;                // of those met: impossible ones
};
struct coverage_sum coverage_add_up(const uint64_t *counts, uint32_t nworkloads);

// Cells that workload `w` meets, and those that no other one does.
void coverage_share(const uint64_t *counts, uint32_t nworkloads, uint32_t w, uint32_t *met,
                    uint32_t *alone);
