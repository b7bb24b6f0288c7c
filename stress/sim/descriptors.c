// SPDX-License-Identifier: Apache-2.0
//
// The engine's pipes, sockets and poller: the sections Descriptors and Poll of runtime/host/host.h.
// Streams are short, so that writers meet full ones. An edge is kept with the descriptor until a
// wait tells of it; in which order a wait tells, and whether a connection takes a while, are
// choices. What bytes pass through a stream orders nothing for the race detector: what programs
// read and write there are plain accesses of who calls.
#include "runtime/host/host.h"
#include "stress/sim/entries.h"
#include "stress/sim/race.h"

#include <errno.h>
#include <string.h>

SIM_HOOKS(SIM_DESCRIPTOR_ENTRIES)

enum { FDS = 64, STREAMS = 64, STREAM_BYTES = 32, BACKLOG = 8, NOBODY = -1, FIRST_PORT = 40000 };

// One direction. A side that is NOBODY has no descriptor: not accepted yet, or gone.
struct stream {
    bool used, reader_gone, writer_gone, reset;
    int reader, writer; // descriptors
    uint32_t head, n;
    uint8_t data[STREAM_BYTES];
};

enum kind { FREE, PIPE, SOCKET, LISTENER };
enum { READ, WRITE, DIRECTIONS };

struct descriptor {
    enum kind kind;
    bool connecting, refused;
    struct stream *in, *out;
    uint64_t token;                            // 0: the poller does not know it
    bool untold[DIRECTIONS], told[DIRECTIONS]; // edges that are to come; that have come
    // of a listener
    struct host_address address;
    struct stream *queue[BACKLOG][2]; // in and out of who accepts
    uint32_t queued, backlog;
};

static struct descriptor table[FDS];
static struct stream streams[STREAMS];
static uint16_t next_port;

void descriptors_restart(void)
{
    if (next_port == 0)
        return; // as it was left
    memset(table, 0, sizeof table);
    memset(streams, 0, sizeof streams);
    next_port = 0;
}

// Descriptors and streams -----------------------------------------------------------------

static struct descriptor *descriptor_of(int fd)
{
    return fd >= 0 && fd < FDS && table[fd].kind != FREE ? &table[fd] : NULL;
}

// -EMFILE when there is none, or it is refused.
static int descriptor_new(enum kind kind, uint32_t site)
{
    int fd = 0;
    while (fd < FDS && table[fd].kind != FREE)
        fd++;
    if (fd == FDS || sim_refused(SIM_FAULT_EMFILE, site))
        return -EMFILE;
    next_port = next_port != 0 ? next_port : FIRST_PORT; // something is to be put back
    table[fd] = (struct descriptor){.kind = kind};
    return fd;
}

static struct stream *stream_new(int reader, int writer)
{
    struct stream *s = streams;
    while (s < streams + STREAMS && s->used)
        s++;
    if (s == streams + STREAMS)
        return NULL;
    *s = (struct stream){.used = true, .reader = reader, .writer = writer};
    return s;
}

static void free_if_done(struct stream *s)
{
    if (s && s->reader_gone && s->writer_gone && s->reader == NOBODY && s->writer == NOBODY)
        s->used = false;
}

// Edges -----------------------------------------------------------------------------------

static bool is_ready(const struct descriptor *d, int direction)
{
    if (d->kind == LISTENER)
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

static void wake_one(void)
{
    struct thread *longest = NULL;
    for (uint32_t i = 0; i < sim.threads; i++) {
        struct thread *t = &sim_threads[i];
        if (t->state == THREAD_POLL && (!longest || t->since < longest->since))
            longest = t;
    }
    if (longest)
        sim_make_ready(longest, 1);
}

static void edge(int fd, int direction)
{
    if (fd == NOBODY || table[fd].token == 0)
        return;
    table[fd].untold[direction] = true;
    wake_one();
}

static void edges_of_both_sides(const struct stream *s)
{
    edge(s->reader, READ);
    edge(s->writer, WRITE);
}

bool sim_descriptor_ready(int fd, bool write)
{
    const struct descriptor *d = descriptor_of(fd);
    return d && is_ready(d, write);
}

bool sim_descriptor_told(int fd, bool write)
{
    const struct descriptor *d = descriptor_of(fd);
    return d && d->told[write];
}

bool sim_descriptor_untold(int fd, bool write)
{
    const struct descriptor *d = descriptor_of(fd);
    return d && d->untold[write];
}

// Making ----------------------------------------------------------------------------------

// Two descriptors, or none.
static int two_new(enum kind kind, int fds[2], uint32_t site)
{
    fds[0] = descriptor_new(kind, site);
    if (fds[0] < 0)
        return fds[0];
    fds[1] = descriptor_new(kind, site);
    if (fds[1] >= 0)
        return 0;
    table[fds[0]].kind = FREE;
    return fds[1];
}

static int not_enough(const int fds[2])
{
    table[fds[0]].kind = table[fds[1]].kind = FREE;
    return -ENFILE;
}

int host_pipe(int fds[2])
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int err = two_new(PIPE, fds, site);
    if (err != 0)
        return err;
    struct stream *s = stream_new(fds[0], fds[1]);
    if (!s)
        return not_enough(fds);
    table[fds[0]].in = s;
    table[fds[1]].out = s;
    HOST_TRACE("pipe", 0, fds[0], fds[1]);
    return 0;
}

int host_socketpair(int fds[2])
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int err = two_new(SOCKET, fds, site);
    if (err != 0)
        return err;
    struct stream *to = stream_new(fds[1], fds[0]), *from = stream_new(fds[0], fds[1]);
    if (!to || !from) {
        if (to)
            to->used = false;
        return not_enough(fds);
    }
    table[fds[0]].out = table[fds[1]].in = to;
    table[fds[0]].in = table[fds[1]].out = from;
    HOST_TRACE("socket pair", 0, fds[0], fds[1]);
    return 0;
}

int host_socket(enum host_network network)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    int fd = descriptor_new(SOCKET, site);
    if (fd >= 0)
        table[fd].address.network = network;
    return fd;
}

static struct descriptor *listener_at(const struct host_address *at)
{
    for (int fd = 0; fd < FDS; fd++) {
        struct descriptor *d = &table[fd];
        if (d->kind == LISTENER && d->address.network == at->network &&
            (at->network == HOST_TCP ? d->address.port == at->port
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
    int fd = descriptor_new(LISTENER, site);
    if (fd < 0)
        return fd;
    if (at->network == HOST_TCP && at->port == 0)
        at->port = next_port++;
    table[fd].address = *at;
    table[fd].backlog = backlog < 1 ? 1 : backlog < BACKLOG ? (uint32_t)backlog : BACKLOG;
    return fd;
}

// Connections -----------------------------------------------------------------------------

static bool interrupted(uint32_t site)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_EINTR};
    return sim_choose_fault(faults, 2, site) != SIM_FAULT_NONE;
}

// Takes a place in the line of the listener.
static bool join_line(int fd, struct descriptor *l)
{
    struct descriptor *d = &table[fd];
    if (!l || l->queued == l->backlog)
        return false;
    struct stream *to = stream_new(NOBODY, fd), *from = stream_new(fd, NOBODY);
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
    edge((int)(l - table), READ);
    return true;
}

int host_connect(int fd, const struct host_address *to)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    struct descriptor *d = descriptor_of(fd);
    if (!d || d->kind != SOCKET)
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
    edge(fd, WRITE);
    return -EINPROGRESS;
}

int host_connected(int fd)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = descriptor_of(fd);
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
    struct descriptor *l = descriptor_of(fd);
    if (!l || l->kind != LISTENER)
        return -EBADF;
    if (interrupted(site))
        return -EINTR;
    if (l->queued == 0)
        return -EAGAIN;
    int got = descriptor_new(SOCKET, site);
    if (got < 0)
        return got;
    struct stream *in = l->queue[0][READ], *out = l->queue[0][WRITE];
    memmove(&l->queue[0], &l->queue[1], --l->queued * sizeof l->queue[0]);
    in->reader = out->writer = got;
    table[got].in = in;
    table[got].out = out;
    HOST_TRACE("accept", 0, fd, got);
    return got;
}

// Reading and writing -----------------------------------------------------------------------

// A fault of a transfer: -EINTR or -ECONNRESET; else how many bytes of n are done.
static int64_t disturbed(const struct descriptor *d, size_t n, uint32_t site)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_EINTR, SIM_FAULT_PARTIAL};
    enum sim_fault fault = sim_choose_fault(faults, n > 1 ? 3 : 2, site);
    if (fault == SIM_FAULT_EINTR)
        return -EINTR;
    if (d->kind == SOCKET && sim_refused(SIM_FAULT_ECONNRESET, site)) {
        d->in->reset = d->out->reset = true;
        edges_of_both_sides(d->in);
        edges_of_both_sides(d->out);
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
    const struct descriptor *d = descriptor_of(fd);
    if (!d || (!d->in && d->kind == PIPE))
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
        edge(s->writer, WRITE);
    s->n -= (uint32_t)n;
    HOST_TRACE("read", to, fd, n);
    sim_note_value((uint64_t)n);
    return n;
}

int64_t host_write(int fd, const void *from, size_t bytes)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    const struct descriptor *d = descriptor_of(fd);
    if (!d || (!d->out && d->kind == PIPE))
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
    edge(s->reader, READ);
    HOST_TRACE("write", from, fd, n);
    sim_note_value((uint64_t)n);
    return n;
}

// Ending ----------------------------------------------------------------------------------

static void stop_reading(struct stream *s)
{
    s->reader_gone = true;
    edges_of_both_sides(s);
}

static void stop_writing(struct stream *s)
{
    s->writer_gone = true;
    edges_of_both_sides(s);
}

int host_shutdown(int fd, bool reading, bool writing)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = descriptor_of(fd);
    if (!d)
        return -EBADF;
    if (d->kind != SOCKET)
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
    struct descriptor *d = descriptor_of(fd);
    if (!d)
        host_abort("host: closed twice");
    d->token = 0;
    for (uint32_t i = 0; i < d->queued; i++)
        leave(d->queue[i][READ], d->queue[i][WRITE]);
    leave(d->in, d->out);
    d->kind = FREE;
}

// The poller ------------------------------------------------------------------------------

int host_poll_add(int fd, uint64_t token)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = descriptor_of(fd);
    if (!d)
        return -EBADF;
    if (d->token != 0)
        return -EEXIST;
    d->token = token;
    d->told[READ] = d->told[WRITE] = false;
    for (int direction = READ; direction < DIRECTIONS; direction++) {
        if (is_ready(d, direction))
            edge(fd, direction);
    }
    return 0;
}

void host_poll_remove(int fd)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = descriptor_of(fd);
    if (!d)
        return;
    d->token = 0;
    d->untold[READ] = d->untold[WRITE] = false;
}

static bool has_edge(const struct descriptor *d)
{
    return d->kind != FREE && d->token != 0 && (d->untold[READ] || d->untold[WRITE]);
}

static void tell(struct descriptor *d, struct host_ready *ready)
{
    *ready = (struct host_ready){d->token, d->untold[READ], d->untold[WRITE]};
    d->told[READ] |= d->untold[READ];
    d->told[WRITE] |= d->untold[WRITE];
    d->untold[READ] = d->untold[WRITE] = false;
}

// Where to begin is a choice when there are several.
static int tell_all(struct host_ready *ready, int n, uint32_t site)
{
    uint32_t edges = 0;
    int told = 0;
    for (int fd = 0; fd < FDS; fd++)
        edges += has_edge(&table[fd]);
    uint32_t skip = edges > 1 ? sim_choose_number(SIM_RANDOM, edges, site) : 0;
    for (int i = 0; i < 2 * FDS && told < n && edges > 0; i++) {
        struct descriptor *d = &table[i % FDS];
        if (!has_edge(d))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        tell(d, &ready[told++]);
        edges--;
    }
    return told;
}

static void make_all_unready_edges(void)
{
    for (int fd = 0; fd < FDS; fd++) {
        if (table[fd].kind != FREE && table[fd].token != 0)
            table[fd].untold[READ] = table[fd].untold[WRITE] = true;
    }
}

int host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    static const enum sim_fault faults[] = {
        SIM_FAULT_NONE,        SIM_FAULT_EINTR,     SIM_FAULT_UNREADY,    SIM_FAULT_LATE_SHORT,
        SIM_FAULT_LATE_MIDDLE, SIM_FAULT_LATE_LONG, SIM_FAULT_EINTR_LATER};
    uint32_t site = HOST_POINT(CALL_POLL);
    int64_t until = sim_deadline(timeout_ns);
    HOST_TRACE("poll wait", 0, 0, timeout_ns);
    for (;; sim_visit(site)) { // each round has choices of its own, which need names of their own
        int told = 0, woken;
        if (timeout_ns != 0 && sim.poll_broken) {
            sim.poll_broken = false;
            ready[told++] = (struct host_ready){0};
        }
        told += tell_all(ready + told, n - told, site);
        sim_note_value((uint64_t)told);
        if (told > 0 || timeout_ns == 0)
            return told;
        enum sim_fault fault = sim_wait_fault(faults, 3, until, site);
        if (fault == SIM_FAULT_EINTR)
            return -EINTR;
        if (fault == SIM_FAULT_UNREADY)
            make_all_unready_edges();
        else if ((woken = sim_wait(THREAD_POLL, NULL, until, fault, site)) < 0)
            return woken == -ETIMEDOUT ? 0 : woken;
    }
}

void host_poll_break(void)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    HOST_TRACE("poll break", 0, 0, 0);
    sim.poll_broken = true;
    wake_one();
}
