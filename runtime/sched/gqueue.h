// SPDX-License-Identifier: Apache-2.0
//
// Lists of goroutines, linked by g.schedlink: first in, first out. Whoever owns the list owns the
// links; a g is on one list at most.
#pragma once

struct g;

struct gqueue {
    struct g *head, *tail;
};

void gqueue_push(struct gqueue *q, struct g *gp);
void gqueue_push_front(struct gqueue *q, struct g *gp);
struct g *gqueue_pop(struct gqueue *q); // NULL: empty
