// SPDX-License-Identifier: Apache-2.0
//
// The allocator and the collector against a shadow heap (shadow.h). The bytes of an input are
// operations of one goroutine: make, link, drop, hand to others, collect, limit, look. Where it
// gives way, the collector's goroutines go on for a while; so marking and the program interleave,
// the same way each time (fuzz/calm).
#include "fuzz/alloc/shadow.h"
#include "fuzz/calm/calm.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { REGS = 16, GLOBALS = 4, WEAKS = 4, HELD = 8, STEPS_MAX = 20, BYTES_MAX = 96 << 10 };
enum { ROOT_GLOBALS = REGS, ROOT_HELD = REGS + GLOBALS };
_Static_assert(ROOT_HELD + HELD <= ROOTS_MAX, "a root for each");

// What the goroutine refers to: words of its stack.
struct frame {
    void *volatile reg[REGS];
    struct rt_weak *volatile weak[WEAKS];
};

static const uint8_t *data, *data_end;
static struct frame *f; // of the main goroutine; no root itself
static rt_ptr global[GLOBALS];
static uint8_t weak_to[WEAKS];
static size_t allocated;
static uint32_t collectors;

static const uint64_t node_bits[1] = {0xfe};
#define NODE(n)                                                                                    \
    {                                                                                              \
        .name = "node " #n, .bytes = 8 * (1 + (n)), .ptr_bytes = (n) == 0 ? 0 : 8 * (1 + (n)),     \
        .ptr_bits = node_bits                                                                      \
    }
static const struct rt_type node[NODE_SLOTS + 1] = {NODE(0), NODE(1), NODE(2), NODE(3),
                                                    NODE(4), NODE(5), NODE(6), NODE(7)};

static uint8_t byte(void)
{
    return data < data_end ? *data++ : 0;
}

static uint32_t below(uint32_t n)
{
    return byte() % n;
}

// Objects ----------------------------------------------------------------------------------

static bool may_allocate(size_t bytes)
{
    if (shadow_objects == OBJECTS_MAX || allocated + bytes > BYTES_MAX)
        return false;
    allocated += bytes;
    return true;
}

static void keep(uint32_t r, void *p, uint8_t number)
{
    f->reg[r] = p;
    shadow_root[r] = number;
}

static void make_nodes(uint32_t r, uint32_t elems)
{
    uint32_t slots = below(NODE_SLOTS + 1);
    size_t bytes = elems * node[slots].bytes;

    if (elems == 0 || !may_allocate(bytes))
        return;
    // 8 bytes without pointers are a piece of a shared block
    void *p = elems == 1 ? rt_new(&node[slots]) : rt_new_array(&node[slots], elems);
    f->reg[r] = p; // before anything else: it is reached from here on
    keep(r, p, shadow_add(p, bytes, elems, slots));
}

static void op_new(void)
{
    make_nodes(below(REGS), 1);
}

static void op_array(void)
{
    uint32_t r = below(REGS), n = byte();

    make_nodes(r, n < 224 ? n % 32 : n); // few are large
}

static void make_bytes(uint32_t r, size_t bytes)
{
    if (bytes == 0 || !may_allocate(bytes))
        return;
    void *p = rt_new_bytes(bytes);
    f->reg[r] = p;
    keep(r, p, shadow_add(p, bytes, 0, 0));
}

static void op_bytes(void)
{
    uint32_t r = below(REGS), shift = below(10);

    make_bytes(r, (size_t)byte() << shift >> 1);
}

static void op_crumb(void)
{
    uint32_t r = below(REGS);

    make_bytes(r, 1 + below(15));
}

// The object of a register; NULL: none.
static struct object *object_in(uint32_t r)
{
    return shadow_root[r] != 0 ? &shadow_object[shadow_root[r]] : NULL;
}

static void op_link(void)
{
    struct object *from = object_in(below(REGS));
    uint32_t to = shadow_root[below(REGS)], k = byte();

    if (from == NULL || from->slots == 0)
        return;
    k %= shadow_links(from);
    // bytes 0 mean the object, not the middle of it that a register may hold
    rt_write_ptr(shadow_slot(from, k), to != 0 ? (void *)shadow_object[to].base : NULL);
    from->to[k] = (uint8_t)to;
}

static void op_load(void)
{
    uint32_t r = below(REGS), k;
    const struct object *from = object_in(below(REGS));

    k = byte();
    if (from == NULL || from->slots == 0)
        return;
    k %= shadow_links(from);
    void *p = rt_load_ptr(shadow_slot(from, k));
    keep(r, p, from->to[k]);
    if (from->to[k] != 0)
        shadow_check(from->to[k]);
}

static void op_drop(void)
{
    keep(below(REGS), NULL, 0);
}

// Any word that points into an object keeps it.
static void op_middle(void)
{
    uint32_t r = below(REGS), at = byte();
    const struct object *o = object_in(r);

    if (o != NULL)
        f->reg[r] = (void *)(o->base + at * o->bytes / 256);
}

static void op_clear(void)
{
    struct object *o = object_in(below(REGS));

    if (o == NULL || o->slots == 0 || o->elems != 1)
        return;
    rt_clear_ptrs(shadow_slot(o, 0), o->slots);
    memset(o->to, 0, sizeof o->to);
}

// Slots of one node to another, or within one, where they may overlap.
static void op_move(void)
{
    struct object *to = object_in(below(REGS)), *from = object_in(below(REGS));
    uint32_t a = below(NODE_SLOTS), b = below(NODE_SLOTS), n = below(NODE_SLOTS);

    if (to == NULL || from == NULL || to->elems != 1 || from->elems != 1)
        return;
    if (a + n > to->slots || b + n > from->slots || n == 0)
        return;
    rt_move_ptrs(shadow_slot(to, a), shadow_slot(from, b), n);
    memmove(to->to + a, from->to + b, n);
}

static void op_global(void)
{
    uint32_t g = below(GLOBALS);
    const struct object *o = object_in(below(REGS));

    rt_write_ptr(&global[g], o != NULL ? (void *)o->base : NULL);
    shadow_root[ROOT_GLOBALS + g] = o != NULL ? (uint8_t)(o - shadow_object) : 0;
}

static void op_fetch(void)
{
    uint32_t g = below(GLOBALS);

    keep(below(REGS), rt_load_ptr(&global[g]), shadow_root[ROOT_GLOBALS + g]);
}

// Ends -------------------------------------------------------------------------------------

// A whole object that shares its memory with no other.
static bool has_specials(const struct object *o)
{
    return o != NULL && (o->bytes >= 16 || o->slots != 0);
}

static void finalized(void *p)
{
    uint8_t number = shadow_find(p);
    struct object *o = &shadow_object[number];

    if (number == 0 || !o->finalizer)
        calm_fail("alloc: a finalizer runs that nobody has set, or twice");
    if (shadow_reached(number))
        calm_fail("alloc: a finalizer runs of an object that is reached");
    shadow_check(number);
    o->finalizer = false;
}

static void op_finalizer(void)
{
    struct object *o = object_in(below(REGS));
    bool take = below(4) == 3;

    if (!has_specials(o))
        return;
    rt_set_finalizer((void *)o->base, take ? NULL : finalized);
    o->finalizer = !take;
}

static void op_weak(void)
{
    uint32_t w = below(WEAKS);
    const struct object *o = object_in(below(REGS));

    if (!has_specials(o) || !may_allocate(8))
        return;
    f->weak[w] = rt_weak_new((void *)o->base);
    weak_to[w] = (uint8_t)(o - shadow_object);
}

static void op_weak_get(void)
{
    uint32_t w = below(WEAKS), r = below(REGS);

    if (f->weak[w] == NULL)
        return;
    void *p = rt_weak_get(f->weak[w]);
    if (p == NULL) {
        if (shadow_reached(weak_to[w]))
            calm_fail("alloc: a weak handle has lost an object that is reached");
        return;
    }
    if ((uintptr_t)p != shadow_object[weak_to[w]].base)
        calm_fail("alloc: a weak handle has another object");
    keep(r, p, weak_to[w]);
    shadow_check(weak_to[w]);
}

// Others -----------------------------------------------------------------------------------

// The object lies on this goroutine's stack, and nowhere else perhaps.
static void holds(void *object)
{
    void *volatile mine = object;
    uint8_t number = shadow_find(object);
    uint32_t h = ROOT_HELD;

    for (uint32_t i = 0; i < 4; i++) {
        rt_yield();
        shadow_check(number);
    }
    while (shadow_root[h] != number) // any of those who hold it
        h++;
    shadow_root[h] = 0;
    rt_keep_alive(mine);
}

static void op_hold(void)
{
    uint32_t h = 0;
    const struct object *o = object_in(below(REGS));

    while (h < HELD && shadow_root[ROOT_HELD + h] != 0)
        h++;
    if (o == NULL || h == HELD)
        return;
    shadow_root[ROOT_HELD + h] = (uint8_t)(o - shadow_object);
    rt_go(holds, (void *)o->base);
}

static void op_yield(void)
{
    rt_yield();
}

static void op_gc(void)
{
    rt_gc();
    shadow_check_all();
}

static void collect(void *unused)
{
    (void)unused;
    rt_gc();
    collectors--;
}

// A collection beside this goroutine.
static void op_gc_beside(void)
{
    if (collectors == 2)
        return;
    collectors++;
    rt_go(collect, NULL);
    rt_yield();
}

static void op_percent(void)
{
    rt_set_gc_percent((int32_t)byte() - 1);
}

static void op_limit(void)
{
    uint8_t n = byte();

    rt_set_memory_limit(n == 0 ? INT64_MAX : (int64_t)n << 12);
}

static void op_give_back(void)
{
    rt_free_os_memory();
}

static void op_check(void)
{
    shadow_check_all();
}

static void op_stats(void)
{
    shadow_check_stats();
}

// More often than others: what makes and links.
static void (*const ops[])(void) = {
    op_new,       op_new,   op_array,     op_bytes, op_crumb, op_link,   op_link,
    op_load,      op_drop,  op_middle,    op_clear, op_move,  op_global, op_fetch,
    op_finalizer, op_weak,  op_weak_get,  op_hold,  op_yield, op_gc,     op_gc_beside,
    op_percent,   op_limit, op_give_back, op_check, op_stats,
};

static void program(void *unused)
{
    struct frame frame = {0};

    (void)unused;
    f = &frame;
    rt_register_globals(global, GLOBALS);
    for (uint32_t i = 0; i < STEPS_MAX && data < data_end; i++)
        ops[below(sizeof ops / sizeof ops[0])]();
    shadow_check_all();
    shadow_check_stats();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    calm_reset();
    data = bytes;
    data_end = bytes + n;
    uint8_t how = byte(); // the runtime's own checks cost time, too
    rt_heap_debug.check = (how & 1) == 0;
    rt_heap_debug.poison = (how & 2) == 0;
    calm_run(program, NULL);
    return 0;
}
