// SPDX-License-Identifier: Apache-2.0
//
// Timers of programs on those of p's: see rt_timer.h. Everything is done on g0, where an m may be
// woken for a timer that is earlier than what somebody sleeps for.
#include "runtime/rt_timer.h"

#include <errno.h>

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

_Static_assert(sizeof(struct timer) <= sizeof(struct rt_timer) &&
                   _Alignof(struct timer) <= _Alignof(struct rt_timer),
               "a timer of the program holds one of the runtime");

struct timer_call {
    struct timer *t;
    struct timer as;
    int64_t period; // below 0: as it is
    int result;
};

// Never 0, which means none; too far away is never.
static int64_t time_after(int64_t delay_ns)
{
    int64_t now = host_nanotime(), when = 0;
    if (delay_ns <= 0)
        return now > 0 ? now : 1;
    return __builtin_add_overflow(now, delay_ns, &when) ? INT64_MAX : when;
}

static void start_on_g0(void *call)
{
    struct timer_call *c = call;
    int64_t tell = 0;
    c->result = timer_start(getg()->m->p, c->t, &c->as, &tell) ? 0 : -EBUSY;
    if (tell != 0)
        netpoll_timer_added(tell);
}

static int start(struct rt_timer *t, const struct timer *as)
{
    if (as->fire == NULL)
        return -EINVAL;
    struct timer_call call = {.t = (struct timer *)(void *)t, .as = *as};
    san_release_more(t);
    systemstack(start_on_g0, &call);
    return call.result;
}

int rt_timer_start(struct rt_timer *t, int64_t delay_ns, void (*fn)(void *), void *arg)
{
    return start(t, &(struct timer){.when = time_after(delay_ns), .fire = fn, .arg = arg});
}

int rt_ticker_start(struct rt_timer *t, int64_t period_ns, void (*fn)(void *), void *arg)
{
    if (period_ns <= 0)
        return -EINVAL;
    return start(t,
                 &(struct timer){
                     .when = time_after(period_ns), .fire = fn, .arg = arg, .period = period_ns});
}

static void reset_on_g0(void *call)
{
    struct timer_call *c = call;
    c->result = timer_reset(getg()->m->p, c->t, c->as.when, c->period);
}

static int reset(struct rt_timer *t, int64_t delay_ns, int64_t period_ns)
{
    struct timer_call call = {
        .t = (struct timer *)(void *)t, .as.when = time_after(delay_ns), .period = period_ns};
    san_release_more(t);
    systemstack(reset_on_g0, &call);
    return call.result;
}

int rt_timer_reset(struct rt_timer *t, int64_t delay_ns)
{
    return reset(t, delay_ns, -1);
}

int rt_ticker_reset(struct rt_timer *t, int64_t delay_ns, int64_t period_ns)
{
    return period_ns < 0 ? -EINVAL : reset(t, delay_ns, period_ns);
}

static void stop_on_g0(void *call)
{
    struct timer_call *c = call;
    c->result = timer_stop(c->t);
}

bool rt_timer_stop(struct rt_timer *t)
{
    struct timer_call call = {.t = (struct timer *)(void *)t};
    systemstack(stop_on_g0, &call);
    return call.result != 0;
}
