// SPDX-License-Identifier: Apache-2.0
//
// heap: what the allocator says of spans, pages and objects, and whether it fits together. Asked at
// stable points, and when the collector changes its phase in a stopped world: nobody is between two
// places then, so each span in use is in exactly one list of its class or in one p's cache, each
// page in one span, free, or in one p's cache of pages, and each slot in use or not.
//
// accounting: the counters that caches keep, against the objects that there are.
//
// None of the runtime's functions is called: they are what is checked.

#include "runtime/gc/gc.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/mcentral.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 1 << 20 }; // a list that is longer is a ring

static void report(const char *oracle, const char *what, const struct mspan *s, uint64_t is,
                   uint64_t counted)
{
    char signature[200], message[400], name[64] = "";
    if (s)
        snprintf(name, sizeof name, "%s: ", model_span_name(s, (char[48]){0}, 48));
    snprintf(signature, sizeof signature, "%s: %s", oracle, what);
    snprintf(message, sizeof message, "%s%s (%lu, counted %lu)", name, what, (unsigned long)is,
             (unsigned long)counted);
    oracle_report(oracle, signature, message);
}

#define EXPECT(what, s, is, counted)                                                               \
    do {                                                                                           \
        uint64_t is_ = (is), counted_ = (counted);                                                 \
        if (unlikely(is_ != counted_))                                                             \
            report("heap", what, s, is_, counted_);                                                \
    } while (0)

// Spans and slots -------------------------------------------------------------------------

struct mspan *model_span_of(uint64_t addr)
{
    uint64_t page = (addr - heap.base) / HEAP_PAGE_BYTES;
    if (page >= load_relaxed(&heap.grown))
        return NULL;
    struct mspan *s = ((struct mspan **)(void *)heap.spans.base)[page];
    return s && load_relaxed(&s->state) == SPAN_IN_USE ? s : NULL;
}

bool model_is_pointer(uint64_t word)
{
    const uint64_t *bits = (const uint64_t *)(const void *)heap.pointer_bits.base;
    return (bits[(word - heap.base) / 512] >> (word - heap.base) / 8 % 64 & 1) != 0;
}

uint64_t model_span_used(const struct mspan *s, uint32_t word)
{
    uint64_t used = load_relaxed(&s->alloc_bits[word]);
    if (s->freeindex >= 64 * (word + 1))
        used = UINT64_MAX;
    else if (s->freeindex > 64 * word)
        used |= (UINT64_C(1) << (s->freeindex - 64 * word)) - 1;
    uint32_t left = s->nelems - 64 * word;
    return left >= 64 ? used : used & ((UINT64_C(1) << left) - 1);
}

bool model_object_at(uint64_t addr, struct model_object *o)
{
    const struct mspan *s = model_span_of(addr);
    if (!s || addr >= s->limit)
        return false;
    uint32_t i = model_span_index(s->base, s->elem_bytes, addr);
    if (i >= s->nelems || (model_span_used(s, i / 64) >> i % 64 & 1) == 0)
        return false;
    o->base = s->base + (uint64_t)i * s->elem_bytes;
    o->bytes = s->elem_bytes != 0 ? s->elem_bytes : s->limit - s->base;
    o->marked = (load_relaxed(&s->mark_bits[i / 64]) >> i % 64 & 1) != 0;
    o->pointers = (s->class & 1) == 0;
    return true;
}

static bool page_is_free(size_t page)
{
    const uint64_t *bits = (const uint64_t *)(const void *)heap.pages.free.base;
    return (bits[page / 64] >> page % 64 & 1) != 0;
}

static void check_slots(const struct mspan *s, bool swept)
{
    uint32_t used = 0;
    bool stray = false, left = false;
    for (uint32_t i = 0; i < (s->nelems + 63) / 64; i++) {
        uint64_t in_use = model_span_used(s, i), marked = load_relaxed(&s->mark_bits[i]);
        used += (uint32_t)__builtin_popcountll(in_use);
        stray |= (marked & ~in_use) != 0;
        left |= marked != 0;
    }
    EXPECT("alloc_count is not the number of objects in a span", s, s->alloc_count, used);
    if (stray)
        report("heap", "a slot without an object is marked", s, 0, 0);
    if (left && swept && load_relaxed(&gc.phase) == GC_OFF)
        report("heap", "a mark is left in a swept span", s, 0, 0);
    if (s->freeindex < s->nelems) {
        uint64_t bits = load_relaxed(&s->alloc_bits[s->freeindex / 64]);
        EXPECT("alloc_cache is not what alloc_bits say", s, s->alloc_cache,
               ~bits >> s->freeindex % 64);
    }
}

static void check_pages(const struct mspan *s)
{
    size_t first = (s->base - heap.base) / HEAP_PAGE_BYTES;
    for (size_t page = first; page < first + s->npages; page++) {
        const struct mspan *owner = model_span_of(heap.base + page * HEAP_PAGE_BYTES);
        if (owner != s)
            report("heap", "a page lies in two spans, or is not known to be in one", s, page, 0);
        if (page_is_free(page))
            report("heap", "a page of a span is free", s, page, 0);
    }
}

// Places ----------------------------------------------------------------------------------

// In how many lists of its class s stands; *swept: in one of the swept ones.
static uint32_t in_lists(const struct mspan *s, bool *swept)
{
    const struct mcentral *c = &mcentrals[s->class];
    uint32_t n = 0, now = load_relaxed(&heap.sweepgen) / 2 & 1;
    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t full = 0; full < 2; full++) {
            uint32_t length = 0;
            for (const struct mspan *at = c->lists[half][full].first; at && length < LIST_MAX;
                 at = at->next, length++) {
                n += at == s;
                *swept |= at == s && half == now;
            }
        }
    }
    return n;
}

static uint32_t in_caches(const struct mspan *s)
{
    uint32_t n = 0;
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++)
        n += allp[i]->mcache && allp[i]->mcache->alloc[s->class] == s;
    return n;
}

static void check_place(const struct mspan *s)
{
    bool swept = false;
    uint32_t lists = in_lists(s, &swept), caches = in_caches(s);
    uint32_t gen = load_relaxed(&heap.sweepgen), own = load_relaxed(&s->sweepgen);
    if (lists + caches == 0)
        report("heap", "a span in use is in no list and in no cache", s, 0, 0);
    if (lists + caches > 1)
        report("heap", "a span is in two places", s, lists, caches);
    if (caches > 0 && own != gen)
        report("heap", "a span that is not swept is in a cache", s, own, gen);
    if (lists > 0 && own != (swept ? gen : gen - 2))
        report("heap", "a span's sweep generation is not that of its list", s, own, gen);
}

// Walks -----------------------------------------------------------------------------------

struct walk {
    uint64_t pages, unswept, large_bytes;
    uint64_t objects[SIZECLASSES];
};

static void walk_spans(struct walk *w)
{
    uint32_t gen = load_relaxed(&heap.sweepgen);
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        if (load_relaxed(&s->state) != SPAN_IN_USE)
            continue;
        bool swept = load_relaxed(&s->sweepgen) == gen;
        w->pages += s->npages;
        w->unswept += !swept;
        w->objects[s->class >> 1] += s->alloc_count;
        w->large_bytes += s->class >> 1 == 0 ? s->npages * HEAP_PAGE_BYTES : 0;
        if (!oracle_on("heap"))
            continue;
        check_pages(s);
        check_place(s);
        check_slots(s, swept);
    }
}

static void check_page_counts(const struct walk *w)
{
    uint64_t in_free = 0, in_caches = 0, in_spans = 0, grown = heap.pages.grown;
    for (size_t page = 0; page < grown; page++) {
        in_free += page_is_free(page);
        in_spans += model_span_of(heap.base + page * HEAP_PAGE_BYTES) != NULL;
    }
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++) {
        if (allp[i]->mcache)
            in_caches += (uint64_t)__builtin_popcountll(allp[i]->mcache->pages.free);
    }
    EXPECT("pages_in_use is not the number of pages in spans", NULL,
           load_relaxed(&heap.pages_in_use), w->pages);
    EXPECT("a page is known to be in a span that has it not", NULL, in_spans, w->pages);
    EXPECT("a page is neither in a span, nor free, nor in a cache", NULL, grown,
           in_free + in_caches + in_spans);
    EXPECT("heap.unswept is not the number of unswept spans", NULL, load_relaxed(&heap.unswept),
           w->unswept);
}

static void check_counters(const struct walk *w)
{
    uint64_t counted[SIZECLASSES] = {0}, large_bytes = 0;
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++) {
        const struct mcache *c = allp[i]->mcache;
        if (!c)
            continue;
        for (uint32_t k = 0; k < SIZECLASSES; k++)
            counted[k] += c->mallocs[k] - c->frees[k];
        for (uint32_t k = 0; k < SPANCLASSES; k++)
            counted[k >> 1] += c->alloc[k] ? c->alloc[k]->alloc_count - c->alloc[k]->counted : 0;
        large_bytes += c->large_bytes - c->large_freed_bytes;
    }
    for (uint32_t k = 0; k < SIZECLASSES; k++) {
        if (unlikely(counted[k] != w->objects[k]))
            report("accounting", "mallocs less frees are not the objects of a size class", NULL,
                   counted[k], w->objects[k]);
    }
    if (unlikely(large_bytes != w->large_bytes))
        report("accounting", "large bytes are not those of large spans", NULL, large_bytes,
               w->large_bytes);
}

// heap.unswept counts a span until it is swept to the end, whoever does it: 0 lets a cycle begin.
void model_unswept_changed(uint64_t left)
{
    uint64_t unswept = 0;
    uint32_t gen = load_relaxed(&heap.sweepgen);
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        unswept += load_relaxed(&s->state) == SPAN_IN_USE && load_relaxed(&s->sweepgen) != gen;
    }
    if (oracle_on("heap") && unlikely(unswept > left))
        report("heap", "more spans are being swept than heap.unswept says", NULL, left, unswept);
}

void model_check_heap(void)
{
    struct walk w = {0};
    if (heap.nallspans == 0)
        return;
    walk_spans(&w);
    if (oracle_on("heap"))
        check_page_counts(&w);
    if (oracle_on("accounting"))
        check_counters(&w);
}
