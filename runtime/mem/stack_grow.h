// SPDX-License-Identifier: Apache-2.0
//
// Inside of mem/stack*.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct g;
struct p;
struct stack;

void stack_grow_init(uint32_t step_bytes);
// Sees to it that the stack of gp, which the calling handler has interrupted at sp, is open for
// `bytes` below that. False when that is beyond its limit, or sp is not in it.
bool stack_reserve(struct g *gp, uintptr_t sp, size_t bytes);
// Closes what is open of *s beyond `keep` bytes.
void stack_trim(struct p *pp, struct stack *s, size_t keep);
