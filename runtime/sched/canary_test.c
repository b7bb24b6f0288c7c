// SPDX-License-Identifier: Apache-2.0
//
// Canaries under real ThreadSanitizer: the annotations of switching must hide no missing order and
// invent none. Each scene runs in a process of its own, which exits with REPORTED when
// ThreadSanitizer speaks.
//   a counter owned by the p            silent: handing a p over is ordered
//   a counter of somebody else's p      reported
//   a goroutine handed over in a slot, released and acquired   silent
//   the same with relaxed accesses      reported: nothing orders its saved context
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/sched/death.h"
#include "runtime/sched/testing.h"

enum { REPORTED = 66, WORKERS = 8, TURNS = 300, HANDOVERS = 200, SPINS = 200000 };

static const char *scene;
static struct g *main_goroutine;
static atomic_u32 left;

static void one_done(void)
{
    if (sub_acq_rel(&left, 1) == 1) // pairs [canary.left]
        rt_ready(main_goroutine);
}

// Counters of p's -----------------------------------------------------------------------------

static uint64_t counters[PROCS_MAX]; // owner: the m that holds the p (or not: that is the canary)

static void counter_worker(void *arg)
{
    bool own = *(const bool *)arg;
    for (int i = 0; i < TURNS; i++) {
        int32_t id = getg()->m->p->id;
        counters[own ? id : 0]++;
        if (i % 3 == 0)
            host_spin(2000); // so that other threads get to run some
        rt_yield();
    }
    one_done();
}

static void counters_of_ps(bool own)
{
    store_relaxed(&left, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        rt_go(counter_worker, &own);
    while (load_acquire(&left) != 0) // pairs [canary.left]
        rt_park();
}

// A goroutine in a slot -----------------------------------------------------------------------
// The runtime's own status word would order the hand-over, so the goroutine stays `running`
// while it lies in the slot.

static ATOMIC_PTR(struct g) slot;
static bool slot_ordered; // const while goroutines run

// Uninstrumented, so that nothing but the saved context can give the missing order away.
static SAN_UNINSTRUMENTED void move_to(struct g *gp, struct m *mp)
{
    gp->m = mp;
}

static void slot_put_m(struct g *gp)
{
    struct m *mp = getg()->m;
    mp->curg = NULL;
    move_to(gp, NULL);
    if (slot_ordered)
        store_release(&slot, gp); // pairs [canary.slot]
    else
        store_relaxed(&slot, gp);
    schedule();
}

static struct g *slot_look(void)
{
    return slot_ordered ? load_acquire(&slot) : load_relaxed(&slot); // pairs [canary.slot]
}

// Puts the caller aside and goes on as the goroutine in the slot.
static void slot_take_m(struct g *taker)
{
    struct m *mp = getg()->m;
    struct g *gp = slot_look();
    store_relaxed(&slot, NULL);
    mp->curg = NULL;
    taker->m = NULL;
    casgstatus(taker, G_RUNNING, G_RUNNABLE);
    runqput(mp->p, taker, false);
    mp->curg = gp;
    move_to(gp, mp);
    gogo(gp);
}

static void slot_giver(void *arg)
{
    (void)arg;
    for (int i = 0; i < HANDOVERS; i++)
        mcall(slot_put_m);
    one_done();
}

static void slot_taker(void *arg)
{
    (void)arg;
    for (int taken = 0; taken < HANDOVERS; taken++) {
        for (int spins = 0; slot_look() == NULL; spins++) {
            if (spins % SPINS == SPINS - 1)
                rt_yield();
            host_relax();
        }
        mcall(slot_take_m);
    }
    one_done();
}

static void handover(bool ordered)
{
    slot_ordered = ordered;
    store_relaxed(&left, 2);
    rt_go(slot_taker, NULL);
    rt_go(slot_giver, NULL);
    while (load_acquire(&left) != 0) // pairs [canary.left]
        rt_park();
}

// Scenes ----------------------------------------------------------------------------------------

static void run(void *arg)
{
    (void)arg;
    main_goroutine = rt_self();
    if (strcmp(scene, "own-counter") == 0)
        counters_of_ps(true);
    else if (strcmp(scene, "foreign-counter") == 0)
        counters_of_ps(false);
    else if (strcmp(scene, "slot-ordered") == 0)
        handover(true);
    else if (strcmp(scene, "slot-relaxed") == 0)
        handover(false);
    else
        rt_fatal("canary: no such scene");
}

static const char *self;
static const char *child_scene;

static void child(void)
{
    setenv("TSAN_OPTIONS",
           "history_size=7:exitcode=66:symbolize=0:halt_on_error=1:atexit_sleep_ms=0", 1);
    execl(self, self, child_scene, (char *)NULL);
    _exit(127);
}

// A report depends on two threads really meeting: a scene that must be reported has several tries.
static bool expect(const char *name, bool reported, int tries)
{
    static char text[65536];
    int code = 0;
    child_scene = name;
    for (int i = 0; i < tries; i++) {
        int status = death_of(child, text, sizeof(text));
        code = WIFEXITED(status) ? WEXITSTATUS(status) : -status;
        bool race = strstr(text, "ThreadSanitizer: data race") != NULL;
        if (reported && code == REPORTED && race)
            return true;
        if (!reported && code != 0)
            break;
        if (reported && code != 0)
            break;
        if (!reported && i + 1 == tries)
            return true;
    }
    fprintf(stderr, "canary %s: exit code %d, expected %s\n%s\n", name, code,
            reported ? "a report" : "silence", text);
    return false;
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1) {
        scene = argv[1];
        struct rt_config config = {.procs = 2};
        rt_main(&config, run, NULL);
    }
    bool ok = expect("own-counter", false, 3);
    ok &= expect("foreign-counter", true, 20);
    ok &= expect("slot-ordered", false, 3);
    ok &= expect("slot-relaxed", true, 20);
    return ok ? 0 : 1;
}
