// SPDX-License-Identifier: Apache-2.0
//
// The m that polls; see netpoll.h. Two words: sched.lastpoll is 0 while somebody polls,
// sched.poll_until says until when. An adder of a timer writes the heap and then looks at
// lastpoll; a poller changes lastpoll and then looks at heaps (before it sleeps it has, after it
// wakes it will). Both touch lastpoll by read-modify-write, so the second of the two sees what
// the first did: pairs [sched.lastpoll]. The same holds for a goroutine that parks for a
// descriptor: it is counted in pollwaiters, then its m comes to look at lastpoll, and finds a
// poller, or becomes it.
//
// Breaks: sched.pollbroken is set while one is on its way, so that many timers cost one system
// call. It is cleared by the sleeper alone, after it has taken the break and before it looks at
// heaps; setter and clearer do exchanges, so the setter that finds it set has written its timer
// before the sleeper looks: pairs [sched.pollbroken].
#include "runtime/net/netpoll.h"

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/net/polldesc.h"
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

bool netpoll_wanted(void)
{
    return load_relaxed(&sched.pollwaiters) > 0;
}

// Asks the host once.
static struct netpoll_found ask(int64_t timeout_ns)
{
    struct host_ready ready[POLL_EVENTS];
    struct netpoll_found found = {.n = 0};
    int n = host_poll_wait(timeout_ns, ready, POLL_EVENTS);
    for (int i = 0; i < n; i++) {
        if (ready[i].token == 0)
            xchg_acq_rel(&sched.pollbroken, 0); // pairs [sched.pollbroken]
        else
            found.n += pd_event(ready[i].token, ready[i].read, ready[i].write, &found.list);
    }
    return found;
}

struct netpoll_found netpoll_look(void)
{
    // hints: who sleeps without a look has gone by netpoll_enter
    if (!netpoll_wanted() || load_relaxed(&sched.lastpoll) == 0)
        return (struct netpoll_found){.n = 0};
    return ask(0);
}

bool netpoll_due(int64_t before)
{
    int64_t last = load_relaxed(&sched.lastpoll);
    return netpoll_wanted() && last != 0 && last < before;
}

struct netpoll_found netpoll_look_for_others(void)
{
    int64_t last = load_relaxed(&sched.lastpoll);
    if (last != 0)
        cas_acq_rel(&sched.lastpoll, &last, poll_stamp()); // pairs [sched.lastpoll]
    return ask(0);
}

bool netpoll_enter(int64_t until)
{
    rt_assert(until > 0);
    if (xchg_acq_rel(&sched.lastpoll, 0) == 0) // pairs [sched.lastpoll]
        return false;
    store_release(&sched.poll_until, until); // pairs [sched.poll_until]
    return true;
}

struct netpoll_found netpoll_sleep(int64_t until)
{
    struct netpoll_found found = {.n = 0};
    int64_t left = until == INT64_MAX ? -1 : until - host_nanotime();
    if (left > 0 || until == INT64_MAX)
        found = ask(left);
    store_release(&sched.poll_until, 0);                       // pairs [sched.poll_until]
    int64_t was = xchg_acq_rel(&sched.lastpoll, poll_stamp()); // pairs [sched.lastpoll]
    rt_assert(was == 0);
    return found;
}

// Injecting -------------------------------------------------------------------------------

// Whoever looks at pollwaiters after this finds them in a queue.
static void count_off(int32_t n)
{
    sub_acq_rel(&sched.pollwaiters, n); // pairs [sched.lastpoll]
}

static void inject_globally(struct netpoll_found *found)
{
    for (struct g *gp = found->list.head; gp != NULL; gp = gp->schedlink)
        casgstatus(gp, G_WAITING, G_RUNNABLE);
    lock(&sched.lock);
    globrunqputbatch_locked(&found->list, found->n);
    unlock(&sched.lock);
    wakep();
}

void netpoll_inject(struct netpoll_found *found)
{
    if (found->n == 0)
        return;
    if (getg()->m->p != NULL) {
        for (struct g *gp = gqueue_pop(&found->list); gp != NULL; gp = gqueue_pop(&found->list))
            ready(gp, false);
    } else {
        inject_globally(found);
    }
    count_off(found->n);
    found->n = 0;
}

struct g *netpoll_take(struct netpoll_found *found)
{
    struct g *gp = gqueue_pop(&found->list);
    if (gp == NULL)
        return NULL;
    event_record(getg()->m->p, EV_GO_READY, gp->goid, 0);
    casgstatus(gp, G_WAITING, G_RUNNABLE);
    count_off(1);
    found->n--;
    netpoll_inject(found);
    return gp;
}

// Timers ----------------------------------------------------------------------------------

void netpoll_wake_before(int64_t when)
{
    int64_t until = load_acquire(&sched.poll_until); // pairs [sched.poll_until]
    if (until != 0 && until <= when)
        return;
    if (xchg_acq_rel(&sched.pollbroken, 1) == 0) // pairs [sched.pollbroken]
        host_poll_break();
}

void netpoll_timer_added(int64_t when)
{
    if (add_acq_rel(&sched.lastpoll, 0) == 0) // pairs [sched.lastpoll]
        netpoll_wake_before(when);
    else
        wakep();
}
