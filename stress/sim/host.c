// SPDX-License-Identifier: Apache-2.0
//
// The engine's host: virtual threads, virtual time, an arena of fixed addresses. Same contract as
// runtime/host/linux; see runtime/host/host.h. Every call is a scheduling point first: the point
// stands before the effect. Then the thread's held stores drain, as in any kernel; host_relax is no
// system call, but whoever spins waits for somebody who may wait for its stores.

#include "runtime/host/host.h"
#include "stress/sim/buffer.h"

#include <errno.h>

static uint32_t point(uint64_t pc, bool drains)
{
    if (oracle_plain_pending != 0)
        oracle_flush_plain();
    uint32_t site = sim_point(pc);
    if (drains && sim.held != 0)
        buffer_drain();
    return site;
}

#define HOST_POINT() point(HOOK_PC, true)
#define HOST_TRACE(what, addr, old_value, new_value)                                               \
    do {                                                                                           \
        if (sim.tracing)                                                                           \
            trace_event(what, site, HOOK_PC, (uint64_t)(addr), (uint64_t)(old_value),              \
                        (uint64_t)(new_value), -1);                                                \
    } while (0)

// Threads ---------------------------------------------------------------------------------

int host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    uint32_t site = HOST_POINT();
    const struct thread *t = sim_thread_spawn(fn, arg, stack_bytes);
    HOST_TRACE("thread create", 0, 0, t ? t->name : 0);
    return t ? 0 : -EAGAIN;
}

void host_thread_exit(void)
{
    uint32_t site = HOST_POINT();
    HOST_TRACE("thread exit", 0, 0, 0);
    sim_thread_end(site);
}

void host_yield(void)
{
    sim_give_way(HOST_POINT());
}
void host_relax(void)
{
    sim_give_way(HOST_POINT());
}

void host_spin(int64_t ns)
{
    uint32_t site = HOST_POINT();
    HOST_TRACE("computes", 0, 0, ns);
    if (ns > 0)
        sim_block(THREAD_SLEEP, NULL, sim.now + ns, site);
}

void host_sleep(int64_t ns)
{
    uint32_t site = HOST_POINT();
    HOST_TRACE("sleeps", 0, 0, ns);
    if (ns > 0)
        sim_block(THREAD_SLEEP, NULL, sim.now + ns, site);
}

int host_ncpu(void)
{
    return 4;
}

// Futex -----------------------------------------------------------------------------------

static int64_t deadline(int64_t timeout_ns)
{
    return timeout_ns < 0 || sim.now > NEVER - timeout_ns ? NEVER : sim.now + timeout_ns;
}

int host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    uint32_t site = HOST_POINT();
    uint32_t value = *(const volatile uint32_t *)addr;
    sim_note_value(value);
    if (value != expected) {
        HOST_TRACE("futex wait: changed", addr, expected, value);
        return -EAGAIN;
    }
    HOST_TRACE("futex wait", addr, expected, value);
    if (timeout_ns == 0)
        return -ETIMEDOUT;
    int result = sim_block(THREAD_FUTEX, addr, deadline(timeout_ns), site);
    HOST_TRACE("futex woken", addr, 0, result);
    return result;
}

int host_futex_wake(const void *addr, int count)
{
    uint32_t site = HOST_POINT();
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
        sim_make_ready(longest, 0);
        woken++;
    }
    HOST_TRACE("futex wake", addr, count, woken);
    sim_note_value((uint64_t)woken);
    return woken;
}

// Time, poll ------------------------------------------------------------------------------

int64_t host_nanotime(void)
{
    point(HOOK_PC, false); // no system call on the machine either
    sim_note_value((uint64_t)sim.now);
    return sim.now + 1; // as on a real clock, 0 is never now
}

int host_poll_wait(int64_t timeout_ns)
{
    uint32_t site = HOST_POINT();
    if (!sim.poll_broken) {
        HOST_TRACE("poll wait", 0, 0, timeout_ns);
        if (timeout_ns == 0)
            return 0;
        if (sim_block(THREAD_POLL, NULL, deadline(timeout_ns), site) == -ETIMEDOUT)
            return 0;
    }
    sim.poll_broken = false;
    return 1;
}

void host_poll_break(void)
{
    uint32_t site = HOST_POINT();
    HOST_TRACE("poll break", 0, 0, 0);
    sim.poll_broken = true;
    for (uint32_t i = 0; i < sim.threads; i++) {
        if (sim_threads[i].state == THREAD_POLL) {
            sim_make_ready(&sim_threads[i], 1);
            return;
        }
    }
}

// Memory ----------------------------------------------------------------------------------

void *host_reserve(size_t bytes)
{
    HOST_POINT();
    return memory_reserve(bytes);
}

int host_commit(void *p, size_t bytes)
{
    HOST_POINT();
    return memory_commit(p, bytes);
}

void host_decommit(void *p, size_t bytes)
{
    HOST_POINT();
    memory_decommit(p, bytes);
}

// Randomness, output, end -----------------------------------------------------------------

uint64_t host_random(void)
{
    uint32_t site = HOST_POINT();
    uint64_t z = (sim_choose_number(SIM_RANDOM, SIM_RANDOM_VALUES, site) + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void host_write_err(const char *text, size_t bytes)
{
    oracle_output(text, bytes);
}

void host_exit(int status)
{
    HOST_POINT();
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

void host_abort(const char *text)
{
    struct abort_call a = {text, HOOK_PC};
    sim_enter(abort_entry, &a);
    __builtin_trap();
}
