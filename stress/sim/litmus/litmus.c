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

// The stack below the caller's frame is painted; how much of it is not paint any more? A call of
// the engine leaves two words, which lie above `here`; a function and its calls leave so many more.

uint32_t litmus_words_below;

enum { PAINTED = 512 / 8, MARGIN = 8 }; // within what a restart clears
static const uint64_t paint = 0x5aa55aa55aa55aa5;

SAN_UNINSTRUMENTED static __attribute__((noinline)) void paint_below(void)
{
    volatile uint64_t words[PAINTED];
    for (uint32_t i = 0; i < PAINTED; i++)
        words[i] = paint;
}

SAN_UNINSTRUMENTED static __attribute__((noinline)) void count_below(uint32_t more)
{
    const volatile uint64_t *here = __builtin_frame_address(0);
    for (uint32_t i = 1 + more; i <= PAINTED - MARGIN; i++)
        litmus_words_below += here[-(int)i] != paint;
}

static void ends_at_once(void *arg)
{
    (void)arg;
}

static _Atomic uint8_t a8;
static _Atomic uint16_t a16;
static _Atomic uint32_t a32;
static _Atomic uint64_t a64;
static volatile struct __attribute__((packed)) {
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
} odd;
static volatile unsigned __int128 v128;

#define ALL_ATOMICS(a)                                                                             \
    do {                                                                                           \
        atomic_store_explicit(a, 1, memory_order_release);                                         \
        __typeof__(atomic_load_explicit(a, memory_order_acquire)) old = 1;                         \
        atomic_compare_exchange_strong_explicit(a, &old, 2, memory_order_acq_rel,                  \
                                                memory_order_acquire);                             \
        atomic_compare_exchange_weak_explicit(a, &old, 3, memory_order_acq_rel,                    \
                                              memory_order_acquire);                               \
        atomic_exchange_explicit(a, 4, memory_order_acq_rel);                                      \
        atomic_fetch_add_explicit(a, 1, memory_order_relaxed);                                     \
        atomic_fetch_sub_explicit(a, 1, memory_order_acq_rel);                                     \
        atomic_fetch_and_explicit(a, 3, memory_order_acq_rel);                                     \
        atomic_fetch_or_explicit(a, 3, memory_order_acq_rel);                                      \
        atomic_fetch_xor_explicit(a, 3, memory_order_acq_rel);                                     \
        atomic_store_explicit(a, 1, memory_order_seq_cst);                                         \
    } while (0)

static void accesses_of_all_kinds(void *arg)
{
    (void)arg;
    uint32_t copy[8] = {0};
    paint_below();
    memcpy(copy, bytes_of_many, sizeof copy);
    memset(bytes_of_many, (int)copy[0], sizeof bytes_of_many);
    memmove(bytes_of_many, bytes_of_many + 1, 4);
    odd.v8 = (uint8_t)odd.v16;
    odd.v16 = odd.v8;
    odd.v32 = (uint32_t)odd.v64;
    odd.v64 = odd.v32;
    v128 = v128 + data;
    data = copy[7];
    litmus_seen = data;
    ALL_ATOMICS(&a8);
    ALL_ATOMICS(&a16);
    ALL_ATOMICS(&a32);
    ALL_ATOMICS(&a64);
    atomic_thread_fence(memory_order_seq_cst);
    count_below(0);
}

static void calls_of_all_kinds(void *arg)
{
    (void)arg;
    static void *refs[1];
    paint_below();
    const uint32_t actor = probe_actor("caller");
    probe_op(actor, 0);
    probe_globals(refs, 1);
    probe_refs(refs, 1);
    san_fiber_destroy(san_fiber_create());
    host_signal_stack(HOST_PAGE_BYTES);
    host_on_fault(NULL);
    host_thread_create(ends_at_once, NULL, 0);
    char *p = host_reserve(HOST_PAGE_BYTES);
    host_commit(p, HOST_PAGE_BYTES);
    san_heap_init(p, HOST_PAGE_BYTES);
    san_heap_alloc(p, 64);
    san_heap_free(p, 64);
    host_decommit(p, HOST_PAGE_BYTES);
    char *stack = host_stacks_reserve(2 * HOST_PAGE_BYTES, 1);
    host_stack_open(stack, 2 * HOST_PAGE_BYTES);
    host_stack_close(stack, HOST_PAGE_BYTES);
    litmus_seen = (uint32_t)host_random() + (uint32_t)host_nanotime() + (uint32_t)host_ncpu();
    host_yield();
    host_relax();
    host_spin(1);
    host_sleep(1);
    host_futex_wait(&x, 0, 0);
    host_futex_wait(&x, 0, 100);
    host_futex_wake(&x, 1);
    struct host_ready ready[2];
    host_poll_wait(100, ready, 2);
    host_poll_break();
    host_poll_wait(0, ready, 2);
    host_write_err("litmus\n", 7);
    count_below(0);
}

static __attribute__((noinline)) void in_between(void)
{
    litmus_seen = 1;
}

static void functions(void *arg)
{
    (void)arg;
    paint_below();
    in_between();
    count_below(2);
}

static void fills_null(void *arg)
{
    static atomic_u32 *volatile nowhere;
    (void)arg;
    store_release(nowhere, 1u);
}

const struct litmus litmus_commits_both = {"commits both", NULL, 1, {commits_both}};
const struct litmus litmus_commits_one = {"commits one", "crash", 1, {commits_one}};
const struct litmus litmus_hooks[] = {{"accesses of all kinds", NULL, 1, {accesses_of_all_kinds}},
                                      {"calls of all kinds", NULL, 1, {calls_of_all_kinds}},
                                      {"functions", NULL, 1, {functions}},
                                      {0}};
const struct litmus litmus_fills_null = {"fills null", "crash", 1, {fills_null}};
const struct litmus litmus_long = {"many operations", NULL, 1, {many_operations}};

// One that waits without a word for what another brings after it has slept some times.

static void brings_after_sleep(void *unused)
{
    (void)unused;
    for (int i = 0; i < 12; i++)
        host_sleep(20000);
    store_release(&flag, 1u);
}

static void waits_without_relax(void *unused)
{
    (void)unused;
    while (load_acquire(&flag) == 0)
        ;
}

// Beside them until fair turns have begun; from when it ends on, one is alone.
static void goes_on_for_long(void *unused)
{
    (void)unused;
    for (int i = 0; i < 12013; i++)
        load_relaxed(&x);
}

const struct litmus litmus_waits_for_sleeper = {
    "waits for a sleeper", NULL, 3, {brings_after_sleep, waits_without_relax, goes_on_for_long}};

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
