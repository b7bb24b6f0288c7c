// SPDX-License-Identifier: Apache-2.0
//
// Who lives in the heap, and since when: objects and spans by span class and age class. The age of
// a span is the number of collections that it has survived; four ages are a class, of which there
// are sixteen, taken round.
#pragma once

#include "runtime/mem/mheap.h"

enum { AGE_CLASSES = 16 };

static inline uint32_t age_class(uint8_t age)
{
    return age >> 2 & (AGE_CLASSES - 1);
}

struct census {
    struct census_cell {
        uint64_t spans, pages;
        uint64_t slots;   // that there are
        uint64_t objects; // of these: in use, as far as the spans are swept
    } cell[SPANCLASSES][AGE_CLASSES];
};

// World stopped. Clears the table first; each (if not NULL) is called for each span in use, in no
// order.
void census_take_stw(struct census *table, void (*each)(const struct mspan *s, void *arg),
                     void *arg);
