// SPDX-License-Identifier: Apache-2.0
//
// Stacks of goroutines: STACK_BYTES each with a page below that is never opened, so that an
// overflow faults instead of writing into a neighbour. A stack stays with its g when that dies,
// which is what makes spawning cheap; it is opened when first handed out.
#pragma once

#include <stdint.h>

struct stack {
    uintptr_t lo; // lowest usable byte
    uintptr_t hi; // one past the highest
};

void stack_init(void);
// A stack that nobody has used before. Refusal by the host is fatal.
struct stack stack_alloc(void);
