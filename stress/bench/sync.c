// SPDX-License-Identifier: Apache-2.0
//
// What channels, select, locks and panics cost: sizes prod, no instrumentation. peer/sync.go asks
// Go the same under the same names. On one p in processor time of the process, on two by the clock.
#include "runtime/rt.h"
#include "runtime/rt_chan.h"
#include "runtime/rt_panic.h"
#include "runtime/rt_sync.h"
#include "stress/bench/operations.h"

enum { BATCH = 10000, SLOTS = 128, CHANNELS = 8 };

struct word {
    uint64_t v;
};
RT_TYPE(word_type, struct word, 0);

static rt_ptr there, back, stream, fan[CHANNELS];

static void make_channels(void)
{
    rt_register_globals(&there, 1);
    rt_register_globals(&back, 1);
    rt_register_globals(&stream, 1);
    rt_register_globals(fan, CHANNELS);
    rt_write_ptr(&there, rt_chan_make(&word_type, 0));
    rt_write_ptr(&back, rt_chan_make(&word_type, 0));
    rt_write_ptr(&stream, rt_chan_make(&word_type, SLOTS));
    for (int i = 0; i < CHANNELS; i++)
        rt_write_ptr(&fan[i], rt_chan_make(&word_type, 0));
}

static void two_procs(void)
{
    rt_set_procs(2);
}

static void one_proc(void)
{
    rt_set_procs(1);
}

// Channels ------------------------------------------------------------------------------------

static void echo(void *arg)
{
    struct word w;
    (void)arg;
    for (;;) {
        rt_chan_recv(rt_load_ptr(&there), &w);
        rt_chan_send(rt_load_ptr(&back), &w);
    }
}

static void round_trips(void)
{
    struct word w = {1};
    for (int i = 0; i < BATCH; i++) {
        rt_chan_send(rt_load_ptr(&there), &w);
        rt_chan_recv(rt_load_ptr(&back), &w);
    }
}

static void pour(void *arg)
{
    struct word w = {1};
    (void)arg;
    for (;;)
        rt_chan_send(rt_load_ptr(&stream), &w);
}

static void drain(void)
{
    struct word w;
    for (int i = 0; i < BATCH; i++)
        rt_chan_recv(rt_load_ptr(&stream), &w);
}

static void send_in_turns(void *arg)
{
    struct word w = {1};
    (void)arg;
    for (int i = 0;; i = (i + 1) % CHANNELS)
        rt_chan_send(rt_load_ptr(&fan[i]), &w);
}

static void selects(void)
{
    struct rt_select_case cases[CHANNELS];
    struct word w;
    for (int k = 0; k < CHANNELS; k++)
        cases[k] =
            (struct rt_select_case){.c = rt_load_ptr(&fan[k]), .dir = RT_SELECT_RECV, .elem = &w};
    for (int i = 0; i < BATCH; i++)
        rt_select(cases, CHANNELS, false);
}

// Locks -----------------------------------------------------------------------------------------

static struct rt_mutex mutex;
static uint64_t counter; // mutex
static atomic_u32 stop;  // relaxed: the other one shall end; 2: it has

static void lock_and_unlock(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_mutex_lock(&mutex);
        counter++;
        rt_mutex_unlock(&mutex);
    }
}

static void contend(void *arg)
{
    (void)arg;
    while (load_relaxed(&stop) == 0) {
        rt_mutex_lock(&mutex);
        counter++;
        rt_mutex_unlock(&mutex);
        rt_preempt_point();
    }
    store_relaxed(&stop, 2);
}

static void start_contender(void)
{
    two_procs();
    store_relaxed(&stop, 0);
    rt_go(contend, NULL);
}

static void stop_contender(void)
{
    store_relaxed(&stop, 1);
    while (load_relaxed(&stop) != 2)
        rt_yield();
    one_proc();
}

// Panics ----------------------------------------------------------------------------------------

static void recover_it(void *arg)
{
    (void)arg;
    rt_recover(NULL);
}

static void panic_once(void *arg)
{
    (void)arg;
    rt_defer(recover_it, NULL);
    rt_panic("bench");
}

static void recoveries(void)
{
    for (int i = 0; i < BATCH; i++)
        rt_call(panic_once, NULL);
}

static void defer_once(void *arg)
{
    rt_defer(recover_it, arg);
}

static void deferred_calls(void)
{
    for (int i = 0; i < BATCH; i++)
        rt_call(defer_once, NULL);
}

static const struct operation operations[] = {
    {.name = "sync.unbuffered_round_trip", round_trips, BATCH, &clock_cpu_ns},
    {.name = "sync.unbuffered_round_trip_2p",
     round_trips,
     BATCH,
     &clock_wall_ns,
     .prepare = two_procs,
     .clear = one_proc},
    {.name = "sync.buffered_stream", drain, BATCH, &clock_cpu_ns},
    {.name = "sync.buffered_stream_2p",
     drain,
     BATCH,
     &clock_wall_ns,
     .prepare = two_procs,
     .clear = one_proc},
    {.name = "sync.select_8", selects, BATCH, &clock_cpu_ns},
    {.name = "sync.mutex", lock_and_unlock, BATCH, &clock_cpu_ns},
    {.name = "sync.mutex_contended_2p",
     lock_and_unlock,
     BATCH,
     &clock_wall_ns,
     .prepare = start_contender,
     .clear = stop_contender},
    {.name = "sync.deferred_call", deferred_calls, BATCH, &clock_cpu_ns},
    {.name = "sync.panic_and_recover", recoveries, BATCH, &clock_cpu_ns},
};

static void run(void *arg)
{
    make_channels();
    rt_go(echo, NULL);
    rt_go(pour, NULL);
    rt_go(send_in_turns, NULL);
    operations_run(operations, sizeof operations / sizeof operations[0], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    struct rt_config config = {.procs = 1};

    rt_main(&config, run, &slices);
}
