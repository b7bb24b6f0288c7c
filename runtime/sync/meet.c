// SPDX-License-Identifier: Apache-2.0
//
// Where goroutines meet: wait groups, once, conditions.
//
// A condition numbers those who wait: the number is drawn while the caller still holds its mutex,
// before it stands in line. Who signals says up to which number all are woken; who comes to the
// line with a number below that need not wait. So a signal between unlock and line is not lost, and
// nobody who came later can take it. The line is under a lock of the semaphores' table.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/rt_panic.h"
#include "runtime/sync/semtable.h"
#include "runtime/sync/sudog.h"

// Wait groups -----------------------------------------------------------------------------------

static int32_t counter_of(uint64_t state)
{
    return (int32_t)(uint32_t)(state >> 32);
}

void rt_waitgroup_add(struct rt_waitgroup *wg, int32_t delta)
{
    uint64_t change = (uint64_t)(uint32_t)delta << 32;
    if (delta < 0)
        san_release_more(wg);
    uint64_t state = add_acq_rel(&wg->state, change) + change; // pairs [rt_waitgroup]
    int32_t counter = counter_of(state);
    uint32_t waiting = (uint32_t)state;
    if (counter < 0)
        rt_panic("sync: negative waitgroup counter");
    if (waiting != 0 && delta > 0 && counter == delta)
        rt_panic("sync: waitgroup misuse: add beside the first wait");
    if (counter > 0 || waiting == 0)
        return;
    // all are done, and those that wait are counted: nobody changes it any more
    if (load_relaxed(&wg->state) != state)
        rt_panic("sync: waitgroup misuse: add beside wait");
    store_relaxed(&wg->state, 0);
    for (; waiting > 0; waiting--)
        sema_release(&wg->sema, false);
}

void rt_waitgroup_done(struct rt_waitgroup *wg)
{
    rt_waitgroup_add(wg, -1);
}

void rt_waitgroup_wait(struct rt_waitgroup *wg)
{
    uint64_t state = load_acquire(&wg->state); // pairs [rt_waitgroup]
    do {
        if (counter_of(state) == 0) {
            san_acquire(wg);
            return;
        }
    } while (!cas_acq_rel(&wg->state, &state, state + 1)); // pairs [rt_waitgroup]
    sema_acquire(&wg->sema, false, WAIT_WAITGROUP, wg);
    san_acquire(wg);
    if (load_relaxed(&wg->state) != 0)
        rt_panic("sync: waitgroup is used again before all waits have returned");
}

// Once ------------------------------------------------------------------------------------------

struct once_call {
    struct rt_once *once;
    void (*fn)(void *);
    void *arg;
};

static void once_unlock(void *once)
{
    rt_mutex_unlock(&((struct rt_once *)once)->m);
}

static void once_done(void *once)
{
    san_release(once);
    store_release(&((struct rt_once *)once)->done, 1); // pairs [rt_once]
}

static void once_run(void *call)
{
    struct once_call *c = call;
    rt_defer(once_unlock, c->once);
    if (load_relaxed(&c->once->done) != 0)
        return;
    rt_defer(once_done, c->once);
    c->fn(c->arg);
}

void rt_once_do(struct rt_once *o, void (*fn)(void *), void *arg)
{
    if (load_acquire(&o->done) != 0) { // pairs [rt_once]
        san_acquire(o);
        return;
    }
    struct once_call call = {o, fn, arg};
    rt_mutex_lock(&o->m);
    rt_call(once_run, &call);
}

// Conditions ------------------------------------------------------------------------------------

// Numbers wrap around; never more than half of them wait.
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void line_push(struct rt_cond *c, struct sudog *sg)
{
    struct sudog *last = c->last;
    if (last == NULL)
        c->first = sg;
    else
        last->next = sg;
    c->last = sg;
}

void rt_cond_wait(struct rt_cond *c, struct rt_mutex *m)
{
    struct g *gp = getg();
    uint32_t number = add_acq_rel(&c->wait, 1); // pairs [rt_cond]
    rt_mutex_unlock(m);
    struct mutex *l = sema_lock_of(&c->line);
    struct sudog *sg = sudog_get();
    lock(l);
    if (before(number, load_relaxed(&c->notify))) {
        unlock(l);
    } else {
        sg->ticket = number;
        line_push(c, sg);
        gp->wait_at = c;
        gopark(sema_unlock_commit, l, WAIT_COND);
        sg->ticket = 0;
    }
    sudog_put(sg);
    san_acquire(c);
    rt_mutex_lock(m);
}

static bool nobody_waits(const struct rt_cond *c)
{
    uint32_t wait = load_acquire(&c->wait); // pairs [rt_cond]
    return wait == load_relaxed(&c->notify);
}

void rt_cond_broadcast(struct rt_cond *c)
{
    san_release_more(c);
    if (nobody_waits(c))
        return;
    struct mutex *l = sema_lock_of(&c->line);
    lock(l);
    struct sudog *sg = c->first;
    c->first = c->last = NULL;
    store_relaxed(&c->notify, load_relaxed(&c->wait));
    unlock(l);
    while (sg != NULL) {
        struct sudog *next = sg->next;
        sg->next = NULL;
        goready(sg->g);
        sg = next;
    }
}

// Takes the one of that number out of the line; NULL: it is not there yet.
static struct sudog *line_take(struct rt_cond *c, uint32_t number)
{
    struct sudog *before = NULL, *sg = c->first;
    for (; sg != NULL && sg->ticket != number; sg = sg->next)
        before = sg;
    if (sg == NULL)
        return NULL;
    if (before == NULL)
        c->first = sg->next;
    else
        before->next = sg->next;
    if (c->last == sg)
        c->last = before;
    sg->next = NULL;
    return sg;
}

void rt_cond_signal(struct rt_cond *c)
{
    san_release_more(c);
    if (nobody_waits(c))
        return;
    struct mutex *l = sema_lock_of(&c->line);
    lock(l);
    uint32_t number = load_relaxed(&c->notify);
    struct sudog *sg = NULL;
    if (number != load_relaxed(&c->wait)) {
        store_relaxed(&c->notify, number + 1);
        sg = line_take(c, number);
    }
    unlock(l);
    if (sg != NULL)
        goready(sg->g);
}
