// SPDX-License-Identifier: Apache-2.0
//
// How a hunt tells what it met of the engine's matrix.
#pragma once

#include <cjson/cJSON.h>
#include <stdio.h>

#include "repro/hunt.h"

// Counts for so many workloads, all 0; the caller frees them. Ends the process when they cannot be
// had.
uint64_t *coverage_new(uint32_t nworkloads);
void coverage_print(const struct hunt_params *p, FILE *out);
cJSON *coverage_json(const struct hunt_params *p);
