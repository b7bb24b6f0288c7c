// SPDX-License-Identifier: Apache-2.0
//
// Canaries of starvation; see canary.h. They keep a goroutine away from the queues in which
// somebody would find it: it is runnable, and nobody comes.

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"
#include "stress/sim/canary/canary.h"

enum { YIELDS = 1500, ADDS = 30000, PART_NS = 20000 };

static struct g *kept;

static void nothing(void *arg)
{
    (void)arg;
}

// Made runnable, and out of the queue again.
static void keep(void *fn)
{
    bool inherit_time;
    (void)fn;
    kept = runqget(getg()->m->p, &inherit_time);
}

static void yields(void)
{
    for (int i = 0; i < YIELDS; i++)
        rt_yield();
}

static void others_run(void *arg)
{
    (void)arg;
    rt_set_procs(1);
    rt_go(nothing, NULL);
    systemstack(keep, NULL);
    yields();
    rt_throw("canary: nobody has missed a goroutine");
}

static void beside_an_idle_p(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    systemstack(keep, NULL);
    // no stable point comes, at which it would be missed in the queues
    static atomic_u32 word;
    for (int i = 0; i < 2 && kept != NULL; i++) {
        for (int k = 0; k < ADDS; k++)
            add_relaxed(&word, 1u);
        rt_yield();
    }
    rt_exit(); // a thief may have been faster
}

// Long computations, many goroutines, all in order.
static void computes(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        host_spin(10 * PART_NS);
        rt_yield();
    }
}

static void all_have_their_turn(void *arg)
{
    for (int i = 0; i < 8; i++)
        rt_go(computes, arg);
    yields();
    rt_sleep(100 * 1000 * 1000);
}

const struct canary canaries_imbalance[] = {
    {"all have their turn", NULL, NULL, all_have_their_turn},
    {"others run again and again", "imbalance", "while others run", others_run},
    {"beside an idle p", "imbalance", "beside an idle p", beside_an_idle_p},
    {0},
};
