// SPDX-License-Identifier: Apache-2.0
//
// The write barrier: before *slot = value, what the slot refers to and `value` are shaded. They go
// into a buffer of the p, and from there, when it is full or somebody asks, through marking.
// Between the barrier and the store there is no preemption point: a phase, which changes with the
// world stopped, holds for both.
//
// The other bit of rt_write_barrier.on asks each store whether it is one that a program may do.
#include <string.h>

#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/sched/sched.h"

enum { BARRIER_MARK = 1, BARRIER_ESCAPE = 2 };
_Static_assert(WBBUF_ENTRIES % 2 == 0, "a store shades two");

struct rt_write_barrier rt_write_barrier;

void barrier_set_stw(bool marking)
{
    uint32_t on = marking ? BARRIER_MARK : 0;
    if (rt_heap_debug.escape)
        on |= BARRIER_ESCAPE;
    store_relaxed(&rt_write_barrier.on, on);
}

// Escapes ---------------------------------------------------------------------------------------

SAN_UNINSTRUMENTED_BEGIN

// On whose stack the address lies. Stacks of others may change hands meanwhile.
static const struct g *stack_owner(uintptr_t addr)
{
    uint32_t n = load_acquire(&allgs.n);         // pairs [allgs.n]
    struct g *const *v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n; i++) {
        if (stack_holds(&v[i]->stack, addr))
            return v[i];
    }
    return NULL;
}

static _Noreturn void escaped(const rt_ptr *slot, uintptr_t value, const struct g *owner, void *pc)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: store at pc=");
    print_hex(&out, (uintptr_t)pc);
    print_str(&out, " of ");
    print_hex(&out, value);
    print_str(&out, " to ");
    print_hex(&out, (uintptr_t)slot);
    print_flush(&out);
    print_str(&out, "    which is on the stack of goroutine ");
    print_dec(&out, (int64_t)owner->goid);
    print_str(&out, ": fn=");
    print_hex(&out, (uintptr_t)owner->fn);
    print_str(&out, " started at pc=");
    print_hex(&out, (uintptr_t)owner->from);
    print_flush(&out);
    rt_fatal("runtime: a pointer to a goroutine's stack was stored outside of it");
}

SAN_UNINSTRUMENTED_END

static _Noreturn void stray(const rt_ptr *slot, void *pc)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: store at pc=");
    print_hex(&out, (uintptr_t)pc);
    print_str(&out, " to ");
    print_hex(&out, (uintptr_t)slot);
    print_flush(&out);
    rt_fatal("runtime: a pointer was stored where the collector does not look");
}

static void ask_escape(const struct g *gp, const rt_ptr *slot, uintptr_t value, void *pc)
{
    if (stack_holds(&gp->stack, (uintptr_t)slot))
        return;
    if (span_of((uintptr_t)slot) == NULL && !gc_is_global(slot))
        stray(slot, pc);
    const struct g *owner = stack_owner(value);
    if (owner != NULL)
        escaped(slot, value, owner, pc);
}

// Shading ---------------------------------------------------------------------------------------

void wbbuf_flush(struct p *pp)
{
    struct wbbuf *b = &pp->wbbuf;
    uint32_t n = b->n;
    b->n = 0;
    for (uint32_t i = 0; i < n; i++)
        gc_grey(&pp->gcw, b->pointer[i]);
}

static void flush_own(void *p)
{
    struct p *pp = p;
    wbbuf_flush(pp);
    gc_enlist_worker(&pp->gcw);
}

static void shade(struct p *pp, uintptr_t old, uintptr_t value)
{
    struct wbbuf *b = &pp->wbbuf;
    if (b->n == WBBUF_ENTRIES)
        systemstack(flush_own, pp);
    b->pointer[b->n++] = old;
    b->pointer[b->n++] = value;
}

static void barrier(const rt_ptr *slot, void *value, uint32_t on, void *pc)
{
    const struct g *gp = getg();
    struct p *pp = gp->m->p;
    if (pp == NULL)
        rt_fatal("runtime: a pointer was stored in a system call");
    if ((on & BARRIER_ESCAPE) != 0)
        ask_escape(gp, slot, (uintptr_t)value, pc);
    if ((on & BARRIER_MARK) != 0)
        shade(pp, (uintptr_t)rt_load_ptr(slot), (uintptr_t)value);
}

static void shade_on_g0(void *object)
{
    struct p *pp = getg()->m->p;
    gc_grey(&pp->gcw, (uintptr_t)object);
}

void gc_shade(uintptr_t object)
{
    systemstack(shade_on_g0, (void *)object);
}

void rt_write_barrier_slow(rt_ptr *slot, void *value)
{
    barrier(slot, value, load_relaxed(&rt_write_barrier.on), __builtin_return_address(0));
}

// Bulk forms: a row of stores, each with its barrier ----------------------------------------------

static inline void store(rt_ptr *slot, void *value, void *pc)
{
    uint32_t on = load_relaxed(&rt_write_barrier.on);
    if (__builtin_expect(on != 0, 0))
        barrier(slot, value, on, pc);
    store_release(slot, value); // pairs [rt_ptr]
}

void rt_move_ptrs(rt_ptr *to, const rt_ptr *from, size_t n)
{
    void *pc = __builtin_return_address(0);
    bool overlap = (uintptr_t)to - (uintptr_t)from < n * sizeof(*to);
    // the phase does not change in here
    if (ARCH_MOVE_WORDS && load_relaxed(&rt_write_barrier.on) == 0 && !overlap) {
        arch_move_words(to, from, n);
    } else if (to <= from) {
        for (size_t i = 0; i < n; i++)
            store(&to[i], rt_load_ptr(&from[i]), pc);
    } else {
        for (size_t i = n; i > 0; i--)
            store(&to[i - 1], rt_load_ptr(&from[i - 1]), pc);
    }
}

void rt_clear_ptrs(rt_ptr *slots, size_t n)
{
    void *pc = __builtin_return_address(0);
    for (size_t i = 0; i < n; i++)
        store(&slots[i], NULL, pc);
}

static bool is_ptr_word(const struct rt_type *type, size_t i)
{
    return i < type->ptr_bytes / 8 && (type->ptr_bits[i / 64] >> i % 64 & 1) != 0;
}

// Word i of an object.
static void move_word(const struct rt_type *type, char *to, const char *from, size_t i, void *pc)
{
    if (is_ptr_word(type, i))
        store((rt_ptr *)(void *)to + i, rt_load_ptr((const rt_ptr *)(const void *)from + i), pc);
    else
        memcpy(to + 8 * i, from + 8 * i, 8);
}

// Most elements are a word.
static void move_bytes(void *to, const void *from, size_t bytes)
{
    if (bytes == 8)
        memcpy(to, from, 8);
    else
        memmove(to, from, bytes);
}

void rt_move(const struct rt_type *type, void *to, const void *from, size_t n)
{
    void *pc = __builtin_return_address(0);
    if (type->ptr_bytes == 0) {
        move_bytes(to, from, n * type->bytes);
        return;
    }
    size_t words = type->bytes / 8;
    bool up = (uintptr_t)to <= (uintptr_t)from;
    for (size_t k = 0; k < n * words; k++) {
        size_t at = up ? k : n * words - 1 - k, object = at / words * type->bytes;
        move_word(type, (char *)to + object, (const char *)from + object, at % words, pc);
    }
}

// Without the escape check: the places are the runtime's own or lie on stacks.
void gc_store(rt_ptr *slot, void *value)
{
    if (__builtin_expect((load_relaxed(&rt_write_barrier.on) & BARRIER_MARK) != 0, 0))
        shade(getg()->m->p, (uintptr_t)rt_load_ptr(slot), (uintptr_t)value);
    store_release(slot, value); // pairs [rt_ptr]
}

void gc_move_to_stack(const struct rt_type *type, void *to, const void *from)
{
    if (type->ptr_bytes == 0) {
        move_bytes(to, from, type->bytes);
        return;
    }
    for (size_t i = 0; i < type->bytes / 8; i++) {
        if (is_ptr_word(type, i))
            gc_store((rt_ptr *)to + i, rt_load_ptr((const rt_ptr *)from + i));
        else
            memcpy((char *)to + 8 * i, (const char *)from + 8 * i, 8);
    }
}

void gc_clear(const struct rt_type *type, void *object)
{
    if (type->ptr_bytes == 0) {
        memset(object, 0, type->bytes);
        return;
    }
    for (size_t i = 0; i < type->bytes / 8; i++) {
        if (is_ptr_word(type, i))
            gc_store((rt_ptr *)object + i, NULL);
        else
            memset((char *)object + 8 * i, 0, 8);
    }
}
