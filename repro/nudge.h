// SPDX-License-Identifier: Apache-2.0
//
// A strategy that moves one choice along the execution: the places beside a choice are the points
// before and after it, whatever lines they belong to.
#pragma once

#include "stress/sim/sim.h"

// Takes the choices of `rest`, and once more interrupts before the point with this number, so that
// the thread with the name `thread` runs (0: nothing more than the rest). `rest` must outlive the
// run. One at a time.
struct sim_strategy *nudge_strategy(const struct sim_schedule *rest, uint64_t point,
                                    uint32_t thread);
// After a run: whether that was done, and all of `rest` was taken.
bool nudge_taken(void);
// *to becomes `from` without one choice.
void nudge_without(const struct sim_schedule *from, size_t choice, struct sim_schedule *to);
