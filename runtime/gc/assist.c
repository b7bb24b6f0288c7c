// SPDX-License-Identifier: Apache-2.0
//
// Assists: who allocates while the collector marks pays with marking, so that the heap does not
// outgrow its goal. What a byte costs is the pacer's. Debt is paid from the credit of background
// workers first; then by marking; and who finds nothing to mark waits, in line, for workers to earn
// credit or for marking to end.
//
// Credit is added under cycle.lock, and who joins the line looks at it under the same lock: none is
// left beside somebody who waits. It is spent without the lock, by compare-and-swap.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

static void ready_all(struct gqueue *q)
{
    // behind those that are in the queues: nobody has waited for it
    for (struct g *gp = gqueue_pop(q); gp != NULL; gp = gqueue_pop(q))
        ready(gp, false);
}

// Pays the first in line. True: it owes nothing any more.
static bool pay_locked(struct g *gp, uint64_t *bytes)
{
    gp->assist_bytes += (int64_t)pacer_bytes_of(*bytes);
    if (gp->assist_bytes < 0) {
        *bytes = 0;
        return false;
    }
    uint64_t rest = pacer_work_of((uint64_t)gp->assist_bytes);
    gp->assist_bytes = 0;
    *bytes = rest < *bytes ? rest : *bytes;
    return true;
}

void assist_credit(uint64_t bytes)
{
    struct gqueue paid = {NULL, NULL};
    lock(&cycle.lock);
    while (bytes != 0 && cycle.assists.head != NULL) {
        struct g *gp = gqueue_pop(&cycle.assists);
        // one that owes much does not keep others waiting
        gqueue_push(pay_locked(gp, &bytes) ? &paid : &cycle.assists, gp);
    }
    add_relaxed(&cycle.credit, (int64_t)bytes);
    unlock(&cycle.lock);
    ready_all(&paid);
}

static void wake_on_g0(void *unused)
{
    (void)unused;
    lock(&cycle.lock);
    struct gqueue q = cycle.assists;
    cycle.assists = (struct gqueue){NULL, NULL};
    unlock(&cycle.lock);
    ready_all(&q);
}

void assists_wake_stw(void)
{
    systemstack(wake_on_g0, NULL);
}

// Returns what remains to be scanned for the debt.
static uint64_t spend_credit(struct g *gp, uint64_t bytes)
{
    int64_t have = load_relaxed(&cycle.credit);
    while (have > 0) {
        uint64_t take = (uint64_t)have < bytes ? (uint64_t)have : bytes;
        if (!cas_relaxed(&cycle.credit, &have, have - (int64_t)take))
            continue;
        gp->assist_bytes += 1 + (int64_t)pacer_bytes_of(take);
        return bytes - take;
    }
    return bytes;
}

static bool wait_commit(struct g *gp, void *unused)
{
    (void)unused;
    lock(&cycle.lock);
    bool wait = load_relaxed(&gc.blacken) != 0 && load_relaxed(&cycle.credit) <= 0;
    if (wait)
        gqueue_push(&cycle.assists, gp);
    unlock(&cycle.lock);
    return wait;
}

struct assist_call {
    struct g *gp;
    uint64_t bytes;
    bool last;
};

static void assist_on_g0(void *call)
{
    struct assist_call *c = call;
    struct p *pp = getg()->m->p;
    event_record(pp, EV_GC_ASSIST_BEGIN, c->gp->goid, c->bytes);
    int64_t begin = host_nanotime();
    gc_marking_begin();
    uint64_t done = gc_drain_bytes(pp, c->bytes);
    c->last = gc_marking_end(pp);
    add_relaxed(&gc_counts.assisted, done);
    c->gp->assist_bytes += 1 + (int64_t)pacer_bytes_of(done);
    uint64_t ns = (uint64_t)(host_nanotime() - begin);
    add_relaxed(&gc_counts.mark_ns, ns);
    add_relaxed(&gc_counts.assist_ns, ns);
    event_record(pp, EV_GC_ASSIST_END, c->gp->goid, done);
}

static bool owes(const struct g *gp)
{
    return load_relaxed(&gc.blacken) != 0 && gp->assist_cycle == load_relaxed(&gc.cycles) &&
           gp->assist_bytes < 0;
}

static bool asked_to_give_way(const struct g *gp)
{
    return load_relaxed(&gp->stackguard) >= STACK_PREEMPT || load_relaxed(&sched.safepoint) != 0;
}

static void pay(struct g *gp)
{
    while (owes(gp)) {
        uint64_t bytes = pacer_work_of((uint64_t)-gp->assist_bytes);
        if (bytes == 0) {
            gp->assist_bytes = 0;
            return;
        }
        // rather seldom and much
        bytes = bytes < GC_OVER_ASSIST_BYTES ? GC_OVER_ASSIST_BYTES : bytes;
        bytes = spend_credit(gp, bytes);
        if (!owes(gp))
            return;
        struct assist_call call = {.gp = gp, .bytes = bytes};
        g0_wait(assist_on_g0, &call, WAIT_GC_ASSIST);
        if (call.last)
            gc_mark_done();
        if (!owes(gp))
            return;
        if (asked_to_give_way(gp))
            rt_yield();
        else
            gopark(wait_commit, NULL, WAIT_GC_ASSIST);
    }
}

void gc_assist(struct g *gp, size_t bytes)
{
    uint32_t now = load_relaxed(&gc.cycles);
    if (gp->assist_cycle != now) {
        gp->assist_cycle = now;
        gp->assist_bytes = 0;
    }
    gp->assist_bytes -= (int64_t)bytes;
    if (gp->assist_bytes < 0)
        pay(gp);
}

// On g0. What it has paid too much is for others.
void gc_end_goroutine(struct g *gp)
{
    if (gp->assist_bytes > 0 && gp->assist_cycle == load_relaxed(&gc.cycles) &&
        load_relaxed(&gc.blacken) != 0)
        assist_credit(pacer_work_of((uint64_t)gp->assist_bytes));
    gp->assist_bytes = 0;
}

void gc_start_goroutine(void *arg)
{
    if (load_relaxed(&gc.phase) != GC_OFF)
        gc_shade((uintptr_t)arg);
}
