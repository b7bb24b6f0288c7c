// SPDX-License-Identifier: Apache-2.0
//
// For tests of this folder: a claim's main goroutine waits for others, and reads to the end. A claim
// has a process of its own (claims.h), so one set of words does for all. Included after cmocka.h.
#pragma once

#include <errno.h>
#include <stdio.h>

#include "runtime/rt_net.h"
#include "runtime/sched/claims.h"

enum { MS = 1000000 };

static atomic_u32 left;
static struct g *waiter;

static inline void begin(uint32_t n)
{
    if (waiter == NULL) // one that was counted down may still look
        waiter = rt_self();
    store_relaxed(&left, n);
}

static inline void one_done(void)
{
    if (sub_acq_rel(&left, 1) == 1)
        rt_ready(waiter);
}

static inline void wait_for_all(void)
{
    while (load_acquire(&left) != 0)
        rt_park();
}

// Exactly so many, or the end.
static inline size_t read_full(int64_t handle, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        int64_t n = rt_read(handle, (char *)to + done, bytes - done);
        check(n >= 0);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return done;
}
