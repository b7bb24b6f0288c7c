// SPDX-License-Identifier: Apache-2.0
//
// Who sweeps when: a goroutine of the runtime in the background, and who takes up spans, in
// proportion, so that all is swept when the heap reaches its trigger. What is left then is swept
// before the next cycle begins. Sweeping itself is in mem/sweep.c.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/fraction.h"
#include "runtime/sched/sched.h"

static struct {
    struct g *g;                  // const once it parks
    bool made;                    // start_sema
    bool parked;                  // cycle.lock
    _Alignas(8) atomic_u64 swept; // relaxed; bytes of spans swept, ever
    // Written with the world stopped, .ratio also when nothing is left.
    _Alignas(8) atomic_u64 ratio; // relaxed; bytes to sweep for a byte taken up, fraction; 0: none
    uint64_t swept_before, live_before;
} sweep;

size_t gc_sweep_one(void)
{
    size_t pages = sweep_one();
    if (pages != SIZE_MAX)
        add_relaxed(&sweep.swept, pages * HEAP_PAGE_BYTES);
    return pages;
}

// In proportion ---------------------------------------------------------------------------------

void sweep_pace_stw(void)
{
    uint64_t live = load_relaxed(&heap.live), trigger = pacer_trigger();
    uint64_t way = trigger > live ? trigger - live : 0;
    uint64_t spans = load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES;
    sweep.swept_before = load_relaxed(&sweep.swept);
    sweep.live_before = live;
    store_relaxed(&sweep.ratio, fraction_of(spans, at_least(way, HEAP_PAGE_BYTES)));
}

void gc_sweep_credit(size_t bytes)
{
    uint64_t ratio = load_relaxed(&sweep.ratio);
    if (ratio == 0)
        return;
    // others may have given up room that was counted: the heap is then smaller than it was
    uint64_t live = load_relaxed(&heap.live);
    uint64_t taken = bytes + (live > sweep.live_before ? live - sweep.live_before : 0);
    uint64_t until = sweep.swept_before + times(taken, ratio);
    while (load_relaxed(&sweep.swept) < until) {
        if (gc_sweep_one() != SIZE_MAX)
            continue;
        store_relaxed(&sweep.ratio, 0);
        return;
    }
}

// In the background -----------------------------------------------------------------------------

// Between the look that found nothing left and this there is no safe point: no new generation.
static bool park_commit(struct g *gp, void *unused)
{
    (void)unused;
    event_record(getg()->m->p, EV_GC_SWEEP_END, gp->goid, 0);
    lock(&cycle.lock);
    sweep.parked = true;
    unlock(&cycle.lock);
    return true;
}

static void sweeper(void *unused)
{
    (void)unused;
    sweep.g = getg();
    for (;;) {
        for (uint32_t n = 1; gc_sweep_one() != SIZE_MAX; n++) {
            if (n % GC_SWEEP_YIELD == 0)
                rt_yield();
        }
        gopark(park_commit, NULL, WAIT_GC_SWEEP);
    }
}

void sweeper_start(void)
{
    if (!sweep.made)
        newproc_system(sweeper, NULL);
    sweep.made = true;
}

static void wake_on_g0(void *unused)
{
    (void)unused;
    lock(&cycle.lock);
    bool wake = sweep.parked;
    sweep.parked = false;
    unlock(&cycle.lock);
    if (!wake)
        return;
    event_record(getg()->m->p, EV_GC_SWEEP_BEGIN, sweep.g->goid, 0);
    ready(sweep.g, false);
}

void sweeper_wake(void)
{
    systemstack(wake_on_g0, NULL);
}
