// SPDX-License-Identifier: Apache-2.0
//
// Timers of programs. The memory of a timer is the program's: a global, an object of the heap, a
// local of somebody who stops it before he leaves. All zero it is a timer that was never started.
// An armed timer keeps alive the object that it lies in and the one that its argument refers to.
//
// The function runs on the scheduler's stack of whichever thread finds the timer due, in the middle
// of its search for work: it must be short, and of the runtime it may call rt_ready, rt_go,
// rt_mutex_unlock and what is declared here; nothing that waits, gives way or allocates. What takes
// longer is a goroutine that it starts.
//
// Calls by goroutines and by such functions, of several at a time, too.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rt_timer {
    uint64_t opaque[6]; // the runtime's
};

// Runs fn(arg) once, at least `delay_ns` from now; at once when that is not positive. What the
// caller wrote before is visible to fn. Returns 0, -EBUSY when *t is armed, -EINVAL when fn is
// NULL.
int rt_timer_start(struct rt_timer *t, int64_t delay_ns, void (*fn)(void *), void *arg);
// The same after each `period_ns`, until it is stopped. Times that pass while nobody can run it are
// left out, the others do not move. -EINVAL also when the period is not positive.
int rt_ticker_start(struct rt_timer *t, int64_t period_ns, void (*fn)(void *), void *arg);
// It fires `delay_ns` from now instead (of a ticker: the next time), with the function it was
// started with; one that has fired or was stopped is armed again, and what its argument refers to
// must still be there. Returns 1 when it was armed, 0 when not, -EINVAL when it was never started.
int rt_timer_reset(struct rt_timer *t, int64_t delay_ns);
// The same with another period from then on, 0: it fires once. -EINVAL also when that is negative.
int rt_ticker_reset(struct rt_timer *t, int64_t delay_ns, int64_t period_ns);
// It does not fire any more. Whether it was armed. Either way the runtime has done with *t when
// this returns; the function may still be running if it was about to.
bool rt_timer_stop(struct rt_timer *t);
