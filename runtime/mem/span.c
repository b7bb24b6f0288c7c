// SPDX-License-Identifier: Apache-2.0
//
// Slots of a span. alloc_bits say which slots were in use after the last sweep; since then slots
// are given out in rising order, so that below freeindex all are in use, and above it those with a
// bit. alloc_cache is the complement of the word of bits that freeindex lies in, from freeindex on.
#include "runtime/mem/mheap.h"

static void load_cache(struct mspan *s)
{
    if (s->freeindex < s->nelems)
        s->alloc_cache = ~load_relaxed(&s->alloc_bits[s->freeindex / 64]) >> s->freeindex % 64;
}

void span_rewind(struct mspan *s)
{
    s->freeindex = 0;
    store_relaxed(&s->scanindex, 0);
    load_cache(s);
}

uint32_t span_take_slot(struct mspan *s)
{
    while (s->freeindex < s->nelems && s->alloc_cache == 0) {
        s->freeindex = (s->freeindex | 63) + 1;
        load_cache(s);
    }
    if (s->freeindex >= s->nelems) {
        s->freeindex = s->nelems;
        return s->nelems;
    }
    uint32_t skip = (uint32_t)__builtin_ctzll(s->alloc_cache);
    uint32_t index = s->freeindex + skip;
    if (index >= s->nelems) { // bits behind the last slot
        s->freeindex = s->nelems;
        return s->nelems;
    }
    s->freeindex = index + 1;
    s->alloc_cache = s->alloc_cache >> skip >> 1;
    s->alloc_count++;
    if (s->freeindex % 64 == 0)
        load_cache(s);
    return index;
}

bool span_is_object(const struct mspan *s, uint32_t index)
{
    if (index >= s->nelems)
        return false;
    if (index < load_acquire(&s->scanindex)) // pairs [mspan.scanindex]
        return true;
    return (load_relaxed(&s->alloc_bits[index / 64]) >> index % 64 & 1) != 0;
}

bool span_is_marked(const struct mspan *s, uint32_t index)
{
    return (load_relaxed(&s->mark_bits[index / 64]) >> index % 64 & 1) != 0;
}

bool span_mark(struct mspan *s, uint32_t index)
{
    uint64_t bit = UINT64_C(1) << index % 64;
    if ((load_relaxed(&s->mark_bits[index / 64]) & bit) != 0)
        return false; // most are: no read-modify-write for them
    return (or_relaxed(&s->mark_bits[index / 64], bit) & bit) == 0;
}
