// SPDX-License-Identifier: Apache-2.0
//
// Calm: 0 to everything.

#include "stress/sim/strategy/strategy.h"

static void calm_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)seed;
    s->next_point = UINT64_MAX;
}

static uint32_t calm_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s, (void)p;
    return 0;
}

struct sim_strategy *sim_strategy_calm(void)
{
    static struct sim_strategy calm = {.name = "calm", .begin = calm_begin, .choose = calm_choose};
    return &calm;
}
