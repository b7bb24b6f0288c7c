// SPDX-License-Identifier: Apache-2.0
//
// Background marking. Workers are goroutines of the runtime, as many as there are p's; who looks
// for something to run takes one from their stack when its p should mark:
//
// - dedicated: a quarter of the p's, whole ones, mark until nothing is left;
// - fractional: what is missing to a quarter (all of it, below four p's) is a share of the time of
//   every p;
// - idle: p's that have nothing else to do.
//
// A worker marks on g0 while its goroutine counts as waiting, so that whoever scans stacks, also
// itself, finds it standing still.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

enum worker_mode { WORKER_DEDICATED, WORKER_FRACTIONAL, WORKER_IDLE };
// Of the share, in percent: a fractional worker that has just begun goes on up to here.
enum { SHARE_SLACK = 120 };

struct gc_worker {
    _Alignas(LFNODE_ALIGN) struct lfnode node;
    struct g *g;           // const once it is on the stack
    enum worker_mode mode; // who took it from there
    bool last;             // itself; it found nothing left to mark
};

// How many, and for how long -------------------------------------------------------------------

void gc_workers_share_stw(void)
{
    int32_t percent = nprocs * GC_WORKER_PERCENT, dedicated = percent / 100;
    store_relaxed(&cycle.dedicated, dedicated);
    uint32_t rest = (uint32_t)(percent - 100 * dedicated); // of one p
    store_relaxed(&cycle.share_permil, 10 * rest / (uint32_t)nprocs);
    for (int32_t i = 0; i < nprocs; i++)
        allp[i]->gc_fractional_ns = 0;
    cycle.mark_begin = host_nanotime();
}

static bool take_dedicated(void)
{
    int32_t n = load_relaxed(&cycle.dedicated);
    while (n > 0) {
        if (cas_relaxed(&cycle.dedicated, &n, n - 1))
            return true;
    }
    return false;
}

// Whether a p that has marked for marked_ns has done so for more than so many percent of its share.
static bool share_used(int64_t marked_ns, int64_t now, int64_t percent)
{
    int64_t share = load_relaxed(&cycle.share_permil);
    int64_t passed = now - cycle.mark_begin;
    return marked_ns * 1000 * 100 > passed * share * percent;
}

// Finding one -----------------------------------------------------------------------------------

// Off the stack, runnable for the caller alone.
static struct g *take(struct p *pp, struct gc_worker *wk, enum worker_mode mode)
{
    wk->mode = mode;
    event_record(pp, EV_GO_READY, wk->g->goid, 0);
    casgstatus(wk->g, G_WAITING, G_RUNNABLE);
    return wk->g;
}

static struct gc_worker *pop_worker(void)
{
    return (struct gc_worker *)(void *)lfstack_pop(&cycle.workers);
}

struct g *gc_find_worker(struct p *pp, int64_t now)
{
    // blackening changes with the world stopped: not while pp is held
    if (load_relaxed(&gc.blacken) == 0 || !gc_work_available(pp))
        return NULL;
    struct gc_worker *wk = pop_worker();
    if (wk == NULL)
        return NULL;
    if (take_dedicated())
        return take(pp, wk, WORKER_DEDICATED);
    if (load_relaxed(&cycle.share_permil) != 0) {
        if (now == 0)
            now = host_nanotime();
        if (!share_used(pp->gc_fractional_ns, now, 100))
            return take(pp, wk, WORKER_FRACTIONAL);
    }
    lfstack_push(&cycle.workers, &wk->node);
    return NULL;
}

struct g *gc_find_idle_worker(struct p *pp)
{
    if (load_relaxed(&gc.blacken) == 0 || !gc_work_available(pp))
        return NULL;
    struct gc_worker *wk = pop_worker();
    return wk != NULL ? take(pp, wk, WORKER_IDLE) : NULL;
}

// By an m without a p: a hint, asked again when it has one.
bool gc_idle_work(void)
{
    return load_relaxed(&gc.blacken) != 0 && gc_work_available(NULL) &&
           !lfstack_empty(&cycle.workers);
}

void gc_enlist_worker(struct gcwork *w)
{
    if (!w->enlist)
        return;
    w->enlist = false;
    if (load_relaxed(&sched.npidle) != 0)
        wakep();
}

// Working ---------------------------------------------------------------------------------------

static bool worker_park(struct g *gp, void *worker)
{
    (void)gp;
    struct gc_worker *wk = worker;
    lfstack_push(&cycle.workers, &wk->node);
    return true;
}

// Goroutines that wait for this p would wait until marking is done.
static void give_queue_away(struct p *pp)
{
    bool inherit_time;
    struct gqueue q = {NULL, NULL};
    int32_t n = 0;
    for (struct g *gp = runqget(pp, &inherit_time); gp != NULL; gp = runqget(pp, &inherit_time)) {
        gqueue_push(&q, gp);
        n++;
    }
    if (n == 0)
        return;
    lock(&sched.lock);
    globrunqputbatch_locked(&q, n);
    unlock(&sched.lock);
    wakep();
}

static void drain(struct p *pp, enum worker_mode mode)
{
    int64_t begin = host_nanotime();
    switch (mode) {
    case WORKER_DEDICATED:
        gc_drain(pp, DRAIN_UNTIL_PREEMPT);
        give_queue_away(pp);
        gc_drain(pp, 0);
        add_relaxed(&cycle.dedicated, 1);
        break;
    case WORKER_FRACTIONAL:
        pp->gc_fractional_begin = begin;
        gc_drain(pp, DRAIN_UNTIL_PREEMPT | DRAIN_FRACTIONAL);
        pp->gc_fractional_ns += host_nanotime() - begin;
        break;
    case WORKER_IDLE:
        gc_drain(pp, DRAIN_UNTIL_PREEMPT | DRAIN_IDLE);
        break;
    }
    add_relaxed(&gc_counts.mark_ns, (uint64_t)(host_nanotime() - begin));
}

bool gc_fractional_over(struct p *pp)
{
    int64_t now = host_nanotime();
    return share_used(pp->gc_fractional_ns + now - pp->gc_fractional_begin, now, SHARE_SLACK);
}

static void work_on_g0(void *worker)
{
    struct gc_worker *wk = worker;
    struct p *pp = getg()->m->p;
    rt_assert(load_relaxed(&gc.blacken) != 0);
    // what was asked of the goroutine when it last ran
    store_relaxed(&wk->g->stackguard, wk->g->stack.lo);
    gc_marking_begin();
    drain(pp, wk->mode);
    wk->last = gc_marking_end(pp);
}

static void work(void *worker)
{
    struct gc_worker *wk = worker;
    wk->g = getg();
    for (;;) {
        gopark(worker_park, wk, WAIT_GC_WORKER);
        g0_wait(work_on_g0, wk, WAIT_GC_WORKER);
        if (wk->last)
            gc_mark_done();
    }
}

void gc_start_workers(void)
{
    for (; cycle.nworkers < (uint32_t)nprocs; cycle.nworkers++) {
        struct gc_worker *wk = persistent_alloc(sizeof(*wk), _Alignof(struct gc_worker));
        newproc_system(work, wk);
    }
}
