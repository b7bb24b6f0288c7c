// SPDX-License-Identifier: Apache-2.0
//
// The contract of host.h; see contract_test.h. Threads started by a claim have ended their part
// when it returns, so claims do not disturb each other. Each pair of claim and thread shares the
// words below.
#include "runtime/host/contract_test.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/host/contract_descriptors.h"
#include "runtime/host/contract_signals.h"
#include "runtime/host/host.h"

static const int64_t SHORT_NS = 1000000;

static atomic_u32 word; // futex of the claim that runs
static atomic_u32 done; // futex: threads of the claim that have ended
static uint64_t plain;  // written before a thread starts, read by it
static uint64_t answer; // written by the thread before it adds to done
static atomic_u32 sleepers;

static void finish(void)
{
    add_acq_rel(&done, 1); // pairs [contract.done]
    host_futex_wake(&done, 8);
}

static void wait_done(uint32_t n)
{
    for (;;) {
        uint32_t is = load_acquire(&done); // pairs [contract.done]
        if (is == n)
            return;
        host_futex_wait(&done, is, -1);
    }
}

static bool start(void (*fn)(void *), int n)
{
    store_relaxed(&done, 0);
    store_relaxed(&word, 0);
    store_relaxed(&sleepers, 0);
    for (int i = 0; i < n; i++) {
        if (host_thread_create(fn, &plain, 0) != 0)
            return false;
    }
    return true;
}

static void read_plain(void *arg)
{
    answer = *(uint64_t *)arg;
    finish();
    host_thread_exit();
}

static bool a_thread_sees_what_was_written_before_it_started(void)
{
    plain = 4711;
    answer = 0;
    if (!start(read_plain, 1))
        return false;
    wait_done(1);
    return answer == 4711;
}

static void just_return(void *arg)
{
    (void)arg;
    finish();
}

static bool a_thread_may_return_and_the_process_lives(void)
{
    if (!start(just_return, 3))
        return false;
    wait_done(3);
    return true;
}

static bool futex_wait_refuses_another_value(void)
{
    store_relaxed(&word, 5);
    return host_futex_wait(&word, 4, -1) == -EAGAIN;
}

static bool futex_wait_ends_when_time_is_up(void)
{
    store_relaxed(&word, 5);
    int64_t until = host_nanotime() + SHORT_NS, left = SHORT_NS;
    int r = 0;
    while ((r == 0 || r == -EINTR) && left > 0) {
        r = host_futex_wait(&word, 5, left);
        left = until - host_nanotime();
    }
    return (r == -ETIMEDOUT || r == 0 || r == -EINTR) && left <= 0;
}

static bool futex_wake_finds_nobody(void)
{
    return host_futex_wake(&word, 1) == 0;
}

static void sleep_on_word(void *arg)
{
    (void)arg;
    add_relaxed(&sleepers, 1);
    while (load_acquire(&word) == 0) // pairs [contract.word]
        host_futex_wait(&word, 0, -1);
    finish();
}

static bool futex_wake_ends_a_wait(void)
{
    if (!start(sleep_on_word, 2))
        return false;
    store_release(&word, 1); // pairs [contract.word]
    host_futex_wake(&word, 2);
    wait_done(2);
    return true;
}

static void sleep_once(void *arg)
{
    (void)arg;
    add_relaxed(&sleepers, 1);
    host_futex_wait(&word, 0, -1);
    finish();
}

static bool futex_wake_wakes_no_more_than_asked(void)
{
    if (!start(sleep_once, 2))
        return false;
    // sleepers come when they come (or wake by themselves): ask until both are through
    while (load_acquire(&done) != 2) { // pairs [contract.done]
        if (host_futex_wake(&word, 1) > 1)
            return false;
        host_yield();
    }
    return load_relaxed(&sleepers) == 2;
}

static bool time_does_not_run_backwards(void)
{
    int64_t last = host_nanotime();
    for (int i = 0; i < 100; i++) {
        int64_t now = host_nanotime();
        if (now < last)
            return false;
        last = now;
    }
    return true;
}

static bool spin_takes_its_time(void)
{
    int64_t before = host_nanotime();
    host_spin(SHORT_NS / 10);
    return host_nanotime() - before >= SHORT_NS / 10;
}

static bool sleep_takes_its_time(void)
{
    int64_t before = host_nanotime();
    host_sleep(SHORT_NS);
    return host_nanotime() - before >= SHORT_NS;
}

static bool zero(const unsigned char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

static bool committed_memory_reads_as_zero_also_the_second_time(void)
{
    enum { BYTES = 4 * HOST_PAGE_BYTES };
    unsigned char *p = host_reserve(BYTES);
    if (p == NULL || (uintptr_t)p % HOST_PAGE_BYTES != 0)
        return false;
    if (host_commit(p, BYTES) != 0 || !zero(p, BYTES))
        return false;
    memset(p, 0xa5, BYTES);
    unsigned char *third = p + 2 * HOST_PAGE_BYTES;
    host_decommit(third, HOST_PAGE_BYTES);
    if (host_commit(third, HOST_PAGE_BYTES) != 0 || !zero(third, HOST_PAGE_BYTES))
        return false;
    bool neighbours_kept = third[-1] == 0xa5 && third[HOST_PAGE_BYTES] == 0xa5;
    host_decommit(third, HOST_PAGE_BYTES);
    host_decommit(p, BYTES); // the third page a second time
    return neighbours_kept;
}

static bool commit_again_keeps_what_is_there(void)
{
    unsigned char *p = host_reserve(2 * HOST_PAGE_BYTES);
    if (p == NULL || host_commit(p, HOST_PAGE_BYTES) != 0)
        return false;
    p[7] = 7;
    bool ok = host_commit(p, 2 * HOST_PAGE_BYTES) == 0 && p[7] == 7;
    host_decommit(p, 2 * HOST_PAGE_BYTES);
    return ok;
}

static bool reservations_do_not_overlap(void)
{
    enum { N = 4, BYTES = 16 * HOST_PAGE_BYTES };
    char *p[N];
    for (int i = 0; i < N; i++) {
        p[i] = host_reserve(BYTES);
        if (p[i] == NULL)
            return false;
        for (int k = 0; k < i; k++) {
            if (p[i] < p[k] + BYTES && p[k] < p[i] + BYTES)
                return false;
        }
    }
    return true;
}

enum { STACK_BYTES_EACH = 4 * HOST_PAGE_BYTES };

static bool an_opened_stack_reads_as_zero_also_the_second_time(void)
{
    unsigned char *p = host_stacks_reserve(STACK_BYTES_EACH, 3);
    if (p == NULL || (uintptr_t)p % HOST_PAGE_BYTES != 0)
        return false;
    unsigned char *end = p + 2 * STACK_BYTES_EACH; // of the middle one
    unsigned char *top = end - HOST_PAGE_BYTES, *lo = end - 3 * HOST_PAGE_BYTES;
    if (host_stack_open(top, HOST_PAGE_BYTES) != 0 || !zero(top, HOST_PAGE_BYTES))
        return false;
    top[3] = 7;
    if (host_stack_open(lo, 2 * HOST_PAGE_BYTES) != 0 || !zero(lo, 2 * HOST_PAGE_BYTES))
        return false;
    memset(lo, 0xa5, 2 * HOST_PAGE_BYTES);
    host_stack_close(lo, 2 * HOST_PAGE_BYTES);
    if (host_stack_open(lo, 2 * HOST_PAGE_BYTES) != 0 || !zero(lo, 2 * HOST_PAGE_BYTES))
        return false;
    bool kept = top[3] == 7;
    host_stack_close(lo, 3 * HOST_PAGE_BYTES);
    return kept;
}

static bool many_stacks_can_be_open(void)
{
    enum { N = 16 };
    char *p = host_stacks_reserve(STACK_BYTES_EACH, N);
    if (p == NULL)
        return false;
    for (size_t i = 1; i <= N; i++) {
        char *top = p + i * STACK_BYTES_EACH - HOST_PAGE_BYTES;
        if (host_stack_open(top, HOST_PAGE_BYTES) != 0)
            return false;
        *top = (char)i;
    }
    for (size_t i = 1; i <= N; i++) {
        char *top = p + i * STACK_BYTES_EACH - HOST_PAGE_BYTES;
        if (*top != (char)i)
            return false;
        host_stack_close(top, HOST_PAGE_BYTES);
    }
    return true;
}

// Written by the handler, on the thread that faults.
static struct {
    uintptr_t lo, hi; // what it answers for
    uintptr_t open;   // lowest open byte
    int faults;
    bool context_is_right;
    uintptr_t near; // the stack of the code that faults
} guarded;

SAN_UNINSTRUMENTED static bool open_what_is_touched(uintptr_t addr, const struct host_context *at)
{
    if (addr < guarded.lo || addr >= guarded.open)
        return false;
    uintptr_t to = addr & ~(uintptr_t)(HOST_PAGE_BYTES - 1);
    guarded.faults++;
    guarded.context_is_right &= at->pc != 0 && at->sp - (guarded.near - 65536) < 2 * 65536;
    if (host_stack_open((void *)to, guarded.open - to) != 0)
        return false;
    guarded.open = to;
    return true;
}

static bool guard_one(void)
{
    char *p = host_stacks_reserve(STACK_BYTES_EACH, 1);
    if (p == NULL || host_signal_stack(16384) != 0)
        return false;
    guarded.lo = (uintptr_t)p;
    guarded.hi = guarded.open = guarded.lo + STACK_BYTES_EACH;
    guarded.faults = 0;
    guarded.context_is_right = true;
    guarded.near = (uintptr_t)__builtin_frame_address(0);
    host_on_fault(open_what_is_touched);
    return true;
}

static bool a_fault_handler_makes_the_touch_succeed(void)
{
    if (!guard_one())
        return false;
    volatile char *top = (char *)guarded.hi;
    memset((char *)top - 64, 1, 64);   // in the middle of a call, where memset is one
    top[-2] = 2;                       // the same page
    top[-3 * HOST_PAGE_BYTES - 1] = 3; // two further below at once
    top[-2 * HOST_PAGE_BYTES] = 4;
    return guarded.faults == 2 && guarded.context_is_right && top[-1] == 1 &&
           top[-3 * HOST_PAGE_BYTES - 1] == 3;
}

static bool what_is_closed_again_faults_again(void)
{
    if (!guard_one())
        return false;
    volatile char *p = (char *)guarded.lo;
    p[0] = 1;
    host_stack_close((void *)guarded.lo, 2 * HOST_PAGE_BYTES);
    guarded.open += 2 * HOST_PAGE_BYTES;
    char again = p[0];
    return guarded.faults == 2 && again == 0;
}

static void touch_guarded(void *arg)
{
    (void)arg;
    if (guard_one())
        *(volatile char *)guarded.lo = 1;
    finish();
}

static bool another_thread_has_a_signal_stack_of_its_own(void)
{
    if (!start(touch_guarded, 1))
        return false;
    wait_done(1);
    return guarded.faults == 1 && guarded.context_is_right;
}

// Some descriptor of another claim may be told of: only breaks count. 1: one came.
static int poll_wait(int64_t timeout_ns)
{
    struct host_ready ready[2];
    int r;
    do
        r = host_poll_wait(timeout_ns, ready, 2);
    while (r == -EINTR);
    return r == 1 && ready[0].token == 0;
}

static bool poll_wait_without_time_returns_at_once(void)
{
    return poll_wait(0) == 0;
}

static bool poll_wait_ends_when_time_is_up(void)
{
    int64_t before = host_nanotime();
    return poll_wait(SHORT_NS) == 0 && host_nanotime() - before >= SHORT_NS;
}

static bool breaks_before_a_wait_add_up_to_one(void)
{
    host_poll_break();
    host_poll_break();
    return poll_wait(-1) == 1 && poll_wait(SHORT_NS) == 0;
}

static bool a_wait_without_time_takes_no_break(void)
{
    host_poll_break();
    return poll_wait(0) == 0 && poll_wait(-1) == 1;
}

static void break_poll(void *arg)
{
    (void)arg;
    host_poll_break();
    finish();
}

static bool a_break_by_another_thread_ends_the_wait(void)
{
    if (!start(break_poll, 1))
        return false;
    bool ok = poll_wait(-1) == 1;
    wait_done(1);
    return ok;
}

static bool spin_loops_are_left(void)
{
    if (!start(sleep_on_word, 1))
        return false;
    while (load_relaxed(&sleepers) == 0)
        host_relax();
    store_release(&word, 1); // pairs [contract.word]
    host_futex_wake(&word, 1);
    wait_done(1);
    return true;
}

static bool there_is_a_processor_and_a_random_number(void)
{
    host_random();
    return host_ncpu() >= 1;
}

#define CLAIM(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }
const struct host_claim host_claims[] = {
    CLAIM(a_thread_sees_what_was_written_before_it_started),
    CLAIM(a_thread_may_return_and_the_process_lives),
    CLAIM(futex_wait_refuses_another_value),
    CLAIM(futex_wait_ends_when_time_is_up),
    CLAIM(futex_wake_finds_nobody),
    CLAIM(futex_wake_ends_a_wait),
    CLAIM(futex_wake_wakes_no_more_than_asked),
    CLAIM(time_does_not_run_backwards),
    CLAIM(spin_takes_its_time),
    CLAIM(sleep_takes_its_time),
    CLAIM(committed_memory_reads_as_zero_also_the_second_time),
    CLAIM(commit_again_keeps_what_is_there),
    CLAIM(reservations_do_not_overlap),
    CLAIM(an_opened_stack_reads_as_zero_also_the_second_time),
    CLAIM(many_stacks_can_be_open),
    CLAIM(a_fault_handler_makes_the_touch_succeed),
    CLAIM(what_is_closed_again_faults_again),
    CLAIM(another_thread_has_a_signal_stack_of_its_own),
    CLAIM(poll_wait_without_time_returns_at_once),
    CLAIM(poll_wait_ends_when_time_is_up),
    CLAIM(breaks_before_a_wait_add_up_to_one),
    CLAIM(a_break_by_another_thread_ends_the_wait),
    CLAIM(a_wait_without_time_takes_no_break),
    CLAIM(bytes_leave_a_pipe_as_they_came),
    CLAIM(what_would_block_says_so),
    CLAIM(a_pipe_ends_with_its_writer),
    CLAIM(nobody_writes_to_a_pipe_without_reader),
    CLAIM(a_socket_pair_goes_both_ways),
    CLAIM(a_shut_direction_ends_after_what_was_written),
    CLAIM(a_connection_is_accepted),
    CLAIM(a_connection_of_version_6_is_accepted),
    CLAIM(versions_of_tcp_are_apart),
    CLAIM(nobody_listens_is_refused),
    CLAIM(the_poller_tells_of_each_edge),
    CLAIM(the_poller_tells_what_is_ready_when_it_is_added),
    CLAIM(the_poller_tells_of_the_end),
    CLAIM(the_poller_tells_of_room_again),
    CLAIM(what_was_removed_is_not_told_of),
    CLAIM(an_edge_by_another_thread_ends_the_wait),
    CLAIM(a_signal_runs_the_handler_on_its_thread_once),
    CLAIM(a_signal_to_oneself_comes),
    CLAIM(a_signal_in_the_handler_comes_after_it),
    CLAIM(a_signal_comes_while_its_thread_waits),
    CLAIM(a_signal_is_not_the_end_of_time),
    CLAIM(what_the_handler_asks_for_is_called_in_between),
    CLAIM(registers_come_back_from_what_was_called),
    CLAIM(a_signal_to_a_thread_that_has_ended_is_an_error),
    CLAIM(spin_loops_are_left),
    CLAIM(there_is_a_processor_and_a_random_number),
};
const size_t host_nclaims = sizeof(host_claims) / sizeof(host_claims[0]);

int host_contract(void)
{
    int broken = 0;
    for (size_t i = 0; i < host_nclaims; i++) {
        if (host_claims[i].holds())
            continue;
        print_line("host contract broken: ", host_claims[i].name);
        broken++;
    }
    return broken;
}
