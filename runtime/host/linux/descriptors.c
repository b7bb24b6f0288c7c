// SPDX-License-Identifier: Apache-2.0
//
// Descriptors of the linux host: pipes, TCP and Unix stream sockets. All by raw system calls: a
// sanitizer that intercepts some of them keeps books about descriptors, and takes each read and
// write for a hand-over between goroutines. Thread safe; holds nothing.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/host/host.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

// There is no way to write to a pipe without it. Somebody's own handler stays.
static void ignore_sigpipe(void)
{
    struct sigaction before;
    if (sigaction(SIGPIPE, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

union socket_address {
    struct sockaddr any;
    struct sockaddr_in tcp;
    struct sockaddr_in6 tcp6;
    struct sockaddr_un local;
};

static socklen_t to_socket_address(union socket_address *to, const struct host_address *at)
{
    memset(to, 0, sizeof(*to));
    if (at->network == HOST_TCP) {
        to->tcp.sin_family = AF_INET;
        to->tcp.sin_port = htons(at->port);
        to->tcp.sin_addr.s_addr = htonl(at->ip);
        return sizeof(to->tcp);
    }
    if (at->network == HOST_TCP6) {
        to->tcp6.sin6_family = AF_INET6;
        to->tcp6.sin6_port = htons(at->port);
        memcpy(&to->tcp6.sin6_addr, at->ip6, sizeof(at->ip6));
        return sizeof(to->tcp6);
    }
    to->local.sun_family = AF_UNIX;
    _Static_assert(sizeof(at->path) <= sizeof(to->local.sun_path), "a path fits");
    memcpy(to->local.sun_path, at->path, sizeof(at->path));
    return sizeof(to->local);
}

int host_pipe(int fds[2])
{
    pthread_once(&once, ignore_sigpipe);
    return syscall(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK) == 0 ? 0 : -errno;
}

int host_socketpair(int fds[2])
{
    return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0
               ? 0
               : -errno;
}

int host_socket(enum host_network network)
{
    static const int families[] = {
        [HOST_TCP] = AF_INET, [HOST_TCP6] = AF_INET6, [HOST_UNIX] = AF_UNIX};
    long fd = syscall(SYS_socket, families[network], SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 ? (int)fd : -errno;
}

// Small messages are not held back.
static void tune(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); // refused by Unix sockets
}

static int begin_to_listen(int fd, struct host_address *at, int backlog)
{
    int on = 1;
    union socket_address a;
    socklen_t bytes = to_socket_address(&a, at);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (at->network == HOST_TCP6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (syscall(SYS_bind, fd, &a.any, bytes) != 0 || syscall(SYS_listen, fd, backlog) != 0)
        return -errno;
    bytes = sizeof(a);
    if (at->network != HOST_UNIX && getsockname(fd, &a.any, &bytes) == 0)
        at->port = ntohs(at->network == HOST_TCP ? a.tcp.sin_port : a.tcp6.sin6_port);
    return 0;
}

int host_listen(struct host_address *at, int backlog)
{
    int fd = host_socket(at->network);
    if (fd < 0)
        return fd;
    int err = begin_to_listen(fd, at, backlog);
    if (err == 0)
        return fd;
    host_close(fd);
    return err;
}

int host_accept(int fd)
{
    long got = syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (got < 0)
        return errno == ECONNABORTED ? -EINTR : -errno; // gone already: the next one
    tune((int)got);
    return (int)got;
}

int host_connect(int fd, const struct host_address *to)
{
    union socket_address a;
    socklen_t bytes = to_socket_address(&a, to);
    tune(fd);
    if (syscall(SYS_connect, fd, &a.any, bytes) == 0 || errno == EISCONN)
        return 0;
    // interrupted it goes on by itself
    return errno == EINTR || errno == EALREADY ? -EINPROGRESS : -errno;
}

int host_connected(int fd)
{
    int err = 0;
    union socket_address a;
    socklen_t bytes = sizeof(err);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &bytes) != 0)
        return -errno;
    if (err != 0)
        return -err;
    bytes = sizeof(a);
    if (getpeername(fd, &a.any, &bytes) == 0)
        return 0;
    return errno == ENOTCONN ? -EINPROGRESS : -errno;
}

int64_t host_read(int fd, void *to, size_t bytes)
{
    long n = syscall(SYS_read, fd, to, bytes);
    return n >= 0 ? n : -errno;
}

int64_t host_write(int fd, const void *from, size_t bytes)
{
    long n = syscall(SYS_sendto, fd, from, bytes, MSG_NOSIGNAL, NULL, 0);
    if (n < 0 && errno == ENOTSOCK)
        n = syscall(SYS_write, fd, from, bytes);
    return n >= 0 ? n : -errno;
}

int host_shutdown(int fd, bool reading, bool writing)
{
    int how = reading && writing ? SHUT_RDWR : reading ? SHUT_RD : SHUT_WR;
    return syscall(SYS_shutdown, fd, how) == 0 ? 0 : -errno;
}

void host_close(int fd)
{
    syscall(SYS_close, fd);
}
