// SPDX-License-Identifier: Apache-2.0
//
// Ratios of bytes as fixed point with 16 bits behind it, saturating: no floating point in the
// runtime, whose control words are the program's.
#pragma once

#include <stdint.h>

#include "runtime/base/throw.h"

enum { FRACTION_BITS = 16 };
// A limit that the program sets may be more; that is no longer told apart.
#define BYTES_MAX (UINT64_C(1) << 46)

static inline uint64_t at_most(uint64_t n, uint64_t max)
{
    return n < max ? n : max;
}

static inline uint64_t at_least(uint64_t n, uint64_t min)
{
    return n > min ? n : min;
}

// What is counted here is bytes: more than there can be is a difference that went below 0.
static inline uint64_t fraction_of(uint64_t a, uint64_t b)
{
    rt_assert(a <= BYTES_MAX);
    return (a << FRACTION_BITS) / at_least(b, 1);
}

static inline uint64_t times(uint64_t n, uint64_t fraction)
{
    rt_assert(n <= BYTES_MAX);
    uint64_t product;
    return __builtin_mul_overflow(n, fraction, &product) ? BYTES_MAX : product >> FRACTION_BITS;
}
