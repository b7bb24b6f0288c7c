// SPDX-License-Identifier: Apache-2.0
//
// Objects that the collector takes back: a list grows at one end and is cut at the other.
#include <stddef.h>

#include "runtime/base/throw.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"

enum { LENGTH = 100, ROUNDS = 200000 };

struct node {
    rt_ptr next;
    long number;
};
RT_TYPE(node_type, struct node, RT_AT(struct node, next));

// Its machine code is shown in docs/write-barrier.md.
void link_nodes(struct node *from, struct node *to);
__attribute__((noinline)) void link_nodes(struct node *from, struct node *to)
{
    rt_write_ptr(&from->next, to);
}

static void run(void *arg)
{
    (void)arg;
    struct node *first = rt_new(&node_type), *last = first;
    for (long i = 1; i < ROUNDS; i++) {
        struct node *n = rt_new(&node_type);
        n->number = i;
        link_nodes(last, n);
        last = n;
        if (i >= LENGTH)
            first = rt_load_ptr(&first->next);
    }
    if (last->number - first->number != LENGTH - 1)
        rt_fatal("list: nodes are missing");
}

int main(void)
{
    struct rt_config config = {.procs = 0};
    rt_main(&config, run, NULL);
}
