// SPDX-License-Identifier: Apache-2.0
//
// Giving memory back to the host; see scavenge.c.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Gives free pages back until it is that many bytes, or none are left that can be. Returns how
// many. Under the memory limit, and for who asks by hand. On any stack, with no lock.
size_t heap_scavenge(size_t bytes);
// The same under heap.lock: before a refusal by the host is final.
size_t heap_scavenge_locked(size_t bytes);
// All that is free, stacks too: the half of rt_free_os_memory that comes after the collection.
void heap_free_os_memory(void);

// The heap goal of the cycle that ends: what is open above it, and a tenth more, goes back in the
// background. 0: nothing does.
void heap_set_retained_goal(uint64_t goal);
// Looks whether there is something to give back, and sees to it that it is. With a p, the world not
// stopped by the caller, and no lock. Done whenever a generation is swept to the end.
void scavenger_wake(void);
