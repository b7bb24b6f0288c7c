// SPDX-License-Identifier: Apache-2.0
//
// Call stacks as nodes of one tree (a calling-context tree, after Ammons, Ball and Larus 1997):
// entering a function is a step to a child, leaving one a step to the parent, and a whole stack is
// one number that an access record can hold. The tree only grows; it is the same for all
// executions.

#include "stress/sim/engine.h"

enum { NODES_MAX = 1 << 20, SLOTS = 1 << 21 };

struct node {
    uint64_t caller_pc;
    uint32_t parent;
    uint32_t hot; // the child taken last
};

static struct node nodes[NODES_MAX] = {[CALLS_ROOT] = {.parent = CALLS_ROOT}};
static uint32_t n_nodes = CALLS_ROOT + 1;
static uint32_t slots[SLOTS];

static uint32_t find_child(uint32_t node, uint64_t caller_pc)
{
    uint64_t h = (caller_pc ^ (uint64_t)node << 32) * 0x9e3779b97f4a7c15u;
    for (uint64_t i = h >> 43;; i = (i + 1) % SLOTS) {
        uint32_t c = slots[i % SLOTS];
        if (!c) {
            if (n_nodes == NODES_MAX)
                return node; // the deepest stacks lose frames, nothing else
            c = slots[i % SLOTS] = n_nodes++;
            nodes[c] = (struct node){.caller_pc = caller_pc, .parent = node};
            return c;
        }
        if (nodes[c].parent == node && nodes[c].caller_pc == caller_pc)
            return c;
    }
}

uint32_t calls_child(uint32_t node, uint64_t caller_pc)
{
    uint32_t c = nodes[node].hot;
    if (likely(nodes[c].caller_pc == caller_pc && nodes[c].parent == node))
        return c;
    c = find_child(node, caller_pc);
    nodes[node].hot = c;
    return c;
}

uint32_t calls_parent(uint32_t node)
{
    return nodes[node].parent;
}

void calls_frames(uint32_t node, uint64_t pc, struct sim_frames *out)
{
    out->n = 0;
    out->pc[out->n++] = pc;
    for (; node > CALLS_ROOT && out->n < SIM_STACK_FRAMES; node = nodes[node].parent)
        out->pc[out->n++] = nodes[node].caller_pc;
}
