// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that goroutines can wait for. A handle names a slot and its generation: after the
// close it names nothing, whoever has the slot then. A slot is used by whoever is in a call on it
// and is given back, and the descriptor closed, by the last of these after the close.
//
// For each direction one word says who waits: nobody, nobody and it has become ready since the last
// look, somebody who is about to park, a parked goroutine. At most one goroutine a direction waits:
// calls of one direction stand in line for its semaphore.
//
// Meeting [pd.info]: who parks writes the word, then looks at .info; who closes, or finds a
// deadline over, writes .info, then looks at the word. All four are seq_cst, so one of the two sees
// the other.
#pragma once

#include "runtime/sched/timer.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/sema.h"

enum pd_direction { PD_READ, PD_WRITE, PD_DIRECTIONS };

// Values of polldesc.waiter; any other is the goroutine that is parked.
enum { PD_NIL, PD_READY, PD_WAIT, PD_PARKED };
// Bits of polldesc.info.
enum { PD_CLOSING = 1, PD_READ_OVER = 2, PD_WRITE_OVER = 4 };
// Of polldesc.use: the generation in the upper half, then this bit, then who uses it.
#define PD_CLOSED (UINT64_C(1) << 31)

struct polldesc {
    struct mutex lock;
    uint32_t index; // const; in the table
    int fd;         // const while it is used
    int port;       // of a listener; written by its maker before anybody else has the handle
    _Alignas(8) atomic_u64 use;                   // atomic; see above
    _Alignas(8) atomic_u64 waiter[PD_DIRECTIONS]; // atomic: PD_NIL to PD_WAIT, or a g
    _Alignas(8) atomic_u32 info;                  // written under lock; see above
    uint32_t tag;                                 // lock; what events of this generation carry
    struct {
        uint32_t seq;       // lock; of the present deadline
        struct timer timer; // see timer.h
    } deadline[PD_DIRECTIONS];
    struct sema line[PD_DIRECTIONS]; // one call at a time; a slot keeps them for ever
    struct polldesc *link;           // pool.lock; free slots
};

// A slot for fd, known to the poller; the handle, or negative: then fd is closed.
int64_t pd_new(int fd);
// The slot, used by the caller until pd_put; NULL when the handle names nothing that is open.
struct polldesc *pd_get(int64_t handle);
void pd_put(struct polldesc *pd);
// Nobody gets it any more, and who waits comes back. -EBADF: it was closed already.
int pd_close(int64_t handle);

// Around the calls of one direction: 0, or why there is no point in trying.
int pd_begin(struct polldesc *pd, enum pd_direction d);
void pd_end(struct polldesc *pd, enum pd_direction d);
// Between the two, after -EAGAIN: parks until the direction is ready. 0, -ECANCELED: it is being
// closed, -ETIMEDOUT.
int pd_wait(struct polldesc *pd, enum pd_direction d);
// From when on (0: never) calls of the direction are -ETIMEDOUT, also those that wait.
void pd_set_deadline(struct polldesc *pd, enum pd_direction d, int64_t when);

// By the m that polls: the goroutines that an event makes ready, still waiting, go to *list.
// Returns how many. An event of an earlier generation is nobody's.
struct gqueue;
int32_t pd_event(uint64_t token, bool read, bool write, struct gqueue *list);
