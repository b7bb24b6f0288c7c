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
#pragma once

#include <stddef.h>

#if __has_feature(thread_sanitizer)

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
    __tsan_switch_to_fiber(fiber, 0);
}
// g0 has just taken over from a goroutine whose context lies in *save / is about to resume it.
static inline SAN_UNINSTRUMENTED void san_context_saved(void *save)
{
    __tsan_write8(save);
}
static inline SAN_UNINSTRUMENTED void san_context_loaded(void *save)
{
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

#else

#define SAN_UNINSTRUMENTED
#define SAN_UNINSTRUMENTED_BEGIN
#define SAN_UNINSTRUMENTED_END
// clang-format off
enum { SAN_HEAP = 0 };
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
// clang-format on

#endif
