// SPDX-License-Identifier: Apache-2.0
//
// What timers and descriptors cost: sizes prod, one p, processor time. peer/net.go asks Go the same
// under the same names.
#include <stdlib.h>

#include "runtime/base/atomic.h"
#include "runtime/rt.h"
#include "runtime/rt_net.h"
#include "runtime/rt_timer.h"
#include "stress/bench/operations.h"

enum { TIMERS = 100000, ROUND_TRIPS = 1000 };

static const int64_t hour_ns = 3600ll * 1000 * 1000 * 1000;

static struct rt_timer timer[TIMERS];
static uint32_t fired; // by timers of the only p
static struct g *main_goroutine;

static void count_one(void *unused)
{
    (void)unused;
    if (++fired == TIMERS)
        rt_ready(main_goroutine);
}

// Scattered, so that heaps do not fill up in order.
static int64_t far_away(uint32_t i)
{
    return hour_ns + (int64_t)(i * 2654435761u % TIMERS) * 1000;
}

static void start_all(void)
{
    for (uint32_t i = 0; i < TIMERS; i++)
        if (rt_timer_start(&timer[i], far_away(i), count_one, NULL) != 0)
            abort();
}

static void stop_all(void)
{
    for (uint32_t i = 0; i < TIMERS; i++)
        if (!rt_timer_stop(&timer[i]))
            abort();
}

static void start_and_stop(void)
{
    start_all();
    stop_all();
}

static uint32_t moves;

static void move_all(void)
{
    moves++;
    for (uint32_t i = 0; i < TIMERS; i++)
        if (rt_timer_reset(&timer[i], far_away(i + moves * 7919)) != 1)
            abort();
}

static void fire_all(void)
{
    fired = 0;
    for (uint32_t i = 0; i < TIMERS; i++)
        if (rt_timer_start(&timer[i], (int64_t)(i * 2654435761u % TIMERS), count_one, NULL) != 0)
            abort();
    while (fired < TIMERS)
        rt_park();
}

// Descriptors ---------------------------------------------------------------------------------

static int64_t ends[2];

static void echo(void *unused)
{
    (void)unused;
    char c;
    while (rt_read(ends[1], &c, 1) == 1)
        if (rt_write(ends[1], &c, 1) != 1)
            abort();
    rt_close(ends[1]);
}

static void open_pair(void)
{
    if (rt_socketpair(ends) != 0)
        abort();
    rt_go(echo, NULL);
}

static void close_pair(void)
{
    rt_close(ends[0]);
}

static void round_trips(void)
{
    char c = 'x';
    for (int i = 0; i < ROUND_TRIPS; i++)
        if (rt_write(ends[0], &c, 1) != 1 || rt_read(ends[0], &c, 1) != 1)
            abort();
}

static const struct operation operations[] = {
    {.name = "net.timer_start_stop_100000", start_and_stop, TIMERS, &clock_cpu_ns},
    {.name = "net.timer_move_100000",
     move_all,
     TIMERS,
     &clock_cpu_ns,
     .prepare = start_all,
     .clear = stop_all},
    {.name = "net.timer_fire_100000", fire_all, TIMERS, &clock_cpu_ns},
    {.name = "net.pair_round_trip",
     round_trips,
     ROUND_TRIPS,
     &clock_cpu_ns,
     .prepare = open_pair,
     .clear = close_pair},
};

static void run(void *arg)
{
    main_goroutine = rt_self();
    operations_run(operations, sizeof operations / sizeof operations[0], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    rt_main(&(struct rt_config){.procs = 1}, run, &slices);
}
