// SPDX-License-Identifier: Apache-2.0
//
// See mcache.h.
#include "runtime/mem/mcache.h"

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mcentral.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

struct mcache *mcache_new(void)
{
    return persistent_alloc(sizeof(struct mcache), _Alignof(struct mcache));
}

struct mcache *mcache_of_p(void)
{
    struct p *pp = getg()->m->p;
    if (pp->mcache == NULL)
        pp->mcache = mcache_new();
    return pp->mcache;
}

void mcache_count(struct mcache *c, struct mspan *s)
{
    c->mallocs[s->class >> 1] += s->alloc_count - s->counted;
    s->counted = s->alloc_count;
}

// What may still be given out of a cached span counts as live.
static uint64_t room_bytes(const struct mspan *s)
{
    return (uint64_t)(s->nelems - s->alloc_count) * s->elem_bytes;
}

void mcache_refill(struct mcache *c, spanclass class)
{
    struct mspan *s = c->alloc[class];
    if (s != NULL) {
        rt_assert(s->alloc_count == s->nelems);
        mcache_count(c, s);
        c->alloc[class] = NULL;
        mcentral_put(s);
    }
    s = mcentral_take(c, class);
    add_relaxed(&heap.live, room_bytes(s));
    c->alloc[class] = s;
}

struct mspan *mcache_alloc_large(struct mcache *c, size_t bytes, bool noscan)
{
    size_t pages = (bytes + HEAP_PAGE_BYTES - 1) / HEAP_PAGE_BYTES;
    gc_sweep_credit(pages * HEAP_PAGE_BYTES);
    struct mspan *s = mheap_alloc(c, pages, spanclass_make(0, noscan), bytes);
    uint32_t slot = span_take_slot(s);
    rt_assert(slot == 0 && s->alloc_count == 1);
    mcache_count(c, s);
    c->large_bytes += pages * HEAP_PAGE_BYTES;
    add_relaxed(&heap.live, pages * HEAP_PAGE_BYTES);
    mcentral_put(s);
    return s;
}

static void flush_on_g0(void *cache)
{
    struct mcache *c = cache;
    for (uint32_t class = 0; class < SPANCLASSES; class ++) {
        struct mspan *s = c->alloc[class];
        if (s == NULL)
            continue;
        c->alloc[class] = NULL;
        mcache_count(c, s);
        sub_relaxed(&heap.live, room_bytes(s));
        mcentral_put(s);
    }
    c->tiny = 0;
    mheap_flush_pages(c);
}

void mcache_flush(struct mcache *c)
{
    if (c != NULL)
        systemstack(flush_on_g0, c);
}

void mcaches_mark_tiny(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        const struct mcache *c = allp[i]->mcache;
        if (c == NULL || c->tiny == 0)
            continue;
        struct mspan *s = span_of(c->tiny);
        span_mark(s, span_index(s, c->tiny));
    }
}
