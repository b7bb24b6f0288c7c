// SPDX-License-Identifier: Apache-2.0
//
// For tests: goroutines that grow, rewire and drop a graph of objects which they share, and trees
// of their own, and look at what they find: a node says who it is twice, and has bytes that say
// so again. Freed memory is poisoned, so a node that was lost does not.
#pragma once

#include <string.h>

#include "runtime/base/rand.h"
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"

#define graph_check(c) ((c) ? (void)0 : rt_fatal("graph: check failed: " #c))

enum { GRAPH_TABLE = 32, GRAPH_WALK = 12 };
#define GRAPH_SEAL UINT64_C(0x9e3779b97f4a7c15)

struct node {
    rt_ptr kid[2];
    uint64_t id;
    rt_ptr bytes;  // copies of the id
    uint64_t seal; // id ^ GRAPH_SEAL
    uint64_t n;    // of the copies
};

RT_TYPE(node_type, struct node,
        RT_AT(struct node, kid[0]) | RT_AT(struct node, kid[1]) | RT_AT(struct node, bytes));

static rt_ptr graph_table[GRAPH_TABLE]; // registered
static atomic_u64 graph_ids;

static inline struct node *node_new(struct rand *r)
{
    uint64_t id = add_relaxed(&graph_ids, 1) + 1;
    struct node *n = rt_new(&node_type);
    graph_check(n->id == 0 && n->seal == 0 && rt_load_ptr(&n->kid[0]) == NULL);
    n->id = id;
    n->n = 1 + rand_below(r, 6);
    uint64_t *bytes = rt_new_bytes(n->n * sizeof(*bytes));
    for (uint64_t i = 0; i < n->n; i++)
        bytes[i] = id;
    n->seal = id ^ GRAPH_SEAL;
    rt_write_ptr(&n->bytes, bytes);
    return n;
}

static inline void node_verify(const struct node *n)
{
    graph_check((n->id ^ n->seal) == GRAPH_SEAL);
    const uint64_t *bytes = rt_load_ptr(&n->bytes);
    for (uint64_t i = 0; i < n->n; i++)
        graph_check(bytes[i] == n->id);
}

static inline rt_ptr *graph_slot(struct rand *r)
{
    return &graph_table[rand_below(r, GRAPH_TABLE)];
}

// From a slot of the table along edges; NULL where there is none.
static inline struct node *graph_walk(struct rand *r)
{
    struct node *n = rt_load_ptr(graph_slot(r));
    for (uint32_t steps = rand_below(r, GRAPH_WALK); n != NULL && steps > 0; steps--) {
        node_verify(n);
        struct node *next = rt_load_ptr(&n->kid[rand_below(r, 2)]);
        if (next == NULL)
            break;
        n = next;
    }
    if (n != NULL)
        node_verify(n);
    return n;
}

// One change of the shared graph.
static inline void graph_step(struct rand *r)
{
    struct node *a = graph_walk(r);
    switch (rand_below(r, 8)) {
    case 0:
        rt_write_ptr(graph_slot(r), NULL);
        break;
    case 1:
    case 2:
        rt_write_ptr(graph_slot(r), node_new(r));
        break;
    case 3:
        rt_write_ptr(graph_slot(r), a);
        break;
    case 4: // what was behind goes, if nothing else leads there
        if (a != NULL)
            rt_write_ptr(&a->kid[rand_below(r, 2)], NULL);
        break;
    case 5: {
        struct node *b = graph_walk(r);
        if (a != NULL)
            rt_write_ptr(&a->kid[rand_below(r, 2)], b);
        break;
    }
    case 6:
        if (a != NULL)
            rt_write_ptr(&a->kid[rand_below(r, 2)], node_new(r));
        break;
    case 7: { // taken out of the graph, held on the stack alone, and put back
        rt_ptr *slot = graph_slot(r);
        struct node *n = rt_load_ptr(slot);
        rt_write_ptr(slot, NULL);
        rt_yield();
        if (n != NULL)
            node_verify(n);
        rt_write_ptr(graph_slot(r), n);
        break;
    }
    }
}

// A tree of 2^depth - 1 nodes, reached from the caller's stack alone.
static inline struct node *tree_new(struct rand *r, uint32_t depth)
{
    struct node *n = node_new(r);
    if (depth > 1) {
        for (int i = 0; i < 2; i++)
            rt_write_ptr(&n->kid[i], tree_new(r, depth - 1));
    }
    return n;
}

static inline uint64_t tree_count(const struct node *n)
{
    if (n == NULL)
        return 0;
    node_verify(n);
    return 1 + tree_count(rt_load_ptr(&n->kid[0])) + tree_count(rt_load_ptr(&n->kid[1]));
}

// Changes a path of it: new nodes down to one below, old subtrees moved.
static inline struct node *tree_renew(struct rand *r, struct node *old, uint32_t depth)
{
    struct node *n = node_new(r);
    if (depth > 1) {
        uint32_t side = rand_below(r, 2);
        rt_write_ptr(&n->kid[side], rt_load_ptr(&old->kid[!side]));
        rt_clear_ptrs(old->kid, 2);
        rt_write_ptr(&n->kid[!side], tree_new(r, depth - 1));
    }
    return n;
}

static inline void graph_begin(void)
{
    rt_register_globals(graph_table, GRAPH_TABLE);
}
