// SPDX-License-Identifier: Apache-2.0
#include "stress/payments/times.h"

#include <stddef.h>

enum { FINE_BITS = 5, FINE = 1 << FINE_BITS };

static uint32_t bucket_of(uint64_t ns)
{
    if (ns < FINE)
        return (uint32_t)ns;
    uint32_t shift = (uint32_t)(63 - __builtin_clzll(ns)) - FINE_BITS;
    return (shift + 1) * FINE + (uint32_t)(ns >> shift) - FINE;
}

// The last duration that falls into it.
static uint64_t bucket_end(uint32_t i)
{
    if (i < FINE)
        return i;
    uint32_t shift = i / FINE - 1;
    return (((uint64_t)(i % FINE) + FINE + 1) << shift) - 1;
}

void times_add(struct times *t, int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;

    if (t == NULL)
        return;
    uint64_t worst = load_relaxed(&t->worst);
    add_relaxed(&t->bucket[bucket_of(value)], 1);
    while (value > worst && !cas_relaxed(&t->worst, &worst, value))
        ;
}

uint64_t times_count(const struct times *t)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < TIMES_BUCKETS; i++)
        n += load_relaxed(&t->bucket[i]);
    return n;
}

uint64_t times_above(const struct times *t, int64_t ns)
{
    uint64_t n = 0;

    for (uint32_t i = bucket_of((uint64_t)ns) + 1; i < TIMES_BUCKETS; i++)
        n += load_relaxed(&t->bucket[i]);
    return n;
}

int64_t times_at(const struct times *t, double share)
{
    double wanted = share * (double)times_count(t);
    uint64_t n = 0;

    for (uint32_t i = 0; i < TIMES_BUCKETS; i++) {
        n += load_relaxed(&t->bucket[i]);
        if (n > 0 && (double)n >= wanted) {
            uint64_t end = bucket_end(i), worst = load_relaxed(&t->worst);
            return (int64_t)(end < worst ? end : worst);
        }
    }
    return 0;
}
