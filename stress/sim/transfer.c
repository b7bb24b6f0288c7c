// SPDX-License-Identifier: Apache-2.0
//
// What passes through the engine's pipes and sockets. It orders nothing for the race detector: what
// programs read and write there are plain accesses of who calls.
#include "stress/sim/descriptors.h"
#include "stress/sim/race.h"

#include <errno.h>

// A fault of a transfer: -EINTR or -ECONNRESET; else how many bytes of n are done.
static int64_t disturbed(const struct descriptor *d, size_t n, uint32_t site)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_EINTR, SIM_FAULT_PARTIAL};
    enum sim_fault fault = sim_choose_fault(faults, n > 1 ? 3 : 2, site);
    if (fault == SIM_FAULT_EINTR)
        return -EINTR;
    if (d->kind == FD_SOCKET && sim_refused(SIM_FAULT_ECONNRESET, site)) {
        d->in->reset = d->out->reset = true;
        sim_stream_edges(d->in);
        sim_stream_edges(d->out);
        return -ECONNRESET;
    }
    return fault == SIM_FAULT_PARTIAL ? 1 : (int64_t)n;
}

static void accessed(const void *p, size_t bytes, unsigned kind, uint64_t pc)
{
    if (race_enabled)
        race_range((uint64_t)p, bytes, kind, false, pc);
}

int64_t host_read(int fd, void *to, size_t bytes)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    const struct descriptor *d = sim_descriptor_of(fd);
    if (!d || (!d->in && d->kind == FD_PIPE))
        return -EBADF;
    struct stream *s = d->in;
    if (!s || d->connecting)
        return -ENOTCONN;
    if (s->reset)
        return -ECONNRESET;
    if (bytes == 0 || s->reader_gone || (s->n == 0 && s->writer_gone))
        return 0;
    if (s->n == 0)
        return -EAGAIN;
    int64_t n = disturbed(d, bytes < s->n ? bytes : s->n, site);
    if (n < 0)
        return n;
    accessed(to, (size_t)n, ACCESS_WRITE, HOOK_PC);
    for (int64_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = s->data[(s->head + (uint32_t)i) % STREAM_BYTES];
    s->head += (uint32_t)n;
    if (s->n == STREAM_BYTES)
        sim_descriptor_edge(s->writer, WRITE);
    s->n -= (uint32_t)n;
    HOST_TRACE("read", to, fd, n);
    sim_note_value((uint64_t)n);
    return n;
}

int64_t host_write(int fd, const void *from, size_t bytes)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    const struct descriptor *d = sim_descriptor_of(fd);
    if (!d || (!d->out && d->kind == FD_PIPE))
        return -EBADF;
    struct stream *s = d->out;
    if (!s || d->connecting)
        return -ENOTCONN;
    if (s->reset)
        return -ECONNRESET;
    if (s->reader_gone || s->writer_gone)
        return -EPIPE;
    uint32_t room = STREAM_BYTES - s->n;
    if (bytes == 0)
        return 0;
    if (room == 0)
        return -EAGAIN;
    int64_t n = disturbed(d, bytes < room ? bytes : room, site);
    if (n < 0)
        return n;
    accessed(from, (size_t)n, ACCESS_READ, HOOK_PC);
    for (int64_t i = 0; i < n; i++)
        s->data[(s->head + s->n + (uint32_t)i) % STREAM_BYTES] = ((const uint8_t *)from)[i];
    s->n += (uint32_t)n;
    sim_descriptor_edge(s->reader, READ);
    HOST_TRACE("write", from, fd, n);
    sim_note_value((uint64_t)n);
    return n;
}
