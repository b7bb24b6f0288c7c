// SPDX-License-Identifier: Apache-2.0
//
// Sudogs: kept by p's, so that waiting allocates nothing and takes no lock; half of a full cache
// goes to the central list. Whoever gives one back has cleared it: a field that is left over would
// be taken for the next user's, or lead two queues into each other.
#include "runtime/sync/sudog.h"

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

static struct {
    struct mutex lock;
    struct sudog *free; // lock
} central = {.lock = MUTEX_INIT(RANK_SUDOG)};

static void list_push(struct sudog **list, struct sudog *sg)
{
    sg->next = *list;
    *list = sg;
}

static struct sudog *list_pop(struct sudog **list)
{
    struct sudog *sg = *list;
    *list = sg->next;
    sg->next = NULL;
    return sg;
}

static void refill(struct p *pp)
{
    lock(&central.lock);
    for (; central.free != NULL && pp->nsudogs < SUDOG_CACHE / 2; pp->nsudogs++)
        list_push(&pp->sudogs, list_pop(&central.free));
    unlock(&central.lock);
    if (pp->nsudogs > 0)
        return;
    list_push(&pp->sudogs, persistent_alloc(sizeof(struct sudog), _Alignof(struct sudog)));
    pp->nsudogs = 1;
}

static void give_away(struct p *pp, uint32_t left)
{
    lock(&central.lock);
    for (; pp->nsudogs > left; pp->nsudogs--)
        list_push(&central.free, list_pop(&pp->sudogs));
    unlock(&central.lock);
}

struct sudog *sudog_get(void)
{
    struct g *gp = getg();
    struct p *pp = gp->m->p;
    if (pp->nsudogs == 0)
        refill(pp);
    pp->nsudogs--;
    struct sudog *sg = list_pop(&pp->sudogs);
    rt_assert(sg->g == NULL);
    sg->g = gp;
    return sg;
}

void sudog_put(struct sudog *sg)
{
    rt_assert(sg->g == getg());
    rt_assert(sg->next == NULL && sg->prev == NULL);
    rt_assert(sg->waitlink == NULL && sg->waittail == NULL);
    rt_assert(sg->elem == NULL && sg->c == NULL && sg->sema == NULL);
    rt_assert(!sg->is_select && !sg->sends && !sg->success);
    rt_assert(sg->ticket == 0 && sg->since == 0);
    sg->g = NULL;
    struct p *pp = getg()->m->p;
    if (pp->nsudogs == SUDOG_CACHE)
        give_away(pp, SUDOG_CACHE / 2);
    list_push(&pp->sudogs, sg);
    pp->nsudogs++;
}

void sudogs_flush(struct p *pp)
{
    if (pp->nsudogs > 0)
        give_away(pp, 0);
}

// Queues ------------------------------------------------------------------------------------

void waitq_push(struct waitq *q, struct sudog *sg)
{
    sg->prev = q->last;
    if (q->last != NULL)
        q->last->next = sg;
    else
        q->first = sg;
    q->last = sg;
}

void waitq_remove(struct waitq *q, struct sudog *sg)
{
    if (sg->prev == NULL && q->first != sg)
        return; // somebody has taken it out
    if (sg->prev != NULL)
        sg->prev->next = sg->next;
    else
        q->first = sg->next;
    if (sg->next != NULL)
        sg->next->prev = sg->prev;
    else
        q->last = sg->prev;
    sg->next = NULL;
    sg->prev = NULL;
}
