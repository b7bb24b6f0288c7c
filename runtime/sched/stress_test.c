// SPDX-License-Identifier: Apache-2.0
//
// A hundred thousand goroutines on four p's and real threads: spawning trees, yields, permits in
// both orders, sleeps. Nothing may be lost: every goroutine counts itself, and main waits for
// all. Run natively and under ThreadSanitizer, where it must be silent. The first argument scales
// the number of goroutines.
#include <stdlib.h>

#include "runtime/base/atomic.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"

enum { PROCS = 4, FAN = 10, BATCH = 1000, TURNS = 20 };

static uint32_t goal = 100000; // const after main
static struct g *main_goroutine;
static atomic_u32 ended;
static atomic_u32 batch_left;
static atomic_u32 work_sum;

static void one_done(void)
{
    add_relaxed(&ended, 1);
    if (sub_acq_rel(&batch_left, 1) == 1) // pairs [stress.left]
        rt_ready(main_goroutine);
}

static void leaf(void *arg)
{
    uintptr_t kind = (uintptr_t)arg;
    if (kind % 4 == 1)
        rt_yield();
    if (kind % 4 == 2)
        rt_sleep((int64_t)(kind % 7) * 1000);
    if (kind % 16 == 3) {
        one_done();
        rt_exit();
    }
    add_relaxed(&work_sum, 1);
    one_done();
}

// Two goroutines that hand a plain word to and fro by permits.
struct pair {
    struct g *first, *second;
    uint32_t word; // owner: who was readied last
};

static void second_of_pair(void *arg)
{
    struct pair *pr = arg;
    // after the last turn *pr is gone
    for (uint32_t i = 0; i < TURNS; i++) {
        do
            rt_park();
        while (pr->word % 2 == 0);
        pr->word++;
        rt_ready(pr->first);
    }
    one_done();
}

static void play_pair(struct pair *pr)
{
    pr->first = rt_self();
    pr->word = 0;
    pr->second = rt_go(second_of_pair, pr);
    for (uint32_t i = 0; i < TURNS; i++) {
        pr->word++;
        rt_ready(pr->second);
        do
            rt_park();
        while (pr->word % 2 == 1);
    }
    if (pr->word != 2 * TURNS)
        rt_fatal("stress: a turn was lost");
}

static void node(void *arg)
{
    uintptr_t kind = (uintptr_t)arg;
    for (uintptr_t i = 0; i < FAN - 2; i++)
        rt_go(leaf, (void *)(kind + i)); // NOLINT: a number in a pointer
    struct pair pr;
    play_pair(&pr);
    one_done();
}

static void run(void *arg)
{
    (void)arg;
    main_goroutine = rt_self();
    for (uint32_t made = 0; made < goal; made += BATCH) {
        store_relaxed(&batch_left, BATCH);
        for (uintptr_t i = 0; i < BATCH / FAN; i++)
            rt_go(node, (void *)(made + i * FAN));
        while (load_acquire(&batch_left) != 0) // pairs [stress.left]
            rt_park();
    }
    if (load_relaxed(&ended) != goal)
        rt_fatal("stress: goroutines were lost");
    struct rt_stats stats;
    bool complete = false;
    for (int tries = 0; tries < 1000 && !complete; tries++) {
        rt_sleep(100000); // everybody else goes idle, and what they have counted is published
        rt_stats(&stats);
        // the main goroutine was created too
        complete = stats.goroutines_created == goal + 1 && stats.goroutines_ended == goal;
    }
    if (!complete)
        rt_fatal("stress: the statistics are wrong");
    if (stats.steal_successes > stats.steal_attempts || stats.stolen < stats.steal_successes)
        rt_fatal("stress: the statistics are wrong");
    if (goal >= 100000 && stats.steal_successes == 0)
        rt_fatal("stress: nothing was ever stolen");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        goal = (uint32_t)strtoul(argv[1], NULL, 10) / BATCH * BATCH;
    struct rt_config config = {.procs = PROCS};
    rt_main(&config, run, NULL);
}
