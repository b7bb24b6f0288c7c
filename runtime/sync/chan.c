// SPDX-License-Identifier: Apache-2.0
//
// Channels; see chan.h for what holds under a channel's lock. Who finds a partner waiting hands the
// element over from stack to stack, without the buffer, and readies the partner after the lock is
// let go. Who finds none queues a sudog and parks; the lock is let go by the commit of the park, so
// whoever takes the sudog out finds its goroutine waiting.
//
// Elements and the collector. A stack that has been scanned is black, and handing over puts a
// pointer there that may have been on an unscanned stack alone: so what is handed over is shaded
// (gc_move_to_stack), in both directions. Into the buffer and out of it are stores to the heap with
// the barrier of all such stores: what is received is shaded when its slot is cleared.
//
// Rejected: a lock-free path for a look at a full or empty channel; it pays only for programs that
// poll.
#include "runtime/sync/chan.h"

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/rt_panic.h"
#include "runtime/sched/sched.h"

RT_TYPE(hchan_type, struct hchan, RT_AT(struct hchan, buf));

// Numbers are made by p's, so that making channels shares no word.
static uint64_t next_order(struct p *pp)
{
    _Static_assert(PROCS_MAX <= 1 << 12, "the number of the p");
    return ++pp->nchans << 12 | (uint64_t)pp->id;
}

struct hchan *rt_chan_make(const struct rt_type *type, size_t n)
{
    if (n > INT32_MAX)
        rt_fatal("rt_chan_make: size out of range");
    struct hchan *c = rt_new(&hchan_type);
    c->type = type;
    c->cap = (uint32_t)n;
    if (n > 0)
        rt_write_ptr(&c->buf, rt_new_array(type, n));
    mutex_init_ordered(&c->lock, RANK_CHAN, next_order(getg()->m->p));
    return c;
}

void rt_chan_name(struct hchan *c, const char *name)
{
    c->name = name;
}

size_t rt_chan_len(const struct hchan *c)
{
    return c != NULL ? load_relaxed(&c->count) : 0;
}

size_t rt_chan_cap(const struct hchan *c)
{
    return c != NULL ? c->cap : 0;
}

// The buffer ----------------------------------------------------------------------------------

static void *slot_of(struct hchan *c, uint32_t i)
{
    return (char *)rt_load_ptr(&c->buf) + i * c->type->bytes;
}

static uint32_t after(const struct hchan *c, uint32_t i)
{
    return i + 1 < c->cap ? i + 1 : 0;
}

static void put_locked(struct hchan *c, const void *elem)
{
    rt_move(c->type, slot_of(c, c->sendx), elem, 1);
    c->sendx = after(c, c->sendx);
    uint32_t count = load_relaxed(&c->count);
    rt_assert(count < c->cap);
    store_relaxed(&c->count, count + 1);
}

static void take_locked(struct hchan *c, void *elem)
{
    void *slot = slot_of(c, c->recvx);
    if (elem != NULL)
        gc_move_to_stack(c->type, elem, slot);
    if (c->type->ptr_bytes != 0)
        gc_clear(c->type, slot); // nothing is kept alive by what has been taken
    c->recvx = after(c, c->recvx);
    uint32_t count = load_relaxed(&c->count);
    rt_assert(count > 0);
    store_relaxed(&c->count, count - 1);
}

// Order for sanitizers --------------------------------------------------------------------------
// The k-th receive comes after the k-th send, and before the send that uses its slot again. What is
// handed over goes through the slot, too. Without buffer both sides wait for each other. A close
// comes before whoever learns of it.

static void order_slot_locked(struct hchan *c, uint32_t i)
{
    if (SAN_ORDER && c->cap > 0) {
        san_acquire(slot_of(c, i));
        san_release(slot_of(c, i));
    }
}

// The caller serves sg, whose goroutine waits.
static void order_served_locked(struct hchan *c, const struct sudog *sg, uint32_t i)
{
    if (c->cap == 0)
        san_release(&c->sendx);
    else
        order_slot_locked(c, i);
    void *self = san_as(sg->g->fiber);
    if (c->cap == 0) {
        san_acquire(&c->sendx);
        san_release(&c->sendx);
    } else {
        order_slot_locked(c, i);
    }
    san_as(self);
    if (c->cap == 0)
        san_acquire(&c->sendx);
}

// Waiting ---------------------------------------------------------------------------------------

// The first in line whose goroutine nobody else has chosen for another case. The caller owns it.
static struct sudog *pop_locked(struct waitq *q)
{
    for (struct sudog *sg = q->first; sg != NULL; sg = q->first) {
        waitq_remove(q, sg);
        uint32_t done = 0;
        if (!sg->is_select || cas_relaxed(&sg->g->select_done, &done, 1))
            return sg;
    }
    return NULL;
}

void served_ready(struct served s)
{
    if (s.sg == NULL)
        return;
    struct g *gp = s.sg->g;
    gp->param = s.sg;
    goready(gp);
}

static bool unlock_commit(struct g *gp, void *c)
{
    (void)gp;
    // from here on gp may run elsewhere
    unlock(&((struct hchan *)c)->lock);
    return true;
}

// Queues the caller and lets go of the lock; returns whether there was an element, false when the
// channel was closed meanwhile.
static bool wait_locked(struct hchan *c, struct waitq *q, void *elem, enum wait_reason reason)
{
    struct g *gp = getg();
    struct sudog *sg = sudog_get();
    sg->elem = elem;
    sg->c = c;
    waitq_push(q, sg);
    rt_assert(gp->waiting == NULL);
    gp->waiting = sg;
    gp->param = NULL;
    gp->wait_at = c;
    gopark(unlock_commit, c, reason);
    rt_assert(gp->waiting == sg && gp->param == sg);
    gp->waiting = NULL;
    gp->param = NULL;
    bool success = sg->success;
    sg->success = false;
    sg->elem = NULL;
    sg->c = NULL;
    sudog_put(sg);
    rt_keep_alive(c);
    return success;
}

static _Noreturn void wait_for_ever(enum wait_reason reason)
{
    gopark(NULL, NULL, reason);
    rt_throw("channel: a goroutine that waits for nothing was made ready");
}

// Send ------------------------------------------------------------------------------------------

_Noreturn void chan_send_on_closed(void)
{
    rt_panic("send on closed channel");
}

bool chan_send_now_locked(struct hchan *c, const void *elem, struct served *s)
{
    struct sudog *sg = pop_locked(&c->recvq);
    if (sg != NULL) {
        rt_assert(load_relaxed(&c->count) == 0);
        if (sg->elem != NULL)
            gc_move_to_stack(c->type, sg->elem, elem);
        order_served_locked(c, sg, c->sendx);
        sg->success = true;
        s->sg = sg;
        return true;
    }
    if (load_relaxed(&c->count) == c->cap)
        return false;
    order_slot_locked(c, c->sendx);
    put_locked(c, elem);
    return true;
}

static bool chan_send(struct hchan *c, const void *elem, bool wait)
{
    struct g *gp = getg();
    preempt_check(gp, PREEMPT_AT_CALL);
    if (c == NULL) {
        if (wait)
            wait_for_ever(WAIT_CHAN_NIL_SEND);
        return false;
    }
    struct served s = {NULL};
    struct m *mp = gp->m;
    lock_as(mp, &c->lock);
    if (c->closed) {
        unlock_as(mp, &c->lock);
        chan_send_on_closed();
    }
    bool done = chan_send_now_locked(c, elem, &s);
    if (!done && wait) {
        if (!wait_locked(c, &c->sendq, (void *)(uintptr_t)elem, WAIT_CHAN_SEND))
            chan_send_on_closed();
        return true;
    }
    unlock_as(mp, &c->lock);
    served_ready(s);
    return done;
}

void rt_chan_send(struct hchan *c, const void *elem)
{
    chan_send(c, elem, true);
}

bool rt_chan_try_send(struct hchan *c, const void *elem)
{
    return chan_send(c, elem, false);
}

// Receive ---------------------------------------------------------------------------------------

// From a sender that waits: directly, or, since the buffer is full, the oldest element of that;
// the sender's becomes the newest.
static void recv_from_locked(struct hchan *c, struct sudog *sg, void *elem)
{
    rt_assert(load_relaxed(&c->count) == c->cap);
    order_served_locked(c, sg, c->recvx);
    if (c->cap == 0) {
        if (elem != NULL)
            gc_move_to_stack(c->type, elem, sg->elem);
    } else {
        take_locked(c, elem);
        put_locked(c, sg->elem);
    }
    sg->success = true;
}

bool chan_recv_now_locked(struct hchan *c, void *elem, enum rt_chan_got *got, struct served *s)
{
    *got = RT_CHAN_ELEM;
    struct sudog *sg = pop_locked(&c->sendq);
    if (sg != NULL) {
        recv_from_locked(c, sg, elem);
        s->sg = sg;
        return true;
    }
    if (load_relaxed(&c->count) > 0) {
        order_slot_locked(c, c->recvx);
        take_locked(c, elem);
        return true;
    }
    if (!c->closed)
        return false;
    san_acquire(&c->closed);
    if (elem != NULL)
        gc_clear(c->type, elem);
    *got = RT_CHAN_CLOSED;
    return true;
}

static enum rt_chan_got chan_recv(struct hchan *c, void *elem, bool wait)
{
    struct g *gp = getg();
    preempt_check(gp, PREEMPT_AT_CALL);
    if (c == NULL) {
        if (wait)
            wait_for_ever(WAIT_CHAN_NIL_RECV);
        return RT_CHAN_NOTHING;
    }
    struct served s = {NULL};
    enum rt_chan_got got;
    struct m *mp = gp->m;
    lock_as(mp, &c->lock);
    bool done = chan_recv_now_locked(c, elem, &got, &s);
    if (!done && wait)
        return wait_locked(c, &c->recvq, elem, WAIT_CHAN_RECV) ? RT_CHAN_ELEM : RT_CHAN_CLOSED;
    unlock_as(mp, &c->lock);
    served_ready(s);
    return done ? got : RT_CHAN_NOTHING;
}

bool rt_chan_recv(struct hchan *c, void *elem)
{
    return chan_recv(c, elem, true) == RT_CHAN_ELEM;
}

enum rt_chan_got rt_chan_try_recv(struct hchan *c, void *elem)
{
    return chan_recv(c, elem, false);
}

// Close -----------------------------------------------------------------------------------------

static void release_all_locked(struct hchan *c, struct waitq *q, struct gqueue *to)
{
    for (struct sudog *sg = pop_locked(q); sg != NULL; sg = pop_locked(q)) {
        if (q == &c->recvq && sg->elem != NULL)
            gc_clear(c->type, sg->elem);
        void *self = san_as(sg->g->fiber);
        san_acquire(&c->closed);
        san_as(self);
        sg->success = false;
        sg->g->param = sg;
        gqueue_push(to, sg->g);
    }
}

void rt_chan_close(struct hchan *c)
{
    preempt_check(getg(), PREEMPT_AT_CALL);
    if (c == NULL)
        rt_panic("close of nil channel");
    lock(&c->lock);
    if (c->closed) {
        unlock(&c->lock);
        rt_panic("close of closed channel");
    }
    san_release(&c->closed);
    c->closed = true;
    struct gqueue released = {NULL, NULL};
    release_all_locked(c, &c->recvq, &released);
    release_all_locked(c, &c->sendq, &released);
    unlock(&c->lock);
    for (struct g *gp = gqueue_pop(&released); gp != NULL; gp = gqueue_pop(&released))
        goready(gp);
}
