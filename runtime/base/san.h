// SPDX-License-Identifier: Apache-2.0
//
// All that the runtime tells sanitizers and the engine: which stack runs now, where a context
// is saved, how deep the call stack was, what memory of the heap is handed out and taken back. The
// engine implements the same `__tsan_*` entry points as compiler-rt, so one body serves both;
// without instrumentation every function here is empty.
//
// Identity of goroutines: each g and each g0 is one fiber. Switches between them create order (they
// happen on one thread); what a hand-over from thread to thread must order itself is modelled
// by the save area: g0 writes it around every switch (san_context_saved / san_context_loaded), so
// that an unsynchronised hand-over is a race on the saved context.
//
// That is the lane of the runtime. In the lane of programs (objects of flavour `program`) the
// accesses of the runtime are not instrumented, and a switch creates no order: goroutines are
// ordered by what the program may rely on, a channel, a lock, go, which the runtime tells by the
// functions under Order. Those are empty everywhere else. See docs/native.md.
#pragma once

#include <stddef.h>

#if __has_feature(thread_sanitizer)

#if __has_include("san_program.h")
#include "san_program.h"
#else
#define SAN_PROGRAM 0
#endif

void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
void __tsan_func_exit(void);
size_t __tsan_testonly_shadow_stack_current_size(void);
void __tsan_write8(void *addr);
// The interface for runtimes with a heap of their own that collects.
void __tsan_java_init(unsigned long heap, unsigned long bytes);
void __tsan_java_alloc(unsigned long object, unsigned long bytes);
void __tsan_java_free(unsigned long object, unsigned long bytes);
void __tsan_java_acquire(unsigned long addr);
void __tsan_java_release(unsigned long addr);
void __tsan_java_release_store(unsigned long addr);
void __tsan_java_finalize(void);

#define SAN_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
// The same for all functions between the two lines.
// clang-format off
#define SAN_UNINSTRUMENTED_BEGIN                                                                 \
    _Pragma(                                                                                     \
    "clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to=function)")
// clang-format on
#define SAN_UNINSTRUMENTED_END _Pragma("clang attribute pop")

// The fiber of the calling thread's own stack (g0).
static inline void *san_fiber_current(void)
{
    return __tsan_get_current_fiber();
}
// A fiber for a new goroutine stack; owned by the caller, released by san_fiber_destroy.
static inline void *san_fiber_create(void)
{
    return __tsan_create_fiber(0);
}
static inline void san_fiber_destroy(void *fiber)
{
    __tsan_destroy_fiber(fiber);
}
// Called right before the stack pointer moves to `fiber`'s stack, from uninstrumented code.
static inline SAN_UNINSTRUMENTED void san_switch(void *fiber)
{
    __tsan_switch_to_fiber(fiber, SAN_PROGRAM);
}
// g0 has just taken over from a goroutine whose context lies in *save / is about to resume it.
static inline SAN_UNINSTRUMENTED void san_context_saved(void *save)
{
    if (!SAN_PROGRAM)
        __tsan_write8(save);
}
static inline SAN_UNINSTRUMENTED void san_context_loaded(void *save)
{
    if (!SAN_PROGRAM)
        __tsan_write8(save);
}
// Frames on the current fiber's shadow call stack.
static inline SAN_UNINSTRUMENTED size_t san_depth(void)
{
    return __tsan_testonly_shadow_stack_current_size();
}
// Drops the frames above `depth`: a jump went past their ends.
static inline SAN_UNINSTRUMENTED void san_depth_restore(size_t depth)
{
    while (__tsan_testonly_shadow_stack_current_size() > depth)
        __tsan_func_exit();
}
enum { SAN_HEAP = 1 }; // it matters what is told of the heap
// The heap lies in [base, base + bytes); once. Objects have 8-byte bounds.
static inline void san_heap_init(void *base, size_t bytes)
{
    __tsan_java_init((unsigned long)base, bytes);
}
// An object begins: whatever its memory was before, it is handed out now.
static inline void san_heap_alloc(void *object, size_t bytes)
{
    __tsan_java_alloc((unsigned long)object, bytes);
}
// It has ended: who touches the memory before it is handed out again is at fault.
static inline void san_heap_free(void *object, size_t bytes)
{
    __tsan_java_free((unsigned long)object, bytes);
}

// Order -----------------------------------------------------------------------------------
enum { SAN_ORDER = SAN_PROGRAM }; // it matters what is told of order
// In the lane of programs alone. `at` is any address: what was released there happens before who
// acquires there afterwards.

static inline void san_acquire(const void *at)
{
    if (SAN_PROGRAM)
        __tsan_java_acquire((unsigned long)at);
}
// What was released before is forgotten: its releaser is ordered before the caller anyway.
static inline void san_release(const void *at)
{
    if (SAN_PROGRAM)
        __tsan_java_release_store((unsigned long)at);
}
// Beside what was released before.
static inline void san_release_more(const void *at)
{
    if (SAN_PROGRAM)
        __tsan_java_release((unsigned long)at);
}
// All that was done so far, by whomever: who calls has stopped the world, or is the last to know an
// object.
static inline void san_acquire_all(void)
{
    if (SAN_PROGRAM)
        __tsan_java_finalize();
}
// The caller acquires and releases for a goroutine that waits, until san_as of what is returned.
static inline void *san_as(void *fiber)
{
    void *self = NULL;
    if (SAN_PROGRAM) {
        self = __tsan_get_current_fiber();
        __tsan_switch_to_fiber(fiber, 1);
    }
    return self;
}
// A goroutine begins in *fiber, on a stack from lo to hi, which may have been others'. It knows
// what `parent` knows, the fiber of the goroutine that started it; NULL: the calling one.
static inline void san_goroutine(void **fiber, void *parent, size_t lo, size_t hi)
{
    if (SAN_PROGRAM) {
        void *self = parent != NULL ? san_as(parent) : NULL;
        __tsan_destroy_fiber(*fiber);
        *fiber = __tsan_create_fiber(0);
        if (self != NULL)
            san_as(self);
        __tsan_java_free(lo, hi - lo);
        __tsan_java_alloc(lo, hi - lo);
    }
}

#else

#define SAN_UNINSTRUMENTED
#define SAN_UNINSTRUMENTED_BEGIN
#define SAN_UNINSTRUMENTED_END
// clang-format off
enum { SAN_HEAP = 0, SAN_ORDER = 0 };
static inline void *san_fiber_current(void) { return NULL; }
static inline void *san_fiber_create(void) { return NULL; }
static inline void san_fiber_destroy(void *fiber) { (void)fiber; }
static inline void san_switch(void *fiber) { (void)fiber; }
static inline void san_context_saved(void *save) { (void)save; }
static inline void san_context_loaded(void *save) { (void)save; }
static inline size_t san_depth(void) { return 0; }
static inline void san_depth_restore(size_t depth) { (void)depth; }
static inline void san_heap_init(void *base, size_t bytes) { (void)base, (void)bytes; }
static inline void san_heap_alloc(void *object, size_t bytes) { (void)object, (void)bytes; }
static inline void san_heap_free(void *object, size_t bytes) { (void)object, (void)bytes; }
static inline void san_acquire(const void *at) { (void)at; }
static inline void san_release(const void *at) { (void)at; }
static inline void san_release_more(const void *at) { (void)at; }
static inline void san_acquire_all(void) {}
static inline void *san_as(void *fiber) { return fiber; }
static inline void san_goroutine(void **fiber, void *parent, size_t lo, size_t hi)
{
    (void)fiber, (void)parent, (void)lo, (void)hi;
}
// clang-format on

#endif
