// SPDX-License-Identifier: Apache-2.0
//
// Hands out stacks from reserved arenas, in order; see stack.h. Nothing comes back here yet: dead
// g's keep their stacks, so the number of stacks is the largest number of goroutines that were
// alive at once.
#include "runtime/mem/stack.h"

#include <stddef.h>

#include "config.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/sync/mutex.h"

enum { STACK_SLOT = HOST_PAGE_BYTES + STACK_BYTES };
_Static_assert(STACK_BYTES % HOST_PAGE_BYTES == 0, "stacks are whole pages");

static struct {
    struct mutex lock;
    char *arena;   // lock
    uint32_t left; // lock: slots of the arena not handed out
} stacks;

void stack_init(void)
{
    mutex_init(&stacks.lock, RANK_STACK);
}

struct stack stack_alloc(void)
{
    lock(&stacks.lock);
    if (stacks.left == 0) {
        stacks.arena = host_reserve((size_t)STACK_SLOT * STACK_ARENA);
        if (stacks.arena == NULL)
            rt_fatal("runtime: out of memory: cannot reserve stacks");
        stacks.left = STACK_ARENA;
    }
    stacks.left--;
    char *slot = stacks.arena + (size_t)STACK_SLOT * (STACK_ARENA - 1 - stacks.left);
    unlock(&stacks.lock);

    char *lo = slot + HOST_PAGE_BYTES;
    if (host_commit(lo, STACK_BYTES) != 0)
        rt_fatal("runtime: out of memory: cannot commit a stack");
    return (struct stack){.lo = (uintptr_t)lo, .hi = (uintptr_t)lo + STACK_BYTES};
}
