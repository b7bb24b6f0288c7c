// SPDX-License-Identifier: Apache-2.0
//
// Select: looks at its cases in random order, so that no channel starves, with all locks held. If
// none can be done it queues a sudog on each channel and parks; the commit lets go of the locks one
// after the other. Whoever then takes out one of the sudogs must win g.select_done; the losers drop
// theirs. Back again the goroutine takes all locks once more and takes its other sudogs out.
//
// Locks are taken in the order of their numbers, each once, though a channel may occur in several
// cases. A sudog, not its goroutine, says which place in a queue is meant.
//
// The record below lies on the stack of who selects, and once the last lock is let go that one may
// be running elsewhere: the commit walks g.waiting, and reads what it needs before it lets go.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/rt_panic.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/chan.h"

struct select {
    struct rt_select_case *cases;
    uint32_t n;                    // cases with a channel: the entries of poll and lock
    uint8_t poll[RT_SELECT_MAX];   // indices of cases, in random order
    uint8_t locked[RT_SELECT_MAX]; // the same in the order of locks
};

// What has been decided.
struct choice {
    int at;         // index of the case; RT_SELECT_DEFAULT: none yet
    bool on_closed; // a send there
    struct served served;
};

static uint64_t order_of(const struct select *s, uint32_t i)
{
    return s->cases[s->locked[i]].c->lock.order;
}

// Both orders.
static void arrange(struct select *s, size_t n)
{
    struct rand *r = &getg()->m->rand;
    s->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->cases[i].c == NULL)
            continue;
        uint32_t k = rand_below(r, s->n + 1);
        s->poll[s->n] = s->poll[k];
        s->poll[k] = (uint8_t)i;
        uint32_t at = s->n++;
        s->locked[at] = (uint8_t)i;
        for (; at > 0 && order_of(s, at - 1) > s->cases[i].c->lock.order; at--)
            s->locked[at] = s->locked[at - 1];
        s->locked[at] = (uint8_t)i;
    }
}

static void lock_all(const struct select *s)
{
    const struct hchan *last = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        struct hchan *c = s->cases[s->locked[i]].c;
        if (c != last)
            lock(&c->lock);
        last = c;
    }
}

static void unlock_all(const struct select *s)
{
    for (uint32_t i = s->n; i > 0; i--) {
        struct hchan *c = s->cases[s->locked[i - 1]].c;
        if (i == 1 || c != s->cases[s->locked[i - 2]].c)
            unlock(&c->lock);
    }
}

static bool try_case_locked(struct rt_select_case *k, struct choice *choice)
{
    struct hchan *c = k->c;
    if (k->dir == RT_SELECT_RECV) {
        enum rt_chan_got got;
        bool done = chan_recv_now_locked(c, k->elem, &got, &choice->served);
        k->received = got == RT_CHAN_ELEM;
        return done;
    }
    if (c->closed) {
        choice->on_closed = true;
        return true;
    }
    return chan_send_now_locked(c, k->elem, &choice->served);
}

static void try_all_locked(const struct select *s, struct choice *choice)
{
    for (uint32_t i = 0; i < s->n; i++) {
        if (try_case_locked(&s->cases[s->poll[i]], choice)) {
            choice->at = s->poll[i];
            return;
        }
    }
}

// Waiting ---------------------------------------------------------------------------------------

static struct waitq *queue_of(const struct rt_select_case *k)
{
    return k->dir == RT_SELECT_SEND ? &k->c->sendq : &k->c->recvq;
}

// A sudog for each case; g.waiting lists them in the order of locks.
static void queue_all_locked(const struct select *s, struct g *gp)
{
    rt_assert(gp->waiting == NULL);
    struct sudog **link = &gp->waiting;
    for (uint32_t i = 0; i < s->n; i++) {
        struct rt_select_case *k = &s->cases[s->locked[i]];
        struct sudog *sg = sudog_get();
        sg->elem = k->elem;
        sg->c = k->c;
        sg->is_select = true;
        sg->sends = k->dir == RT_SELECT_SEND;
        waitq_push(queue_of(k), sg);
        *link = sg;
        link = &sg->waitlink;
    }
}

static bool unlock_all_commit(struct g *gp, void *unused)
{
    (void)unused;
    struct hchan *last = NULL;
    for (const struct sudog *sg = gp->waiting; sg != NULL; sg = sg->waitlink) {
        if (last != NULL && sg->c != last)
            unlock(&last->lock);
        last = sg->c;
    }
    // from here on gp may run elsewhere
    if (last != NULL)
        unlock(&last->lock);
    return true;
}

// Takes the sudogs out again and finds the case that was served.
static void dequeue_all_locked(const struct select *s, struct g *gp, struct choice *choice)
{
    struct sudog *won = gp->param, *sg = gp->waiting;
    gp->param = NULL;
    gp->waiting = NULL;
    for (uint32_t i = 0; i < s->n; i++) {
        struct rt_select_case *k = &s->cases[s->locked[i]];
        struct sudog *next = sg->waitlink;
        if (sg == won) {
            choice->at = s->locked[i];
            k->received = sg->success;
            choice->on_closed = k->dir == RT_SELECT_SEND && !sg->success;
        } else {
            waitq_remove(queue_of(k), sg);
        }
        sg->elem = NULL;
        sg->c = NULL;
        sg->is_select = false;
        sg->sends = false;
        sg->success = false;
        sg->waitlink = NULL;
        sudog_put(sg);
        sg = next;
    }
    if (choice->at == RT_SELECT_DEFAULT)
        rt_throw("select: woken, and no case was served");
}

static void wait_for_one_locked(const struct select *s, struct choice *choice)
{
    struct g *gp = getg();
    queue_all_locked(s, gp);
    gp->param = NULL;
    gp->wait_at = NULL;
    gopark(unlock_all_commit, NULL, s->n == 0 ? WAIT_SELECT_NONE : WAIT_SELECT);
    lock_all(s);
    // nobody can be looking: who does holds one of the locks
    store_relaxed(&gp->select_done, 0);
    dequeue_all_locked(s, gp, choice);
}

int rt_select(struct rt_select_case *cases, size_t n, bool otherwise)
{
    if (n > RT_SELECT_MAX)
        rt_fatal("rt_select: too many cases");
    preempt_check(getg(), PREEMPT_AT_CALL);
    struct select s;
    struct choice choice = {.at = RT_SELECT_DEFAULT};
    s.cases = cases;
    arrange(&s, n);
    lock_all(&s);
    try_all_locked(&s, &choice);
    if (choice.at == RT_SELECT_DEFAULT && !otherwise)
        wait_for_one_locked(&s, &choice);
    unlock_all(&s);
    served_ready(choice.served);
    if (choice.on_closed)
        chan_send_on_closed();
    return choice.at;
}
