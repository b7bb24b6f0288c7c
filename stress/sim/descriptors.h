// SPDX-License-Identifier: Apache-2.0
//
// Descriptors of the engine's host, the section of that name in runtime/host/host.h: the table
// (descriptors.c), how pipes and sockets come about (sockets.c), what passes through them
// (transfer.c), and the poller (poller.c).
#pragma once

#include "runtime/host/host.h"
#include "stress/sim/entries.h"

#include <stdbool.h>
#include <stdint.h>

SIM_HOOKS(SIM_DESCRIPTOR_ENTRIES)

enum { FDS = 64, STREAMS = 64, STREAM_BYTES = 32, BACKLOG = 8, NOBODY = -1, FIRST_PORT = 40000 };

// One direction. A side that is NOBODY has no descriptor: not accepted yet, or gone.
struct stream {
    bool used, reader_gone, writer_gone, reset;
    int reader, writer; // descriptors
    uint32_t head, n;
    uint8_t data[STREAM_BYTES];
};

enum kind { FD_FREE, FD_PIPE, FD_SOCKET, FD_LISTENER };
enum { READ, WRITE, DIRECTIONS };

struct descriptor {
    enum kind kind;
    bool connecting, refused;
    struct stream *in, *out;
    uint64_t token;                            // 0: the poller does not know it
    uint32_t added;                            // so many were before it
    bool untold[DIRECTIONS], told[DIRECTIONS]; // edges that are to come; that have come
    // of a listener
    struct host_address address;
    struct stream *queue[BACKLOG][2]; // in and out of who accepts
    uint32_t queued, backlog;
};

extern struct descriptor sim_descriptors[FDS];

// NULL: it is none.
struct descriptor *sim_descriptor_of(int fd);
// -EMFILE when there is none, or it is refused.
int sim_descriptor_new(enum kind kind, uint32_t site);
uint16_t sim_port_new(void);
// NULL: there is none.
struct stream *sim_stream_new(int reader, int writer);

// Whether the next call of the direction would not be -EAGAIN.
bool sim_descriptor_is_ready(const struct descriptor *d, int direction);
// It has become so: the poller is to tell.
void sim_descriptor_edge(int fd, int direction);
void sim_stream_edges(const struct stream *s);
// poller.c: the thread that has slept longest in a wait looks again.
void sim_poller_wake(void);
