// SPDX-License-Identifier: Apache-2.0
//
// Memory as programs see it: objects that a concurrent collector takes back when nothing reaches
// them. Reached is what a stack, a registered global or a reached object refers to.
//
// Rules for programs. A pointer to an object may lie in: locals and arguments of goroutines (found
// conservatively: any word that looks like one, also into the middle of an object), words of type
// rt_ptr in objects whose type says so, and rt_ptr globals that are registered. Anywhere else
// (integers, xor-ed pointers, memory of malloc, thread-locals, bytes of rt_new_bytes) it keeps
// nothing alive. An rt_ptr is read and written by the functions below only, in every phase.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/atomic.h"

// A word that refers to an object, or is NULL.
typedef ATOMIC_PTR(void) rt_ptr;

// What an object of a type looks like. Const, for ever.
struct rt_type {
    const char *name;         // for people
    size_t bytes;             // of one object; a multiple of 8 when it has pointers
    size_t ptr_bytes;         // up to the end of the last rt_ptr; 0: none
    const uint64_t *ptr_bits; // bit i: word i is an rt_ptr, for the words below ptr_bytes
};

// A type of at most 64 words: RT_TYPE(node_type, struct node, RT_AT(struct node, next) | ...)
#define RT_AT(type, field) (UINT64_C(1) << (offsetof(type, field) / 8))
#define RT_TYPE(id, type, bits)                                                                    \
    _Static_assert(sizeof(type) <= 512 && sizeof(type) % 8 == 0, "at most 64 whole words");        \
    static const uint64_t id##_bits = (bits);                                                      \
    static const struct rt_type id = {                                                             \
        .name = #type,                                                                             \
        .bytes = sizeof(type),                                                                     \
        .ptr_bytes = (bits) == 0 ? 0 : 8 * (64 - (size_t)__builtin_clzll(bits)),                   \
        .ptr_bits = &id##_bits,                                                                    \
    }

// Objects --------------------------------------------------------------------------------------
// Zeroed. Too large for the machine, or for the address space, is a fatal error; so is a size that
// overflows. The result is never NULL. Gives way now and then, if that was asked for.

void *rt_new(const struct rt_type *type);
// n objects one behind the other; n == 0 gives a pointer that may not be used.
void *rt_new_array(const struct rt_type *type, size_t n);
// Bytes without pointers. Of fewer than 16 several share a block, which lives as long as one does.
void *rt_new_bytes(size_t bytes);

// Pointer words ----------------------------------------------------------------------------------

// Other than zero while stores must tell the collector. Written with the world stopped.
extern struct rt_write_barrier {
    atomic_u32 on;
} rt_write_barrier;
// The barrier's own path: shades what *slot refers to, and `value`.
void rt_write_barrier_slow(rt_ptr *slot, void *value);

// What the writer wrote before is visible to who loads the pointer: so a reader, and the collector
// is one, sees objects whole.
static inline void *rt_load_ptr(const rt_ptr *slot)
{
    return load_acquire(slot); // pairs [rt_ptr]
}
static inline void rt_write_ptr(rt_ptr *slot, void *value)
{
    if (__builtin_expect(load_relaxed(&rt_write_barrier.on) != 0, 0))
        rt_write_barrier_slow(slot, value);
    store_release(slot, value); // pairs [rt_ptr]
}
// n words; the ranges may overlap.
void rt_move_ptrs(rt_ptr *to, const rt_ptr *from, size_t n);
void rt_clear_ptrs(rt_ptr *slots, size_t n);
// n objects of one type, pointers and all else. Words without pointers are copied plainly.
void rt_move(const struct rt_type *type, void *to, const void *from, size_t n);

// n rt_ptr globals that the collector starts from, for ever. Registered twice, or overlapping
// others, is a fatal error.
void rt_register_globals(rt_ptr *slots, size_t n);

// The object is reached up to here, whatever the compiler has done with the pointer.
static inline void rt_keep_alive(const void *object)
{
    __asm__ volatile("" : : "r"(object) : "memory");
}

// Ends of objects --------------------------------------------------------------------------------

// fn(object) runs in a goroutine of the runtime some time after the object is no longer reached
// otherwise; it, and what it reaches, lives until fn has returned. One a time: an earlier one is
// replaced; NULL takes it away. `object` must be the beginning of an object that is not of the
// shared blocks of rt_new_bytes: anything else is a fatal error.
void rt_set_finalizer(void *object, void (*fn)(void *object));

// Refers to an object without keeping it alive. The handle is an object itself.
struct rt_weak;
struct rt_weak *rt_weak_new(void *object);
// The object, or NULL once it is not reached any more (before its finalizer runs).
void *rt_weak_get(struct rt_weak *weak);

// The collector ----------------------------------------------------------------------------------

// A whole collection: returns when all that was not reached at the call is marked so and swept.
void rt_gc(void);
// Collections start so early that the heap is at most `percent` larger than what was reached last
// time (100 at first); negative: never. Small ones, 0 too, act as if they were a sixteenth. Returns
// the value before.
int32_t rt_set_gc_percent(int32_t percent);
// The runtime collects and gives back to stay below that; negative only asks. Returns the value
// before. INT64_MAX: no limit, as at first. One below what is reached cannot be kept: collections
// then are a sixteenth of that apart.
int64_t rt_set_memory_limit(int64_t bytes);
// Gives as much memory as possible back to the host, after a collection.
void rt_free_os_memory(void);

// Memory, exact for one moment: the world is stopped for it. Bytes, unless said otherwise. What is
// Go's runtime.MemStats has its names; what follows next_gc is the collector's.
enum { RT_SIZES_MAX = 72 };
enum { RT_PAUSES = 256 };
struct rt_mem_stats {
    uint64_t alloc;       // = heap_alloc
    uint64_t total_alloc; // of all objects ever allocated
    uint64_t sys;         // obtained from the host: the sum of all that end in _sys
    uint64_t mallocs;     // objects ever allocated; pieces of shared blocks count beside these, ...
    uint64_t frees;       // ... and as freed at once

    uint64_t heap_alloc;    // of objects not yet freed: reached, or not yet swept
    uint64_t heap_sys;      // pages that the heap has grown to
    uint64_t heap_idle;     // of these: in no span
    uint64_t heap_inuse;    // in spans
    uint64_t heap_released; // of the idle: nothing of the host's is behind them
    uint64_t heap_objects;  // = mallocs - frees

    uint64_t stack_inuse, stack_sys;   // open parts of goroutines' stacks; with those that are free
    uint64_t mspan_inuse, mspan_sys;   // records of spans
    uint64_t mcache_inuse, mcache_sys; // p's caches
    uint64_t gc_sys;                   // bits and tables of pages, buffers of the collector
    uint64_t other_sys;                // of the runtime's own

    uint64_t next_gc;             // heap size at which the next cycle is to end
    int64_t last_gc;              // when the last one ended, on the clock of the host; 0: none yet
    uint64_t pause_total_ns;      // the world was stopped for the collector
    uint64_t num_pauses;          // so often; two a cycle
    uint64_t pause_ns[RT_PAUSES]; // the latest ones: pause k is at k % RT_PAUSES
    uint64_t gc_assist_ns;        // goroutines marked for what they allocated
    double gc_overshoot_worst;    // of the goal, by which the heap was above it when marking ended
    uint32_t num_gc;              // cycles completed
    uint32_t num_forced_gc;       // of these: asked for by rt_gc
    double gc_cpu_fraction;       // of the processor time available since the start

    uint32_t n_sizes;
    struct rt_size_stats {
        uint32_t size; // of a slot; the last row are the shared blocks
        uint64_t mallocs, frees;
    } by_size[RT_SIZES_MAX];
};
void rt_read_mem_stats(struct rt_mem_stats *stats);

// For experiments; each may be set before rt_main only.
struct rt_heap_debug {
    bool check;  // mark again with the world stopped, and compare: an object lost is a fatal error
    bool poison; // freed slots are filled with RT_POISON
    bool escape; // a pointer to a goroutine's stack stored by rt_write_ptr is a fatal error
};
extern struct rt_heap_debug rt_heap_debug;
#define RT_POISON 0xdb
