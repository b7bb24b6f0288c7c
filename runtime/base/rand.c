// SPDX-License-Identifier: Apache-2.0
//
// Start of a random visiting order; see rand.h. The stride is searched upwards from a random
// place, which ends soon: count - 1 and 1 are always without a common factor.
#include "runtime/base/rand.h"

#include "runtime/base/throw.h"

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

void rand_order_begin(struct rand_order *o, struct rand *r, uint32_t count)
{
    rt_assert(count > 0);
    uint32_t stride = 1 + rand_below(r, count);
    while (gcd(stride, count) != 1)
        stride++;
    o->count = count;
    o->left = count;
    o->at = rand_below(r, count);
    o->stride = stride;
}
