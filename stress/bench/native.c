// SPDX-License-Identifier: Apache-2.0
//
// What the runtime's basic operations cost on the machine itself: one p, one thread, sizes prod,
// no instrumentation. peer/peer.go asks Go the same under the same names. Prints lines of
// samples.h. Each slice is timed as a whole, in processor time of the process; a look at the clock
// stands between batches only.
#include <stdlib.h>

#include "runtime/rt.h"
#include "runtime/sched/sched.h"
#include "stress/bench/samples.h"

enum { BATCH = 10000, GROUP = 100 };

// BATCH operations.
struct operation {
    const char *name;
    void (*batch)(void);
};

static struct g *main_goroutine, *partner;

static void nothing(void *arg)
{
    (void)arg;
}

static void back(struct g *gp)
{
    gogo(gp);
}

// To g0 and back, with nothing in between: what every other switch is made of.
static void switches(void)
{
    for (int i = 0; i < BATCH; i++)
        mcall(back);
}

static void yields(void)
{
    for (int i = 0; i < BATCH; i++)
        rt_yield();
}

// A goroutine's whole life: made, queued, switched to, ended, kept for reuse. Started in groups,
// so that one yield of the starter serves many.
static void lives(void)
{
    for (int i = 0; i < BATCH / GROUP; i++) {
        for (int k = 0; k < GROUP; k++)
            rt_go(nothing, NULL);
        rt_yield();
    }
}

// The same one at a time, each with a yield of its starter.
static void lives_one_by_one(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_go(nothing, NULL);
        rt_yield();
    }
}

static void answer(void *arg)
{
    (void)arg;
    for (;;) {
        rt_park();
        rt_ready(main_goroutine);
    }
}

// There and back: two readies, two parks, two switches.
static void round_trips(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_ready(partner);
        rt_park();
    }
}

static const struct operation operations[] = {
    {"native.gogo_mcall_pair", switches},
    {"native.yield", yields},
    {"native.spawn_and_finish", lives},
    {"native.spawn_yield_finish", lives_one_by_one},
    {"native.park_ready_round_trip", round_trips},
};

static void measure(const struct operation *op, const struct slices *slices)
{
    static struct samples s;

    s = (struct samples){.unit = "ns"};
    for (size_t i = 0; op->name[i] != 0 && i < sizeof s.name - 1; i++)
        s.name[i] = op->name[i];
    op->batch(); // warm up: goroutines and queues are made once
    for (uint32_t i = 0; i < slices->n; i++) {
        double begin = slices_cpu(), seconds;
        uint64_t batches = 0;

        do {
            op->batch();
            batches++;
            seconds = slices_cpu() - begin;
        } while (seconds < slices->seconds);
        samples_add(&s, seconds * 1e9 / (double)(batches * BATCH));
    }
    samples_print(&s);
}

static void run(void *arg)
{
    main_goroutine = rt_self();
    partner = rt_go(answer, NULL);
    rt_yield(); // it parks
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        measure(&operations[i], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    struct rt_config config = {.procs = 1};

    rt_main(&config, run, &slices);
}
