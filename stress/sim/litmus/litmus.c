// SPDX-License-Identifier: Apache-2.0
//
// See litmus.h. Globals are put back by the engine before each execution.

#include "stress/sim/litmus/litmus.h"

#include "runtime/base/atomic.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"
#include "stress/workload/probe.h"

#include <string.h>

static atomic_u32 x, y, flag, lock;
static uint32_t data;
uint32_t litmus_seen; // where loaded data go; not static, or the compiler drops the loads
static struct {
    uint8_t left, right;
} bytes;
static int counter;
static uint32_t bytes_of_many[8];

// Message passing: data, then a flag. Right, and with either half weakened.

static void mp_store_release(void *arg)
{
    (void)arg;
    data = 42;
    store_release(&flag, 1u);
}

static void mp_store_relaxed(void *arg)
{
    (void)arg;
    data = 42;
    store_relaxed(&flag, 1u);
}

static void mp_load_acquire(void *arg)
{
    (void)arg;
    if (load_acquire(&flag))
        litmus_seen = data;
}

static void mp_load_relaxed(void *arg)
{
    (void)arg;
    if (load_relaxed(&flag))
        litmus_seen = data;
}

// ... through fences, right and with either missing. The runtime has none; other programs do.

static void mp_fence_store(void *arg)
{
    (void)arg;
    data = 42;
    atomic_thread_fence(memory_order_release);
    store_relaxed(&flag, 1u);
}

static void mp_fence_load(void *arg)
{
    (void)arg;
    if (!load_relaxed(&flag))
        return;
    atomic_thread_fence(memory_order_acquire);
    litmus_seen = data;
}

// A release sequence: a read-modify-write by a third thread continues it, a relaxed store ends it.

static void rs_bump(void *arg)
{
    (void)arg;
    uint32_t one = 1;
    cas_relaxed(&flag, &one, 2u);
}

static void rs_overwrite(void *arg)
{
    (void)arg;
    if (load_relaxed(&flag) == 1)
        store_relaxed(&flag, 2u);
}

static void rs_go_on(void *arg)
{
    mp_store_release(arg);
    store_relaxed(&flag, 2u);
}

static void rs_load(void *arg)
{
    (void)arg;
    if (load_acquire(&flag) == 2)
        litmus_seen = data;
}

// A spin lock around a counter, right and with a relaxed unlock.

static void take(void)
{
    while (xchg_acquire(&lock, 1u))
        host_relax();
}

static void locked(void *arg)
{
    (void)arg;
    take();
    counter++;
    store_release(&lock, 0u);
}

static void locked_relaxed_unlock(void *arg)
{
    (void)arg;
    take();
    counter++;
    store_relaxed(&lock, 0u);
}

// Neighbouring bytes are two locations.

static void left_byte(void *arg)
{
    (void)arg;
    bytes.left++;
}

static void right_byte(void *arg)
{
    (void)arg;
    bytes.right++;
}

static void plain_increment(void *arg)
{
    (void)arg;
    counter++;
}

static void atomic_and_plain(void *arg)
{
    (void)arg;
    litmus_seen = *(volatile uint32_t *)&x.v;
}

static void atomic_store_x(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1u);
}

// Futex: a waiter that checks again, and one that nobody wakes.

static void futex_waiter(void *arg)
{
    (void)arg;
    while (load_acquire(&flag) == 0)
        host_futex_wait(&flag, 0, -1);
    litmus_seen = data;
}

static void futex_waker(void *arg)
{
    mp_store_release(arg);
    host_futex_wake(&flag, 1);
}

static void futex_forgetful(void *arg)
{
    mp_store_release(arg); // and no wake
}

// Ends that are none.

static void spins_for_ever(void *arg)
{
    (void)arg;
    while (load_relaxed(&y) == 0)
        host_relax();
}

static void loops_without_hook(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("");
}

static void null_store(void *arg)
{
    (void)arg;
    *(volatile int *)(uintptr_t)load_relaxed(&y) = 1;
}

static void aborts(void *arg)
{
    (void)arg;
    host_abort("litmus: g 7 has a bad status\n");
}

static void commits_both(void *arg)
{
    (void)arg;
    char *p = host_reserve(2 * HOST_PAGE_BYTES);
    host_commit(p, 2 * HOST_PAGE_BYTES);
    *(volatile char *)(p + HOST_PAGE_BYTES) = 7;
}

static void commits_one(void *arg)
{
    (void)arg;
    char *p = host_reserve(2 * HOST_PAGE_BYTES);
    host_commit(p, HOST_PAGE_BYTES);
    *(volatile char *)(p + HOST_PAGE_BYTES) = 7;
}

static void many_operations(void *arg)
{
    (void)arg;
    const uint32_t actor = probe_actor("long");
    for (uint32_t i = 0; i < 60000; i++) {
        probe_op(actor, i);
        load_relaxed(&x);
    }
}

// How far below its own frame does the stack hold anything?
uint32_t litmus_used_below;

SAN_UNINSTRUMENTED static __attribute__((noinline)) uint32_t used_below(void)
{
    enum { LOOKED_AT = 64 << 10 };
    const volatile char *here = __builtin_frame_address(0), *at = here - LOOKED_AT;
    while (at < here && *at == 0)
        at++;
    return (uint32_t)(here - at);
}

static void ends_at_once(void *arg)
{
    (void)arg;
}

static void calls_all_hooks(void *arg)
{
    (void)arg;
    uint32_t copy[8] = {0};
    memcpy(copy, bytes_of_many, sizeof copy);
    memset(bytes_of_many, (int)copy[0], sizeof bytes_of_many);
    data = copy[7];
    litmus_seen = data;
    store_release(&x, 1u);
    xchg_acq_rel(&x, 2u);
    uint32_t expected = load_acquire(&x);
    cas_acq_rel(&x, &expected, 3u);
    atomic_thread_fence(memory_order_seq_cst);
    san_fiber_destroy(san_fiber_create());
    host_thread_create(ends_at_once, NULL, 0);
    char *p = host_reserve(HOST_PAGE_BYTES);
    host_commit(p, HOST_PAGE_BYTES);
    *(volatile char *)p = 7;
    host_decommit(p, HOST_PAGE_BYTES);
    host_random();
    host_nanotime();
    host_yield();
    host_sleep(1);
    host_futex_wait(&x, 0, 0);
    host_futex_wake(&x, 1);
    host_poll_break();
    struct host_ready ready[2];
    host_poll_wait(0, ready, 2);
    litmus_used_below = used_below();
}

const struct litmus litmus_commits_both = {"commits both", NULL, 1, {commits_both}};
const struct litmus litmus_commits_one = {"commits one", "crash", 1, {commits_one}};
const struct litmus litmus_hooks = {"all hooks", NULL, 1, {calls_all_hooks}};
const struct litmus litmus_long = {"many operations", NULL, 1, {many_operations}};

// A waiter that nobody wakes but a helper that looks after it now and then.

uint8_t litmus_helper;

static void helps(void *arg)
{
    (void)arg;
    host_sleep(20000);
    store_release(&flag, 1u);
    host_futex_wake(&flag, 1);
}

static void waits_for_help(void *arg)
{
    (void)arg;
    host_thread_create(helps, &litmus_helper, 0);
    while (load_acquire(&flag) == 0)
        host_futex_wait(&flag, 0, -1);
}

static void needs_no_help(void *arg)
{
    (void)arg;
    host_thread_create(helps, &litmus_helper, 0);
}

const struct litmus litmus_waits_for_help = {"waits for help", NULL, 1, {waits_for_help}};
const struct litmus litmus_needs_no_help = {"needs no help", NULL, 1, {needs_no_help}};

const struct litmus litmus_programs[] = {
    {"message passing", NULL, 2, {mp_store_release, mp_load_acquire}},
    {"message passing, relaxed store", "race", 2, {mp_store_relaxed, mp_load_acquire}},
    {"message passing, relaxed load", "race", 2, {mp_store_release, mp_load_relaxed}},
    {"message passing, fences", NULL, 2, {mp_fence_store, mp_fence_load}},
    {"message passing, no release fence", "race", 2, {mp_store_relaxed, mp_fence_load}},
    {"message passing, no acquire fence", "race", 2, {mp_fence_store, mp_load_relaxed}},
    {"release sequence, continued", NULL, 3, {mp_store_release, rs_bump, rs_load}},
    {"release sequence, by its own thread", NULL, 2, {rs_go_on, rs_load}},
    {"release sequence, ended", "race", 3, {mp_store_release, rs_overwrite, rs_load}},
    {"spin lock", NULL, 3, {locked, locked, locked}},
    {"spin lock, relaxed unlock",
     "race",
     3,
     {locked_relaxed_unlock, locked_relaxed_unlock, locked}},
    {"neighbouring bytes", NULL, 2, {left_byte, right_byte}},
    {"plain increments", "race", 2, {plain_increment, plain_increment}},
    {"plain read, atomic store", "race", 2, {atomic_and_plain, atomic_store_x}},
    {"futex", NULL, 2, {futex_waiter, futex_waker}},
    {"futex, no wake", "deadlock", 2, {futex_waiter, futex_forgetful}},
    {"spins for ever", "livelock", 1, {spins_for_ever}},
    {"loop without a hook", "livelock", 1, {loops_without_hook}},
    {"null store", "crash", 1, {null_store}},
    {"abort", "crash", 1, {aborts}},
    {0},
};
