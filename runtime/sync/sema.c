// SPDX-License-Identifier: Apache-2.0
//
// See sema.h. The invariant: value > 0 only while nobody waits; both change under the lock. A
// goroutine joins the line on g0, when it is saved and waiting (the commit of its park), and looks
// at the value once more there.
#include "runtime/sync/sema.h"

#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"

void sema_init(struct sema *s, uint32_t value)
{
    mutex_init(&s->lock, RANK_SEMA);
    s->value = value;
    s->waiting = (struct gqueue){NULL, NULL};
}

static bool take_locked(struct sema *s)
{
    if (s->value == 0)
        return false;
    rt_assert(s->waiting.head == NULL);
    s->value--;
    return true;
}

static bool join_line(struct g *gp, void *arg)
{
    struct sema *s = arg;
    lock(&s->lock);
    bool taken = take_locked(s);
    if (!taken)
        gqueue_push(&s->waiting, gp);
    unlock(&s->lock);
    return !taken;
}

void semacquire(struct sema *s)
{
    lock(&s->lock);
    bool taken = take_locked(s);
    unlock(&s->lock);
    if (!taken)
        gopark(join_line, s, WAIT_SEMA); // woken: the unit was handed over
}

void semrelease(struct sema *s)
{
    lock(&s->lock);
    struct g *gp = gqueue_pop(&s->waiting);
    if (gp == NULL)
        s->value++;
    unlock(&s->lock);
    if (gp != NULL)
        goready(gp);
}
