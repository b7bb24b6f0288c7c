// SPDX-License-Identifier: Apache-2.0
//
// A sudog is a goroutine in one queue of a channel or lock; a select stands in several. Queued, it
// belongs to who holds the queue's lock. Who takes it out owns its goroutine too (with a select:
// if it is the first to do so), until it readies that one; before and after it is the goroutine's.
//
// They are memory of the runtime and never scanned: the element, the channel and all else that they
// refer to lie on the stack of the goroutine that waits, or are kept by it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct g;
struct hchan;
struct p;

struct sudog {
    struct g *g;               // const while it is used
    struct sudog *next, *prev; // lock of the queue; .next: of who has it unused, too
    struct sudog *waitlink;    // g's own: the next one of the same g. With semaphores: lock, ...
    struct sudog *waittail;    // ... others for the same one, and the last of them
    void *elem;                // const while it is queued; where an element goes or comes from
    struct hchan *c;           // likewise
    const void *sema;          // likewise; the semaphore
    bool is_select;            // likewise
    bool sends;                // likewise; of a select, for people
    bool success;              // who takes it out: there was an element; false: the channel closed
    uint32_t ticket;           // semaphores, who takes it out: handed over. Conditions: in line
    int64_t since;             // g's own: began to wait
};

// By a goroutine. All zero but for .g, which is the caller.
struct sudog *sudog_get(void);
// In no queue; all zero but for .g again.
void sudog_put(struct sudog *sg);
// Those that pp keeps go to all. World stopped.
void sudogs_flush(struct p *pp);

struct waitq {
    struct sudog *first, *last;
};
void waitq_push(struct waitq *q, struct sudog *sg);
// Takes sg out if it is in.
void waitq_remove(struct waitq *q, struct sudog *sg);
