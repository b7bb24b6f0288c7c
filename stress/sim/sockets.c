// SPDX-License-Identifier: Apache-2.0
//
// The engine's pipes and sockets: how they are made, and how connections come about. Whether a
// connection takes a while is a choice.
#include "stress/sim/descriptors.h"
#include "stress/sim/engine.h"

#include <errno.h>
#include <string.h>

// Making ---------------------------------------------------------------------------------

// Two descriptors, or none.
static int two_new(enum kind kind, int fds[2], uint32_t site)
{
    fds[0] = sim_descriptor_new(kind, site);
    if (fds[0] < 0)
        return fds[0];
    fds[1] = sim_descriptor_new(kind, site);
    if (fds[1] >= 0)
        return 0;
    sim_descriptors[fds[0]].kind = FD_FREE;
    return fds[1];
}

static int not_enough(const int fds[2])
{
    sim_descriptors[fds[0]].kind = sim_descriptors[fds[1]].kind = FD_FREE;
    return -ENFILE;
}

int host_pipe(int fds[2])
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int err = two_new(FD_PIPE, fds, site);
    if (err != 0)
        return err;
    struct stream *s = sim_stream_new(fds[0], fds[1]);
    if (!s)
        return not_enough(fds);
    sim_descriptors[fds[0]].in = s;
    sim_descriptors[fds[1]].out = s;
    HOST_TRACE("pipe", 0, fds[0], fds[1]);
    return 0;
}

int host_socketpair(int fds[2])
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int err = two_new(FD_SOCKET, fds, site);
    if (err != 0)
        return err;
    struct stream *to = sim_stream_new(fds[1], fds[0]), *from = sim_stream_new(fds[0], fds[1]);
    if (!to || !from) {
        if (to)
            to->used = false;
        return not_enough(fds);
    }
    sim_descriptors[fds[0]].out = sim_descriptors[fds[1]].in = to;
    sim_descriptors[fds[0]].in = sim_descriptors[fds[1]].out = from;
    HOST_TRACE("socket pair", 0, fds[0], fds[1]);
    return 0;
}

int host_socket(enum host_network network)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int fd = sim_descriptor_new(FD_SOCKET, site);
    if (fd >= 0)
        sim_descriptors[fd].address.network = network;
    return fd;
}

static struct descriptor *listener_at(const struct host_address *at)
{
    for (int fd = 0; fd < FDS; fd++) {
        struct descriptor *d = &sim_descriptors[fd];
        if (d->kind == FD_LISTENER && d->address.network == at->network &&
            (at->network != HOST_UNIX ? d->address.port == at->port
                                      : strcmp(d->address.path, at->path) == 0))
            return d;
    }
    return NULL;
}

int host_listen(struct host_address *at, int backlog)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    if (listener_at(at))
        return -EADDRINUSE;
    int fd = sim_descriptor_new(FD_LISTENER, site);
    if (fd < 0)
        return fd;
    if (at->network != HOST_UNIX && at->port == 0)
        at->port = sim_port_new();
    sim_descriptors[fd].address = *at;
    sim_descriptors[fd].backlog = backlog < 1 ? 1 : backlog < BACKLOG ? (uint32_t)backlog : BACKLOG;
    return fd;
}

// Connections ----------------------------------------------------------------------------

static bool interrupted(uint32_t site)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_EINTR};
    return sim_choose_fault(faults, 2, site) != SIM_FAULT_NONE;
}

// Takes a place in the line of the listener.
static bool join_line(int fd, struct descriptor *l)
{
    struct descriptor *d = &sim_descriptors[fd];
    if (!l || l->queued == l->backlog)
        return false;
    struct stream *to = sim_stream_new(NOBODY, fd), *from = sim_stream_new(fd, NOBODY);
    if (!to || !from) {
        if (to)
            to->used = false;
        return false;
    }
    d->out = to;
    d->in = from;
    l->queue[l->queued][READ] = to;
    l->queue[l->queued][WRITE] = from;
    l->queued++;
    sim_descriptor_edge((int)(l - sim_descriptors), READ);
    return true;
}

int host_connect(int fd, const struct host_address *to)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d || d->kind != FD_SOCKET)
        return -EBADF;
    if (d->connecting)
        return -EINPROGRESS;
    if (d->in)
        return 0;
    bool joined = join_line(fd, listener_at(to));
    HOST_TRACE("connect", 0, fd, joined);
    if (sim_choose_number(SIM_RANDOM, 2, site) != 0) // at once
        return joined ? 0 : -ECONNREFUSED;
    d->connecting = joined;
    d->refused = !joined;
    sim_descriptor_edge(fd, WRITE);
    return -EINPROGRESS;
}

int host_connected(int fd)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d)
        return -EBADF;
    if (d->refused)
        return -ECONNREFUSED;
    d->connecting = false;
    return d->in ? 0 : -EINPROGRESS;
}

int host_accept(int fd)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    struct descriptor *l = sim_descriptor_of(fd);
    if (!l || l->kind != FD_LISTENER)
        return -EBADF;
    if (interrupted(site))
        return -EINTR;
    if (l->queued == 0)
        return -EAGAIN;
    int got = sim_descriptor_new(FD_SOCKET, site);
    if (got < 0)
        return got;
    struct stream *in = l->queue[0][READ], *out = l->queue[0][WRITE];
    memmove(&l->queue[0], &l->queue[1], --l->queued * sizeof l->queue[0]);
    in->reader = out->writer = got;
    sim_descriptors[got].in = in;
    sim_descriptors[got].out = out;
    HOST_TRACE("accept", 0, fd, got);
    return got;
}
