// SPDX-License-Identifier: Apache-2.0
//
// Collections that are forced after a time without one. sysmon finds that it is time, but has no p
// and must not wait; so it asks a goroutine that is parked for that.
//
// The window: the helper is about to park while sysmon asks. One word holds both: a request is an
// exchange, and the helper parks by compare-and-swap, so a request that comes before the park is
// found by it, and one that comes after finds the helper parked. There is no third.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

enum { FORCEGC_RUNNING, FORCEGC_PARKED, FORCEGC_REQUESTED };

static struct {
    // acq_rel: pairs [forcegc.state]; who finds it parked sees .g, and the g saved
    _Alignas(8) atomic_u32 state;
    struct g *g;                 // const once it is PARKED; written by itself
    _Alignas(8) atomic_i64 next; // relaxed; when it is time, 0: no helper yet
} forcegc;

int64_t gc_forced_at(void)
{
    return load_relaxed(&gc.phase) != GC_OFF || pacer_off() ? 0 : load_relaxed(&forcegc.next);
}

void forcegc_put_off(int64_t now)
{
    store_relaxed(&forcegc.next, now + FORCEGC_PERIOD_MS * INT64_C(1000000));
}

static bool park_commit(struct g *gp, void *unused)
{
    (void)unused;
    (void)gp;
    uint32_t was = FORCEGC_RUNNING;
    return cas_acq_rel(&forcegc.state, &was, FORCEGC_PARKED); // pairs [forcegc.state]
}

static void help(void *unused)
{
    (void)unused;
    forcegc.g = getg();
    for (;;) {
        gopark(park_commit, NULL, WAIT_FORCEGC);
        uint32_t was = xchg_acq_rel(&forcegc.state, FORCEGC_RUNNING); // pairs [forcegc.state]
        rt_assert(was == FORCEGC_REQUESTED);
        struct gc_trigger t = {.kind = GC_TRIGGER_TIME, .now = host_nanotime()};
        gc_start(&t);
    }
}

void forcegc_start(void)
{
    forcegc_put_off(host_nanotime());
    newproc_system(help, NULL);
}

// By sysmon, which has no p: through the global queue.
static void wake_helper(void)
{
    // as long as this thread has the helper in its hands it must count as one that runs
    incidlelocked(-1);
    casgstatus(forcegc.g, G_WAITING, G_RUNNABLE);
    lock(&sched.lock);
    globrunqput_locked(forcegc.g);
    unlock(&sched.lock);
    wakep();
    incidlelocked(1);
}

void gc_sysmon(int64_t now)
{
    struct gc_trigger t = {.kind = GC_TRIGGER_TIME, .now = now};
    if (!gc_trigger_test(&t))
        return;
    // pairs [forcegc.state]
    uint32_t was = xchg_acq_rel(&forcegc.state, FORCEGC_REQUESTED);
    if (was == FORCEGC_PARKED)
        wake_helper();
}
