// SPDX-License-Identifier: Apache-2.0
//
// Call stacks as nodes of one tree (a calling-context tree, after Ammons, Ball and Larus 1997):
// entering a function is a step to a child, leaving one a step to the parent, and a whole stack is
// one number that an access record can hold. The tree grows over many executions; numbers mean
// something within one. A node is 0 where there is none.

#include "stress/sim/engine.h"

#include <string.h>

struct call calls[CALLS_MAX]; // the root is its own parent: sim_init
struct call_cached calls_cache[CALLS_CACHE];
static uint32_t n_calls = CALLS_ROOT + 1;

uint32_t calls_find_child(uint32_t node, uint64_t caller_pc)
{
    uint32_t c = calls[node].first_child;
    while (c != 0 && calls[c].caller_pc != caller_pc)
        c = calls[c].next_sibling;
    if (c == 0) {
        if (n_calls == CALLS_MAX)
            sim_finish(SIM_LIMIT);
        c = n_calls++;
        calls[c] = (struct call){
            .caller_pc = caller_pc, .parent = node, .next_sibling = calls[node].first_child};
        calls[node].first_child = c;
    }
    *calls_slot(node, caller_pc) = (struct call_cached){caller_pc, node, c};
    return calls[node].recent = c;
}

void calls_restart(void)
{
    if (n_calls < CALLS_MAX / 2)
        return;
    memset(calls_cache, 0, sizeof calls_cache);
    calls[CALLS_ROOT] = (struct call){.parent = CALLS_ROOT};
    n_calls = CALLS_ROOT + 1;
}

void calls_frames(uint32_t node, uint64_t pc, struct sim_frames *out)
{
    out->n = 0;
    out->pc[out->n++] = pc;
    for (; node > CALLS_ROOT && out->n < SIM_STACK_FRAMES; node = calls[node].parent)
        out->pc[out->n++] = calls[node].caller_pc;
}
