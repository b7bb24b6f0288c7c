// SPDX-License-Identifier: Apache-2.0
//
// Pages become spans and spans pages. The heap is one reservation: span_of is a subtraction, and
// arrays over all pages are address space that is opened as the heap grows, an arena at a time.
// Rejected: arenas anywhere and a sparse map to find them, which costs a lookup more for each word
// that a conservative scan meets, and buys growth beyond what is reserved, which here is all that a
// machine has.
//
// An address is told from a word by the spans array. A span gets its pages' entries before it is
// in use, and loses them when it is no longer.
#include "runtime/mem/mheap.h"

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/persistent.h"
#include "runtime/mem/scavenge.h"

_Static_assert(SIZECLASS_PAGE_BYTES == HEAP_PAGE_BYTES, "the table of size classes is for this");
_Static_assert(HEAP_ARENA_BYTES % ((size_t)HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES) == 0, "");
_Static_assert(HEAP_PAGE_BYTES % 512 == 0, "a word of pointer bits lies within a span");

struct mheap heap = {.lock = MUTEX_INIT(RANK_HEAP)};

typedef ATOMIC_PTR(struct mspan) span_slot;

enum { ARENA_PAGES = HEAP_ARENA_BYTES / HEAP_PAGE_BYTES };

static span_slot *span_slots(void)
{
    return (span_slot *)(void *)heap.spans.base;
}

// Address space only: nothing is opened before the first allocation.
void mheap_init(void)
{
    size_t bytes = (size_t)1 << HEAP_RESERVE_LOG2;
    char *p = host_reserve(bytes + HEAP_PAGE_BYTES);
    while (p == NULL && bytes > (size_t)1 << HEAP_RESERVE_LOG2_MIN) {
        bytes /= 2;
        p = host_reserve(bytes + HEAP_PAGE_BYTES);
    }
    if (p == NULL)
        rt_fatal("runtime: out of memory: cannot reserve address space for the heap");
    uintptr_t base = ((uintptr_t)p + HEAP_PAGE_BYTES - 1) / HEAP_PAGE_BYTES * HEAP_PAGE_BYTES;
    heap.base = base;
    heap.end = base + bytes;
    san_heap_init((void *)base, bytes);
}

struct mspan *span_of(uintptr_t addr)
{
    // an address below the base is as far above as can be
    uint64_t page = (addr - heap.base) / HEAP_PAGE_BYTES;
    if (page >= load_acquire(&heap.grown)) // pairs [heap.grown]
        return NULL;
    struct mspan *s = load_relaxed(&span_slots()[page]);
    if (s == NULL || load_acquire(&s->state) != SPAN_IN_USE) // pairs [mspan.state]
        return NULL;
    return s;
}

// Growth ------------------------------------------------------------------------------------

static int reserve_arrays_locked(void)
{
    size_t pages = (heap.end - heap.base) / HEAP_PAGE_BYTES;
    if (heap.pages.pages != 0)
        return 0;
    int err = pagealloc_init(&heap.pages, pages);
    if (err == 0)
        err = lazy_reserve(&heap.spans, pages * sizeof(span_slot));
    if (err == 0)
        err = lazy_reserve(&heap.pointer_bits, pages * (HEAP_PAGE_BYTES / 64));
    return err;
}

// One more arena. 0, or -ENOMEM: the reservation is used up, or the host refuses.
static int grow_locked(void)
{
    int err = reserve_arrays_locked();
    if (err != 0)
        rt_fatal("runtime: out of memory: cannot reserve address space for the heap");
    size_t grown = heap.pages.grown + ARENA_PAGES;
    if (grown > heap.pages.pages)
        return -1;
    err = lazy_open(&heap.spans, grown * sizeof(span_slot));
    if (err == 0)
        err = lazy_open(&heap.pointer_bits, grown * (HEAP_PAGE_BYTES / 64));
    if (err == 0)
        err = pagealloc_grow(&heap.pages, ARENA_PAGES);
    if (err == 0)
        store_release(&heap.grown, grown); // pairs [heap.grown]
    return err;
}

static uintptr_t page_addr(size_t page)
{
    return heap.base + page * HEAP_PAGE_BYTES;
}

// Opens the blocks of [page, page + n), those side by side at once. 0 or -ENOMEM.
static int open_locked(size_t page, size_t n)
{
    enum { BLOCK_BYTES = HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES };
    size_t end = (page + n - 1) / HEAP_BLOCK_PAGES + 1;
    for (size_t block = page / HEAP_BLOCK_PAGES; block < end; block++) {
        size_t first = block;
        while (block < end && !pagealloc_block_is_open(&heap.pages, block))
            block++;
        if (block == first)
            continue;
        void *at = (void *)page_addr(first * HEAP_BLOCK_PAGES);
        if (host_commit(at, (block - first) * BLOCK_BYTES) != 0)
            return -1;
        for (size_t b = first; b < block; b++)
            pagealloc_block_set_open(&heap.pages, b, true);
    }
    return 0;
}

// n free pages in a row, there and open, as far as the host grants it; PAGES_NONE if not.
static size_t try_find_locked(size_t n)
{
    size_t page = heap.pages.grown != 0 ? pagealloc_find(&heap.pages, n) : PAGES_NONE;
    while (page == PAGES_NONE) {
        if (grow_locked() != 0)
            return PAGES_NONE;
        page = pagealloc_find(&heap.pages, n);
    }
    return open_locked(page, n) == 0 ? page : PAGES_NONE;
}

// The first of n free pages in a row that are open. When the host refuses, what is free elsewhere
// goes back to it, and it is asked once more.
static size_t find_locked(size_t n)
{
    size_t page = try_find_locked(n);
    if (page == PAGES_NONE && heap_scavenge_locked(SIZE_MAX) > 0)
        page = try_find_locked(n);
    if (page == PAGES_NONE)
        out_of_memory(n * HEAP_PAGE_BYTES, "heap",
                      load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES);
    return page;
}

// Pages -------------------------------------------------------------------------------------

struct pages {
    size_t first;
    bool dirty;
};

static struct pages alloc_pages(size_t n)
{
    lock(&heap.lock);
    struct pages got = {find_locked(n), false};
    pagealloc_take(&heap.pages, got.first, n);
    got.dirty = pagealloc_soil(&heap.pages, got.first, n);
    unlock(&heap.lock);
    return got;
}

static void page_cache_fill(struct page_cache *c)
{
    lock(&heap.lock);
    size_t page = find_locked(1);
    c->page = page - page % HEAP_BLOCK_PAGES;
    c->free = pagealloc_take_block(&heap.pages, page);
    c->clean = c->free & ~pagealloc_soil_block(&heap.pages, page, c->free);
    unlock(&heap.lock);
}

// n pages in a row of the cache; false: it has none.
static bool page_cache_take(struct page_cache *c, size_t n, struct pages *got)
{
    uint64_t starts = c->free; // bit i: i and the n - 1 after it are free
    for (size_t k = 1; k < n; k++)
        starts &= c->free >> k;
    if (starts == 0)
        return false;
    uint32_t i = (uint32_t)__builtin_ctzll(starts);
    uint64_t run = ((UINT64_C(1) << n) - 1) << i;
    *got = (struct pages){c->page + i, (c->clean & run) != run};
    c->free &= ~run;
    c->clean &= ~run;
    return true;
}

void mheap_flush_pages(struct mcache *c)
{
    struct page_cache *pages = &c->pages;
    if (pages->free != 0) {
        lock(&heap.lock);
        pagealloc_clean_block(&heap.pages, pages->page, pages->clean);
        pagealloc_put_block(&heap.pages, pages->page, pages->free);
        unlock(&heap.lock);
    }
    *pages = (struct page_cache){0, 0, 0};
}

static struct pages take_pages(struct mcache *c, size_t n)
{
    struct pages got;
    if (n < HEAP_CACHED_RUN_PAGES) {
        if (c->pages.free == 0)
            page_cache_fill(&c->pages);
        if (page_cache_take(&c->pages, n, &got))
            return got;
    }
    return alloc_pages(n);
}

// Records -----------------------------------------------------------------------------------

static void allspans_add_locked(struct mspan *s)
{
    if (heap.nallspans == heap.allspans_cap) {
        size_t cap = heap.allspans_cap == 0 ? ALLSPANS_INITIAL : 2 * heap.allspans_cap;
        struct mspan **v = persistent_alloc(cap * sizeof(struct mspan *), _Alignof(void *));
        for (size_t i = 0; i < heap.nallspans; i++)
            v[i] = heap.allspans[i];
        heap.allspans = v;
        heap.allspans_cap = cap;
    }
    heap.allspans[heap.nallspans++] = s;
}

// The bits lie behind the record.
size_t mspan_bytes(uint32_t words)
{
    return sizeof(struct mspan) + 2 * words * sizeof(atomic_u64);
}

static struct mspan *record_new_locked(uint32_t words)
{
    struct mspan *s = persistent_alloc(mspan_bytes(words), _Alignof(struct mspan));
    s->words = words;
    s->alloc_bits = (atomic_u64 *)(s + 1);
    s->mark_bits = s->alloc_bits + words;
    mutex_init(&s->special_lock, RANK_SPECIAL);
    allspans_add_locked(s);
    return s;
}

static void records_fill(struct mcache *c, uint32_t words)
{
    lock(&heap.lock);
    for (uint32_t i = 0; i < SPAN_RECORD_BATCH; i++) {
        struct mspan *s = heap.records[words];
        if (s != NULL)
            heap.records[words] = s->next;
        else if (i == 0)
            s = record_new_locked(words);
        else
            break;
        s->next = c->records[words];
        c->records[words] = s;
    }
    unlock(&heap.lock);
}

static struct mspan *record_take(struct mcache *c, uint32_t words)
{
    if (c->records[words] == NULL)
        records_fill(c, words);
    struct mspan *s = c->records[words];
    c->records[words] = s->next;
    s->next = NULL;
    rt_assert(load_relaxed(&s->state) == SPAN_DEAD && s->specials == NULL);
    return s;
}

// Spans -------------------------------------------------------------------------------------

static void set_layout(struct mspan *s, spanclass class, size_t bytes)
{
    uint32_t sizeclass = class >> 1;
    s->class = class;
    s->elem_bytes = sizeclass_bytes[sizeclass];
    s->divmul = sizeclass_divmul[sizeclass];
    if (sizeclass == 0) {
        s->nelems = 1;
        s->limit = s->base + (bytes + 7) / 8 * 8;
        return;
    }
    s->nelems = (uint32_t)(s->npages * HEAP_PAGE_BYTES / s->elem_bytes);
    s->limit = s->base + (size_t)s->nelems * s->elem_bytes;
}

static uint32_t words_of_class(spanclass class)
{
    uint32_t sizeclass = class >> 1;
    if (sizeclass == 0)
        return 1;
    uint32_t bytes = (uint32_t)sizeclass_pages[sizeclass] * HEAP_PAGE_BYTES;
    return (bytes / sizeclass_bytes[sizeclass] + 63) / 64;
}

static void set_slots(size_t page, size_t n, struct mspan *s)
{
    for (size_t i = page; i < page + n; i++)
        store_relaxed(&span_slots()[i], s);
}

struct mspan *mheap_alloc(struct mcache *c, size_t npages, spanclass class, size_t bytes)
{
    struct pages pages = take_pages(c, npages);
    struct mspan *s = record_take(c, words_of_class(class));
    s->base = page_addr(pages.first);
    s->npages = npages;
    set_layout(s, class, bytes);
    s->needzero = pages.dirty;
    s->age = 0;
    s->alloc_count = s->counted = 0;
    for (uint32_t i = 0; i < s->words; i++) {
        store_relaxed(&s->alloc_bits[i], 0);
        store_relaxed(&s->mark_bits[i], 0);
    }
    span_rewind(s);
    store_relaxed(&s->sweepgen, load_relaxed(&heap.sweepgen));
    set_slots(pages.first, npages, s);
    add_relaxed(&heap.pages_in_use, npages);
    store_release(&s->state, SPAN_IN_USE); // pairs [mspan.state]
    return s;
}

void mheap_free(struct mspan *s)
{
    rt_assert(load_relaxed(&s->state) == SPAN_IN_USE && s->specials == NULL);
    size_t page = (s->base - heap.base) / HEAP_PAGE_BYTES;
    store_relaxed(&s->state, SPAN_DEAD);
    set_slots(page, s->npages, NULL);
    sub_relaxed(&heap.pages_in_use, s->npages);
    lock(&heap.lock);
    pagealloc_put(&heap.pages, page, s->npages);
    s->next = heap.records[s->words];
    heap.records[s->words] = s;
    unlock(&heap.lock);
}
