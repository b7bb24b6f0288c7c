// SPDX-License-Identifier: Apache-2.0
//
// Goroutines that start, take turns, and wait for each other. Every worker waits for a permit;
// main gives them out and waits for the last of them. Ends with status 0.
#include <stddef.h>

#include "runtime/base/atomic.h"
#include "runtime/base/throw.h"
#include "runtime/rt.h"

enum { WORKERS = 20, TURNS = 50 };

static struct g *main_goroutine;
static atomic_u32 left; // atomic: workers that have not ended
static atomic_u32 turns;

static void worker(void *arg)
{
    (void)arg;
    rt_park(); // until main says go
    for (int i = 0; i < TURNS; i++) {
        add_relaxed(&turns, 1);
        rt_yield();
    }
    if (sub_acq_rel(&left, 1) == 1) // pairs [example.left]
        rt_ready(main_goroutine);
}

static void run(void *arg)
{
    (void)arg;
    struct g *workers[WORKERS];
    main_goroutine = rt_self();
    store_relaxed(&left, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        workers[i] = rt_go(worker, NULL);
    for (int i = 0; i < WORKERS; i++)
        rt_ready(workers[i]);        // some have not parked yet: the permit waits for them
    while (load_acquire(&left) != 0) // pairs [example.left]
        rt_park();
    if (load_relaxed(&turns) != WORKERS * TURNS)
        rt_fatal("a turn was lost");
}

int main(void)
{
    struct rt_config config = {.procs = 3};
    rt_main(&config, run, NULL);
}
