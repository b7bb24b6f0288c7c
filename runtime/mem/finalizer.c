// SPDX-License-Identifier: Apache-2.0
//
// Finalizers: one goroutine of the runtime runs them, one after the other, in the order in which
// sweeps found their objects. It is made when the first finalizer is set, and parks while there is
// nothing to do. A queued object is a root until its finalizer has it on its stack.
//
// Objects with finalizers that refer to each other in a circle keep each other, as in Go.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/special.h"
#include "runtime/sched/sched.h"

struct finalizer_queue finalizer_queue = {.lock = MUTEX_INIT(RANK_SPECIALS)};

// The goroutine -----------------------------------------------------------------------------

static bool park_if_empty(struct g *gp, void *unused)
{
    (void)unused;
    lock(&finalizer_queue.lock);
    bool empty = finalizer_queue.first == NULL;
    finalizer_queue.g = gp;
    finalizer_queue.parked = empty;
    unlock(&finalizer_queue.lock);
    return empty;
}

static void pop_on_g0(void *out)
{
    lock(&finalizer_queue.lock);
    struct special *sp = finalizer_queue.first;
    if (sp != NULL) {
        finalizer_queue.first = sp->next;
        if (finalizer_queue.first == NULL)
            finalizer_queue.last = NULL;
    }
    unlock(&finalizer_queue.lock);
    // the queue may not have been looked at yet, and the stack that it goes to have been
    if (sp != NULL && load_relaxed(&gc.phase) != GC_OFF)
        gc_shade(sp->object);
    *(struct special **)out = sp;
}

static void delete_on_g0(void *sp)
{
    special_delete(sp);
}

static void run_finalizers(void *unused)
{
    (void)unused;
    for (;;) {
        struct special *sp = NULL;
        systemstack(pop_on_g0, &sp);
        if (sp == NULL) {
            gopark(park_if_empty, NULL, WAIT_HELPER);
            continue;
        }
        void *object = (void *)sp->object;
        void (*fn)(void *) = sp->fn;
        systemstack(delete_on_g0, sp);
        san_acquire_all(); // nobody else has it any more
        fn(object);
        rt_keep_alive(object);
    }
}

static void claim_making(void *mine)
{
    lock(&finalizer_queue.lock);
    *(bool *)mine = !finalizer_queue.made;
    finalizer_queue.made = true;
    unlock(&finalizer_queue.lock);
}

static void make_goroutine(void)
{
    bool mine = false;
    systemstack(claim_making, &mine);
    if (mine)
        newproc_system(run_finalizers, NULL);
}

static void wake_on_g0(void *unused)
{
    (void)unused;
    lock(&finalizer_queue.lock);
    bool wake = finalizer_queue.parked && finalizer_queue.first != NULL;
    if (wake)
        finalizer_queue.parked = false;
    struct g *gp = finalizer_queue.g;
    unlock(&finalizer_queue.lock);
    if (wake)
        ready(gp, false);
}

void finalizers_wake(void)
{
    systemstack(wake_on_g0, NULL);
}

void finalizers_queue(struct special *list)
{
    lock(&finalizer_queue.lock);
    if (finalizer_queue.last == NULL)
        finalizer_queue.last = &finalizer_queue.first;
    *finalizer_queue.last = list;
    while (*finalizer_queue.last != NULL)
        finalizer_queue.last = &(*finalizer_queue.last)->next;
    unlock(&finalizer_queue.lock);
    // who stopped the world does it after the start
    if (load_relaxed(&getg()->m->p->status) == P_RUNNING)
        finalizers_wake();
}

void finalizers_mark_queued(const struct special_roots *to)
{
    lock(&finalizer_queue.lock);
    for (const struct special *sp = finalizer_queue.first; sp != NULL; sp = sp->next)
        to->mark(to->arg, sp->object);
    unlock(&finalizer_queue.lock);
}

// Setting -------------------------------------------------------------------------------------

struct set_call {
    uintptr_t object;
    void (*fn)(void *);
};

static void set_on_g0(void *call)
{
    const struct set_call *c = call;
    struct mspan *s = span_of(c->object);
    struct special *unused = special_new(SPECIAL_FINALIZER, c->object);
    lock(&s->special_lock);
    struct special *sp = special_find_locked(s, c->object, SPECIAL_FINALIZER);
    if (sp == NULL && c->fn != NULL) {
        sp = unused;
        unused = NULL;
        sp->fn = c->fn;
        special_insert_locked(s, sp);
    } else if (sp != NULL && c->fn != NULL) {
        sp->fn = c->fn;
    } else if (sp != NULL) {
        special_remove_locked(s, sp);
    }
    unlock(&s->special_lock);
    if (unused != NULL)
        special_delete(unused);
    if (c->fn == NULL && sp != NULL)
        special_delete(sp);
    // the collector may have been at this span before
    if (c->fn != NULL && load_relaxed(&gc.phase) != GC_OFF)
        gc_scan_object(c->object);
}

void rt_set_finalizer(void *object, void (*fn)(void *object))
{
    uintptr_t addr = (uintptr_t)object;
    struct mspan *s = span_of(addr);
    uint32_t index = s != NULL ? span_index(s, addr) : 0;
    if (s != NULL)
        span_ensure_swept(s); // what is asked next changes in a sweep
    if (s == NULL || !span_is_object(s, index) || span_object(s, index) != addr)
        rt_fatal("runtime: rt_set_finalizer: not the beginning of an object");
    if (s->class >> 1 == SIZECLASS_TINY)
        rt_fatal("runtime: rt_set_finalizer: the object may share its block with others");
    if (fn != NULL)
        make_goroutine();
    struct set_call call = {addr, fn};
    systemstack(set_on_g0, &call);
    rt_keep_alive(object);
}
