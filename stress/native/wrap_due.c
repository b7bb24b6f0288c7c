// SPDX-License-Identifier: Apache-2.0
//
// See wrap_due.h. By who has the turn at the gates, while all other threads wait.
#include "stress/native/wrap_due.h"

#include "runtime/sched/sched.h"

int64_t wrap_due_ns(void)
{
    int64_t first = 0;

    for (int32_t i = 0; i < nprocs; i++) {
        int64_t when = load_relaxed(&allp[i]->timers_when);
        if (when != 0 && (first == 0 || when < first))
            first = when;
    }
    return first;
}
