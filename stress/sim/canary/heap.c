// SPDX-License-Identifier: Apache-2.0
//
// See canary.h: programs that break a rule of allocator or collector, mostly while all others
// sleep.

#include "stress/sim/canary/canary.h"

#include "runtime/base/san.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/mcentral.h"
#include "runtime/rt_heap.h"
#include "runtime/sched/sched.h"
#include "stress/workload/probe.h"

struct node {
    rt_ptr next;
    uint64_t word;
};
RT_TYPE(node_type, struct node, RT_AT(struct node, next));

// Objects of two classes and a large one; a span of the first is cached, that of the last is in a
// list.
static struct node *node;
static void *large;

static void allocates(void)
{
    rt_set_gc_percent(-1); // the large one would begin a cycle, which empties the caches
    node = rt_new(&node_type);
    rt_new_bytes(40);
    large = rt_new_bytes(100000);
}

static struct mspan *span_of_node(void)
{
    return span_of((uintptr_t)node);
}

// The cache that has it.
static struct mcache *cache_of_node(void)
{
    int32_t i = 0;
    while (allp[i]->mcache == NULL || allp[i]->mcache->alloc[span_of_node()->class] == NULL)
        i++;
    return allp[i]->mcache;
}

static void miscount_objects(void)
{
    span_of_node()->alloc_count++;
}

static void stale_alloc_cache(void)
{
    span_of_node()->alloc_cache ^= 2;
}

static void mark_free_slot(void)
{
    struct mspan *s = span_of_node();
    span_mark(s, s->nelems - 1);
}

static void leave_a_mark(void)
{
    span_mark(span_of_node(), 0);
}

static void span_in_two_places(void)
{
    struct mspan *s = span_of_node();
    mcentrals[s->class].lists[load_relaxed(&heap.sweepgen) / 2 & 1][0].first = s;
}

static void span_in_no_place(void)
{
    cache_of_node()->alloc[span_of_node()->class] = NULL;
}

static void unswept_span_in_cache(void)
{
    store_relaxed(&span_of_node()->sweepgen, load_relaxed(&heap.sweepgen) - 2);
    add_relaxed(&heap.unswept, 1);
}

static void unswept_span_in_swept_list(void)
{
    store_relaxed(&span_of((uintptr_t)large)->sweepgen, load_relaxed(&heap.sweepgen) - 2);
    add_relaxed(&heap.unswept, 1);
}

static size_t page_of(const void *p)
{
    return ((uintptr_t)p - heap.base) / HEAP_PAGE_BYTES;
}

static void page_in_two_spans(void)
{
    ((struct mspan **)(void *)heap.spans.base)[page_of(large)] = span_of_node();
}

static void page_of_span_is_free(void)
{
    uint64_t *bits = (uint64_t *)(void *)heap.pages.free.base;
    bits[page_of(large) / 64] |= UINT64_C(1) << page_of(large) % 64;
}

// The last page there is: nobody has needed it.
static void page_is_lost(void)
{
    uint64_t *bits = (uint64_t *)(void *)heap.pages.free.base;
    size_t last = heap.pages.grown - 1;
    bits[last / 64] &= ~(UINT64_C(1) << last % 64);
}

static void miscount_pages(void)
{
    add_relaxed(&heap.pages_in_use, 1);
}

static void miscount_unswept(void)
{
    add_relaxed(&heap.unswept, 1);
}

static void miscount_mallocs(void)
{
    cache_of_node()->mallocs[span_of_node()->class >> 1]++;
}

static void miscount_large(void)
{
    cache_of_node()->large_bytes++;
}

#define BROKEN(name, fn)                                                                           \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        allocates();                                                                               \
        canary_breaks_while_all_sleep(fn);                                                         \
    }
BROKEN(objects_miscounted, miscount_objects)
BROKEN(alloc_cache_stale, stale_alloc_cache)
BROKEN(free_slot_marked, mark_free_slot)
BROKEN(mark_left, leave_a_mark)
BROKEN(two_places, span_in_two_places)
BROKEN(no_place, span_in_no_place)
BROKEN(unswept_in_cache, unswept_span_in_cache)
BROKEN(unswept_in_list, unswept_span_in_swept_list)
BROKEN(page_twice, page_in_two_spans)
BROKEN(page_free, page_of_span_is_free)
BROKEN(page_lost, page_is_lost)
BROKEN(pages_miscounted, miscount_pages)
BROKEN(unswept_miscounted, miscount_unswept)
BROKEN(mallocs_miscounted, miscount_mallocs)
BROKEN(large_miscounted, miscount_large)

// Collections by hand: the phases go by, and what is marked meanwhile is up to `marks`.
static void collects(void (*marks)(void))
{
    stop_the_world(STW_DEBUG);
    store_relaxed(&gc.phase, GC_MARK);
    marks();
    store_relaxed(&gc.phase, GC_MARK_TERMINATION);
    store_relaxed(&gc.phase, GC_OFF);
    start_the_world(0);
}

static void marks_nothing(void) {}

static void marks_node(void)
{
    span_mark(span_of_node(), span_index(span_of_node(), (uintptr_t)node));
}

static void reference_lost(void *unused)
{
    void *ref = rt_new(&node_type);
    (void)unused;
    probe_refs(&ref, 1);
    collects(marks_nothing);
    probe_refs(NULL, 0);
}

static void slot_lost(void *unused)
{
    void *ref = node = rt_new(&node_type);
    (void)unused;
    rt_write_ptr(&node->next, rt_new(&node_type));
    probe_refs(&ref, 1);
    collects(marks_node);
    probe_refs(NULL, 0);
}

static void takes_argument(void *arg)
{
    (void)arg;
}

static void argument_lost(void *unused)
{
    (void)unused;
    rt_go(takes_argument, rt_new(&node_type));
    collects(marks_nothing);
}

static void reference_freed(void *unused)
{
    void *ref = rt_new(&node_type);
    (void)unused;
    probe_refs(&ref, 1);
    san_heap_free(ref, sizeof(struct node));
    probe_refs(NULL, 0);
}

static void reference_to_nothing(void *unused)
{
    void *ref = (node = rt_new(&node_type)) + 1;
    (void)unused;
    probe_refs(&ref, 1);
    collects(marks_node);
    probe_refs(NULL, 0);
}

// All that the oracles look at, in good order.
static void behaves(void *unused)
{
    void *ref[2] = {rt_new(&node_type), NULL};
    (void)unused;
    probe_refs(ref, 2);
    for (int i = 0; i < 3; i++) {
        ref[1] = rt_new(&node_type);
        rt_write_ptr(&((struct node *)ref[0])->next, ref[1]);
        rt_new_bytes(5000);
        rt_gc();
    }
    rt_sleep(20000);
    probe_refs(NULL, 0);
}

void *canary_node, *canary_large;

static void only_allocates(void *unused)
{
    (void)unused;
    allocates();
    canary_node = node;
    canary_large = large;
}

static void writes_after_the_end(void *unused)
{
    (void)unused;
    volatile uint64_t *object = rt_new_bytes(40);
    san_heap_free((void *)object, 40);
    object[1] = 1;
}

const struct canary canary_allocates = {"allocates", NULL, NULL, only_allocates};
const struct canary canary_writes_after_the_end = {"writes after the end", "poison", "writes_after",
                                                   writes_after_the_end};

const struct canary canaries_heap[] = {
    {"a heap behaves", NULL, NULL, behaves},
    {"objects miscounted", "heap", "alloc_count is not", objects_miscounted},
    {"alloc_cache stale", "heap", "alloc_cache is not", alloc_cache_stale},
    {"a free slot marked", "heap", "a slot without an object is marked", free_slot_marked},
    {"a mark left", "heap", "a mark is left", mark_left},
    {"a span in two places", "heap", "a span is in two places", two_places},
    {"a span in no place", "heap", "in no list and in no cache", no_place},
    {"an unswept span cached", "heap", "a span that is not swept is in a cache", unswept_in_cache},
    {"an unswept span listed", "heap", "is not that of its list", unswept_in_list},
    {"a page in two spans", "heap", "a page lies in two spans", page_twice},
    {"a page of a span free", "heap", "a page of a span is free", page_free},
    {"a page lost", "heap", "a page is neither", page_lost},
    {"pages miscounted", "heap", "pages_in_use is not", pages_miscounted},
    {"unswept miscounted", "heap", "heap.unswept is not", unswept_miscounted},
    {"mallocs miscounted", "accounting", "mallocs less frees", mallocs_miscounted},
    {"large bytes miscounted", "accounting", "large bytes are not", large_miscounted},
    {"a reference lost", "gc-lost", "a goroutine's reference refers to is not marked",
     reference_lost},
    {"a slot lost", "gc-lost", "a slot of an object refers to is not marked", slot_lost},
    {"an argument lost", "gc-lost", "a goroutine's argument refers to is not marked",
     argument_lost},
    {"a reference freed", "gc-lost", "a goroutine's reference refers to is freed", reference_freed},
    {"a reference to nothing", "gc-lost", "a goroutine's reference refers to is free",
     reference_to_nothing},
    {0},
};
