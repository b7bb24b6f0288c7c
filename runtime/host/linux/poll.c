// SPDX-License-Identifier: Apache-2.0
//
// The poller of the linux host: an epoll set with edges, whose first member is an eventfd, by which
// a sleeping thread is called out. That one is told by level, so that it stays until a wait that
// may take it has read it. Made when first used. Raw system calls: epoll_pwait2 takes nanoseconds
// and has no function in older libcs. Thread safe.
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
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 0};
    if (epoll_fd < 0 || break_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, break_fd, &ev) != 0)
        host_abort("host: cannot make the poller");
}

int host_poll_add(int fd, uint64_t token)
{
    pthread_once(&once, poll_init);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | (uint32_t)EPOLLET,
                             .data.u64 = token};
    return syscall(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

void host_poll_remove(int fd)
{
    pthread_once(&once, poll_init);
    struct epoll_event ev = {.events = 0};
    syscall(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_DEL, fd, &ev);
}

static long wait_rounded_to_ms(struct epoll_event *ev, int n, int64_t timeout_ns)
{
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + 999999) / 1000000;
    if (ms > INT32_MAX)
        ms = INT32_MAX; // the caller asks the clock again
    return syscall(SYS_epoll_pwait, epoll_fd, ev, n, (int)ms, NULL, (size_t)(_NSIG / 8));
}

static long wait_ns(struct epoll_event *ev, int n, int64_t timeout_ns)
{
    struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    long got = syscall(SYS_epoll_pwait2, epoll_fd, ev, n, timeout_ns < 0 ? NULL : &t, NULL,
                       (size_t)(_NSIG / 8));
    if (got < 0 && errno == ENOSYS)
        got = wait_rounded_to_ms(ev, n, timeout_ns);
    return got;
}

// False: another wait has taken it.
static bool take_break(void)
{
    uint64_t breaks;
    return read(break_fd, &breaks, sizeof(breaks)) == (ssize_t)sizeof(breaks);
}

int host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    enum { EVENTS = 128 };
    pthread_once(&once, poll_init);
    struct epoll_event ev[EVENTS];
    long got = wait_ns(ev, n < EVENTS ? n : EVENTS, timeout_ns);
    if (got < 0)
        return -errno;
    int told = 0;
    for (long i = 0; i < got; i++) {
        if (ev[i].data.u64 == 0 && (timeout_ns == 0 || !take_break()))
            continue;
        uint32_t is = ev[i].events;
        bool ended = (is & (EPOLLHUP | EPOLLERR)) != 0;
        ready[told++] = (struct host_ready){.token = ev[i].data.u64,
                                            .read = ended || (is & (EPOLLIN | EPOLLRDHUP)) != 0,
                                            .write = ended || (is & EPOLLOUT) != 0};
    }
    return told;
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
