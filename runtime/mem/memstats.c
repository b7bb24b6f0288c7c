// SPDX-License-Identifier: Apache-2.0
//
// What memory is used for, added up with the world stopped. Objects are counted where they are
// allocated and swept: by the mcaches, whose plain counters are quiet now, and in the spans that
// they hold, since these were last counted. A test walks over all slots and compares.
#include <string.h>

#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

_Static_assert(SIZECLASSES <= RT_SIZES_MAX, "a row for each size class");

static void add_mcache(struct rt_mem_stats *to, struct mcache *c)
{
    for (uint32_t class = 0; class < SPANCLASSES; class ++) {
        if (c->alloc[class] != NULL)
            mcache_count(c, c->alloc[class]);
    }
    for (uint32_t i = 0; i < SIZECLASSES; i++) {
        to->by_size[i].mallocs += c->mallocs[i];
        to->by_size[i].frees += c->frees[i];
    }
    to->total_alloc += c->large_bytes;
    to->heap_alloc += c->large_bytes - c->large_freed_bytes;
    to->mallocs += c->tiny_allocs;
    to->frees += c->tiny_allocs;
    to->mcache_inuse += sizeof(*c);
}

// p's that are out of use have counted too.
static void add_mcaches(struct rt_mem_stats *to)
{
    for (int32_t i = 0; i < PROCS_MAX && allp[i] != NULL; i++) {
        if (allp[i]->mcache != NULL)
            add_mcache(to, allp[i]->mcache);
    }
    to->mcache_sys = to->mcache_inuse;
}

static void add_objects(struct rt_mem_stats *to)
{
    to->n_sizes = SIZECLASSES;
    for (uint32_t i = 0; i < SIZECLASSES; i++) {
        struct rt_size_stats *row = &to->by_size[i];
        row->size = sizeclass_bytes[i];
        to->mallocs += row->mallocs;
        to->frees += row->frees;
        to->heap_objects += row->mallocs - row->frees;
        to->total_alloc += row->mallocs * row->size;
        to->heap_alloc += (row->mallocs - row->frees) * row->size;
    }
    to->alloc = to->heap_alloc;
}

static void add_spans(struct rt_mem_stats *to)
{
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        to->mspan_sys += mspan_bytes(s->words);
        if (load_relaxed(&s->state) == SPAN_IN_USE)
            to->mspan_inuse += mspan_bytes(s->words);
    }
    to->heap_inuse = load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES;
    to->heap_sys = heap.pages.grown * HEAP_PAGE_BYTES;
    to->heap_idle = to->heap_sys - to->heap_inuse;
    to->heap_released = to->heap_sys - heap.pages.open_blocks * HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES;
    to->gc_sys += heap.spans.open + heap.pointer_bits.open;
    to->gc_sys += heap.pages.free.open + heap.pages.dirty.open + heap.pages.opened.open;
    for (uint32_t level = 0; level < heap.pages.levels; level++)
        to->gc_sys += heap.pages.sums[level].open;
}

static void add_stacks(struct rt_mem_stats *to)
{
    size_t free = stack_idle_bytes_stw();
    uint32_t n = load_acquire(&allgs.n);   // pairs [allgs.n]
    struct g **v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n; i++) {
        if (readgstatus(v[i]) == G_DEAD)
            free += v[i]->stack.hi - v[i]->stack.open;
        else
            to->stack_inuse += v[i]->stack.hi - v[i]->stack.open;
    }
    to->stack_sys = to->stack_inuse + free;
}

static void read_on_g0(void *stats)
{
    struct rt_mem_stats *to = stats;
    add_mcaches(to);
    add_objects(to);
    add_spans(to);
    add_stacks(to);
    uint64_t own = persistent_open_bytes();
    to->other_sys = own - to->mspan_sys - to->mcache_sys;
    gc_read_stats(to);
    to->sys =
        to->heap_sys + to->stack_sys + to->mspan_sys + to->mcache_sys + to->gc_sys + to->other_sys;
}

void rt_read_mem_stats(struct rt_mem_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    stop_the_world(STW_STATS);
    systemstack(read_on_g0, stats);
    start_the_world(0);
}
