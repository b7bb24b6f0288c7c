// SPDX-License-Identifier: Apache-2.0
//
// See calm.h. Restart clears what was committed, in commit order; a page that was made accessible
// stays so, but for what a stack has grown by: a touch of it must fault in every execution alike.
#include "fuzz/calm/calm.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"

// No coverage: it is not what is tested, and does more in the first execution than in others.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

#define ARENA_BASE 0x200000000000u
#define ARENA_BYTES (256u << 20)
enum { RANGES_MAX = 4096, TURNS_MAX = 100000, OUTPUT_BYTES = 4096, SIGNAL_BYTES = 64 << 10 };
enum { QUESTION_NS = 100, TURN_NS = 1000 }; // a look at the clock; a turn of a spin loop

extern char __start_rt_data[], __stop_rt_data[], __start_rt_bss[], __stop_rt_bss[];

struct range {
    char *lo;
    size_t bytes;
};
struct ranges {
    size_t n;
    struct range v[RANGES_MAX];
};

static char *data_image;                                  // as the binary holds it
static char *next;                                        // reservation
static uint8_t accessible[ARENA_BYTES / HOST_PAGE_BYTES]; // by page, over all executions
static struct ranges committed;                           // of this execution
static struct ranges grown;                               // of these, what a fault has opened
static bool (*on_fault)(uintptr_t addr, const struct host_context *at);
static struct sigaction fault_before;
static volatile bool in_fault, running;
static int64_t now;
static uint64_t turns, random_state;
static jmp_buf back;
static char said[512], output[OUTPUT_BYTES];
static size_t output_bytes;

// The end ----------------------------------------------------------------------------------

_Noreturn void calm_fail(const char *text)
{
    if (!running) { // nobody to tell
        fprintf(stderr, "%s\n", text);
        abort();
    }
    snprintf(said, sizeof said, "%s", text);
    running = false;
    _longjmp(back, 1);
}

_Noreturn void host_exit(int status)
{
    if (status != 0)
        calm_fail("the process ended with another status than 0");
    running = false;
    _longjmp(back, 2);
}

_Noreturn void host_abort(const char *text)
{
    calm_fail(text);
}

_Noreturn void host_crash(const char *text)
{
    calm_fail(text);
}

void host_write_err(const char *text, size_t bytes)
{
    size_t room = sizeof output - output_bytes;

    bytes = bytes < room ? bytes : room;
    memcpy(output + output_bytes, text, bytes);
    output_bytes += bytes;
}

// Memory -----------------------------------------------------------------------------------

static size_t page_of(const char *p)
{
    return ((uintptr_t)p - ARENA_BASE) / HOST_PAGE_BYTES;
}

static void add(struct ranges *r, char *lo, size_t bytes)
{
    if (r->n == RANGES_MAX)
        calm_fail("calm: more ranges of memory than there is room for");
    r->v[r->n++] = (struct range){lo, bytes};
}

static void protect(char *lo, size_t bytes, bool open)
{
    if (mprotect(lo, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
        calm_fail("calm: the protection of a page cannot be changed");
    memset(accessible + page_of(lo), open, bytes / HOST_PAGE_BYTES);
}

// Decommitted pages among them are closed, and read as zero already.
static void clear(char *lo, size_t bytes)
{
    for (const char *end = lo + bytes; lo < end; lo += HOST_PAGE_BYTES)
        if (accessible[page_of(lo)])
            memset(lo, 0, HOST_PAGE_BYTES);
}

void *host_reserve(size_t bytes)
{
    char *p = next;

    if (bytes > ARENA_BYTES - (size_t)((uintptr_t)next - ARENA_BASE))
        return NULL;
    next += bytes;
    return p;
}

int host_commit(void *p, size_t bytes)
{
    add(&committed, p, bytes);
    if (memchr(accessible + page_of(p), 0, bytes / HOST_PAGE_BYTES) != NULL)
        protect(p, bytes, true);
    return 0;
}

void host_decommit(void *p, size_t bytes)
{
    clear(p, bytes);
    protect(p, bytes, false);
}

void *host_stacks_reserve(size_t bytes, size_t n)
{
    return host_reserve(bytes * n);
}

int host_stack_open(void *lo, size_t bytes)
{
    if (in_fault)
        add(&grown, lo, bytes);
    return host_commit(lo, bytes);
}

void host_stack_close(void *lo, size_t bytes)
{
    host_decommit(lo, bytes);
}

// Faults -----------------------------------------------------------------------------------

int host_signal_stack(size_t bytes)
{
    return bytes <= SIGNAL_BYTES ? 0 : -ENOMEM; // calm_reset has set one up
}

void host_on_fault(bool (*fn)(uintptr_t addr, const struct host_context *at))
{
    on_fault = fn;
}

static void handle_fault(int sig, siginfo_t *info, void *context)
{
    const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
    struct host_context at = {(uintptr_t)r[REG_RIP], (uintptr_t)r[REG_RSP], (uintptr_t)r[REG_RBP]};
    char text[96];

    if (!running) { // not the program's
        sigaction(sig, &fault_before, NULL);
        return;
    }
    in_fault = true;
    bool done = on_fault != NULL && on_fault((uintptr_t)info->si_addr, &at);
    in_fault = false;
    if (done)
        return;
    snprintf(text, sizeof text, "fault: pc %#lx touches %#lx", (unsigned long)at.pc,
             (unsigned long)(uintptr_t)info->si_addr);
    calm_fail(text);
}

// A fuzzer has taken the signals by the time that the first execution begins.
static void take_faults(void)
{
    static char stack[SIGNAL_BYTES];
    const stack_t to = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction sa = {.sa_sigaction = handle_fault,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigaltstack(&to, NULL);
    sigaction(SIGSEGV, &sa, &fault_before);
}

// Restart ----------------------------------------------------------------------------------

static void first(void)
{
    size_t bytes = (size_t)(__stop_rt_data - __start_rt_data);
    void *p = mmap((void *)(uintptr_t)ARENA_BASE, ARENA_BYTES, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    data_image = malloc(bytes + 1);
    if (p != (void *)(uintptr_t)ARENA_BASE || data_image == NULL) {
        fputs("calm: no address space\n", stderr);
        exit(2);
    }
    memcpy(data_image, __start_rt_data, bytes);
    take_faults();
}

void calm_reset(void)
{
    if (data_image == NULL)
        first();
    memcpy(__start_rt_data, data_image, (size_t)(__stop_rt_data - __start_rt_data));
    memset(__start_rt_bss, 0, (size_t)(__stop_rt_bss - __start_rt_bss));
    for (size_t i = 0; i < committed.n; i++)
        clear(committed.v[i].lo, committed.v[i].bytes);
    for (size_t i = 0; i < grown.n; i++)
        protect(grown.v[i].lo, grown.v[i].bytes, false);
    committed.n = grown.n = 0;
    next = (char *)(uintptr_t)ARENA_BASE;
    now = 0;
    turns = 0;
    random_state = 1;
    output_bytes = 0;
    in_fault = false;
    setg(NULL);
}

void calm_run(void (*fn)(void *), void *arg)
{
    static const struct rt_config config = {.procs = 1};
    int how = _setjmp(back);

    if (how == 0) {
        running = true;
        rt_main(&config, fn, arg);
    }
    if (how != 1)
        return;
    fprintf(stderr, "FOUND  %s\n%.*s", said, (int)output_bytes, output);
    abort();
}

// Time and randomness ----------------------------------------------------------------------

int64_t host_nanotime(void)
{
    return now += QUESTION_NS;
}

uint64_t host_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

void host_spin(int64_t ns)
{
    now += ns;
}

void host_sleep(int64_t ns)
{
    now += ns;
}

static void turn(void)
{
    now += TURN_NS;
    if (++turns > TURNS_MAX)
        calm_fail("livelock: a loop waits for another thread");
}

void host_yield(void)
{
    turn();
}

void host_relax(void)
{
    turn();
}

// Nobody can wake the only thread.
static void sleep_until(int64_t timeout_ns)
{
    if (timeout_ns < 0)
        calm_fail("deadlock: the only thread sleeps for ever");
    turn();
    now += timeout_ns;
}

int host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    if (*(const volatile uint32_t *)addr != expected)
        return -EAGAIN;
    sleep_until(timeout_ns);
    return -ETIMEDOUT;
}

int host_futex_wake(const void *addr, int count)
{
    (void)addr, (void)count;
    return 0;
}

static bool broken; // a break that no wait has taken

int host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    if (timeout_ns == 0)
        return 0;
    if (broken && n > 0) {
        broken = false;
        ready[0] = (struct host_ready){0};
        return 1;
    }
    sleep_until(timeout_ns);
    return 0;
}

void host_poll_break(void)
{
    broken = true;
}

// Threads ----------------------------------------------------------------------------------

int host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    (void)fn, (void)arg, (void)stack_bytes;
    return 0;
}

void host_thread_exit(void)
{
    calm_fail("the only thread ended");
}

uint64_t host_thread_self(void)
{
    return 1;
}

int host_ncpu(void)
{
    return 1;
}

#pragma clang attribute pop
