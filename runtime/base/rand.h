// SPDX-License-Identifier: Apache-2.0
//
// Fast random numbers for scheduling decisions, and the order in which victims of stealing are
// visited. One generator per m, owned by its thread, seeded once from host_random(): under
// simulation that one number is a recorded choice and everything after follows from it. The
// generator is a Weyl sequence with a multiply-shift finisher: four operations, full period 2^64.
#pragma once

#include <stdint.h>

struct rand {
    uint64_t state;
};

static inline uint32_t rand_next(struct rand *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    uint64_t z = r->state;
    z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
    return (uint32_t)(z >> 32);
}

// Even over [0, n) but for a bias below n / 2^32.
static inline uint32_t rand_below(struct rand *r, uint32_t n)
{
    return (uint32_t)(((uint64_t)rand_next(r) * n) >> 32);
}

// Visits 0..count-1 once each, from a random start with a random stride that shares no factor
// with count.
struct rand_order {
    uint32_t count;
    uint32_t left;
    uint32_t at;
    uint32_t stride;
};

void rand_order_begin(struct rand_order *o, struct rand *r, uint32_t count);

static inline int rand_order_more(const struct rand_order *o)
{
    return o->left != 0;
}

static inline void rand_order_next(struct rand_order *o)
{
    o->left--;
    o->at = (o->at + o->stride) % o->count;
}
