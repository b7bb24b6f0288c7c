// SPDX-License-Identifier: Apache-2.0
//
// Stacks of goroutines: a range of address space of which the upper part is open. It grows down
// when a closed page is touched (stack_fault), up to the size of its class; below lies a guard that
// is never opened. Frames of C hold raw addresses: a stack never moves. See docs/stacks.md.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "runtime/base/san.h"

struct g;
struct p;
struct stack_arena;
struct host_context;

// Class k reserves STACK_MIN_BYTES << k.
enum { STACK_CLASSES = 17 };
_Static_assert((STACK_MIN_BYTES << (STACK_CLASSES - 1)) == STACK_MAX_BYTES,
               "classes reach the limit");

struct stack {
    uintptr_t lo;              // lowest byte that may be opened
    uintptr_t hi;              // one past the highest; 0: no stack
    uintptr_t open;            // lowest open byte
    struct stack_arena *arena; // const; where it lies
    uint32_t class;            // const
};

// Also while the stack goes from owner to owner: fields of two stacks do not go together.
SAN_UNINSTRUMENTED static inline bool stack_holds(const struct stack *s, uintptr_t addr)
{
    uintptr_t lo = s->lo, hi = s->hi;
    return addr >= lo && addr < hi && hi - lo == (size_t)STACK_MIN_BYTES << s->class;
}

// What a p keeps of one class; linked through the tops of the stacks.
struct stackcache {
    struct stack_free *list;
    uint32_t n;
};

// step_bytes: of rt_config.
void stack_init(uint32_t step_bytes);
// The smallest class that holds `bytes`, which is at most STACK_MAX_BYTES.
uint32_t stack_class(size_t bytes);

// A stack with its first pages open, by the m that holds pp. Refusal by the host is fatal.
struct stack stackalloc(struct p *pp, uint32_t class);
// Takes *s away from its owner, and leaves it empty.
void stackfree(struct p *pp, struct stack *s);
// All that pp keeps goes to the pool: pp is destroyed, or memory is wanted.
void stackcache_clear(struct p *pp);
// Open bytes of stacks that no goroutine has: in the pool and in the caches of p's. World stopped.
size_t stack_idle_bytes_stw(void);
// Gives the pages of all stacks in the pool back.
void stackpool_release(void);

// Closes what lies below twice the used part of gp's stack. gp is suspended and locked by its scan
// bit, or dead. By the m that holds pp.
void stack_shrink(struct p *pp, struct g *gp);
// The fault handler: opens more of the running goroutine's stack when that is what is missing.
bool stack_fault(uintptr_t addr, const struct host_context *at);
