// SPDX-License-Identifier: Apache-2.0
//
// Channels: queues of n elements of one type between goroutines, n = 0: a sender and a receiver
// meet. Elements leave in the order in which they came; whoever waited longest is served first.
// What the sender wrote before the send is visible to who receives; with n = 0 also the other way.
//
// A channel is an object of the heap: it lives as long as something refers to it, and a pointer to
// it lies where rt_heap.h allows one. `elem` is memory of one element that lies on the caller's own
// stack when the type has pointers; it may not be changed by others during the call.
//
// NULL is a channel on which everything waits for ever. The design is Go's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/rt_heap.h"

struct hchan;

// n is at most 2^31 - 1. Out of memory is a fatal error.
struct hchan *rt_chan_make(const struct rt_type *type, size_t n);
// A name for reports; a constant. By who made it, before others know it.
void rt_chan_name(struct hchan *c, const char *name);

// Waits until a receiver or a free slot takes the element. On a closed channel it is a panic.
void rt_chan_send(struct hchan *c, const void *elem);
// Waits for an element. False: the channel is closed and everything sent before has been received;
// *elem is zeroed. elem may be NULL: the element is dropped.
bool rt_chan_recv(struct hchan *c, void *elem);
// The same without waiting. False: nobody takes it now.
bool rt_chan_try_send(struct hchan *c, const void *elem);
enum rt_chan_got { RT_CHAN_NOTHING, RT_CHAN_ELEM, RT_CHAN_CLOSED };
enum rt_chan_got rt_chan_try_recv(struct hchan *c, void *elem);
// No more is sent: those who wait to receive return, those who wait to send panic. Closing twice,
// or NULL, is a panic.
void rt_chan_close(struct hchan *c);
// Elements that wait in it, and how many may. Of NULL: 0. The first may be old when it is used.
size_t rt_chan_len(const struct hchan *c);
size_t rt_chan_cap(const struct hchan *c);

enum rt_select_dir { RT_SELECT_SEND, RT_SELECT_RECV };
struct rt_select_case {
    struct hchan *c; // NULL: never chosen
    enum rt_select_dir dir;
    void *elem;    // as above; of a send only read
    bool received; // set for a receive that is chosen: as rt_chan_recv returns
};
enum { RT_SELECT_MAX = 64, RT_SELECT_DEFAULT = -1 };
// Does one of the n cases, one that can be done now if there is any (which of several is random),
// and returns its index. If none can be done now it waits for one, or, with `otherwise`, returns
// RT_SELECT_DEFAULT at once. The same channel may occur several times, in both directions. No case
// and nothing otherwise: waits for ever. More than RT_SELECT_MAX is a fatal error.
int rt_select(struct rt_select_case *cases, size_t n, bool otherwise);
