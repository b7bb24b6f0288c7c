// SPDX-License-Identifier: Apache-2.0
//
// Durations in buckets whose width is a thirty-second of where they begin: a percentile is at most
// 3 % too high. Anyone adds, also several at once; the worst is exact.
#pragma once

#include <stdint.h>

#include "runtime/base/atomic.h"

enum { TIMES_BUCKETS = 60 * 32 };

struct times {
    atomic_u64 bucket[TIMES_BUCKETS]; // relaxed: figures
    atomic_u64 worst;                 // likewise
};

void times_add(struct times *t, int64_t ns); // NULL: nobody wants to know
uint64_t times_count(const struct times *t);
uint64_t times_above(const struct times *t, int64_t ns); // by more than a bucket
// The duration that `share` (0 to 1) of them do not exceed, of 1 the worst; 0 when there are none.
int64_t times_at(const struct times *t, double share);
