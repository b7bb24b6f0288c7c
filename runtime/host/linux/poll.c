// SPDX-License-Identifier: Apache-2.0
//
// The poller of the linux host: an epoll set whose first member is an eventfd, by which a
// sleeping thread is called out. Made when first used. Raw system calls: epoll_pwait2 takes
// nanoseconds and has no function in older libcs. Thread safe; descriptors of programs come into
// the same set later.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/host/host.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int epoll_fd = -1; // const after poll_init
static int break_fd = -1; // const after poll_init

static void poll_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    break_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = break_fd};
    if (epoll_fd < 0 || break_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, break_fd, &ev) != 0)
        host_abort("host: cannot make the poller");
}

static long wait_rounded_to_ms(struct epoll_event *ev, int64_t timeout_ns)
{
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
    if (ms > INT32_MAX)
        ms = INT32_MAX; // the caller asks the clock again
    return syscall(SYS_epoll_pwait, epoll_fd, ev, 1, (int)ms, NULL, (size_t)(_NSIG / 8));
}

static long wait_ns(struct epoll_event *ev, int64_t timeout_ns)
{
    struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    long n = syscall(SYS_epoll_pwait2, epoll_fd, ev, 1, timeout_ns < 0 ? NULL : &t, NULL,
                     (size_t)(_NSIG / 8));
    if (n < 0 && errno == ENOSYS)
        n = wait_rounded_to_ms(ev, timeout_ns);
    return n;
}

int host_poll_wait(int64_t timeout_ns)
{
    pthread_once(&once, poll_init);
    struct epoll_event ev;
    long n = wait_ns(&ev, timeout_ns);
    if (n < 0)
        return -errno;
    if (n == 0)
        return 0;
    uint64_t breaks;
    ssize_t got = read(break_fd, &breaks, sizeof(breaks));
    return got == (ssize_t)sizeof(breaks) ? 1 : 0;
}

void host_poll_break(void)
{
    pthread_once(&once, poll_init);
    uint64_t one = 1;
    ssize_t put;
    do
        put = write(break_fd, &one, sizeof(one));
    while (put < 0 && errno == EINTR);
    // a counter that is full already says what is to be said
}
