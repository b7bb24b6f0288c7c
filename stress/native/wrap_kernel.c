// SPDX-License-Identifier: Apache-2.0
//
// What the wrap layer asks of the kernel, by bare instructions: a library function may be one that
// ThreadSanitizer stands before.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "stress/native/wrap.h"

long wrap_syscall(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

int64_t wrap_clock(void)
{
    struct timespec t = {0, 0};

    wrap_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0, 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void wrap_pause(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};

    wrap_syscall(SYS_nanosleep, (long)&t, 0, 0, 0);
}

void wrap_wait(const uint32_t *word, uint32_t expected, int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};

    wrap_syscall(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)expected, (long)&t);
}

void wrap_wake(const uint32_t *word)
{
    wrap_syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0);
}

_Noreturn void wrap_sleep_for_good(void)
{
    static const uint32_t word;

    for (;;)
        wrap_syscall(SYS_futex, (long)&word, FUTEX_WAIT_PRIVATE, 0, 0);
}
