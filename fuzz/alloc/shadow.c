// SPDX-License-Identifier: Apache-2.0
//
// See shadow.h.
#include "fuzz/alloc/shadow.h"

#include <string.h>

#include "fuzz/calm/calm.h"
#include "runtime/mem/mheap.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"

// No coverage: it is not what is tested, and who reads it learns nothing.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

#define check(c, text) ((c) ? (void)0 : calm_fail("alloc: " text))

uint8_t shadow_root[ROOTS_MAX];
struct object shadow_object[OBJECTS_MAX];
uint32_t shadow_objects = 1;

// Contents ---------------------------------------------------------------------------------

static uint64_t head(const struct object *o, uint32_t elem)
{
    return 0x0b1ec70000000000u | (uint64_t)(o - shadow_object) << 24 | elem;
}

static uint64_t *element(const struct object *o, uint32_t elem)
{
    return (uint64_t *)(o->base + elem * (size_t)(8 * (1 + o->slots)));
}

uint32_t shadow_links(const struct object *o)
{
    uint32_t all = o->elems * o->slots;

    return all < LINKS ? all : LINKS;
}

// Spread evenly: the collector scans large objects in parts.
void *shadow_slot(const struct object *o, uint32_t k)
{
    uint32_t n = (uint32_t)((uint64_t)k * o->elems * o->slots / shadow_links(o));

    return element(o, n / o->slots) + 1 + n % o->slots;
}

// Which bytes, or elements, are looked at.
static uint32_t step(size_t all)
{
    return all < LINKS ? 1 : (uint32_t)(all / LINKS);
}

static void check_contents(const struct object *o)
{
    if (o->elems == 0) {
        const uint8_t *bytes = (const uint8_t *)o->base;
        for (size_t i = 0; i < o->bytes; i += step(o->bytes))
            check(bytes[i] == (uint8_t)(head(o, 0) >> 24), "bytes of an object have changed");
        return;
    }
    for (uint32_t i = 0; i < o->elems; i += step(o->elems))
        check(*element(o, i) == head(o, i), "a word of an object has changed");
    for (uint32_t k = 0; k < (o->slots != 0 ? shadow_links(o) : 0); k++) {
        uintptr_t to = (uintptr_t)rt_load_ptr(shadow_slot(o, k));
        uintptr_t wanted = o->to[k] != 0 ? shadow_object[o->to[k]].base : 0;
        check(to == wanted, "a slot holds what nobody has written there");
    }
}

static void fill(const struct object *o)
{
    if (o->elems == 0)
        memset((void *)o->base, (int)(head(o, 0) >> 24 & 0xff), o->bytes);
    for (uint32_t i = 0; i < o->elems; i++)
        *element(o, i) = head(o, i);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

// Places -----------------------------------------------------------------------------------

static bool is_there(const struct object *o)
{
    const struct mspan *s = span_of(o->base);

    return s != NULL && span_is_object(s, span_index(s, o->base));
}

static void check_place(const struct object *o, uintptr_t align)
{
    const struct mspan *s = span_of(o->base);

    check(o->base % align == 0, "a new object is not aligned");
    check(s != NULL && o->base + o->bytes <= s->limit, "a new object is not within a span");
    uint32_t i = span_index(s, o->base);
    uintptr_t slot = span_object(s, i);
    check(span_is_object(s, i), "a new object is not known to be one");
    check(slot <= o->base && (s->elem_bytes == 0 || o->base + o->bytes <= slot + s->elem_bytes),
          "a new object does not fit its slot");
    check(span_noscan(s) == (o->slots == 0), "a new object is in a span of the other kind");
    for (size_t at = 0; o->slots != 0 && at < o->bytes; at += 8)
        check(heap_word_is_pointer(o->base + at) == (at / 8 % (1 + o->slots) != 0),
              "the pointer bits of a new object are not those of its type");
}

static void check_alone(const struct object *o)
{
    static bool live[OBJECTS_MAX];
    bool known = false;

    for (uint32_t i = 1; i < shadow_objects; i++) {
        struct object *b = &shadow_object[i];
        if (b == o || b->base == 0 || b->base >= o->base + o->bytes ||
            o->base >= b->base + b->bytes)
            continue;
        if (!known)
            shadow_reach(live);
        known = true;
        check(!live[i], "a new object overlaps one that is reached");
        b->base = 0;
    }
}

uint8_t shadow_add(void *base, size_t bytes, uint32_t elems, uint32_t slots)
{
    struct object *o = &shadow_object[shadow_objects++];
    size_t align = bytes % 8 == 0 ? 8 : bytes % 4 == 0 ? 4 : bytes % 2 == 0 ? 2 : 1;

    *o = (struct object){.base = (uintptr_t)base, .bytes = bytes, .elems = elems, .slots = slots};
    check_place(o, bytes >= 16 ? 8 : align);
    check(is_zero(base, bytes), "a new object is not zero");
    check_alone(o);
    fill(o);
    return (uint8_t)(o - shadow_object);
}

uint8_t shadow_find(const void *base)
{
    for (uint32_t i = 1; i < shadow_objects; i++)
        if (shadow_object[i].base == (uintptr_t)base)
            return (uint8_t)i;
    return 0;
}

// Who is reached ---------------------------------------------------------------------------

static void push(uint8_t number, bool *live, uint8_t *queue, uint32_t *n)
{
    if (number == 0 || live[number])
        return;
    live[number] = true;
    queue[(*n)++] = number;
}

void shadow_reach(bool live[OBJECTS_MAX])
{
    uint8_t queue[OBJECTS_MAX];
    uint32_t n = 0;

    memset(live, 0, OBJECTS_MAX * sizeof live[0]);
    for (uint32_t i = 0; i < ROOTS_MAX; i++)
        push(shadow_root[i], live, queue, &n);
    // what an object with a finalizer refers to is kept for it, itself is not
    for (uint32_t i = 1; i < shadow_objects; i++)
        for (uint32_t k = 0; shadow_object[i].finalizer && k < LINKS; k++)
            push(shadow_object[i].to[k], live, queue, &n);
    while (n > 0) {
        const struct object *o = &shadow_object[queue[--n]];
        for (uint32_t k = 0; k < LINKS; k++)
            push(o->to[k], live, queue, &n);
    }
}

bool shadow_reached(uint8_t number)
{
    static bool live[OBJECTS_MAX];

    shadow_reach(live);
    return live[number];
}

void shadow_check(uint8_t number)
{
    const struct object *o = &shadow_object[number];

    check(o->base != 0 && is_there(o), "an object is freed that is reached");
    check_contents(o);
}

void shadow_check_all(void)
{
    static bool live[OBJECTS_MAX];

    shadow_reach(live);
    for (uint32_t i = 1; i < shadow_objects; i++)
        if (live[i] || shadow_object[i].finalizer)
            shadow_check((uint8_t)i);
}

// Statistics -------------------------------------------------------------------------------

struct walk {
    uint64_t pages, objects, bytes;
    uint64_t of_class[SIZECLASSES];
};

static void walk_spans(void *to)
{
    struct walk *w = to;

    *w = (struct walk){0};
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        if (load_relaxed(&s->state) != SPAN_IN_USE)
            continue;
        uint32_t n = 0;
        for (uint32_t k = 0; k < s->nelems; k++)
            n += span_is_object(s, k);
        w->pages += s->npages;
        w->objects += n;
        w->of_class[s->class >> 1] += n;
        w->bytes += s->elem_bytes != 0 ? (uint64_t)n * s->elem_bytes : s->npages * HEAP_PAGE_BYTES;
    }
}

void shadow_check_stats(void)
{
    static struct rt_mem_stats s; // too large for a stack
    static struct walk w;

    rt_read_mem_stats(&s);
    rt_debug_stop_the_world(walk_spans, &w);
    check(s.heap_objects == w.objects && s.mallocs - s.frees == w.objects,
          "the statistics have another number of objects than the heap");
    check(s.heap_alloc == w.bytes && s.alloc == w.bytes,
          "the statistics have another number of bytes than the heap");
    check(s.heap_inuse == w.pages * HEAP_PAGE_BYTES && s.heap_sys == s.heap_idle + s.heap_inuse &&
              s.heap_released <= s.heap_idle,
          "the statistics have another number of pages than the heap");
    for (uint32_t i = 0; i < SIZECLASSES; i++)
        check(s.by_size[i].mallocs - s.by_size[i].frees == w.of_class[i],
              "the statistics of a size class are not those of the heap");
    check(s.sys == s.heap_sys + s.stack_sys + s.mspan_sys + s.mcache_sys + s.gc_sys + s.other_sys,
          "the statistics do not add up");
}

#pragma clang attribute pop
