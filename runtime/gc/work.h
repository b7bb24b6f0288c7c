// SPDX-License-Identifier: Apache-2.0
//
// Grey objects on their way. A p has two buffers of its own, so that a row of puts and gets around
// the edge of one does not go to the shared stacks each time; full and empty ones are everybody's.
// An object is in one buffer, once: who marks it puts it in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "runtime/gc/lfstack.h"

enum { WORKBUF_ENTRIES = (WORKBUF_BYTES - 24) / 8 };

struct workbuf {
    _Alignas(LFNODE_ALIGN) struct lfnode node;
    uint64_t n;                        // owner: who has popped it
    uintptr_t object[WORKBUF_ENTRIES]; // likewise
};
_Static_assert(sizeof(struct workbuf) == WORKBUF_BYTES, "nothing is wasted");

// Owner: the m that holds the p.
struct gcwork {
    struct workbuf *first, *second; // NULL until it is used; objects go to and come from the first
    uint64_t bytes_marked;          // not yet added to the cycle's
    uint64_t scanned;               // bytes; likewise, nor credited
    bool flushed;                   // has given objects to everybody since that was last asked
    bool enlist;                    // likewise, and nobody has been woken for them
};

// What stores of a p have shaded: marked when it is full, or somebody wants to see all that is
// grey. Owner: the m that holds the p.
struct wbbuf {
    uint32_t n;
    uintptr_t pointer[WBBUF_ENTRIES];
};

// None of these wakes anybody: they may be called under locks. See gc_enlist_worker.
void gcw_put(struct gcwork *w, uintptr_t object);
uintptr_t gcw_get(struct gcwork *w); // 0: neither here nor with everybody
bool gcw_empty(const struct gcwork *w);
// Others have nothing to do: half of it goes to them.
void gcw_balance(struct gcwork *w);
// All goes to everybody.
void gcw_dispose(struct gcwork *w);
