// SPDX-License-Identifier: Apache-2.0
//
// The table of the engine's descriptors, and their edges. Streams are short, so that writers meet
// full ones. An edge is kept with the descriptor until a wait tells of it.
#include "stress/sim/descriptors.h"
#include "stress/sim/engine.h"

#include <errno.h>
#include <string.h>

struct descriptor sim_descriptors[FDS];
static struct stream streams[STREAMS];
static uint16_t next_port;

void descriptors_restart(void)
{
    if (next_port == 0)
        return; // as it was left
    memset(sim_descriptors, 0, sizeof sim_descriptors);
    memset(streams, 0, sizeof streams);
    next_port = 0;
}

struct descriptor *sim_descriptor_of(int fd)
{
    return fd >= 0 && fd < FDS && sim_descriptors[fd].kind != FD_FREE ? &sim_descriptors[fd] : NULL;
}

int sim_descriptor_new(enum kind kind, uint32_t site)
{
    int fd = 0;
    while (fd < FDS && sim_descriptors[fd].kind != FD_FREE)
        fd++;
    if (fd == FDS || sim_refused(SIM_FAULT_EMFILE, site))
        return -EMFILE;
    next_port = next_port != 0 ? next_port : FIRST_PORT; // something is to be put back
    sim_descriptors[fd] = (struct descriptor){.kind = kind};
    return fd;
}

struct stream *sim_stream_new(int reader, int writer)
{
    struct stream *s = streams;
    while (s < streams + STREAMS && s->used)
        s++;
    if (s == streams + STREAMS)
        return NULL;
    *s = (struct stream){.used = true, .reader = reader, .writer = writer};
    return s;
}

uint16_t sim_port_new(void)
{
    return next_port++;
}

// Edges ----------------------------------------------------------------------------------

bool sim_descriptor_is_ready(const struct descriptor *d, int direction)
{
    if (d->kind == FD_LISTENER)
        return direction == READ && d->queued > 0;
    if (d->refused)
        return true;
    const struct stream *s = direction == READ ? d->in : d->out;
    if (!s || d->connecting)
        return false;
    if (s->reset || s->reader_gone || s->writer_gone)
        return true;
    return direction == READ ? s->n > 0 : s->n < STREAM_BYTES;
}

void sim_descriptor_edge(int fd, int direction)
{
    if (fd == NOBODY || sim_descriptors[fd].token == 0)
        return;
    sim_descriptors[fd].untold[direction] = true;
    sim_poller_wake();
}

void sim_stream_edges(const struct stream *s)
{
    sim_descriptor_edge(s->reader, READ);
    sim_descriptor_edge(s->writer, WRITE);
}

bool sim_descriptor_ready(int fd, bool write)
{
    const struct descriptor *d = sim_descriptor_of(fd);
    return d && sim_descriptor_is_ready(d, write);
}

bool sim_descriptor_told(int fd, bool write)
{
    const struct descriptor *d = sim_descriptor_of(fd);
    return d && d->told[write];
}

bool sim_descriptor_untold(int fd, bool write)
{
    const struct descriptor *d = sim_descriptor_of(fd);
    return d && d->untold[write];
}

// Ending ---------------------------------------------------------------------------------

static void free_if_done(struct stream *s)
{
    if (s && s->reader_gone && s->writer_gone && s->reader == NOBODY && s->writer == NOBODY)
        s->used = false;
}

static void stop_reading(struct stream *s)
{
    s->reader_gone = true;
    sim_stream_edges(s);
}

static void stop_writing(struct stream *s)
{
    s->writer_gone = true;
    sim_stream_edges(s);
}

int host_shutdown(int fd, bool reading, bool writing)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d)
        return -EBADF;
    if (d->kind != FD_SOCKET)
        return -ENOTSOCK;
    if (!d->in || d->connecting)
        return -ENOTCONN;
    if (reading)
        stop_reading(d->in);
    if (writing)
        stop_writing(d->out);
    return 0;
}

static void leave(struct stream *in, struct stream *out)
{
    if (in) {
        in->reader = NOBODY;
        stop_reading(in);
        free_if_done(in);
    }
    if (out) {
        out->writer = NOBODY;
        stop_writing(out);
        free_if_done(out);
    }
}

void host_close(int fd)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    HOST_TRACE("close", 0, fd, 0);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d)
        host_abort("host: closed twice");
    d->token = 0;
    for (uint32_t i = 0; i < d->queued; i++)
        leave(d->queue[i][READ], d->queue[i][WRITE]);
    leave(d->in, d->out);
    d->kind = FD_FREE;
}
