// SPDX-License-Identifier: Apache-2.0
//
// For tests: a collection by hand. The world stops, a function of the test marks, all that is not
// marked is swept.
#pragma once

#include <string.h>

#include "runtime/mem/mcache.h"
#include "runtime/mem/sweep.h"
#include "runtime/rt_heap.h"
#include "runtime/sched/claims.h"

static inline void mark_object(const void *object)
{
    struct mspan *s = span_of((uintptr_t)object);
    check(s != NULL);
    uint32_t index = span_index(s, (uintptr_t)object);
    check(span_is_object(s, index));
    span_mark(s, index);
}

// Ends what would be a mark phase: from here on everything needs sweeping.
static inline void mark_and_stop(void (*mark)(void))
{
    stop_the_world(STW_DEBUG);
    for (int32_t i = 0; i < nprocs; i++)
        mcache_flush(allp[i]->mcache);
    if (mark != NULL)
        mark();
    check(sweep_is_done());
    sweep_begin_generation();
    start_the_world(0);
}

static inline void collect(void (*mark)(void))
{
    mark_and_stop(mark);
    while (sweep_one() != SIZE_MAX)
        ;
    check(sweep_is_done());
}

// Objects and pages of all spans, by looking at each slot. World stopped.
struct heap_walk {
    uint64_t spans, pages, objects, bytes;
    uint64_t of_class[SIZECLASSES];
};

static inline void heap_walk_span(struct heap_walk *w, const struct mspan *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->nelems; i++)
        n += span_is_object(s, i);
    check(n == s->alloc_count);
    w->spans++;
    w->pages += s->npages;
    w->objects += n;
    w->of_class[s->class >> 1] += n;
    w->bytes += s->elem_bytes != 0 ? (uint64_t)n * s->elem_bytes : s->npages * HEAP_PAGE_BYTES;
}

static inline void heap_walk(void *walk)
{
    struct heap_walk *w = walk;
    memset(w, 0, sizeof(*w));
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        if (load_acquire(&s->state) == SPAN_IN_USE) // pairs [mspan.state]
            heap_walk_span(w, s);
    }
}
