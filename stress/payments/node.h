// SPDX-License-Identifier: Apache-2.0
//
// Inside of graph.h: what an object is, by its head.
#pragma once

#include "stress/payments/graph.h"

// Each ends the process when the object is something else.
struct node *node_met(void *object);
struct edge *edge_met(void *object);
struct payment *payment_met(void *object);
struct voucher *voucher_met(void *object);

enum node_kind node_kind(const struct node *n);
uint64_t voucher_number(const struct voucher *v);
// The end of the edge that is the node's.
int edge_end_of(const struct edge *e, const struct node *n);

extern const struct rt_type slot_type; // one rt_ptr
