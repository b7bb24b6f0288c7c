// SPDX-License-Identifier: Apache-2.0
//
// Sweeping: what was marked is what is in use from now on, so a span's mark bits become its alloc
// bits. Who decides when is the collector; who needs room sweeps for itself.
//
// heap.unswept counts the spans of this generation that are not swept to the end. It never rises
// within a generation: 0 says that all of them are, and that nobody is about to.
#include "runtime/mem/sweep.h"

#include <string.h>

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/mcentral.h"
#include "runtime/mem/scavenge.h"
#include "runtime/mem/special.h"
#include "runtime/sched/sched.h"

enum { AGE_MAX = UINT8_MAX };

static uint32_t count_marked(const struct mspan *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->words; i++)
        n += (uint32_t)__builtin_popcountll(load_relaxed(&s->mark_bits[i]));
    return n;
}

// Slots of word i that were in use before the sweep.
static uint64_t used_word(const struct mspan *s, uint32_t i)
{
    uint64_t used = load_relaxed(&s->alloc_bits[i]);
    if (s->freeindex >= 64 * (i + 1))
        return UINT64_MAX;
    if (s->freeindex > 64 * i)
        used |= (UINT64_C(1) << (s->freeindex - 64 * i)) - 1;
    return used;
}

static void end_object(const struct mspan *s, uint32_t index)
{
    size_t bytes = s->elem_bytes != 0 ? s->elem_bytes : s->limit - s->base;
    void *object = (void *)span_object(s, index);
    if (rt_heap_debug.poison)
        memset(object, RT_POISON, bytes);
    san_heap_free(object, bytes);
}

// Tells of each object that ends, to those who want to know.
static void end_objects(const struct mspan *s)
{
    for (uint32_t i = 0; i < s->words; i++) {
        uint64_t marked = load_relaxed(&s->mark_bits[i]), used = used_word(s, i);
        for (uint64_t dead = used & ~marked; dead != 0; dead &= dead - 1) {
            uint32_t index = 64 * i + (uint32_t)__builtin_ctzll(dead);
            if (index < s->nelems)
                end_object(s, index);
        }
    }
}

static void swap_bits(struct mspan *s)
{
    atomic_u64 *marked = s->mark_bits;
    s->mark_bits = s->alloc_bits;
    s->alloc_bits = marked;
    for (uint32_t i = 0; i < s->words; i++)
        store_relaxed(&s->mark_bits[i], 0);
}

static void count_freed(const struct mspan *s, uint32_t n)
{
    struct mcache *c = mcache_of_p();
    uint32_t sizeclass = s->class >> 1;
    c->frees[sizeclass] += n;
    if (sizeclass == 0 && n != 0)
        c->large_freed_bytes += s->npages * HEAP_PAGE_BYTES;
}

void span_sweep(struct mspan *s, bool keep)
{
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    rt_assert(load_relaxed(&s->sweepgen) == sweepgen - 1);
    specials_sweep(s);
    uint32_t marked = count_marked(s);
    if (marked > s->alloc_count)
        rt_throw("sweep: more objects are marked than there are");
    uint32_t freed = s->alloc_count - marked;
    if (freed != 0 && (SAN_HEAP || rt_heap_debug.poison))
        end_objects(s);
    count_freed(s, freed);
    swap_bits(s);
    s->alloc_count = s->counted = marked;
    s->needzero |= freed != 0;
    s->age += s->age < AGE_MAX;
    span_rewind(s);
    store_release(&s->sweepgen, sweepgen); // pairs [mspan.sweepgen]
    if (!keep && marked == 0)
        mheap_free(s);
    else if (!keep)
        mcentral_put(s);
    uint64_t left = sub_acq_rel(&heap.unswept, 1); // pairs [heap.unswept]
    // all that is free is free by now; who stopped the world has more to do
    if (left == 1 && load_relaxed(&getg()->m->p->status) == P_RUNNING)
        scavenger_wake();
}

// Begin and end -------------------------------------------------------------------------------

void sweep_begin_generation(void)
{
    size_t n = 0;
    for (uint32_t class = 0; class < SPANCLASSES; class ++)
        n += mcentral_begin_generation((spanclass) class);
    rt_assert(load_relaxed(&heap.unswept) == 0);
    store_relaxed(&heap.unswept, n);
    store_relaxed(&heap.sweepgen, load_relaxed(&heap.sweepgen) + 2);
    store_relaxed(&heap.sweep_class, 0);
}

bool sweep_is_done(void)
{
    return load_acquire(&heap.unswept) == 0; // pairs [heap.unswept]
}

static void sweep_one_on_g0(void *pages)
{
    for (uint32_t class = load_relaxed(&heap.sweep_class); class < SPANCLASSES; class ++) {
        if (!mcentral_has_unswept((spanclass) class))
            continue;
        store_relaxed(&heap.sweep_class, class);
        struct mspan *s = mcentral_take_unswept((spanclass) class);
        if (s == NULL)
            continue;
        *(size_t *)pages = s->npages;
        span_sweep(s, false);
        return;
    }
    store_relaxed(&heap.sweep_class, SPANCLASSES);
}

size_t sweep_one(void)
{
    size_t pages = SIZE_MAX;
    if (load_acquire(&heap.unswept) != 0) // pairs [heap.unswept]
        systemstack(sweep_one_on_g0, &pages);
    return pages;
}

static void sweep_claimed(void *s)
{
    if (mcentral_claim(s))
        span_sweep(s, false);
}

void span_ensure_swept(struct mspan *s)
{
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    // an acquire for who finds it swept: pairs [mspan.sweepgen]
    if (load_acquire(&s->sweepgen) == sweepgen)
        return;
    systemstack(sweep_claimed, s);
    while (load_acquire(&s->sweepgen) != sweepgen) // pairs [mspan.sweepgen]
        host_relax();
}
