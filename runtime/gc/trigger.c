// SPDX-License-Identifier: Apache-2.0
//
// When a collection begins. Each reason is a trigger that whoever would start one asks again, under
// the semaphore of starters: meanwhile another may have run a whole cycle. What one kind asks says
// nothing about the others: a heap that is small must still be collected when it is time.
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/sched/sched.h"

static struct {
    _Alignas(8) atomic_u32 enabled; // relaxed: written before the program begins
    _Alignas(8) atomic_u32 helped;  // the helper for forced collections is made, or being made
} triggers;

void gc_enable(void)
{
    store_relaxed(&triggers.enabled, 1);
}

bool gc_trigger_test(const struct gc_trigger *t)
{
    if (load_relaxed(&triggers.enabled) == 0 || load_relaxed(&gc.phase) != GC_OFF)
        return false;
    switch (t->kind) {
    case GC_TRIGGER_HEAP:
        return load_relaxed(&heap.live) >= pacer_trigger();
    case GC_TRIGGER_TIME: {
        int64_t at = gc_forced_at();
        return at != 0 && t->now >= at;
    }
    case GC_TRIGGER_CYCLE:
        return (int32_t)(t->cycle - load_relaxed(&gc.cycles)) > 0;
    }
    return false;
}

// A program that does not allocate has nothing to collect, and needs no helper.
static void help(void)
{
    uint32_t none = 0;
    if (load_relaxed(&triggers.helped) == 0 && cas_relaxed(&triggers.helped, &none, 1))
        forcegc_start();
}

void gc_heap_grown(void)
{
    help();
    if (load_relaxed(&gc.blacken) != 0)
        pacer_revise();
    struct gc_trigger t = {.kind = GC_TRIGGER_HEAP};
    if (gc_trigger_test(&t))
        gc_start(&t);
    // who does nothing but allocate gives way here: who wants to end marking waits for it
    preempt_check(getg(), PREEMPT_AT_CALL);
}
