// SPDX-License-Identifier: Apache-2.0
//
// Bytes: a fuzzer's input answers. Two bytes for a switch: how many points until it, and who runs.
// Under SIM_TSO two for each store that is held or drains likewise. One byte for any other choice.
// When the input is used up everything is calm.

#include "stress/sim/strategy/strategy.h"

struct bytes {
    struct sim_strategy base;
    const uint8_t *data;
    size_t n, at;
};

static uint8_t next_byte(struct bytes *b)
{
    return b->at < b->n ? b->data[b->at++] : 0;
}

static uint64_t bytes_plan(struct bytes *b, uint64_t number)
{
    return b->at < b->n ? number + 1 + next_byte(b) : UINT64_MAX;
}

static void bytes_begin(struct sim_strategy *s, uint64_t seed)
{
    struct bytes *b = (void *)s;
    (void)seed;
    b->at = 0;
    s->next_point = bytes_plan(b, 0);
    if (sim.tso) {
        s->next_hold = bytes_plan(b, 0);
        s->next_drain = bytes_plan(b, 0);
    }
}

static uint32_t bytes_choose(struct sim_strategy *s, const struct sim_point *p)
{
    struct bytes *b = (void *)s;
    if (p->at.kind == SIM_DRAIN && p->number < s->next_drain)
        return 0;
    uint32_t answer = next_byte(b) % p->n;
    if (p->at.kind == SIM_RUN)
        s->next_point = bytes_plan(b, p->number);
    else if (p->at.kind == SIM_HOLD)
        s->next_hold = bytes_plan(b, p->number);
    else if (p->at.kind == SIM_DRAIN)
        s->next_drain = bytes_plan(b, p->number);
    return answer;
}

struct sim_strategy *sim_strategy_bytes(const uint8_t *data, size_t n)
{
    static struct bytes b = {
        .base = {.name = "bytes", .begin = bytes_begin, .choose = bytes_choose}};
    b.data = data;
    b.n = n;
    return &b.base;
}
