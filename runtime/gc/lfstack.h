// SPDX-License-Identifier: Apache-2.0
//
// A stack without a lock: R. K. Treiber, "Systems Programming: Coping with Parallelism", 1986. The
// head is one word: where the first node lies, and how often that node has been pushed. The count
// keeps a pop from taking a head for the one it has read when the node was away in between (ABA):
// its `next` is then another.
//
// Nodes are aligned to LFNODE_ALIGN and never freed: who pops may read .next of one that is
// another's already.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/atomic.h"

enum { LFNODE_ALIGN = 64 };

struct lfnode {
    atomic_u64 next; // relaxed, see .head; written by who pushes it
    uint64_t pushes; // owner: who has popped it
};

struct lfstack {
    _Alignas(64) atomic_u64 head; // pairs [lfstack.head]: who pops a node sees it as it was pushed
};

void lfstack_push(struct lfstack *s, struct lfnode *node);
struct lfnode *lfstack_pop(struct lfstack *s); // NULL: empty
bool lfstack_empty(struct lfstack *s);
