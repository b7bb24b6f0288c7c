// SPDX-License-Identifier: Apache-2.0
//
// The host of real programs: threads, futexes, memory and time of Linux. Threads and mappings go
// through libc, because ThreadSanitizer must see them; futexes are raw system calls, which have
// no libc function. Never instrumented itself. Thread safe throughout; holds no lock.
#include "runtime/host/host.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct timespec to_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

// Threads ---------------------------------------------------------------------------------

struct thread_start {
    void (*fn)(void *);
    void *arg;
};

static void *thread_main(void *start)
{
    struct thread_start s = *(struct thread_start *)start;
    free(start);
    s.fn(s.arg);
    return NULL;
}

static int thread_attributes(pthread_attr_t *attr, size_t stack_bytes)
{
    int err = pthread_attr_init(attr);
    if (err != 0)
        return err;
    err = pthread_attr_setdetachstate(attr, PTHREAD_CREATE_DETACHED);
    if (err == 0 && stack_bytes != 0)
        err = pthread_attr_setstacksize(attr, stack_bytes);
    if (err != 0)
        pthread_attr_destroy(attr);
    return err;
}

int host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    struct thread_start *s = malloc(sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    *s = (struct thread_start){fn, arg};
    pthread_attr_t attr;
    int err = thread_attributes(&attr, stack_bytes);
    if (err == 0) {
        pthread_t thread;
        err = pthread_create(&thread, &attr, thread_main, s);
        pthread_attr_destroy(&attr);
    }
    if (err != 0)
        free(s);
    return -err;
}

_Noreturn void host_thread_exit(void)
{
    pthread_exit(NULL);
}

void host_yield(void)
{
    sched_yield();
}

void host_relax(void)
{
    __builtin_ia32_pause();
}

void host_spin(int64_t ns)
{
    int64_t until = host_nanotime() + ns;
    while (host_nanotime() < until)
        host_relax();
}

void host_sleep(int64_t ns)
{
    if (ns <= 0)
        return;
    struct timespec until = to_timespec(host_nanotime() + ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

int host_ncpu(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

// Futex -----------------------------------------------------------------------------------

int host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns)
{
    struct timespec t = to_timespec(timeout_ns > 0 ? timeout_ns : 0);
    long r =
        syscall(SYS_futex, addr, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &t, NULL, 0);
    return r == 0 ? 0 : -errno;
}

int host_futex_wake(const void *addr, int count)
{
    long r = syscall(SYS_futex, addr, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    return r >= 0 ? (int)r : -errno;
}

// Time ------------------------------------------------------------------------------------

int64_t host_nanotime(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// Memory ----------------------------------------------------------------------------------

void *host_reserve(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

int host_commit(void *p, size_t bytes)
{
    // the kernel says ENOMEM for want of memory and of mappings alike
    return mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -errno;
}

void host_decommit(void *p, size_t bytes)
{
    static const char failed[] = "host: cannot decommit memory";
    void *q =
        mmap(p, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (q != p)
        host_abort(failed);
}

// Randomness, output, end -----------------------------------------------------------------

uint64_t host_random(void)
{
    uint64_t v = 0;
    ssize_t n = getrandom(&v, sizeof(v), 0);
    if (n != (ssize_t)sizeof(v))
        host_abort("host: no random numbers");
    return v;
}

void host_write_err(const char *text, size_t bytes)
{
    while (bytes > 0) {
        // raw: also called by signal handlers, where an intercepted write may wait for itself
        long n = syscall(SYS_write, STDERR_FILENO, text, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        bytes -= (size_t)n;
    }
}

_Noreturn void host_exit(int status)
{
    _exit(status);
}

_Noreturn void host_crash(const char *text)
{
    (void)text;
    abort();
}

_Noreturn void host_abort(const char *text)
{
    static const char prefix[] = "fatal error: ";
    host_write_err(prefix, sizeof(prefix) - 1);
    host_write_err(text, strlen(text));
    host_write_err("\n", 1);
    abort();
}
