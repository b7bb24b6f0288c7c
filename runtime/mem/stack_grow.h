// SPDX-License-Identifier: Apache-2.0
//
// Inside of mem/stack*.c.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct p;
struct stack;

void stack_grow_init(uint32_t step_bytes);
// Closes what is open of *s beyond `keep` bytes.
void stack_trim(struct p *pp, struct stack *s, size_t keep);
