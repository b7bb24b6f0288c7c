// SPDX-License-Identifier: Apache-2.0
//
// Goroutines that sleep, each for a shorter time than the one before; none wakes before its time.
#include <stddef.h>

#include "runtime/base/atomic.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"

enum { SLEEPERS = 12 };
static const int64_t STEP_NS = 300000;

static struct g *main_goroutine;
static atomic_i32 left;

static void sleeper(void *arg)
{
    int64_t duration_ns = *(const int64_t *)arg;
    int64_t before = host_nanotime();
    rt_sleep(duration_ns);
    if (host_nanotime() - before < duration_ns)
        rt_fatal("a sleeper woke before its time");
    if (sub_acq_rel(&left, 1) == 1) // pairs [sleep.left]
        rt_ready(main_goroutine);
}

static void run(void *arg)
{
    (void)arg;
    static int64_t duration_ns[SLEEPERS];
    main_goroutine = rt_self();
    store_relaxed(&left, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++) {
        // later ones are shorter: each must call the thread that waits for the timers before out
        duration_ns[i] = (SLEEPERS - i) * STEP_NS;
        rt_go(sleeper, &duration_ns[i]);
    }
    while (load_acquire(&left) != 0) // pairs [sleep.left]
        rt_park();
}

int main(void)
{
    struct rt_config config = {.procs = 2};
    rt_main(&config, run, NULL);
}
