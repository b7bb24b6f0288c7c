// SPDX-License-Identifier: Apache-2.0
//
// Calls of the host, as the wrap layer has them (linked with --wrap=host_...). While gates are
// closed, answers that a program cannot know beforehand are those of the order; what it has done
// itself (memory, descriptors) is done for real.
#include <errno.h>
#include <stdlib.h>

#include "runtime/host/host.h"
#include "stress/native/gates.h"
#include "stress/native/wrap.h"

#pragma clang diagnostic ignored "-Wmissing-prototypes"

enum { ORDERED_NCPU = 4 }; // as the engine has it

#define HERE ((struct wrap_frame *)__builtin_frame_address(0))
#define BEFORE(word) wrap_before(WRAP_CALL, (word), HERE)

// Threads ---------------------------------------------------------------------------------

struct birth {
    void (*fn)(void *);
    void *arg;
    uint32_t number;
    uint64_t birth;
};

static uint32_t threads = 1; // atomic: ever begun
_Noreturn void __real_host_thread_exit(void);
int __real_host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes);

static uint64_t child_of(uint64_t parent, uint32_t k)
{
    uint64_t x = (parent + k) * 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static void begin(void *arg)
{
    struct birth b = *(struct birth *)arg;
    struct wrap_thread *t = wrap_self();

    free(arg);
    *t = (struct wrap_thread){.number = b.number, .birth = b.birth};
    if (gates_closed())
        gates_begin(t);
    b.fn(b.arg);
    if (gates_closed()) { // as the engine has it: one more call, from nowhere
        gates_point(wrap_self(), GATES_POINT, NULL);
        gates_end(wrap_self());
    }
}

int __wrap_host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    int64_t answer;

    BEFORE(NULL);
    struct wrap_thread *t = wrap_self();
    if (gates_answer(t, &answer) && answer != 0)
        return (int)answer;
    struct birth *b = malloc(sizeof *b);
    if (b == NULL)
        return -ENOMEM;
    *b = (struct birth){fn, arg, __atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED),
                        child_of(t->birth, ++t->children)};
    int result = __real_host_thread_create(begin, b, stack_bytes);
    if (result != 0)
        free(b);
    return result;
}

_Noreturn void __wrap_host_thread_exit(void)
{
    BEFORE(NULL);
    gates_end(wrap_self());
    __real_host_thread_exit();
}

#define GIVES_WAY(name)                                                                            \
    void __real_host_##name(void);                                                                 \
    void __wrap_host_##name(void)                                                                  \
    {                                                                                              \
        BEFORE(NULL);                                                                              \
        if (gates_closed())                                                                        \
            gates_point(wrap_self(), GATES_RESUMES, HERE);                                         \
        else                                                                                       \
            __real_host_##name();                                                                  \
    }
GIVES_WAY(yield)
GIVES_WAY(relax)

// A helper that the order has left asleep stays so.
static void sleep_on(int64_t ns, void (*real)(int64_t ns))
{
    if (gates_used() && gates_helper(wrap_self()))
        wrap_sleep_for_good();
    real(ns);
}

#define SLEEPS(name)                                                                               \
    void __real_host_##name(int64_t ns);                                                           \
    void __wrap_host_##name(int64_t ns)                                                            \
    {                                                                                              \
        BEFORE(NULL);                                                                              \
        if (gates_closed()) {                                                                      \
            if (ns > 0)                                                                            \
                gates_sleep(wrap_self(), HERE, ns);                                                \
            if (gates_closed())                                                                    \
                return;                                                                            \
        }                                                                                          \
        sleep_on(ns, __real_host_##name);                                                          \
    }
SLEEPS(sleep)
SLEEPS(spin)

int __real_host_ncpu(void);
int __wrap_host_ncpu(void)
{
    return gates_used() ? ORDERED_NCPU : __real_host_ncpu();
}

// Futex, poller: waits --------------------------------------------------------------------

int64_t __real_host_nanotime(void);

// What is left of a wait that began at `began`; negative: no end. A helper's time is not counted.
static int64_t time_left(int64_t timeout_ns, int64_t began)
{
    if (timeout_ns < 0 || (gates_used() && gates_helper(wrap_self())))
        return -1;
    int64_t left = timeout_ns - (gates_time(__real_host_nanotime()) - began);
    return left > 0 ? left : 0;
}

int __real_host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns);
int __wrap_host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    int64_t answer, began;

    BEFORE(addr);
    if (!gates_closed())
        return __real_host_futex_wait(addr, expected, timeout_ns);
    began = gates_now();
    if (gates_wait(wrap_self(), HERE, timeout_ns, &answer))
        return (int)answer;
    return __real_host_futex_wait(addr, expected, time_left(timeout_ns, began));
}

int __real_host_futex_wake(const void *addr, int count);
int __wrap_host_futex_wake(const void *addr, int count)
{
    int64_t answer;

    BEFORE(addr);
    if (gates_answer(wrap_self(), &answer)) // whoever it wakes goes on when it is his step
        return (int)answer;
    return __real_host_futex_wake(addr, count);
}

enum { ADDED_MAX = 1024, DRAIN = 16 };
static uint64_t added[ADDED_MAX]; // by the turn: tokens, in the order in which they were added
static uint32_t nadded;           // likewise
static bool broken;               // likewise: a break that no wait has been told of

int __real_host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n);
int __real_host_poll_add(int fd, uint64_t token);
void __real_host_poll_break(void);

int __wrap_host_poll_add(int fd, uint64_t token)
{
    BEFORE(NULL);
    if (gates_closed() && nadded < ADDED_MAX)
        added[nadded++] = token;
    return __real_host_poll_add(fd, token);
}

void __wrap_host_poll_break(void)
{
    BEFORE(NULL);
    if (gates_closed())
        broken = true;
    else
        __real_host_poll_break();
}

// The gates have opened: what no wait has been told of is still to be told.
static int poll_on(int64_t timeout_ns, int64_t began, struct host_ready *ready, int n)
{
    if (__atomic_exchange_n(&broken, false, __ATOMIC_RELAXED))
        __real_host_poll_break();
    return __real_host_poll_wait(time_left(timeout_ns, began), ready, n);
}

// What the order says that a wait was told of; the kernel is asked too, so that it tells no more of
// it. An answer has the number of the descriptor's addition and what is ready, or is negative: a
// break.
static int told(int count, struct host_ready *ready)
{
    struct host_ready unseen[DRAIN];
    int64_t answer;
    int n = 0;

    for (; n < count && gates_answer(wrap_self(), &answer); n++) {
        if (answer < 0) {
            ready[n] = (struct host_ready){0};
            broken = false;
            continue;
        }
        uint64_t k = (uint64_t)answer >> 2;
        ready[n] = (struct host_ready){.token = k < nadded ? added[k] : 0,
                                       .read = (answer & 1) != 0,
                                       .write = (answer & 2) != 0};
    }
    __real_host_poll_wait(0, unseen, DRAIN);
    return n;
}

int __wrap_host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    int64_t answer, began;

    BEFORE(NULL);
    if (!gates_closed())
        return gates_used() ? poll_on(timeout_ns, gates_time(__real_host_nanotime()), ready, n)
                            : __real_host_poll_wait(timeout_ns, ready, n);
    began = gates_now();
    if (!gates_wait(wrap_self(), HERE, timeout_ns, &answer))
        return poll_on(timeout_ns, began, ready, n);
    return answer > 0 ? told((int)answer, ready) : (int)answer;
}

// What the host answers -------------------------------------------------------------------

int64_t __wrap_host_nanotime(void)
{
    int64_t answer;

    BEFORE(NULL);
    if (gates_answer(wrap_self(), &answer))
        return gates_is_now(answer);
    return gates_time(__real_host_nanotime());
}

// The runtime's random numbers are the seed's; which thread gets which still depends on time.
static uint64_t random_state; // atomic, relaxed: a sequence of numbers, orders nothing

void wrap_seed(uint64_t seed)
{
    __atomic_store_n(&random_state, seed, __ATOMIC_RELAXED);
}

static uint64_t seeded(void)
{
    const uint64_t step = 0x9e3779b97f4a7c15u;
    uint64_t z = __atomic_fetch_add(&random_state, step, __ATOMIC_RELAXED) + step;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t __wrap_host_random(void)
{
    int64_t answer;

    BEFORE(NULL);
    return gates_answer(wrap_self(), &answer) ? (uint64_t)answer : seeded();
}

void *__real_host_reserve(size_t bytes);
void *__wrap_host_reserve(size_t bytes)
{
    int64_t answer;

    BEFORE(NULL);
    return gates_answer(wrap_self(), &answer) ? NULL : __real_host_reserve(bytes);
}

int __real_host_commit(void *p, size_t bytes);
int __wrap_host_commit(void *p, size_t bytes)
{
    int64_t answer;

    BEFORE(p);
    return gates_answer(wrap_self(), &answer) ? (int)answer : __real_host_commit(p, bytes);
}

// Signals ---------------------------------------------------------------------------------

int __real_host_interrupt(uint64_t thread);
int __wrap_host_interrupt(uint64_t thread)
{
    int64_t answer;

    if (wrap_self()->in_handler)
        return 0;
    BEFORE(NULL);
    if (!gates_answer(wrap_self(), &answer))
        return __real_host_interrupt(thread);
    gates_signals(wrap_self(), HERE); // to itself: before the call returns
    return (int)answer;
}

void __real_host_on_interrupt(void (*(*fn)(const struct host_context *))(void));
void __wrap_host_on_interrupt(void (*(*fn)(const struct host_context *))(void))
{
    gates_on_interrupt(fn);
    __real_host_on_interrupt(fn);
}

// What is done for real ---------------------------------------------------------------------

#define DONE(type, name, parameters, ...)                                                          \
    type __real_host_##name parameters;                                                            \
    type __wrap_host_##name parameters                                                             \
    {                                                                                              \
        BEFORE(NULL);                                                                              \
        return __real_host_##name(__VA_ARGS__);                                                    \
    }
DONE(void, decommit, (void *p, size_t bytes), p, bytes)
DONE(int, pipe, (int fds[2]), fds)
DONE(int, socketpair, (int fds[2]), fds)
DONE(int, socket, (enum host_network network), network)
DONE(int, listen, (struct host_address * at, int backlog), at, backlog)
DONE(int, connect, (int fd, const struct host_address *to), fd, to)
DONE(int, connected, (int fd), fd)
DONE(int, accept, (int fd), fd)
DONE(int64_t, read, (int fd, void *to, size_t bytes), fd, to, bytes)
DONE(int64_t, write, (int fd, const void *from, size_t bytes), fd, from, bytes)
DONE(int, shutdown, (int fd, bool reading, bool writing), fd, reading, writing)
DONE(void, close, (int fd), fd)
DONE(void, poll_remove, (int fd), fd)

_Noreturn void __real_host_exit(int status);
_Noreturn void __wrap_host_exit(int status)
{
    BEFORE(NULL);
    __real_host_exit(status);
}
