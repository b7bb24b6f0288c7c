// SPDX-License-Identifier: Apache-2.0
//
// The global run queue: a list under sched.lock that takes what overflows, what yields, and what
// comes without a p. Its size is written under the lock and also read without it as a hint:
// whoever goes to sleep on the strength of it looks again under the lock.
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"

void gqueue_push(struct gqueue *q, struct g *gp)
{
    gp->schedlink = NULL;
    if (q->tail == NULL)
        q->head = gp;
    else
        q->tail->schedlink = gp;
    q->tail = gp;
}

void gqueue_push_front(struct gqueue *q, struct g *gp)
{
    gp->schedlink = q->head;
    q->head = gp;
    if (q->tail == NULL)
        q->tail = gp;
}

struct g *gqueue_pop(struct gqueue *q)
{
    struct g *gp = q->head;
    if (gp == NULL)
        return NULL;
    q->head = gp->schedlink;
    if (q->head == NULL)
        q->tail = NULL;
    gp->schedlink = NULL;
    return gp;
}

void globrunqput_locked(struct g *gp)
{
    assert_locked(&sched.lock);
    gqueue_push(&sched.runq, gp);
    store_relaxed(&sched.runqsize, load_relaxed(&sched.runqsize) + 1);
}

// In front of all others: of a p that is no more, whose goroutines have waited already.
void globrunqputhead_locked(struct g *gp)
{
    assert_locked(&sched.lock);
    gqueue_push_front(&sched.runq, gp);
    store_relaxed(&sched.runqsize, load_relaxed(&sched.runqsize) + 1);
}

void globrunqputbatch_locked(struct gqueue *batch, int32_t n)
{
    assert_locked(&sched.lock);
    rt_assert(batch->head != NULL && n > 0);
    if (sched.runq.tail == NULL)
        sched.runq.head = batch->head;
    else
        sched.runq.tail->schedlink = batch->head;
    sched.runq.tail = batch->tail;
    store_relaxed(&sched.runqsize, load_relaxed(&sched.runqsize) + n);
}

struct g *globrunqget_locked(struct p *pp, int32_t max)
{
    assert_locked(&sched.lock);
    if (pp->schedtick % SCHED_TICK_GLOBAL == 0)
        stats_publish_locked(pp);
    int32_t size = load_relaxed(&sched.runqsize);
    rt_assert((size == 0) == (sched.runq.head == NULL));
    if (size == 0)
        return NULL;
    int32_t n = size / nprocs + 1;
    if (n > size)
        n = size;
    if (max > 0 && n > max)
        n = max;
    if (n > RUNQ_SIZE / 2)
        n = RUNQ_SIZE / 2;
    store_relaxed(&sched.runqsize, size - n);
    struct g *gp = gqueue_pop(&sched.runq);
    for (; n > 1; n--)
        runqput(pp, gqueue_pop(&sched.runq), false);
    runqhint(pp);
    return gp;
}
