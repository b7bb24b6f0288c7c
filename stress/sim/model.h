// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the model share. It is built once per size of the runtime.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// model.c
const char *model_status_name(uint32_t status); // of a g
// Appends each goroutine that is alive, with its state.
void model_list_goroutines(char *buf, size_t bytes);

// model_counts.c: the oracle `invariant`
void model_check_lists(void);  // cheap; whenever another thread runs
void model_check_stable(void); // all; at a stable point

// model_coverage.c
const struct sim_coverage *model_coverage(void);
void model_cover(uint32_t from, uint32_t to); // a change of state; while sim_cover is set

// model_names.c: as sim_address_name; false for what is no word of the runtime
bool model_name(uint64_t addr, char *buf, size_t bytes);
const char *model_value(uint64_t addr, uint64_t value); // as sim_word_value
