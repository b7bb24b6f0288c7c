// SPDX-License-Identifier: Apache-2.0
//
// Edits that make a workload smaller, one number each, and what they do to a schedule: operations
// are known by their index, so choices move along when lines before them go.
#pragma once

#include "stress/sim/sim.h"
#include "stress/workload/text.h"

// Edits are numbered from 0, large cuts first; edit_count is their number for this workload.
uint32_t edit_count(const struct workload *w);
// A smaller workload, or NULL when this edit makes no sense here. *schedule becomes `from` with its
// operations renumbered, and without the choices of goroutines that are gone.
struct workload *edit_apply(const struct workload *w, uint32_t edit,
                            const struct sim_schedule *from, struct sim_schedule *schedule);
