// SPDX-License-Identifier: Apache-2.0
//
// Inside of channels: what chan.c and select.c share, and what reports look at.
//
// Under the lock: elements in the buffer and somebody waits to receive cannot both be, nor a free
// slot and somebody who waits to send; not both wait, unless it is one select with both. Nobody
// waits on a closed channel. Waiting ones of a select whose choice has fallen count for nothing:
// they are taken out by their goroutine, or by who meets them.
#pragma once

#include "runtime/rt_chan.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/sudog.h"

struct hchan {
    rt_ptr buf;                   // const; cap elements
    const struct rt_type *type;   // const
    struct mutex lock;            // .order: a number of its own
    _Alignas(8) atomic_u32 count; // written under lock; a hint without: elements in buf
    uint32_t cap;                 // const
    uint32_t sendx, recvx;        // lock; where the next one goes, and is taken from
    bool closed;                  // lock
    struct waitq sendq, recvq;    // lock
    const char *name;             // const once others know the channel
};

// What is to be made ready when the locks are let go: the goroutine of sg, which was served.
struct served {
    struct sudog *sg; // NULL: nobody
};
void served_ready(struct served s);

// Does the operation if it can be done now; then *s says whom it served. The lock is held.
bool chan_send_now_locked(struct hchan *c, const void *elem, struct served *s);
// True also when the channel is closed and empty: *got says which.
bool chan_recv_now_locked(struct hchan *c, void *elem, enum rt_chan_got *got, struct served *s);
_Noreturn void chan_send_on_closed(void);
