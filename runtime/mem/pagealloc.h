// SPDX-License-Identifier: Apache-2.0
//
// Which pages of the heap are free, and which run of free pages comes first: a bit for each page,
// and above the bits a tree of summaries. A leaf sums up a chunk of HEAP_CHUNK_PAGES, each level
// above eight entries of the one below: how many pages are free at the beginning, at the end, and
// in the longest run. So the first fit is found in one descent, and lies as low as possible: the
// upper end of a heap that shrinks becomes empty. The design is Go's (M. Knyszek, "Scaling the Go
// page allocator", 2019).
//
// Two more bits. A page is dirty when it may hold something other than zero. A block of
// HEAP_BLOCK_PAGES pages is open when the host has memory behind it; whoever takes pages opens
// theirs (here: only counted; the mheap talks to the host).
//
// Pages are numbered from 0. Everything is under the lock of who owns it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "runtime/mem/lazy.h"

#define PAGES_NONE SIZE_MAX

enum { PAGE_SUM_FANOUT_LOG2 = 3, PAGE_SUM_LEVELS_MAX = 8 };

struct page_sum {
    uint32_t start, max, end; // pages
};

struct pagealloc {
    size_t pages;       // const: that there may ever be
    size_t grown;       // that there are
    uint32_t levels;    // const; level 0: chunks
    struct lazy free;   // uint64_t: bit = 1: free
    struct lazy dirty;  // uint64_t
    struct lazy opened; // uint64_t, a bit for each block
    size_t open_blocks; // bits in it
    size_t holes;       // runs of closed blocks: each may cost the host a mapping
    struct lazy sums[PAGE_SUM_LEVELS_MAX]; // struct page_sum
};

// Reserves address space for as many pages. 0 or -ENOMEM.
int pagealloc_init(struct pagealloc *a, size_t pages);
// n more pages, multiple of HEAP_BLOCK_PAGES, are there: free, clean and closed. 0 or -ENOMEM.
int pagealloc_grow(struct pagealloc *a, size_t n);
// The first of the lowest n free pages in a row, or PAGES_NONE. n > 0.
size_t pagealloc_find(const struct pagealloc *a, size_t n);
// [page, page + n) were all free, and are taken; or the reverse.
void pagealloc_take(struct pagealloc *a, size_t page, size_t n);
void pagealloc_put(struct pagealloc *a, size_t page, size_t n);
// The free pages among the block of `page`, as bits from its first page on; they are taken.
uint64_t pagealloc_take_block(struct pagealloc *a, size_t page);
// Gives some of a block's pages back.
void pagealloc_put_block(struct pagealloc *a, size_t page, uint64_t bits);

bool pagealloc_is_free(const struct pagealloc *a, size_t page);
// Whether any page of the range is dirty; marks them all so.
bool pagealloc_soil(struct pagealloc *a, size_t page, size_t n);
// The same for a block: which were. Pages `clean` become clean.
uint64_t pagealloc_soil_block(struct pagealloc *a, size_t page, uint64_t bits);
void pagealloc_clean_block(struct pagealloc *a, size_t page, uint64_t clean);
// State of blocks, by their number.
bool pagealloc_block_is_open(const struct pagealloc *a, size_t block);
void pagealloc_block_set_open(struct pagealloc *a, size_t block, bool open);
// The highest open one below `block`, or PAGES_NONE.
size_t pagealloc_open_below(const struct pagealloc *a, size_t block);
bool pagealloc_block_is_free(const struct pagealloc *a, size_t block);
