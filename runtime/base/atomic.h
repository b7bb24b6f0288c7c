// SPDX-License-Identifier: Apache-2.0
//
// Atomic words whose every access names its order. The wrapper structs make a bare `x++` or `x = y`
// a compile error (on a plain _Atomic they are a silent seq_cst operation). The accessors are
// macros, so that the source line of an access is the line of its user, for every tool that names
// sites.
//
// No free-standing fences: ThreadSanitizer does not model them. A store-load pattern uses seq_cst
// or acq_rel read-modify-writes of one word.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// clang-format off
typedef struct { _Atomic uint8_t v; } atomic_u8;
typedef struct { _Atomic uint32_t v; } atomic_u32;
typedef struct { _Atomic int32_t v; } atomic_i32;
typedef struct { _Atomic uint64_t v; } atomic_u64;
typedef struct { _Atomic int64_t v; } atomic_i64;
// ATOMIC_PTR(struct g) runnext;
#define ATOMIC_PTR(type) struct { _Atomic(type *) v; }
// clang-format on

#define load_relaxed(a) atomic_load_explicit(&(a)->v, memory_order_relaxed)
#define load_acquire(a) atomic_load_explicit(&(a)->v, memory_order_acquire)
#define load_seq_cst(a) atomic_load_explicit(&(a)->v, memory_order_seq_cst)
#define store_relaxed(a, x) atomic_store_explicit(&(a)->v, (x), memory_order_relaxed)
#define store_release(a, x) atomic_store_explicit(&(a)->v, (x), memory_order_release)
#define store_seq_cst(a, x) atomic_store_explicit(&(a)->v, (x), memory_order_seq_cst)
#define xchg_relaxed(a, x) atomic_exchange_explicit(&(a)->v, (x), memory_order_relaxed)
#define xchg_acquire(a, x) atomic_exchange_explicit(&(a)->v, (x), memory_order_acquire)
#define xchg_release(a, x) atomic_exchange_explicit(&(a)->v, (x), memory_order_release)
#define xchg_acq_rel(a, x) atomic_exchange_explicit(&(a)->v, (x), memory_order_acq_rel)
#define xchg_seq_cst(a, x) atomic_exchange_explicit(&(a)->v, (x), memory_order_seq_cst)
#define add_relaxed(a, x) atomic_fetch_add_explicit(&(a)->v, (x), memory_order_relaxed)
#define add_acq_rel(a, x) atomic_fetch_add_explicit(&(a)->v, (x), memory_order_acq_rel)
#define add_seq_cst(a, x) atomic_fetch_add_explicit(&(a)->v, (x), memory_order_seq_cst)
#define sub_relaxed(a, x) atomic_fetch_sub_explicit(&(a)->v, (x), memory_order_relaxed)
#define or_relaxed(a, x) atomic_fetch_or_explicit(&(a)->v, (x), memory_order_relaxed)
#define sub_acq_rel(a, x) atomic_fetch_sub_explicit(&(a)->v, (x), memory_order_acq_rel)
#define sub_seq_cst(a, x) atomic_fetch_sub_explicit(&(a)->v, (x), memory_order_seq_cst)

// Strong compare-and-swap; *expected receives what was there. True when stored.
#define cas_relaxed(a, expected, x)                                                                \
    atomic_compare_exchange_strong_explicit(&(a)->v, (expected), (x), memory_order_relaxed,        \
                                            memory_order_relaxed)
#define cas_acquire(a, expected, x)                                                                \
    atomic_compare_exchange_strong_explicit(&(a)->v, (expected), (x), memory_order_acquire,        \
                                            memory_order_acquire)
#define cas_release(a, expected, x)                                                                \
    atomic_compare_exchange_strong_explicit(&(a)->v, (expected), (x), memory_order_release,        \
                                            memory_order_relaxed)
#define cas_acq_rel(a, expected, x)                                                                \
    atomic_compare_exchange_strong_explicit(&(a)->v, (expected), (x), memory_order_acq_rel,        \
                                            memory_order_acquire)
#define cas_seq_cst(a, expected, x)                                                                \
    atomic_compare_exchange_strong_explicit(&(a)->v, (expected), (x), memory_order_seq_cst,        \
                                            memory_order_seq_cst)
