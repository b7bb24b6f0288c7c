// SPDX-License-Identifier: Apache-2.0
//
// What a host must do with signals between threads; see contract_test.h. A thread that is to be
// interrupted tells its name in `target`. What the handler writes are atomics, read by others after
// they have seen that it ran; it takes what it needs from words that were set before the threads
// began.
#include "runtime/host/contract_signals.h"

#include <errno.h>

#include "runtime/base/atomic.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"

static const int64_t SHORT_NS = 1000000;

static atomic_u64 target;  // the thread to interrupt; 0: not there yet
static atomic_u32 word;    // futex
static atomic_u32 done;    // futex: 1 when the thread has done its part
static atomic_u32 handled; // how often the handler ran
static atomic_u64 handled_by;
static atomic_u32 inside, nested; // the handler runs; it did within itself
static atomic_u32 called;         // how often `count_call` ran
static atomic_u64 asks;           // the handler interrupts its own thread so many times more

// The loops that may be interrupted between two instructions, told by their section.
#define MAY_CALL __attribute__((noinline, section("contract_calls")))
extern const char __start_contract_calls[], __stop_contract_calls[];

static void count_call(void)
{
    add_relaxed(&called, 1);
}

SAN_UNINSTRUMENTED_BEGIN

static void (*handler(const struct host_context *at))(void)
{
    if (add_relaxed(&inside, 1) != 0)
        store_relaxed(&nested, 1);
    add_relaxed(&handled, 1);
    store_relaxed(&handled_by, host_thread_self());
    uint64_t left = load_relaxed(&asks);
    if (left > 0) {
        store_relaxed(&asks, left - 1);
        host_interrupt(host_thread_self());
    }
    sub_relaxed(&inside, 1);
    bool in_loop =
        at->pc >= (uintptr_t)__start_contract_calls && at->pc < (uintptr_t)__stop_contract_calls;
    return in_loop ? count_call : NULL;
}

SAN_UNINSTRUMENTED_END

static void begin(void)
{
    store_relaxed(&target, 0);
    store_relaxed(&word, 0);
    store_relaxed(&done, 0);
    store_relaxed(&handled, 0);
    store_relaxed(&handled_by, 0);
    store_relaxed(&nested, 0);
    store_relaxed(&called, 0);
    store_relaxed(&asks, 0);
    host_on_interrupt(handler);
}

static uint64_t start(void (*fn)(void *))
{
    begin();
    if (host_thread_create(fn, NULL, 0) != 0)
        return 0;
    while (load_relaxed(&target) == 0)
        host_relax();
    return load_relaxed(&target);
}

static void finish(void)
{
    store_release(&done, 1); // pairs [contract.signal]
    host_futex_wake(&done, 1);
}

static void wait_done(void)
{
    while (load_acquire(&done) == 0) // pairs [contract.signal]
        host_futex_wait(&done, 0, -1);
}

static void wait_handled(uint32_t n)
{
    while (load_relaxed(&handled) < n)
        host_relax();
}

// Whoever depends on a signal asks again.
static void interrupt_until_handled(uint64_t thread)
{
    while (load_relaxed(&handled) == 0) {
        host_interrupt(thread);
        host_relax();
    }
}

// Handlers --------------------------------------------------------------------------------

static void wait_for_word(void *arg)
{
    (void)arg;
    store_relaxed(&target, host_thread_self());
    while (load_relaxed(&word) == 0)
        host_relax();
    finish();
}

bool a_signal_runs_the_handler_on_its_thread_once(void)
{
    uint64_t thread = start(wait_for_word);
    if (thread == 0 || thread == host_thread_self() || host_interrupt(thread) != 0)
        return false;
    wait_handled(1);
    for (int i = 0; i < 20; i++)
        host_relax();
    store_relaxed(&word, 1);
    wait_done();
    return load_relaxed(&handled) == 1 && load_relaxed(&handled_by) == thread;
}

bool a_signal_to_oneself_comes(void)
{
    begin();
    if (host_interrupt(host_thread_self()) != 0)
        return false;
    wait_handled(1);
    return load_relaxed(&handled) == 1 && load_relaxed(&handled_by) == host_thread_self();
}

bool a_signal_in_the_handler_comes_after_it(void)
{
    begin();
    store_relaxed(&asks, 2);
    if (host_interrupt(host_thread_self()) != 0)
        return false;
    wait_handled(3);
    for (int i = 0; i < 20; i++)
        host_relax();
    return load_relaxed(&handled) == 3 && load_relaxed(&nested) == 0;
}

// Waits -----------------------------------------------------------------------------------

static void sleep_on_word(void *arg)
{
    (void)arg;
    store_relaxed(&target, host_thread_self());
    int r = 0;
    while (load_relaxed(&word) == 0 && (r == 0 || r == -EINTR || r == -EAGAIN))
        r = host_futex_wait(&word, 0, -1);
    finish();
}

bool a_signal_comes_while_its_thread_waits(void)
{
    uint64_t thread = start(sleep_on_word);
    if (thread == 0)
        return false;
    interrupt_until_handled(thread);
    bool waits = load_relaxed(&done) == 0;
    store_relaxed(&word, 1);
    host_futex_wake(&word, 1);
    wait_done();
    return waits && load_relaxed(&handled_by) == thread;
}

static atomic_u32 early; // a wait that said that time was up before it was

static void sleep_shortly(void *arg)
{
    (void)arg;
    int64_t until = host_nanotime() + SHORT_NS;
    store_relaxed(&target, host_thread_self());
    for (int64_t left = SHORT_NS; left > 0; left = until - host_nanotime()) {
        if (host_futex_wait(&word, 0, left) == -ETIMEDOUT && host_nanotime() < until)
            store_relaxed(&early, 1);
    }
    finish();
}

bool a_signal_is_not_the_end_of_time(void)
{
    store_relaxed(&early, 0);
    uint64_t thread = start(sleep_shortly);
    if (thread == 0)
        return false;
    for (int i = 0; i < 4; i++) {
        host_interrupt(thread);
        host_relax();
    }
    wait_done();
    return load_relaxed(&early) == 0;
}

// Calls -----------------------------------------------------------------------------------

MAY_CALL static void loop_until_word(void)
{
    while (load_relaxed(&word) == 0)
        ;
}

static void loops_until_word(void *arg)
{
    (void)arg;
    store_relaxed(&target, host_thread_self());
    loop_until_word();
    finish();
}

bool what_the_handler_asks_for_is_called_in_between(void)
{
    uint64_t thread = start(loops_until_word);
    if (thread == 0)
        return false;
    while (load_relaxed(&called) == 0) {
        host_interrupt(thread);
        host_relax();
    }
    bool between = load_relaxed(&done) == 0;
    store_relaxed(&word, 1);
    wait_done();
    return between && load_relaxed(&called) <= load_relaxed(&handled);
}

static atomic_u64 counter;
static uint64_t sum; // by the thread, before `done`

// What atomic operations and a few variables hold, over and over.
MAY_CALL static uint64_t add_up(const atomic_u32 *until)
{
    uint64_t wrong = 0, a = 1, b = 2, c = 3, d = 5, e = 7, last = load_relaxed(&counter);
    while (load_relaxed(until) == 0) {
        uint64_t is = add_relaxed(&counter, 1);
        __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
        wrong += is != last || a != 1 || b != 2 || c != 3 || d != 5 || e != 7;
        last = is + 1;
    }
    return wrong;
}

static void adds_up(void *arg)
{
    (void)arg;
    store_relaxed(&target, host_thread_self());
    sum = add_up(&word);
    finish();
}

bool registers_come_back_from_what_was_called(void)
{
    store_relaxed(&counter, 0);
    uint64_t thread = start(adds_up);
    if (thread == 0)
        return false;
    while (load_relaxed(&called) < 5) {
        host_interrupt(thread);
        host_relax();
    }
    store_relaxed(&word, 1);
    wait_done();
    return sum == 0;
}

// Ends ------------------------------------------------------------------------------------

static void only_tells_its_name(void *arg)
{
    (void)arg;
    store_relaxed(&target, host_thread_self());
}

bool a_signal_to_a_thread_that_has_ended_is_an_error(void)
{
    uint64_t thread = start(only_tells_its_name);
    int r = 0;
    while (r == 0 && thread != 0) {
        r = host_interrupt(thread);
        host_relax();
    }
    return r == -ESRCH;
}
