// SPDX-License-Identifier: Apache-2.0
//
// For unit tests of the scheduler's parts: a runtime that is set up but does not schedule. The
// test's thread is m0 on its g0 and holds p 0; goroutines are made up and never run. Once a
// process: tests of one file share it and leave the queues as they found them.
#pragma once

#include <string.h>

#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"

enum { TESTING_PROCS = 3 };

static inline void testing_init(void)
{
    struct rt_config config = {.procs = TESTING_PROCS};
    if (nprocs == 0)
        schedinit(&config);
}

// A runnable g with an id, for queues only.
static inline void testing_g(struct g *gp, uint64_t id)
{
    memset(gp, 0, sizeof(*gp));
    gp->goid = id;
    store_relaxed(&gp->status, G_RUNNABLE);
}
