// SPDX-License-Identifier: Apache-2.0
//
// The engine's host: virtual threads, virtual time, an arena of fixed addresses. Same contract as
// runtime/host/linux; see runtime/host/host.h. Every call but those about stacks and faults is a
// scheduling point first: the point stands before the effect. Then the thread's held stores drain,
// as in any kernel; host_relax is no system call, but whoever spins waits for somebody who may wait
// for its stores.

#include "runtime/host/host.h"
#include "stress/sim/buffer.h"
#include "stress/sim/entries.h"
#include "stress/sim/timed.h"

#include <errno.h>

SIM_HOOKS(SIM_HOST_ENTRIES)

static uint32_t point(uint64_t pc, uint64_t pending)
{
    if (oracle_plain_pending != 0)
        oracle_flush_plain();
    return sim_point(pc, pending);
}

static void pay(int64_t ns)
{
    if (sim.timed)
        timed_pay(ns);
}

uint32_t sim_call_point(uint64_t pc, uint64_t pending)
{
    uint32_t site = point(pc, pending);
    if (sim.held != 0)
        buffer_drain();
    pay(TIMED_CALL);
    return site;
}

#define HOST_POINT_ON(addr)                                                                        \
    sim_call_point(HOOK_PC, pending_of(addr, PENDING_WRITE)) // may wake or sleep on it

// Faults ----------------------------------------------------------------------------------

enum { US = 1000, MS = 1000 * US, TIMED_SLACK_NS = 10 * US };

// Of those that a timed wait ends late by; 0 for all others.
static int64_t late_ns(enum sim_fault fault)
{
    return fault == SIM_FAULT_LATE_SHORT    ? 1 * US
           : fault == SIM_FAULT_LATE_MIDDLE ? 100 * US
           : fault == SIM_FAULT_LATE_LONG   ? 10 * MS
                                            : 0;
}

static int64_t jump_ns(enum sim_fault fault)
{
    return fault == SIM_FAULT_JUMP_SHORT    ? 1 * US
           : fault == SIM_FAULT_JUMP_MIDDLE ? 1 * MS
           : fault == SIM_FAULT_JUMP_LONG   ? 1000 * MS
                                            : 0;
}

// A fault that ends no correct program is asked for in ordinary hunts, a refusal only when all are.
bool sim_refused(enum sim_fault fault, uint32_t site)
{
    const enum sim_fault faults[] = {SIM_FAULT_NONE, fault};
    bool refused = sim.faults == SIM_FAULTS_ALL && sim_choose_fault(faults, 2, site) == fault;
    if (refused && fault == SIM_FAULT_ENOMEM)
        order_answer(-ENOMEM);
    return refused;
}

// Threads ---------------------------------------------------------------------------------

struct spawn {
    void (*fn)(void *);
    void *arg;
    size_t stack_bytes;
    const struct thread *thread;
};

static void spawn_entry(void *arg)
{
    struct spawn *s = arg;
    s->thread = sim_thread_spawn(s->fn, s->arg, s->stack_bytes);
}

int host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    uint32_t site = HOST_POINT(CALL_THREADS);
    struct spawn s = {fn, arg, stack_bytes, NULL};
    pay(TIMED_THREAD_CREATE);
    if (!sim_refused(SIM_FAULT_EAGAIN, site))
        sim_enter(spawn_entry, &s);
    HOST_TRACE("thread create", 0, 0, s.thread ? s.thread->name : 0);
    order_answer(s.thread ? 0 : -EAGAIN);
    return s.thread ? 0 : -EAGAIN;
}

void host_thread_exit(void)
{
    uint32_t site = HOST_POINT(CALL_ALONE);
    HOST_TRACE("thread exit", 0, 0, 0);
    sim_thread_end(site);
}

void host_yield(void)
{
    sim_give_way(HOST_POINT(CALL_GIVES_WAY));
}
void host_relax(void)
{
    uint32_t site = point(HOOK_PC, pending_of_call(CALL_GIVES_WAY)); // no system call
    if (sim.held != 0)
        buffer_drain();
    pay(TIMED_RELAX);
    sim_give_way(site);
}

static void computes(void *unused)
{
    (void)unused;
    sim_model->computes();
}

void host_spin(int64_t ns)
{
    uint32_t site = point(HOOK_PC, pending_of_call(CALL_ALONE));
    if (sim.held != 0)
        buffer_drain();
    HOST_TRACE("computes", 0, 0, ns);
    if (sim_model && sim_model->computes && !sim.unwatched)
        sim_enter(computes, NULL);
    if (ns <= 0)
        return;
    sim_current->computes = true;
    sim_block(THREAD_SLEEP, NULL, sim.now + ns, site);
    sim_current->computes = false;
}

void host_sleep(int64_t ns)
{
    uint32_t site = HOST_POINT(CALL_ALONE);
    HOST_TRACE("sleeps", 0, 0, ns);
    if (ns > 0)
        sim_block(THREAD_SLEEP, NULL, sim.now + ns, site);
}

int host_ncpu(void)
{
    return 4;
}

// Futex -----------------------------------------------------------------------------------

int64_t sim_deadline(int64_t timeout_ns)
{
    return timeout_ns < 0 || sim.now > NEVER - timeout_ns ? NEVER : sim.now + timeout_ns;
}

// A fault of a futex or poll wait that would sleep until `until`. One that makes it late is left
// with the thread; any other is returned.
enum sim_fault sim_wait_fault(const enum sim_fault *faults, uint32_t at_once, int64_t until,
                              uint32_t site)
{
    enum { TIMED = 4 }; // last of the list
    enum sim_fault fault = sim_choose_fault(faults, at_once + (until == NEVER ? 0 : TIMED), site);
    sim_current->late_ns = late_ns(fault);
    return sim_current->late_ns > 0 ? SIM_FAULT_NONE : fault;
}

// As sim_block; with SIM_FAULT_EINTR_LATER it is interrupted half-way, if nobody wakes it before.
int sim_wait(enum thread_state state, const void *futex, int64_t until, enum sim_fault fault,
             uint32_t site)
{
    if (fault != SIM_FAULT_EINTR_LATER)
        return sim_block(state, futex, until, site);
    int result = sim_block(state, futex, sim.now + (until - sim.now) / 2, site);
    return result == -ETIMEDOUT ? -EINTR : result;
}

// A wait that an interruption has ended, without a wake-up and before its time, is begun again by
// the same caller, and ends later than it was to. One that is interrupted often enough never ends.
static void check_retry(const void *addr, int64_t until)
{
    const struct thread *t = sim_current;
    // perhaps between its looks at the clock, by which the first wait's end is later than it knows
    int64_t jumped_ns = sim.jumped_ns - t->retry_jumped_ns;
    // between its look at the clock and this call time passes, where operations take some
    int64_t slack_ns = sim.timed ? TIMED_SLACK_NS : 0;
    if (t->retry_at == addr && t->retry_serial == sim.at.serial && sim.now < t->retry_until &&
        until - jumped_ns > t->retry_until + slack_ns)
        oracle_report("timer", "timer: a wait that was interrupted begins anew with all its time",
                      "a timed futex wait was interrupted, and the next one on the same word ends "
                      "later than the first was to");
}

static int futex_waited(const void *addr, int64_t until, int result)
{
    struct thread *t = sim_current;
    t->retry_at = result == -ETIMEDOUT || until == NEVER ? NULL : addr;
    t->retry_until = until;
    t->retry_jumped_ns = t->looked_jumped_ns;
    t->retry_serial = sim.at.serial; // changes with the next wait, operation or goroutine
    return result;
}

static int futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    static const enum sim_fault faults[] = {
        SIM_FAULT_NONE,        SIM_FAULT_EINTR,     SIM_FAULT_SPURIOUS,   SIM_FAULT_LATE_SHORT,
        SIM_FAULT_LATE_MIDDLE, SIM_FAULT_LATE_LONG, SIM_FAULT_EINTR_LATER};
    uint32_t site = HOST_POINT_ON(addr);
    uint32_t value = *(const volatile uint32_t *)addr;
    sim_note_value(value);
    if (value != expected) {
        HOST_TRACE("futex wait: changed", addr, expected, value);
        return -EAGAIN;
    }
    HOST_TRACE("futex wait", addr, expected, value);
    if (timeout_ns == 0)
        return -ETIMEDOUT;
    int64_t until = sim_deadline(timeout_ns);
    check_retry(addr, until);
    enum sim_fault fault = sim_wait_fault(faults, 3, until, site);
    if (fault == SIM_FAULT_EINTR || fault == SIM_FAULT_SPURIOUS)
        return futex_waited(addr, until, fault == SIM_FAULT_EINTR ? -EINTR : 0);
    int result = sim_wait(THREAD_FUTEX, addr, until, fault, site);
    HOST_TRACE("futex woken", addr, 0, result);
    return futex_waited(addr, until, result);
}

int host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    int result = futex_wait(addr, expected, timeout_ns);
    order_answer(result);
    return result;
}

int host_futex_wake(const void *addr, int count)
{
    uint32_t site = HOST_POINT_ON(addr);
    int woken = 0;
    while (woken < count) {
        struct thread *longest = NULL;
        for (uint32_t i = 0; i < sim.threads; i++) {
            struct thread *t = &sim_threads[i];
            if (t->state == THREAD_FUTEX && t->futex == addr &&
                (!longest || t->since < longest->since))
                longest = t;
        }
        if (!longest)
            break;
        pay(TIMED_FUTEX_WAKE);
        sim_make_ready(longest, 0);
        woken++;
    }
    HOST_TRACE("futex wake", addr, count, woken);
    order_answer(woken);
    sim_note_value((uint64_t)woken);
    return woken;
}

// Time ------------------------------------------------------------------------------------

int64_t host_nanotime(void)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_JUMP_SHORT,
                                            SIM_FAULT_JUMP_MIDDLE, SIM_FAULT_JUMP_LONG};
    uint32_t site = point(HOOK_PC, PENDING_OTHER); // no system call on the machine either
    if (sim.timed)
        timed_read_clock();
    enum sim_fault fault = sim_choose_fault(faults, 4, site);
    if (fault != SIM_FAULT_NONE)
        sim_jump(jump_ns(fault));
    sim_current->looked_jumped_ns = sim.jumped_ns;
    sim_note_value((uint64_t)sim.now);
    order_answer(sim.now + 1);
    return sim.now + 1; // as on a real clock, 0 is never now
}

// Memory ----------------------------------------------------------------------------------

void *host_reserve(size_t bytes)
{
    uint32_t site = HOST_POINT(CALL_MEMORY);
    return sim_refused(SIM_FAULT_ENOMEM, site) ? NULL : memory_reserve(bytes);
}

int host_commit(void *p, size_t bytes)
{
    uint32_t site = HOST_POINT(CALL_MEMORY);
    return sim_refused(SIM_FAULT_ENOMEM, site) ? -ENOMEM : memory_commit(p, bytes);
}

void host_decommit(void *p, size_t bytes)
{
    HOST_POINT(CALL_MEMORY);
    memory_decommit(p, bytes);
}

// Stacks, faults --------------------------------------------------------------------------

void *host_stacks_reserve(size_t bytes, size_t n)
{
    return memory_reserve_stacks(bytes, n);
}

int host_stack_open(void *lo, size_t bytes)
{
    if (sim.in_handler)
        trace_growth((uint64_t)lo, bytes);
    return memory_open_stack(lo, bytes);
}

void host_stack_close(void *lo, size_t bytes)
{
    memory_close_stack(lo, bytes);
}

// The one OS thread has its signal stack; see watchdog.c.
int host_signal_stack(size_t bytes)
{
    return bytes <= WATCHDOG_STACK / 2 ? 0 : -ENOMEM;
}

void host_on_fault(bool (*fn)(uintptr_t addr, const struct host_context *at))
{
    sim.on_fault = fn;
}

// Nobody is at the terminal.
void host_on_quit(void (*fn)(void))
{
    (void)fn;
}

// Randomness, output, end -----------------------------------------------------------------

uint64_t host_random(void)
{
    uint32_t site = HOST_POINT(CALL_ALONE);
    uint64_t z = (sim_choose_number(SIM_RANDOM, SIM_RANDOM_VALUES, site) + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    order_answer((int64_t)z);
    return z;
}

void host_write_err(const char *text, size_t bytes)
{
    oracle_output(text, bytes);
}

void host_exit(int status)
{
    HOST_POINT(CALL_EXIT);
    if (status == 0)
        sim_finish(SIM_OK);
    host_abort("exit with a status that is not 0");
}

struct abort_call {
    const char *text;
    uint64_t pc;
};

static void abort_entry(void *arg)
{
    const struct abort_call *a = arg;
    oracle_crash(a->text, a->pc);
}

// From a fault handler too: the execution is left, and with it the signal stack.
void host_abort(const char *text)
{
    struct abort_call a = {text, HOOK_PC};
    sim_enter(abort_entry, &a);
    __builtin_trap();
}

void host_crash(const char *text)
{
    struct abort_call a = {text, HOOK_PC};
    sim_enter(abort_entry, &a);
    __builtin_trap();
}
