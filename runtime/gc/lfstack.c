// SPDX-License-Identifier: Apache-2.0
//
// See lfstack.h.
#include "runtime/gc/lfstack.h"

#include "runtime/base/throw.h"

// Addresses have 47 bits, of which the alignment gives six: 41 for where, 23 for how often.
enum { COUNT_BITS = 23, ADDRESS_SHIFT = 17 };

static uint64_t pack(const struct lfnode *node, uint64_t pushes)
{
    return (uint64_t)(uintptr_t)node << ADDRESS_SHIFT | (pushes & ((1u << COUNT_BITS) - 1));
}

static struct lfnode *unpack(uint64_t head)
{
    return (struct lfnode *)(uintptr_t)(head >> COUNT_BITS << COUNT_BITS >> ADDRESS_SHIFT);
}

void lfstack_push(struct lfstack *s, struct lfnode *node)
{
    uint64_t head = pack(node, ++node->pushes);
    rt_assert(unpack(head) == node);
    uint64_t old = load_relaxed(&s->head);
    do
        store_relaxed(&node->next, old);
    while (!cas_acq_rel(&s->head, &old, head)); // pairs [lfstack.head]
}

struct lfnode *lfstack_pop(struct lfstack *s)
{
    uint64_t old = load_acquire(&s->head); // pairs [lfstack.head]
    while (old != 0) {
        struct lfnode *node = unpack(old);
        uint64_t next = load_relaxed(&node->next);
        if (cas_acq_rel(&s->head, &old, next)) // pairs [lfstack.head]
            return node;
    }
    return NULL;
}

bool lfstack_empty(struct lfstack *s)
{
    return load_acquire(&s->head) == 0; // pairs [lfstack.head]
}
