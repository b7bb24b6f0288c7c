// SPDX-License-Identifier: Apache-2.0
//
// The probes on real threads: nobody listens. Never linked together with the engine, which brings
// its own.
#include "stress/workload/probe.h"

uint32_t probe_actor(const char *name)
{
    (void)name;
    return 1;
}

void probe_op(uint32_t actor, uint32_t op)
{
    (void)actor, (void)op;
}

void probe_refs(void *const *refs, uint32_t n)
{
    (void)refs, (void)n;
}

void probe_globals(const void *words, uint32_t n)
{
    (void)words, (void)n;
}

void probe_channel(uint32_t n, const void *channel, uint32_t slots)
{
    (void)n, (void)channel, (void)slots;
}

uint32_t probe_chan_begin(uint32_t n, enum probe_chan what, uint64_t value)
{
    (void)n, (void)what, (void)value;
    return 0;
}

void probe_chan_end(uint32_t number, enum probe_end end, uint64_t value)
{
    (void)number, (void)end, (void)value;
}

void probe_condition(const void *cond, const uint64_t *units)
{
    (void)cond, (void)units;
}
