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
