// SPDX-License-Identifier: Apache-2.0
//
// What programs call: see rt_net.h. Every call tries first and waits when that is -EAGAIN:
// readiness is an edge, and one that came before the try is of no use.
#include "runtime/base/san.h"
#include "runtime/rt_net.h"

#include <errno.h>
#include <stdbool.h>

#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/net/address.h"
#include "runtime/net/polldesc.h"
#include "runtime/sched/sched.h"

// Making ----------------------------------------------------------------------------------

static int pair_new(const int fds[2], int64_t ends[2])
{
    int64_t first = pd_new(fds[0]);
    if (first < 0) {
        host_close(fds[1]);
        return (int)first;
    }
    int64_t second = pd_new(fds[1]);
    if (second < 0) {
        pd_close(first);
        return (int)second;
    }
    ends[0] = first;
    ends[1] = second;
    return 0;
}

int rt_pipe(int64_t ends[2])
{
    int fds[2];
    int err = host_pipe(fds);
    return err != 0 ? err : pair_new(fds, ends);
}

int rt_socketpair(int64_t ends[2])
{
    int fds[2];
    int err = host_socketpair(fds);
    return err != 0 ? err : pair_new(fds, ends);
}

int64_t rt_listen(const char *address, int backlog)
{
    struct host_address at;
    if (!address_parse(address, &at))
        return -EINVAL;
    int fd = host_listen(&at, backlog);
    if (fd < 0)
        return fd;
    int64_t handle = pd_new(fd);
    struct polldesc *pd = pd_get(handle);
    if (pd != NULL) {
        pd->port = at.port;
        pd_put(pd);
    }
    return handle;
}

int rt_port(int64_t listener)
{
    struct polldesc *pd = pd_get(listener);
    if (pd == NULL)
        return -EBADF;
    int port = pd->port;
    pd_put(pd);
    return port;
}

// Calls that wait -------------------------------------------------------------------------

struct transfer {
    enum pd_direction direction;
    int64_t (*once)(int fd, void *buffer, size_t bytes); // of the host
    void *buffer;
    size_t bytes;
};

// Until the host does not say -EAGAIN.
static int64_t try_until_done(struct polldesc *pd, const struct transfer *t)
{
    for (;;) {
        int64_t n = t->once(pd->fd, t->buffer, t->bytes);
        if (n == -EINTR)
            continue;
        if (n != -EAGAIN)
            return n;
        int err = pd_wait(pd, t->direction);
        if (err != 0)
            return err;
    }
}

static int64_t in_turn(struct polldesc *pd, const struct transfer *t)
{
    int64_t n = pd_begin(pd, t->direction);
    if (n != 0)
        return n;
    n = try_until_done(pd, t);
    pd_end(pd, t->direction);
    return n;
}

// Whoever reads anything is ordered after all who have written anything, as in Go: which bytes come
// out where is the kernel's business.
static const char transfers; // an address, for san_release and san_acquire

int64_t rt_read(int64_t handle, void *to, size_t bytes)
{
    struct polldesc *pd = pd_get(handle);
    if (pd == NULL)
        return -EBADF;
    const struct transfer t = {PD_READ, host_read, to, bytes};
    int64_t n = in_turn(pd, &t);
    pd_put(pd);
    san_acquire(&transfers);
    return n;
}

static int64_t write_once(int fd, void *from, size_t bytes)
{
    return host_write(fd, from, bytes);
}

// All, or up to an error, which counts only if nothing was written.
static int64_t write_all(struct polldesc *pd, const char *from, size_t bytes)
{
    size_t done = 0;
    do {
        const struct transfer t = {PD_WRITE, write_once, (void *)(uintptr_t)(from + done),
                                   bytes - done};
        int64_t n = try_until_done(pd, &t);
        if (n < 0)
            return done > 0 ? (int64_t)done : n;
        done += (size_t)n;
    } while (done < bytes);
    return (int64_t)done;
}

int64_t rt_write(int64_t handle, const void *from, size_t bytes)
{
    struct polldesc *pd = pd_get(handle);
    if (pd == NULL)
        return -EBADF;
    int64_t n = pd_begin(pd, PD_WRITE);
    san_release_more(&transfers);
    if (n == 0) {
        n = write_all(pd, from, bytes);
        pd_end(pd, PD_WRITE);
    }
    pd_put(pd);
    return n;
}

static int64_t accept_once(int fd, void *unused, size_t bytes)
{
    (void)unused, (void)bytes;
    return host_accept(fd);
}

int64_t rt_accept(int64_t listener)
{
    struct polldesc *pd = pd_get(listener);
    if (pd == NULL)
        return -EBADF;
    const struct transfer t = {PD_READ, accept_once, NULL, 0};
    int64_t fd = in_turn(pd, &t);
    pd_put(pd);
    san_acquire(&transfers);
    return fd < 0 ? fd : pd_new((int)fd);
}

static int64_t after(int64_t duration_ns)
{
    int64_t when = 0;
    if (duration_ns == RT_NO_DEADLINE)
        return 0;
    if (__builtin_add_overflow(host_nanotime(), duration_ns > 0 ? duration_ns : 0, &when))
        return 0;
    return when > 0 ? when : 1;
}

static int64_t connected_once(int fd, void *unused, size_t bytes)
{
    (void)unused, (void)bytes;
    int err = host_connected(fd);
    return err == -EINPROGRESS ? -EAGAIN : err;
}

static int64_t connect_by(struct polldesc *pd, const struct host_address *to, int64_t timeout_ns)
{
    san_release_more(&transfers);
    pd_set_deadline(pd, PD_WRITE, after(timeout_ns));
    int64_t err = pd_begin(pd, PD_WRITE);
    if (err != 0)
        return err;
    err = host_connect(pd->fd, to);
    if (err == -EINPROGRESS) {
        const struct transfer t = {PD_WRITE, connected_once, NULL, 0};
        err = try_until_done(pd, &t);
    }
    pd_end(pd, PD_WRITE);
    pd_set_deadline(pd, PD_WRITE, 0);
    return err;
}

int64_t rt_dial(const char *address, int64_t timeout_ns)
{
    struct host_address to;
    if (!address_parse(address, &to))
        return -EINVAL;
    int fd = host_socket(to.network);
    if (fd < 0)
        return fd;
    int64_t handle = pd_new(fd);
    struct polldesc *pd = pd_get(handle);
    if (pd == NULL)
        return handle;
    int64_t err = connect_by(pd, &to, timeout_ns);
    pd_put(pd);
    if (err == 0)
        return handle;
    pd_close(handle);
    return err;
}

// What does not wait ------------------------------------------------------------------------

static bool valid(int directions)
{
    return directions > 0 && directions <= (RT_READING | RT_WRITING);
}

int rt_set_deadline(int64_t handle, int directions, int64_t after_ns)
{
    if (!valid(directions))
        return -EINVAL;
    struct polldesc *pd = pd_get(handle);
    if (pd == NULL)
        return -EBADF;
    int64_t when = after(after_ns);
    if ((directions & RT_READING) != 0)
        pd_set_deadline(pd, PD_READ, when);
    if ((directions & RT_WRITING) != 0)
        pd_set_deadline(pd, PD_WRITE, when);
    pd_put(pd);
    return 0;
}

int rt_shutdown(int64_t handle, int directions)
{
    if (!valid(directions))
        return -EINVAL;
    san_release_more(&transfers);
    struct polldesc *pd = pd_get(handle);
    if (pd == NULL)
        return -EBADF;
    int err = host_shutdown(pd->fd, (directions & RT_READING) != 0, (directions & RT_WRITING) != 0);
    pd_put(pd);
    return err;
}

int rt_close(int64_t handle)
{
    san_release_more(&transfers);
    return pd_close(handle);
}
