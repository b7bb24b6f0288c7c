// SPDX-License-Identifier: Apache-2.0
//
// See mcentral.h. A lock for each span class, on a cache line of its own: p's that allocate
// different sizes do not meet. Ownership of an unswept span changes under it, so that a span is
// out of its list exactly when somebody owns it.
#include "runtime/mem/mcentral.h"

#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mcache.h"
#include "runtime/mem/sweep.h"

struct mcentral mcentrals[SPANCLASSES] = {
    [0 ... SPANCLASSES - 1] = {.lock = MUTEX_INIT(RANK_MCENTRAL)}};

static struct span_list *list_of(struct mcentral *c, uint32_t sweepgen, uint32_t full)
{
    return &c->lists[sweepgen / 2 & 1][full];
}

static void list_push(struct span_list *l, struct mspan *s)
{
    s->prev = NULL;
    s->next = l->first;
    if (l->first != NULL)
        l->first->prev = s;
    l->first = s;
    l->n++;
}

static void list_remove(struct span_list *l, struct mspan *s)
{
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        l->first = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    s->next = s->prev = NULL;
    rt_assert(l->n > 0);
    l->n--;
}

static uint32_t fullness(const struct mspan *s)
{
    return s->alloc_count == s->nelems ? FULL : WITH_ROOM;
}

static void claim_locked(struct mcentral *c, struct span_list *l, struct mspan *s,
                         uint32_t sweepgen)
{
    rt_assert(load_relaxed(&s->sweepgen) == sweepgen - 2);
    list_remove(l, s);
    store_relaxed(&s->sweepgen, sweepgen - 1);
    store_relaxed(&c->unswept, load_relaxed(&c->unswept) - 1);
}

static struct mspan *take_unswept(struct mcentral *c, uint32_t full)
{
    if (load_relaxed(&c->unswept) == 0)
        return NULL;
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    struct span_list *l = list_of(c, sweepgen - 2, full);
    lock(&c->lock);
    struct mspan *s = l->first;
    if (s != NULL)
        claim_locked(c, l, s, sweepgen);
    unlock(&c->lock);
    return s;
}

struct mspan *mcentral_take_unswept(spanclass class)
{
    struct mspan *s = take_unswept(&mcentrals[class], FULL);
    return s != NULL ? s : take_unswept(&mcentrals[class], WITH_ROOM);
}

bool mcentral_claim(struct mspan *s)
{
    struct mcentral *c = &mcentrals[s->class];
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    lock(&c->lock);
    bool mine = load_relaxed(&s->sweepgen) == sweepgen - 2;
    if (mine)
        claim_locked(c, list_of(c, sweepgen - 2, fullness(s)), s, sweepgen);
    unlock(&c->lock);
    return mine;
}

bool mcentral_has_unswept(spanclass class)
{
    return load_relaxed(&mcentrals[class].unswept) != 0;
}

void mcentral_put(struct mspan *s)
{
    struct mcentral *c = &mcentrals[s->class];
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    rt_assert(load_relaxed(&s->sweepgen) == sweepgen);
    lock(&c->lock);
    list_push(list_of(c, sweepgen, fullness(s)), s);
    unlock(&c->lock);
}

size_t mcentral_begin_generation(spanclass class)
{
    struct mcentral *c = &mcentrals[class];
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    const struct span_list *room = list_of(c, sweepgen, WITH_ROOM),
                           *full = list_of(c, sweepgen, FULL);
    rt_assert(load_relaxed(&c->unswept) == 0);
    if (room->n + full->n != 0)
        store_relaxed(&c->unswept, (uint32_t)(room->n + full->n));
    return room->n + full->n;
}

static struct mspan *take_swept(struct mcentral *c)
{
    struct span_list *l = list_of(c, load_relaxed(&heap.sweepgen), WITH_ROOM);
    lock(&c->lock);
    struct mspan *s = l->first;
    if (s != NULL)
        list_remove(l, s);
    unlock(&c->lock);
    return s;
}

// Sweeps some that had room, then some that were full, until one has room.
static struct mspan *sweep_for_room(struct mcentral *c)
{
    uint32_t left = REFILL_SWEEPS;
    for (uint32_t full = WITH_ROOM; full <= FULL; full++) {
        for (; left > 0; left--) {
            struct mspan *s = take_unswept(c, full);
            if (s == NULL)
                break;
            span_sweep(s, true);
            if (fullness(s) == WITH_ROOM)
                return s;
            mcentral_put(s);
        }
    }
    return NULL;
}

struct mspan *mcentral_take(struct mcache *c, spanclass class)
{
    struct mcentral *central = &mcentrals[class];
    size_t pages = sizeclass_pages[class >> 1];
    gc_sweep_credit(pages * HEAP_PAGE_BYTES);
    struct mspan *s = take_swept(central);
    if (s == NULL)
        s = sweep_for_room(central);
    if (s == NULL)
        s = mheap_alloc(c, pages, class, 0);
    return s;
}
