// SPDX-License-Identifier: Apache-2.0
//
// The `__tsan_*` interface that the compiler calls, implemented by the engine: plain accesses are
// checked for races, atomic ones are scheduling points first. The operation itself is done here, by
// the one OS thread, after the point, so executions are sequentially consistent, unless stores are
// held (buffer.h).
//
// Outside an execution (workload set-up) hooks only do the operation. The program calls
// `__tsan_NAME` of entries.S, which goes on here as hook_NAME, on the thread's hook stack.

#include "stress/sim/buffer.h"
#include "stress/sim/timed.h"

#include <string.h>

// compiler-rt declares none of these either: the names are the compiler's ABI.
#pragma clang diagnostic ignored "-Wmissing-prototypes"

// Functions -------------------------------------------------------------------------------

void __tsan_init(void) {}

void hook_func_entry(void *caller_pc, char *sp)
{
    if (unlikely(!sim.running))
        return;
    struct fiber *f = sim.fiber;
    if (unlikely((uint64_t)(sp - f->low) >= f->span))
        sim_see_stack(f, sp);
    uint32_t child = calls_known_child(sim.node, (uint64_t)caller_pc);
    sim.node = child != 0 ? child : calls_find_child(sim.node, (uint64_t)caller_pc);
    sim.moment = 0;
    sim.depth++;
}

size_t hook_testonly_shadow_stack_current_size(void)
{
    return sim.depth;
}

void hook_ignore_thread_begin(void) {}
void hook_ignore_thread_end(void) {}

// Plain accesses --------------------------------------------------------------------------

static __attribute__((noinline)) void plain_special(const volatile void *p, uint64_t size,
                                                    unsigned kind, uint64_t pc)
{
    if (!sim.running)
        return;
    if (oracle_plain_pending != 0)
        oracle_flush_plain();
    if (sim.timed)
        timed_access((uint64_t)p, size, kind == ACCESS_WRITE);
    if (sim.unwatched)
        return;
    if (sim.held != 0)
        buffer_before_plain((uint64_t)p, size, pc);
    if (race_enabled) {
        race_plain((uint64_t)p, size, kind, pc);
    } else {
        race_look_freed((uint64_t)p, size, kind, false, pc);
        if (kind == ACCESS_WRITE)
            race_announce((uint64_t)p, size);
    }
    if (sim.tracing)
        trace_event(kind == ACCESS_WRITE ? "write" : "read", sim_site_of(pc), pc, (uint64_t)p, 0, 0,
                    -1);
}

static inline __attribute__((always_inline)) void plain(const volatile void *p, uint64_t size,
                                                        unsigned kind, uint64_t pc)
{
    if (unlikely(sim.special))
        plain_special(p, size, kind, pc);
    else
        race_plain((uint64_t)p, size, kind, pc);
}

#define PLAIN_HOOK(name, size, kind)                                                               \
    void hook_##name##size(void *p, uint64_t pc)                                                   \
    {                                                                                              \
        plain(p, size, kind, pc);                                                                  \
    }                                                                                              \
    void hook_unaligned_##name##size(void *p, uint64_t pc)                                         \
    {                                                                                              \
        plain(p, size, kind, pc);                                                                  \
    }
#define PLAIN(size)                                                                                \
    PLAIN_HOOK(read, size, ACCESS_READ)                                                            \
    PLAIN_HOOK(write, size, ACCESS_WRITE)                                                          \
    PLAIN_HOOK(read_write, size, ACCESS_WRITE)                                                     \
    PLAIN_HOOK(volatile_read, size, ACCESS_READ)                                                   \
    PLAIN_HOOK(volatile_write, size, ACCESS_WRITE)
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

static void range(const void *p, size_t bytes, unsigned kind, uint64_t pc)
{
    if (!sim.running)
        return;
    if (sim.timed)
        timed_access((uint64_t)p, bytes, kind == ACCESS_WRITE);
    if (sim.unwatched)
        return;
    if (sim.held != 0)
        buffer_before_plain((uint64_t)p, bytes, pc);
    if (race_enabled) {
        race_range((uint64_t)p, bytes, kind, false, pc);
    } else {
        race_look_freed((uint64_t)p, bytes, kind, false, pc);
        if (kind == ACCESS_WRITE)
            race_announce((uint64_t)p, bytes);
    }
}

// The hook itself has done the store.
static void written(void)
{
    if (unlikely(oracle_plain_pending != 0))
        oracle_flush_plain();
}

void hook_read_range(void *p, size_t bytes)
{
    range(p, bytes, ACCESS_READ, HOOK_PC);
}
void hook_write_range(void *p, size_t bytes)
{
    range(p, bytes, ACCESS_WRITE, HOOK_PC);
}

void *hook_memset(void *p, int byte, size_t bytes)
{
    range(p, bytes, ACCESS_WRITE, HOOK_PC);
    memset(p, byte, bytes);
    written();
    return p;
}

void *hook_memcpy(void *to, const void *from, size_t bytes)
{
    range(from, bytes, ACCESS_READ, HOOK_PC);
    range(to, bytes, ACCESS_WRITE, HOOK_PC);
    memcpy(to, from, bytes);
    written();
    return to;
}

void *hook_memmove(void *to, const void *from, size_t bytes)
{
    range(from, bytes, ACCESS_READ, HOOK_PC);
    range(to, bytes, ACCESS_WRITE, HOOK_PC);
    memmove(to, from, bytes);
    written();
    return to;
}

// Atomics ---------------------------------------------------------------------------------

static inline uint32_t before_atomic(uint64_t pc, uint64_t pending, enum timed_atomic what)
{
    if (unlikely(oracle_plain_pending != 0))
        oracle_flush_plain();
    uint32_t site = sim_point(pc, pending);
    if (unlikely(sim.pairs != NULL))
        pairs_atomic(site, pending);
    if (unlikely(sim.timed))
        timed_atomic(pending_addr(pending), what);
    return site;
}

// What an operation does that no store may pass.
static inline void drains(void)
{
    if (unlikely(sim.held != 0))
        buffer_drain();
}

#define TRACE(what, p, old_value, new_value)                                                       \
    do {                                                                                           \
        if (unlikely(sim.tracing))                                                                 \
            trace_event(what, site, pc, (uint64_t)(p), (uint64_t)(old_value),                      \
                        (uint64_t)(new_value), -1);                                                \
    } while (0)

#define ATOMIC_RMW(bits, type, name, what, expression)                                             \
    type hook_atomic##bits##_##name(volatile type *p, type x, int order, uint64_t pc)              \
    {                                                                                              \
        if (unlikely(!sim.running)) {                                                              \
            type old = *p;                                                                         \
            *p = (type)(expression);                                                               \
            return old;                                                                            \
        }                                                                                          \
        uint32_t site = before_atomic(pc, pending_of(p, PENDING_WRITE), TIMED_MODIFY);             \
        drains();                                                                                  \
        bool watched = race_atomic_rmw((uint64_t)p, sizeof *p, order, pc);                         \
        type old = *p;                                                                             \
        *p = (type)(expression);                                                                   \
        sim_note_value((uint64_t)*p);                                                              \
        TRACE(what, p, old, *p);                                                                   \
        if (unlikely(watched))                                                                     \
            oracle_wrote((uint64_t)p, (uint64_t)old, (uint64_t)*p);                                \
        return old;                                                                                \
    }

#define ATOMIC_CAS(bits, type)                                                                     \
    static inline bool cas##bits(volatile type *p, type *expected, type x, int order,              \
                                 int order_failed, uint64_t pc)                                    \
    {                                                                                              \
        if (unlikely(!sim.running)) {                                                              \
            type old = *p;                                                                         \
            bool same = old == *expected;                                                          \
            *(same ? p : expected) = same ? x : old;                                               \
            return same;                                                                           \
        }                                                                                          \
        uint32_t site = before_atomic(pc, pending_of(p, PENDING_WRITE), TIMED_MODIFY);             \
        drains();                                                                                  \
        type old = *p;                                                                             \
        sim_note_value((uint64_t)old);                                                             \
        if (old != *expected) {                                                                    \
            race_atomic_load((uint64_t)p, sizeof *p, order_failed, pc);                            \
            if (unlikely(sim.tracing))                                                             \
                trace_event("cas failed", site, pc, (uint64_t)p, (uint64_t)*expected,              \
                            (uint64_t)old, -1);                                                    \
            *expected = old;                                                                       \
            return false;                                                                          \
        }                                                                                          \
        bool watched = race_atomic_rmw((uint64_t)p, sizeof *p, order, pc);                         \
        *p = x;                                                                                    \
        if (unlikely(sim.tracing))                                                                 \
            trace_event("cas", site, pc, (uint64_t)p, (uint64_t)old, (uint64_t)x, -1);             \
        if (unlikely(watched))                                                                     \
            oracle_wrote((uint64_t)p, (uint64_t)old, (uint64_t)x);                                 \
        return true;                                                                               \
    }

// Of 128 bits its arguments fill the registers, and more.
#define PC_ARGUMENT , uint64_t pc
#define CAS_HOOKS(bits, type, pc_argument, pc)                                                     \
    int hook_atomic##bits##_compare_exchange_strong(volatile type *p, type *expected, type x,      \
                                                    int order, int failed pc_argument)             \
    {                                                                                              \
        return cas##bits(p, expected, x, order, failed, pc);                                       \
    }                                                                                              \
    int hook_atomic##bits##_compare_exchange_weak(volatile type *p, type *expected, type x,        \
                                                  int order, int failed pc_argument)               \
    {                                                                                              \
        return cas##bits(p, expected, x, order, failed, pc);                                       \
    }                                                                                              \
    type hook_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type x,         \
                                                  int order, int failed pc_argument)               \
    {                                                                                              \
        cas##bits(p, &expected, x, order, failed, pc);                                             \
        return expected;                                                                           \
    }

#define ATOMICS(bits, type)                                                                        \
    type hook_atomic##bits##_load(const volatile type *p, int order, uint64_t pc)                  \
    {                                                                                              \
        if (unlikely(!sim.running))                                                                \
            return *p;                                                                             \
        uint32_t site = before_atomic(pc, pending_of(p, PENDING_READ), TIMED_LOAD);                \
        uint64_t own;                                                                              \
        if (unlikely(sim.held != 0) && buffer_load((uint64_t)p, sizeof *p, &own, pc)) {            \
            sim_note_value(own);                                                                   \
            TRACE("load own", p, own, own);                                                        \
            return (type)own;                                                                      \
        }                                                                                          \
        race_atomic_load((uint64_t)p, sizeof *p, order, pc);                                       \
        type x = *p;                                                                               \
        sim_note_value((uint64_t)x);                                                               \
        TRACE("load", p, x, x);                                                                    \
        return x;                                                                                  \
    }                                                                                              \
    void hook_atomic##bits##_store(volatile type *p, type x, int order, uint64_t pc)               \
    {                                                                                              \
        if (unlikely(!sim.running)) {                                                              \
            *p = x;                                                                                \
            return;                                                                                \
        }                                                                                          \
        uint32_t site = before_atomic(pc, pending_of(p, PENDING_WRITE),                            \
                                      order == __ATOMIC_SEQ_CST ? TIMED_MODIFY : TIMED_STORE);     \
        if (unlikely(sim.tso) &&                                                                   \
            buffer_store((uint64_t)p, sizeof *p, (uint64_t)x, order, site, pc))                    \
            return;                                                                                \
        bool watched = race_atomic_store((uint64_t)p, sizeof *p, order, pc);                       \
        type old = *p;                                                                             \
        *p = x;                                                                                    \
        sim_note_value((uint64_t)x);                                                               \
        TRACE("store", p, old, x);                                                                 \
        if (unlikely(watched))                                                                     \
            oracle_wrote((uint64_t)p, (uint64_t)old, (uint64_t)x);                                 \
    }                                                                                              \
    ATOMIC_RMW(bits, type, exchange, "exchange", x)                                                \
    ATOMIC_RMW(bits, type, fetch_add, "add", old + x)                                              \
    ATOMIC_RMW(bits, type, fetch_sub, "sub", old - x)                                              \
    ATOMIC_RMW(bits, type, fetch_and, "and", old &x)                                               \
    ATOMIC_RMW(bits, type, fetch_or, "or", old | x)                                                \
    ATOMIC_RMW(bits, type, fetch_xor, "xor", old ^ x)                                              \
    ATOMIC_RMW(bits, type, fetch_nand, "nand", ~(old & x))                                         \
    ATOMIC_CAS(bits, type)

ATOMICS(8, uint8_t)
CAS_HOOKS(8, uint8_t, PC_ARGUMENT, pc)
ATOMICS(16, uint16_t)
CAS_HOOKS(16, uint16_t, PC_ARGUMENT, pc)
ATOMICS(32, uint32_t)
CAS_HOOKS(32, uint32_t, PC_ARGUMENT, pc)
ATOMICS(64, uint64_t)
CAS_HOOKS(64, uint64_t, PC_ARGUMENT, pc)
ATOMICS(128, unsigned __int128)
CAS_HOOKS(128, unsigned __int128, , HOOK_PC)

void hook_atomic_thread_fence(int order)
{
    if (!sim.running)
        return;
    before_atomic(HOOK_PC, pending_of_call(CALL_FENCE), TIMED_MODIFY);
    if (order == __ATOMIC_SEQ_CST)
        drains();
    race_fence(order);
}

void hook_atomic_signal_fence(int order)
{
    (void)order;
}

// Fibers: the stacks of goroutines -----------------------------------------------------------

void *hook_get_current_fiber(void)
{
    return sim.fiber;
}

static void new_fiber(void *fiber)
{
    *(struct fiber **)fiber = sim_fiber_new(true);
}

void *hook_create_fiber(unsigned flags)
{
    (void)flags;
    struct fiber *f;
    sim_enter(new_fiber, &f);
    return f;
}

void hook_destroy_fiber(void *fiber)
{
    struct fiber *f = fiber;
    sim.fiber_free[sim.fibers_free++] = (uint32_t)(f - sim_fibers);
}

void hook_switch_to_fiber(void *fiber, unsigned flags)
{
    (void)flags;
    struct fiber *from = sim.fiber, *to = fiber;
    if (!sim.running || from == to)
        return;
    if (unlikely(sim.held != 0))
        buffer_before_stack_switch(HOOK_PC);
    from->node = sim.node;
    from->depth = sim.depth;
    sim.fiber = sim_current->fiber = to;
    sim.node = to->node;
    sim.depth = to->depth;
    if (to->goroutine)
        sim_position_goroutine(to);
    else
        sim_position_after(from);
}

// Coverage of the shared objects: read by fuzzers, not by the engine --------------------------

__attribute__((weak)) void __sanitizer_cov_8bit_counters_init(uint8_t *start, uint8_t *stop)
{
    (void)start, (void)stop;
}
__attribute__((weak)) void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop)
{
    (void)start, (void)stop;
}
