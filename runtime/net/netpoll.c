// SPDX-License-Identifier: Apache-2.0
//
// The m that polls; see netpoll.h. Two words: sched.lastpoll is 0 while somebody polls,
// sched.poll_until says until when. An adder of a timer writes the heap and then looks at
// lastpoll; a poller changes lastpoll and then looks at heaps (before it sleeps it has, after it
// wakes it will). Both touch lastpoll by read-modify-write, so the second of the two sees what
// the first did: pairs [sched.lastpoll].
#include "runtime/net/netpoll.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

// A time that is not 0, which means `polling`.
static int64_t poll_stamp(void)
{
    int64_t now = host_nanotime();
    return now != 0 ? now : 1;
}

void netpoll_init(void)
{
    store_relaxed(&sched.lastpoll, poll_stamp());
}

bool netpoll_enter(int64_t until)
{
    rt_assert(until > 0);
    if (xchg_acq_rel(&sched.lastpoll, 0) == 0) // pairs [sched.lastpoll]
        return false;
    store_release(&sched.poll_until, until); // pairs [sched.poll_until]
    return true;
}

void netpoll_sleep(int64_t until)
{
    int64_t left = until - host_nanotime();
    if (left > 0)
        host_poll_wait(left);
    store_release(&sched.poll_until, 0);                       // pairs [sched.poll_until]
    int64_t was = xchg_acq_rel(&sched.lastpoll, poll_stamp()); // pairs [sched.lastpoll]
    rt_assert(was == 0);
    // place: list of goroutines whose descriptors are ready
}

void netpoll_wake_before(int64_t when)
{
    int64_t until = load_acquire(&sched.poll_until); // pairs [sched.poll_until]
    if (until == 0 || until > when)
        host_poll_break();
}

void netpoll_timer_added(int64_t when)
{
    if (add_acq_rel(&sched.lastpoll, 0) == 0) // pairs [sched.lastpoll]
        netpoll_wake_before(when);
    else
        wakep();
}
