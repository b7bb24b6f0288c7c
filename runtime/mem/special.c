// SPDX-License-Identifier: Apache-2.0
//
// See special.h. A span says without a lock whether it has specials (nspecials): most have none.
#include "runtime/mem/special.h"

#include "runtime/base/throw.h"
#include "runtime/mem/persistent.h"

static struct {
    struct mutex lock;
    struct special *free; // lock
} specials = {.lock = MUTEX_INIT(RANK_SPECIALS)};

struct special *special_new(enum special_kind kind, uintptr_t object)
{
    lock(&specials.lock);
    struct special *sp = specials.free;
    if (sp != NULL)
        specials.free = sp->next;
    else
        sp = persistent_alloc(sizeof(*sp), _Alignof(struct special));
    unlock(&specials.lock);
    *sp = (struct special){.object = object, .kind = kind};
    return sp;
}

void special_delete(struct special *sp)
{
    lock(&specials.lock);
    sp->next = specials.free;
    specials.free = sp;
    unlock(&specials.lock);
}

// Lists -------------------------------------------------------------------------------------

static bool before(const struct special *a, uintptr_t object, enum special_kind kind)
{
    return a->object < object || (a->object == object && a->kind < kind);
}

static struct special **place_locked(struct mspan *s, uintptr_t object, enum special_kind kind)
{
    struct special **at = &s->specials;
    while (*at != NULL && before(*at, object, kind))
        at = &(*at)->next;
    return at;
}

struct special *special_find_locked(const struct mspan *s, uintptr_t object, enum special_kind kind)
{
    assert_locked(&s->special_lock);
    for (struct special *sp = s->specials; sp != NULL && sp->object <= object; sp = sp->next) {
        if (sp->object == object && sp->kind == kind)
            return sp;
    }
    return NULL;
}

static void count_locked(struct mspan *s, uint32_t n)
{
    store_relaxed(&s->nspecials, load_relaxed(&s->nspecials) + n);
}

void special_insert_locked(struct mspan *s, struct special *sp)
{
    assert_locked(&s->special_lock);
    struct special **at = place_locked(s, sp->object, sp->kind);
    rt_assert(*at == NULL || (*at)->object != sp->object || (*at)->kind != sp->kind);
    sp->next = *at;
    *at = sp;
    count_locked(s, 1);
}

void special_remove_locked(struct mspan *s, struct special *sp)
{
    assert_locked(&s->special_lock);
    struct special **at = place_locked(s, sp->object, sp->kind);
    rt_assert(*at == sp);
    *at = sp->next;
    sp->next = NULL;
    count_locked(s, (uint32_t)-1);
}

// The end of objects --------------------------------------------------------------------------

// What follows of one object; it ends unless it has a finalizer. Returns the special behind it.
static struct special *end_locked(struct mspan *s, struct special *sp, struct special **weak,
                                  struct special ***finalizers)
{
    uintptr_t object = sp->object;
    while (sp != NULL && sp->object == object) {
        struct special *next = sp->next;
        special_remove_locked(s, sp);
        if (sp->kind == SPECIAL_WEAK) {
            store_relaxed(&sp->weak->object, 0);
            sp->next = *weak;
            *weak = sp;
        } else {
            span_mark(s, span_index(s, object));
            **finalizers = sp;
            *finalizers = &sp->next;
        }
        sp = next;
    }
    return sp;
}

void specials_sweep(struct mspan *s)
{
    if (load_relaxed(&s->nspecials) == 0)
        return;
    struct special *weak = NULL, *queue = NULL, **last = &queue;
    lock(&s->special_lock);
    for (struct special *sp = s->specials; sp != NULL;) {
        if (span_is_marked(s, span_index(s, sp->object)))
            sp = sp->next;
        else
            sp = end_locked(s, sp, &weak, &last);
    }
    unlock(&s->special_lock);
    while (weak != NULL) {
        struct special *next = weak->next;
        special_delete(weak);
        weak = next;
    }
    if (queue != NULL)
        finalizers_queue(queue);
}

// Roots ---------------------------------------------------------------------------------------

void specials_mark_span(struct mspan *s, const struct special_roots *to)
{
    if (load_relaxed(&s->nspecials) == 0)
        return;
    lock(&s->special_lock);
    for (struct special *sp = s->specials; sp != NULL; sp = sp->next) {
        if (sp->kind == SPECIAL_FINALIZER)
            to->scan(to->arg, sp->object);
        else
            to->mark(to->arg, (uintptr_t)sp->weak);
    }
    unlock(&s->special_lock);
}

void specials_mark_roots(const struct special_roots *to)
{
    lock(&heap.lock);
    struct mspan **spans = heap.allspans; // entries below n stay, also when the array grows
    size_t n = heap.nallspans;
    unlock(&heap.lock);
    for (size_t i = 0; i < n; i++)
        specials_mark_span(spans[i], to);
    finalizers_mark_queued(to);
}
