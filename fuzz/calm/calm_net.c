// SPDX-License-Identifier: Apache-2.0
//
// What the calm host does not have: signals between threads, descriptors. They are refused as a
// full process refuses them.
#include <errno.h>

#include "runtime/host/host.h"

// A host may leave it at that.
int host_interrupt(uint64_t thread)
{
    (void)thread;
    return 0;
}

void host_on_interrupt(void (*(*fn)(const struct host_context *at))(void))
{
    (void)fn;
}

void host_on_quit(void (*fn)(void))
{
    (void)fn;
}

int host_pipe(int fds[2])
{
    (void)fds;
    return -EMFILE;
}

int host_socketpair(int fds[2])
{
    (void)fds;
    return -EMFILE;
}

int host_listen(struct host_address *at, int backlog)
{
    (void)at, (void)backlog;
    return -EMFILE;
}

int host_accept(int fd)
{
    (void)fd;
    return -EMFILE;
}

int host_socket(enum host_network network)
{
    (void)network;
    return -EMFILE;
}

int host_connect(int fd, const struct host_address *to)
{
    (void)fd, (void)to;
    return -EBADF;
}

int host_connected(int fd)
{
    (void)fd;
    return -EBADF;
}

int64_t host_read(int fd, void *to, size_t bytes)
{
    (void)fd, (void)to, (void)bytes;
    return -EBADF;
}

int64_t host_write(int fd, const void *from, size_t bytes)
{
    (void)fd, (void)from, (void)bytes;
    return -EBADF;
}

int host_shutdown(int fd, bool reading, bool writing)
{
    (void)fd, (void)reading, (void)writing;
    return -EBADF;
}

void host_close(int fd)
{
    (void)fd;
}

int host_poll_add(int fd, uint64_t token)
{
    (void)fd, (void)token;
    return -EPERM;
}

void host_poll_remove(int fd)
{
    (void)fd;
}
