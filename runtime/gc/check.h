// SPDX-License-Identifier: Apache-2.0
//
// Visitors of the check (check.c), by how far what the slot holds can be trusted.
#pragma once

#include <stdint.h>

// A pointer, of an object or a global.
void check_pointer(void *unused, uintptr_t slot, uintptr_t value);
// An object that need not be marked, but what it refers to.
void check_inside(void *unused, uintptr_t object);
// A word of a fresh stack; a pointer if it is the address of an object.
void check_word(void *unused, uintptr_t slot, uintptr_t value);
// A word of a stack, perhaps from long ago: nothing is said of what is not marked.
void check_chance(void *unused, uintptr_t slot, uintptr_t value);
