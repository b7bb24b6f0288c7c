// SPDX-License-Identifier: Apache-2.0
//
// See strategy.h.

#include "stress/sim/strategy/strategy.h"

#include <stdlib.h>

enum { LENGTH_UNKNOWN = 1000 };

static int compare_points(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void drawn_points_begin(struct drawn_points *d, uint64_t *rng, uint32_t n)
{
    if (d->program != sim.programs)
        d->longest = 0;
    else if (sim.result.points > d->longest)
        d->longest = sim.result.points;
    d->program = sim.programs;
    uint64_t span = (d->longest ? d->longest : LENGTH_UNKNOWN) >> below(rng, 3);
    for (uint32_t i = 0; i < n; i++)
        d->at[i] = 1 + below(rng, span + 1);
    qsort(d->at, n, sizeof d->at[0], compare_points);
    d->at[n] = UINT64_MAX;
}
