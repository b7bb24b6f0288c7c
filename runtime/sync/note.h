// SPDX-License-Identifier: Apache-2.0
//
// A one-time event between threads: one sleeper, one waker. After noteclear at most one
// notewakeup may come before the next noteclear; a second one is a throw, because it tells of two
// threads that both believe they own the sleeper. Whoever clears must know that no wake-up is
// under way.
#pragma once

#include "runtime/base/atomic.h"

struct note {
    atomic_u32 key; // atomic: 0 not yet, 1 woken
};

void noteclear(struct note *n);
void notewakeup(struct note *n);
// Sleeps until woken; at once if that has already happened. What the waker wrote is visible.
void notesleep(struct note *n);
// The same for at most `timeout_ns`; false when time ran out.
bool notetsleep(struct note *n, int64_t timeout_ns);
