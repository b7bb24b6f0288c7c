// SPDX-License-Identifier: Apache-2.0
//
// The spans of one span class that no mcache has: four lists, with room or full, swept or not.
// Which of a pair of lists is the swept one changes with the sweep generation, so that a new one
// makes all spans unswept at once. A span is in exactly one list, or in the hands of its owner (an
// mcache, or who sweeps it). Large objects are in the lists of size class 0, as full.
#pragma once

#include "runtime/mem/mheap.h"

struct span_list {
    struct mspan *first;
    size_t n;
};

enum { WITH_ROOM, FULL };

struct mcentral {
    _Alignas(64) struct mutex lock;
    struct span_list lists[2][2];   // lock; [half generation & 1][FULL]
    _Alignas(8) atomic_u32 unswept; // written under lock; hint without, 0 is final in a
                                    // generation
};
extern struct mcentral mcentrals[SPANCLASSES];

// Takes a span with room, swept. On g0.
struct mspan *mcentral_take(struct mcache *c, spanclass class);
// Gives a swept one back; its owner's no longer.
void mcentral_put(struct mspan *s);

// A span of the class that was unswept: it is the caller's to sweep. NULL: none.
struct mspan *mcentral_take_unswept(spanclass class);
// The same for a given one; false when somebody else has it, or it is swept.
bool mcentral_claim(struct mspan *s);
// Whether there may be unswept ones; none is final in a generation.
bool mcentral_has_unswept(spanclass class);
// What was swept is unswept from now on. World stopped. Returns how many spans there are.
size_t mcentral_begin_generation(spanclass class);
