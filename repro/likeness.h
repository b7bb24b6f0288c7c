// SPDX-License-Identifier: Apache-2.0
//
// How alike two lines of source are: what is left of a place when its line was edited.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// True when `b` is `a` with local names exchanged, each for one other, everywhere: what remains
// the same are fields (after . or ->), functions (before a parenthesis), constants (in upper case),
// numbers and signs.
bool text_renamed(const char *a, const char *b);
// 0 to 100: how many of the tokens of both stand in both, in the same order.
uint32_t text_likeness(const char *a, const char *b);
