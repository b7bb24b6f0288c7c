// SPDX-License-Identifier: Apache-2.0
//
// See tso.h. T0 is the first function of a program, T1 the second. Globals are put back by the
// engine before each execution; what a thread has loaded stays for the outcome.

#include "stress/sim/litmus/tso.h"

#include <stddef.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"

static _Alignas(8) atomic_u32 x;
static _Alignas(8) atomic_u32 y;
static _Alignas(8) atomic_u32 z;
static _Alignas(8) atomic_u32 tail;
static _Alignas(8) atomic_u32 idle;
static _Alignas(8) uint32_t r0, r1, r2, r3;
static uint32_t data;

// Store buffering: each thread stores, and then looks whether the other has.

static void store_then_look(void *arg)
{
    (void)arg;
    store_release(&x, 1);
    r0 = load_acquire(&y);
}

static void other_store_then_look(void *arg)
{
    (void)arg;
    store_release(&y, 1);
    r1 = load_acquire(&x);
}

static bool neither_seen(void)
{
    return r0 == 0 && r1 == 0;
}

// ... with something in between, in both threads. What drains keeps the weak outcome away.

static void seq_cst_store(void *arg)
{
    (void)arg;
    store_seq_cst(&x, 1);
    r0 = load_relaxed(&y);
}

static void other_seq_cst_store(void *arg)
{
    (void)arg;
    store_seq_cst(&y, 1);
    r1 = load_relaxed(&x);
}

static void rmw_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    add_relaxed(&z, 1);
    r0 = load_relaxed(&y);
}

static void other_rmw_between(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1);
    add_relaxed(&z, 1);
    r1 = load_relaxed(&x);
}

static void failed_cas(void)
{
    uint32_t expected = 7;
    cas_relaxed(&z, &expected, 8);
}

static void failed_cas_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    failed_cas();
    r0 = load_relaxed(&y);
}

static void other_failed_cas_between(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1);
    failed_cas();
    r1 = load_relaxed(&x);
}

static void fence_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    atomic_thread_fence(memory_order_seq_cst);
    r0 = load_relaxed(&y);
}

static void other_fence_between(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1);
    atomic_thread_fence(memory_order_seq_cst);
    r1 = load_relaxed(&x);
}

static void weak_fence_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    atomic_thread_fence(memory_order_acq_rel);
    r0 = load_relaxed(&y);
}

static void yield_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    host_yield();
    r0 = load_relaxed(&y);
}

static void other_yield_between(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1);
    host_yield();
    r1 = load_relaxed(&x);
}

static void clock_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    host_nanotime();
    r0 = load_relaxed(&y);
}

// ... with something that drains only after the look: it must not hide that the look came first.

static void rmw_after(void *arg)
{
    store_then_look(arg);
    add_relaxed(&z, 1);
}

static void plain_read_after(void *arg)
{
    store_then_look(arg);
    litmus_seen = *(volatile uint32_t *)&x.v;
}

// Message passing: two stores are seen in order. Load buffering: no store is seen before a load
// that stands before it.

static void two_stores(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    store_relaxed(&y, 1);
}

static void look_backward(void *arg)
{
    (void)arg;
    r0 = load_relaxed(&y);
    r1 = load_relaxed(&x);
}

static bool second_alone(void)
{
    return r0 == 1 && r1 == 0;
}

static void look_then_store(void *arg)
{
    (void)arg;
    r0 = load_relaxed(&x);
    store_relaxed(&y, 1);
}

static void other_look_then_store(void *arg)
{
    (void)arg;
    r1 = load_relaxed(&y);
    store_relaxed(&x, 1);
}

static bool both_seen(void)
{
    return r0 == 1 && r1 == 1;
}

// More stores than a buffer holds.
enum { MANY = 40 };
static atomic_u32 many[MANY];

static void many_stores(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++)
        store_relaxed(&many[i], 1);
}

static void look_at_many_backward(void *arg)
{
    (void)arg;
    for (int i = MANY - 1; i >= 0; i--) {
        uint32_t seen = load_relaxed(&many[i]);
        r0 |= r1 && !seen;
        r1 |= seen;
    }
}

static bool a_later_one_alone(void)
{
    return r0 != 0;
}

// A thread sees its own stores at once, others later.

static void own_read(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    r2 = load_relaxed(&x);
    r0 = load_relaxed(&y);
}

static void other_own_read(void *arg)
{
    (void)arg;
    store_relaxed(&y, 1);
    r3 = load_relaxed(&y);
    r1 = load_relaxed(&x);
}

static bool own_not_seen(void)
{
    return r2 == 0;
}

static bool only_own_seen(void)
{
    return r2 == 1 && r3 == 1 && neither_seen();
}

static union {
    atomic_u32 half[2];
    atomic_u64 whole;
} wide;

static void wider_own_read(void *arg)
{
    (void)arg;
    store_seq_cst(&wide.half[1], 5);
    store_relaxed(&wide.half[0], 1);
    r2 = load_relaxed(&wide.whole) == (5ull << 32 | 1);
}

// Plain accesses to a word with a held store.

static void plain_read_between(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    r2 = *(volatile uint32_t *)&x.v;
    r0 = load_relaxed(&y);
}

static void plain_write_after(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    *(volatile uint32_t *)&x.v = 2;
}

static void cleared_after(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof x; // so that it stays a call
    store_relaxed(&x, 1);
    memset(&x, 2, bytes);
}

static void copied_after(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof r2;
    store_relaxed(&x, 1);
    memcpy(&r2, &x, bytes);
}

static bool held_came_last(void)
{
    return load_relaxed(&x) == 1;
}

// The kernel sees memory. A producer puts work in and looks whether the worker sleeps; the worker
// says that it will and looks again for work.

static void produce(void *arg)
{
    (void)arg;
    store_release(&tail, 1);
    if (load_acquire(&idle)) {
        store_release(&idle, 0);
        host_futex_wake(&idle, 1);
    }
}

static void sleep_without_work(void *arg)
{
    (void)arg;
    store_release(&idle, 1);
    if (load_acquire(&tail) == 0)
        host_futex_wait(&idle, 1, -1);
}

static void produce_seq_cst(void *arg)
{
    (void)arg;
    store_seq_cst(&tail, 1);
    if (load_seq_cst(&idle)) {
        store_release(&idle, 0);
        host_futex_wake(&idle, 1);
    }
}

static void sleep_seq_cst(void *arg)
{
    (void)arg;
    store_seq_cst(&idle, 1);
    if (load_seq_cst(&tail) == 0)
        host_futex_wait(&idle, 1, -1);
}

static void produce_rmw(void *arg)
{
    (void)arg;
    xchg_release(&tail, 1);
    if (load_acquire(&idle)) {
        store_release(&idle, 0);
        host_futex_wake(&idle, 1);
    }
}

static void sleep_rmw(void *arg)
{
    (void)arg;
    xchg_release(&idle, 1);
    if (load_acquire(&tail) == 0)
        host_futex_wait(&idle, 1, -1);
}

static void sleeps_on_own_store(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    host_futex_wait(&x, 0, -1);
}

static void sleeps_while_seen(void *arg)
{
    (void)arg;
    store_release(&x, 1);
    while (load_acquire(&y) == 0)
        host_futex_wait(&y, 0, -1);
}

static void wakes_when_seen(void *arg)
{
    (void)arg;
    while (load_acquire(&x) == 0)
        host_relax();
    store_release(&y, 1);
    host_futex_wake(&y, 1);
}

static void gives_page_back(void *arg)
{
    (void)arg;
    atomic_u32 *page = host_reserve(HOST_PAGE_BYTES);
    host_commit(page, HOST_PAGE_BYTES);
    store_relaxed(page, 1);
    host_decommit(page, HOST_PAGE_BYTES);
    host_commit(page, HOST_PAGE_BYTES);
    r0 = load_relaxed(page);
}

static bool old_life_seen(void)
{
    return r0 == 1;
}

// Each waits for the other's store, politely and not.

static void relaxes_until_seen(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    while (load_relaxed(&y) == 0)
        host_relax();
}

static void answers_after_relaxing(void *arg)
{
    (void)arg;
    while (load_relaxed(&x) == 0)
        host_relax();
    store_relaxed(&y, 1);
}

static void spins_until_seen(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    while (load_relaxed(&y) == 0)
        ;
}

static void answers_after_spinning(void *arg)
{
    (void)arg;
    while (load_relaxed(&x) == 0)
        ;
    store_relaxed(&y, 1);
}

// Stacks. The compiler puts no hook before the accesses to a stack that need none.

static ATOMIC_PTR(atomic_u32) on_stack;

static atomic_u32 *lent_word(void)
{
    atomic_u32 *there;
    while ((there = load_acquire(&on_stack)) == NULL)
        host_yield();
    return there;
}

static void own_stack(void *arg)
{
    (void)arg;
    atomic_u32 local = {0};
    store_seq_cst(&on_stack, &local);
    store_relaxed(&local, 1);
    r0 = load_relaxed(&y);
    while (load_acquire(&z) == 0) // the other has looked
        host_yield();
}

static void look_at_stack(void *arg)
{
    (void)arg;
    atomic_u32 *there = lent_word();
    store_seq_cst(&y, 1);
    r1 = load_relaxed(there);
    store_release(&z, 1);
}

static void lends_its_stack(void *arg)
{
    (void)arg;
    atomic_u32 local = {0};
    store_seq_cst(&on_stack, &local);
    store_seq_cst(&y, 1);
    r1 = load_relaxed(&local);
    while (load_acquire(&z) == 0)
        host_yield();
}

static void stores_to_others_stack(void *arg)
{
    (void)arg;
    store_relaxed(lent_word(), 1);
    r0 = load_relaxed(&y);
    store_release(&z, 1);
}

// The stack pointer stays: to the engine it is another stack that runs now.
static void switches_to_others_stack(void *arg)
{
    (void)arg;
    void *self = san_fiber_current();
    store_relaxed(lent_word(), 1);
    san_switch(san_fiber_create());
    r0 = load_relaxed(&y);
    san_switch(self);
    store_release(&z, 1);
}

static void switch_between(void *arg)
{
    (void)arg;
    void *self = san_fiber_current();
    store_relaxed(&x, 1);
    san_switch(san_fiber_create());
    r0 = load_relaxed(&y);
    san_switch(self);
}

// A store is seen while its thread does nothing that drains; two arrive at once.

static void store_look_look(void *arg)
{
    (void)arg;
    store_relaxed(&x, 1);
    store_relaxed(&tail, 1);
    r0 = load_relaxed(&y);
    r2 = load_relaxed(&z);
}

static void sees_it_arrive(void *arg)
{
    (void)arg;
    store_seq_cst(&y, 1);
    r1 = load_relaxed(&x);
    r3 = load_relaxed(&x);
    store_relaxed(&z, 1);
}

static void sees_both_arrive(void *arg)
{
    (void)arg;
    store_seq_cst(&y, 1);
    r1 = load_relaxed(&x);
    r3 = load_relaxed(&tail);
    store_relaxed(&z, 1);
}

static bool arrived_meanwhile(void)
{
    return r0 == 0 && r1 == 0 && r3 == 1 && r2 == 1;
}

// What a release store publishes is what came before the store, not before it is seen.

static void writes_after_release(void *arg)
{
    (void)arg;
    store_release(&x, 1);
    data = 1;
}

static void reads_after_acquire(void *arg)
{
    (void)arg;
    if ((r0 = load_acquire(&x)) != 0)
        litmus_seen = data;
}

static bool read_unreported(void) // of an execution without a report
{
    return r0 == 1;
}

#define PAIR(name, a, b)                                                                           \
    {                                                                                              \
        name, NULL, 2,                                                                             \
        {                                                                                          \
            a, b                                                                                   \
        }                                                                                          \
    }

const struct tso_litmus tso_programs[] = {
    {PAIR("store buffering", store_then_look, other_store_then_look), TSO_FOUND, neither_seen},
    {PAIR("seq_cst stores", seq_cst_store, other_seq_cst_store), TSO_NEVER, neither_seen},
    {PAIR("rmw between", rmw_between, other_rmw_between), TSO_NEVER, neither_seen},
    {PAIR("failed cas between", failed_cas_between, other_failed_cas_between), TSO_NEVER,
     neither_seen},
    {PAIR("seq_cst fence between", fence_between, other_fence_between), TSO_NEVER, neither_seen},
    {PAIR("acq_rel fence between", weak_fence_between, other_fence_between), TSO_FOUND,
     neither_seen},
    {PAIR("rmw on one side", rmw_between, other_store_then_look), TSO_FOUND, neither_seen},
    {PAIR("host call between", yield_between, other_yield_between), TSO_NEVER, neither_seen},
    {PAIR("clock between", clock_between, other_fence_between), TSO_FOUND, neither_seen},
    {PAIR("rmw after", rmw_after, other_seq_cst_store), TSO_FOUND, neither_seen},
    {PAIR("plain read after", plain_read_after, other_seq_cst_store), TSO_FOUND, neither_seen},
    {PAIR("stores in order", two_stores, look_backward), TSO_NEVER, second_alone},
    {PAIR("load buffering", look_then_store, other_look_then_store), TSO_NEVER, both_seen},
    {PAIR("many stores in order", many_stores, look_at_many_backward), TSO_NEVER,
     a_later_one_alone},
    {PAIR("own read", own_read, other_own_read), TSO_NEVER, own_not_seen},
    {PAIR("own read first", own_read, other_own_read), TSO_FOUND, only_own_seen},
    {{"wider own read", NULL, 1, {wider_own_read}}, TSO_NEVER, own_not_seen},
    {PAIR("plain read between", plain_read_between, other_fence_between), TSO_NEVER, neither_seen},
    {{"plain read of own store", NULL, 1, {plain_read_between}}, TSO_NEVER, own_not_seen},
    {{"plain write over own store", NULL, 1, {plain_write_after}}, TSO_NEVER, held_came_last},
    {{"memset over own store", NULL, 1, {cleared_after}}, TSO_NEVER, held_came_last},
    {{"memcpy of own store", NULL, 1, {copied_after}}, TSO_NEVER, own_not_seen},
    {{"lost wake-up", "deadlock", 2, {produce, sleep_without_work}}, TSO_FOUND, NULL},
    {{"lost wake-up, seq_cst", "deadlock", 2, {produce_seq_cst, sleep_seq_cst}}, TSO_NEVER, NULL},
    {{"lost wake-up, rmw", "deadlock", 2, {produce_rmw, sleep_rmw}}, TSO_NEVER, NULL},
    {{"futex on own store", "deadlock", 1, {sleeps_on_own_store}}, TSO_NEVER, NULL},
    {{"seen while asleep", "livelock", 2, {sleeps_while_seen, wakes_when_seen}}, TSO_NEVER, NULL},
    {{"page given back", NULL, 1, {gives_page_back}}, TSO_NEVER, old_life_seen},
    {PAIR("own stack", own_stack, look_at_stack), TSO_NEVER, neither_seen},
    {PAIR("another's stack", stores_to_others_stack, lends_its_stack), TSO_RARE, neither_seen},
    {PAIR("another's stack, then a switch", switches_to_others_stack, lends_its_stack), TSO_NEVER,
     neither_seen},
    {PAIR("stack switch between", switch_between, other_fence_between), TSO_FOUND, neither_seen},
    {PAIR("seen unforced", store_look_look, sees_it_arrive), TSO_RARE, arrived_meanwhile},
    {PAIR("two seen at once", store_look_look, sees_both_arrive), TSO_RARE, arrived_meanwhile},
    {{"write after release", "race", 2, {writes_after_release, reads_after_acquire}},
     TSO_NEVER,
     read_unreported},
    {{0}, TSO_NEVER, NULL},
};

const struct litmus tso_relaxes = PAIR("relaxes", relaxes_until_seen, answers_after_relaxing);
const struct litmus tso_spins = PAIR("spins", spins_until_seen, answers_after_spinning);
