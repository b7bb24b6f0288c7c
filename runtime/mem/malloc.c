// SPDX-License-Identifier: Apache-2.0
//
// Allocation by goroutines. The path for a small object runs on the goroutine's own stack and takes
// no lock: the mcache of its p is its alone until the next preemption point, and none stands
// between the moment when a slot is taken and the one when the object is whole. All else is on g0.
//
// Order at the end. An object is zeroed and its pointer bits are written; then scanindex tells
// conservative scans that it is one; then, while a collection runs, it becomes black. What may
// switch to other goroutines (paying for marking, starting a cycle) comes after that: the object
// lies on the caller's stack by then, and is black or will be found there.
#include <string.h>

#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mcache.h"
#include "runtime/sched/sched.h"

struct rt_heap_debug rt_heap_debug;

enum { TINY_BYTES = 16 };

// What n == 0 gives.
static char nothing[8];

static spanclass class_of(size_t bytes, bool noscan)
{
    uint32_t sizeclass = bytes <= SIZECLASS_FINE_MAX
                             ? sizeclass_of_fine[(bytes + 7) / 8]
                             : sizeclass_of_coarse[(bytes - SIZECLASS_FINE_MAX + 127) / 128];
    return spanclass_make(sizeclass, noscan);
}

static struct mcache *mcache_of(const struct m *mp)
{
    return mp->p->mcache;
}

// Slots -------------------------------------------------------------------------------------

static void refill_on_g0(void *class)
{
    mcache_refill(mcache_of_p(), *(spanclass *)class);
}

// The object in slot `index` is zeroed and whole from here on.
static void publish(struct mspan *s, uint32_t index, uintptr_t object)
{
    store_release(&s->scanindex, index + 1); // pairs [mspan.scanindex]
    if (load_relaxed(&gc.phase) != GC_OFF)
        gc_mark_new(object);
}

// A slot of the class, zeroed; *refilled: a span was taken up.
static uintptr_t alloc_small(const struct m *mp, spanclass class, const struct rt_type *type,
                             size_t n, bool *refilled)
{
    const struct mcache *c = mcache_of(mp);
    struct mspan *s = c != NULL ? c->alloc[class] : NULL;
    uint32_t index = s != NULL ? span_take_slot(s) : 0;
    if (__builtin_expect(s == NULL || index == s->nelems, 0)) {
        systemstack(refill_on_g0, &class);
        *refilled = true;
        s = mcache_of(mp)->alloc[class];
        index = span_take_slot(s);
        rt_assert(index < s->nelems);
    }
    uintptr_t object = span_object(s, index);
    san_heap_alloc((void *)object, s->elem_bytes);
    if (s->needzero)
        memset((void *)object, 0, s->elem_bytes);
    if (type != NULL)
        heap_set_pointers(object, s->elem_bytes, type, n);
    publish(s, index, object);
    return object;
}

// Pieces of a shared block; not aligned further than their size asks for.
static uintptr_t alloc_tiny(const struct m *mp, size_t bytes, bool *refilled)
{
    struct mcache *c = mcache_of(mp);
    uint32_t align = bytes % 8 == 0 ? 8 : bytes % 4 == 0 ? 4 : bytes % 2 == 0 ? 2 : 1;
    if (c != NULL && c->tiny != 0) {
        uint32_t at = (c->tiny_used + align - 1) & ~(align - 1);
        if (at + bytes <= TINY_BYTES) {
            c->tiny_used = at + (uint32_t)bytes;
            c->tiny_allocs++;
            return c->tiny + at;
        }
    }
    const spanclass shared = spanclass_make(SIZECLASS_TINY, true);
    uintptr_t block = alloc_small(mp, shared, NULL, 0, refilled);
    c = mcache_of(mp);
    // the one with more room stays
    if (c->tiny == 0 || bytes < c->tiny_used) {
        c->tiny = block;
        c->tiny_used = (uint32_t)bytes;
    }
    c->tiny_allocs++;
    return block;
}

// Large objects -------------------------------------------------------------------------------

struct large_call {
    size_t bytes;
    bool noscan;
    struct mspan *s;
};

static void alloc_large_on_g0(void *call)
{
    struct large_call *c = call;
    c->s = mcache_alloc_large(mcache_of_p(), c->bytes, c->noscan);
}

static uintptr_t alloc_large(size_t bytes, const struct rt_type *type, size_t n)
{
    struct large_call call = {.bytes = bytes, .noscan = type == NULL};
    systemstack(alloc_large_on_g0, &call);
    struct mspan *s = call.s;
    size_t whole = s->limit - s->base;
    san_heap_alloc((void *)s->base, whole);
    if (s->needzero)
        memset((void *)s->base, 0, whole);
    if (type != NULL)
        heap_set_pointers(s->base, whole, type, n);
    publish(s, 0, s->base);
    return s->base;
}

_Noreturn static void too_large(void)
{
    rt_fatal("runtime: allocation size out of range");
}

// The public face -------------------------------------------------------------------------------

void *mallocgc(size_t bytes, const struct rt_type *type, size_t n)
{
    struct g *gp = getg();
    const struct m *mp = gp->m;
    rt_assert(gp == mp->curg);
    if (bytes == 0)
        return nothing;
    if (type != NULL && type->ptr_bytes == 0)
        type = NULL;
    bool grown = false;
    uintptr_t object;
    if (bytes > SMALL_BYTES_MAX) {
        if (bytes > heap.end - heap.base)
            too_large();
        object = alloc_large(bytes, type, n);
        grown = true;
    } else if (type == NULL && bytes < TINY_BYTES) {
        object = alloc_tiny(mp, bytes, &grown);
    } else {
        object = alloc_small(mp, class_of(bytes, type == NULL), type, n, &grown);
    }
    // from here on others may run
    if (load_relaxed(&gc.blacken) != 0)
        gc_assist(gp, bytes);
    if (grown) {
        gc_heap_grown();
        // who only allocates must stop for others too
        preempt_check(gp, PREEMPT_AT_CALL);
    }
    return (void *)object;
}

void *rt_new(const struct rt_type *type)
{
    return mallocgc(type->bytes, type, 1);
}

void *rt_new_array(const struct rt_type *type, size_t n)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(type->bytes, n, &bytes))
        too_large();
    return mallocgc(bytes, type, n);
}

void *rt_new_bytes(size_t bytes)
{
    return mallocgc(bytes, NULL, 1);
}
