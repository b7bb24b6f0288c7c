// SPDX-License-Identifier: Apache-2.0
//
// For tests of this folder: a claim waits for its goroutines, and reads to the end; peers
// that the runtime knows nothing of. A claim has a process of its own (claims.h), so one set of
// words does for all. Included after cmocka.h.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "runtime/rt_net.h"
#include "runtime/sched/claims.h"

enum { MS = 1000000 };

static atomic_u32 left;
static struct g *waiter;

static inline void begin(uint32_t n)
{
    if (waiter == NULL) // one that was counted down may still look
        waiter = rt_self();
    store_relaxed(&left, n);
}

static inline void one_done(void)
{
    if (sub_acq_rel(&left, 1) == 1)
        rt_ready(waiter);
}

static inline void wait_for_all(void)
{
    while (load_acquire(&left) != 0)
        rt_park();
}

// Somebody waits for a descriptor, parked.
static inline void wait_for_waiters(int32_t n)
{
    while (load_relaxed(&sched.pollwaiters) != n)
        rt_yield();
}

// A peer that the runtime knows nothing of, to be connected to a listener on loopback.
static inline int foreign_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0);
    return fd;
}

// Not inlined: errno is another one after each wait.
static __attribute__((noinline, unused)) void foreign_connect(int fd, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int err;
    do
        err = connect(fd, (const struct sockaddr *)&at, sizeof(at));
    while (err != 0 && errno == EINTR);
    check(err == 0 || errno == EISCONN);
}

static inline int foreign_peer(int port)
{
    int fd = foreign_socket();
    foreign_connect(fd, port);
    return fd;
}

// As if its machine had been switched off and had come up again.
static inline void foreign_reset(int fd)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0 && close(fd) == 0);
}

// Exactly so many, or the end.
static inline size_t read_full(int64_t handle, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        int64_t n = rt_read(handle, (char *)to + done, bytes - done);
        check(n >= 0);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return done;
}
