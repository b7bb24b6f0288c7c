// SPDX-License-Identifier: Apache-2.0
//
// What a p allocates from without a lock: a span of each class, pages and span records for more
// spans, the block that small bytes share, and counters. Owner of all: the m that holds the p.
// Its sums are right with the world stopped. Made when the p allocates first, kept for ever.
#pragma once

#include "runtime/mem/mheap.h"

// The free pages of one block.
struct page_cache {
    size_t page;    // first of the block
    uint64_t free;  // bit i: page + i is in here
    uint64_t clean; // of these: they read as zero
};

struct mcache {
    uintptr_t tiny;                   // block that is shared; 0: none
    uint32_t tiny_used;               // bytes from its beginning
    struct mspan *alloc[SPANCLASSES]; // NULL: none yet. Class 0 has none
    struct page_cache pages;
    struct mspan *records[SPAN_WORDS_MAX + 1]; // dead spans, by .words

    // Objects given out and taken back, shared blocks once. Those of cached spans since
    // span.counted are not yet in.
    uint64_t mallocs[SIZECLASSES], frees[SIZECLASSES];
    uint64_t large_bytes, large_freed_bytes; // of class 0, in whole pages
    uint64_t tiny_allocs;                    // pieces of shared blocks, the first of each too
};

// Of the calling m's p, made if need be. On g0.
struct mcache *mcache_of_p(void);
// Counts what the span has given out. By its owner.
void mcache_count(struct mcache *c, struct mspan *s);
// c->alloc[class] is full or none: gets one that has room. On g0.
void mcache_refill(struct mcache *c, spanclass class);
// A large object: its span.
struct mspan *mcache_alloc_large(struct mcache *c, size_t bytes, bool noscan);
