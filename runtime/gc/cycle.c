// SPDX-License-Identifier: Apache-2.0
//
// A cycle from beginning to end; the phases are in gc.h. Between the two stops everybody marks:
// workers, those who allocate, and in small ways each store. Marking is done when nothing grey is
// left anywhere. That is found out in three steps, each of which proves a little more:
//
// 1. Whoever stops marking gives its buffers to everybody, takes itself off cycle.marking, and if
//    it was the last one looks whether everybody's buffers are empty. What stores have shaded may
//    still lie with p's.
// 2. So it makes every p, one after the other, give away that too (for_each_p). If one did, or had
//    since the last time, marking goes on.
// 3. Else it stops the world and looks into the p's once more: a p may have shaded between its turn
//    and the stop.
//
// Step 2 alone would do for a mutator without a heap of its own runtime; step 3 costs nothing, the
// world must be stopped anyway.
#include "runtime/gc/cycle.h"

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/scavenge.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sudog.h"

struct gc_state gc;
struct gc_cycle cycle;

void gc_init(void)
{
    mutex_init(&cycle.lock, RANK_GC);
    sema_init(&cycle.start_sema, 1);
    sema_init(&cycle.done_sema, 1);
    gc_counts.begin = host_nanotime();
    pacer_init();
    barrier_set_stw(false);
}

void gc_p_init(struct p *pp)
{
    pp->wbbuf.n = 0;
    pp->gcw = (struct gcwork){0};
}

// All that is grey with pp goes to everybody.
void gc_flush_p(struct p *pp)
{
    wbbuf_flush(pp);
    gcw_dispose(&pp->gcw);
}

void gc_p_flush(struct p *pp)
{
    gc_flush_p(pp);
}

// Beginning -------------------------------------------------------------------------------------

static void begin_stw(void *unused)
{
    (void)unused;
    while (gc_sweep_one() != SIZE_MAX)
        ;
    rt_assert(sweep_is_done());
    store_relaxed(&cycle.bytes_marked, 0);
    store_relaxed(&cycle.scanned, 0);
    store_relaxed(&cycle.credit, 0);
    rt_assert(lfstack_empty(&cycle.full));
    mcaches_mark_tiny();
    roots_prepare_stw();
    gc_workers_share_stw();
    add_relaxed(&gc.cycles, 1);
    store_relaxed(&gc.phase, GC_MARK);
    barrier_set_stw(true);
    pacer_begin_stw();
    store_relaxed(&gc.blacken, 1);
    event_record(getg()->m->p, EV_GC_MARK, 0, load_relaxed(&gc.cycles));
}

void gc_start(const struct gc_trigger *t)
{
    // what is left of the last cycle, as far as that need not be done in the stopped world
    while (gc_trigger_test(t) && gc_sweep_one() != SIZE_MAX)
        ;
    semacquire(&cycle.start_sema);
    // somebody may have run a whole cycle since it was asked last
    if (!gc_trigger_test(t)) {
        semrelease(&cycle.start_sema);
        return;
    }
    gc_start_workers();
    sweeper_start();
    int64_t begin = host_nanotime();
    stop_the_world(STW_GC_BEGIN);
    systemstack(begin_stw, NULL);
    start_the_world(0);
    gc_paused(begin);
    if (t->kind == GC_TRIGGER_CYCLE)
        add_relaxed(&gc_counts.by_hand, 1);
    finalizers_wake(); // of what was swept in the stopped world
    semrelease(&cycle.start_sema);
}

// End of marking --------------------------------------------------------------------------------

void gc_marking_begin(void)
{
    add_acq_rel(&cycle.marking, 1); // pairs [cycle.marking]
}

bool gc_marking_end(struct p *pp)
{
    gcw_dispose(&pp->gcw);
    gc_enlist_worker(&pp->gcw);
    uint32_t before = sub_acq_rel(&cycle.marking, 1); // pairs [cycle.marking]
    rt_assert(before > 0);
    return before == 1 && !gc_work_available(NULL);
}

static bool seems_done(void)
{
    return load_relaxed(&gc.phase) == GC_MARK &&
           load_acquire(&cycle.marking) == 0 && // pairs [cycle.marking]
           !gc_work_available(NULL);
}

static uint32_t flushed; // sched.lock; p's that have given something away since they were asked

static void flush_for_all(struct p *pp)
{
    gc_flush_p(pp);
    flushed += pp->gcw.flushed;
    pp->gcw.flushed = false;
}

// True when no p has anything grey, nor has given anything away since the last call.
static bool nothing_flushed(void)
{
    flushed = 0;
    for_each_p(flush_for_all);
    return flushed == 0;
}

static void flush_stopped(void *any)
{
    for (int32_t i = 0; i < nprocs; i++)
        gc_flush_p(allp[i]);
    *(bool *)any = !lfstack_empty(&cycle.full);
}

static void end_stw(void *unused)
{
    (void)unused;
    uint64_t marked = load_relaxed(&cycle.bytes_marked), live = load_relaxed(&heap.live);
    for (int32_t i = 0; i < nprocs; i++) {
        mcache_flush(allp[i]->mcache);
        stackcache_clear(allp[i]);
        sudogs_flush(allp[i]);
    }
    store_relaxed(&heap.live, marked);
    sweep_begin_generation();
    pacer_end_stw(live, marked);
    sweep_pace_stw();
    barrier_set_stw(false);
    store_relaxed(&gc.phase, GC_OFF);
    int64_t now = host_nanotime();
    store_relaxed(&gc_counts.last_end, now);
    forcegc_put_off(now);
    event_record(getg()->m->p, EV_GC_OFF, 0, marked);
}

static void release_stacks(void *unused)
{
    (void)unused;
    stackpool_release();
}

// Who waits for this cycle's marking goes on.
static void wake_waiting(void)
{
    lock(&cycle.lock);
    struct gqueue q = cycle.waiting;
    cycle.waiting = (struct gqueue){NULL, NULL};
    store_release(&cycle.marked, load_relaxed(&gc.cycles)); // pairs [cycle.marked]
    unlock(&cycle.lock);
    for (struct g *gp = gqueue_pop(&q); gp != NULL; gp = gqueue_pop(&q))
        goready(gp);
}

// World stopped, nothing is grey.
static void terminate_stw(int64_t begin)
{
    // in this order: who finds blackening on may join those who wait for credit
    store_relaxed(&gc.blacken, 0);
    assists_wake_stw();
    store_relaxed(&gc.phase, GC_MARK_TERMINATION);
    if (rt_heap_debug.check)
        check_mark_stw();
    systemstack(end_stw, NULL);
    start_the_world(0);
    gc_paused(begin);
    wake_waiting();
    sweeper_wake();
    systemstack(release_stacks, NULL);
}

void gc_mark_done(void)
{
    semacquire(&cycle.done_sema);
    while (seems_done()) {
        if (!nothing_flushed())
            continue;
        int64_t begin = host_nanotime();
        stop_the_world(STW_GC_END);
        bool any = false;
        systemstack(flush_stopped, &any);
        if (!any) {
            terminate_stw(begin);
            break;
        }
        start_the_world(0);
    }
    semrelease(&cycle.done_sema);
}

// By hand ---------------------------------------------------------------------------------------

static bool has_marked(uint32_t number)
{
    return (int32_t)(load_acquire(&cycle.marked) - number) >= 0; // pairs [cycle.marked]
}

static bool wait_commit(struct g *gp, void *number)
{
    lock(&cycle.lock);
    bool wait = !has_marked(*(const uint32_t *)number);
    if (wait)
        gqueue_push(&cycle.waiting, gp);
    unlock(&cycle.lock);
    return wait;
}

static void wait_marked(uint32_t number)
{
    while (!has_marked(number))
        gopark(wait_commit, &number, WAIT_GC_CYCLE);
}

void rt_gc(void)
{
    uint32_t begun = load_relaxed(&gc.cycles);
    // what marks now may have missed what has become unreached since it began: the next one
    wait_marked(begun);
    uint32_t wanted = begun + 1;
    struct gc_trigger t = {.kind = GC_TRIGGER_CYCLE, .cycle = wanted};
    gc_start(&t);
    wait_marked(wanted);
    // unless another one has begun, which had to sweep first
    while (load_relaxed(&gc.cycles) == wanted && !sweep_is_done()) {
        if (gc_sweep_one() == SIZE_MAX)
            rt_yield(); // the last ones are being swept
    }
}

void rt_free_os_memory(void)
{
    rt_gc();
    heap_free_os_memory();
}
