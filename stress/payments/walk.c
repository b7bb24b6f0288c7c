// SPDX-License-Identifier: Apache-2.0
//
// A walk through the graph, breadth first, by whoever wants to know a user's neighbourhood. Nodes
// that it has met stand in an object of the heap, and edges that it has just read on its stack: so
// the collector finds work in both, and each walk is garbage afterwards.
//
// A node is known by kind and number, never by its address: a walk must not depend on where the
// heap has put things.
#include "runtime/rt.h"
#include "stress/payments/graph.h"
#include "stress/payments/node.h"

enum { STEPS = 3 };

struct walk {
    rt_ptr *met;    // of the heap: the nodes, in the order in which they were met
    uint16_t *seen; // of the heap: a table of 1 + index in met, 0: free
    uint32_t n, most, mask;
};

static void walk_meet(struct walk *w, struct node *n)
{
    uint64_t name = n->head * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(name >> 40) & w->mask;

    for (; w->seen[at] != 0; at = (at + 1) & w->mask) {
        struct node *other = rt_load_ptr(&w->met[w->seen[at] - 1]);
        if (other->head == n->head)
            return;
    }
    if (w->n == w->most)
        return;
    rt_write_ptr(&w->met[w->n++], n);
    w->seen[at] = (uint16_t)w->n;
}

static bool walk_from(struct walk *w, struct node *n, uint64_t number)
{
    struct edge *edges[GRAPH_FAN];
    struct node *others[GRAPH_FAN];
    uint32_t count = node_edges(n, edges, others, graph_sizes()->fan);
    bool found = false;

    for (uint32_t i = 0; i < count; i++) {
        found = found || edges[i]->payment == number;
        walk_meet(w, others[i]);
    }
    return found;
}

uint32_t graph_walk(uint32_t user, uint64_t number, bool *found)
{
    struct walk w = {.most = graph_sizes()->most, .mask = 1};
    bool is_there = false;

    while (w.mask < 2 * w.most)
        w.mask *= 2;
    w.met = rt_new_array(&slot_type, w.most);
    w.seen = rt_new_bytes(w.mask * sizeof(w.seen[0]));
    w.mask--;
    walk_meet(&w, graph_user(user));
    for (uint32_t step = 0, from = 0; step < STEPS; step++) {
        uint32_t to = w.n;
        for (; from < to; from++) {
            is_there |= walk_from(&w, node_met(rt_load_ptr(&w.met[from])), number);
            rt_preempt_point();
        }
    }
    if (found != NULL)
        *found = is_there;
    return w.n;
}
