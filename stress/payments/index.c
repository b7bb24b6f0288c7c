// SPDX-License-Identifier: Apache-2.0
//
// How payments get into the graph, and out of it. Each shard has a queue, which transactions fill,
// and a ring of slots for the payments that it has published; whoever publishes takes a slot, lets
// the payment that is in it expire, and links the new one. All that changes lists happens under
// `gate` for reading, so who holds it for writing sees a graph that stands still.
//
// A queue that is full makes whoever has a payment for it publish some: an index that is too slow
// shows in the times of transactions, not in memory, and nobody waits for an indexer.
#include "runtime/base/atomic.h"
#include "runtime/rt_chan.h"
#include "stress/payments/graph.h"
#include "stress/payments/node.h"

enum { PUBLISHED_TO_HELP = 4 };

static struct rt_rwmutex gate = {.name = "graph gate"};
static uint32_t room; // const after index_open: slots of a shard
static struct {
    struct rt_mutex turn;                   // one publishes at a time
    uint32_t at;                            // turn: the next slot
} shard[GRAPH_SHARDS];                      // queue and slots are roots; slots change under `turn`
static atomic_u64 made, published, expired; // the latter two change under `gate`

void index_open(void)
{
    const struct graph_sizes *s = graph_sizes();

    room = s->window / s->shards;
    for (uint32_t i = 0; i < s->shards; i++) {
        struct hchan *queue = rt_chan_make(&slot_type, s->queue);
        rt_chan_name(queue, "payments to publish");
        rt_write_ptr(&graph_root[ROOT_QUEUES + i], queue);
        rt_write_ptr(&graph_root[ROOT_SLOTS + i], rt_new_array(&slot_type, room));
        shard[i].turn.name = "shard";
    }
}

static struct hchan *queue_of(uint32_t i)
{
    return rt_load_ptr(&graph_root[ROOT_QUEUES + i]);
}

uint64_t index_add(struct payment *p, uint32_t user)
{
    uint64_t number = 1 + add_relaxed(&made, 1);
    uint32_t i = user % graph_sizes()->shards;
    rt_ptr elem;

    p->number = number;
    store_relaxed(&elem, (void *)p); // on the stack
    while (!rt_chan_try_send(queue_of(i), &elem))
        index_publish(i, PUBLISHED_TO_HELP);
    return number;
}

static void publish(uint32_t i, struct payment *p)
{
    rt_ptr *slots = rt_load_ptr(&graph_root[ROOT_SLOTS + i]);
    rt_ptr *slot = &slots[shard[i].at++ % room];
    struct payment *old = rt_load_ptr(slot);

    if (old != NULL) {
        payment_unlink(old);
        add_relaxed(&expired, 1);
    }
    payment_link(p);
    rt_write_ptr(slot, p);
    add_relaxed(&published, 1);
}

bool index_publish(uint32_t i, uint32_t most)
{
    enum rt_chan_got got = RT_CHAN_ELEM;
    rt_ptr elem;

    rt_rwmutex_rlock(&gate);
    rt_mutex_lock(&shard[i].turn);
    while (most-- > 0 && (got = rt_chan_try_recv(queue_of(i), &elem)) == RT_CHAN_ELEM)
        publish(i, payment_met(load_relaxed(&elem)));
    rt_mutex_unlock(&shard[i].turn);
    rt_rwmutex_runlock(&gate);
    return got != RT_CHAN_CLOSED;
}

void index_close(void)
{
    for (uint32_t i = 0; i < graph_sizes()->shards; i++)
        rt_chan_close(queue_of(i));
}

void index_count(struct index_counts *counts)
{
    counts->expired = load_relaxed(&expired);
    counts->published = load_relaxed(&published);
    counts->made = load_relaxed(&made);
}

void index_stop(void)
{
    rt_rwmutex_lock(&gate);
}

void index_go_on(void)
{
    rt_rwmutex_unlock(&gate);
}

rt_ptr *index_slots(uint32_t i, uint32_t *n)
{
    *n = room;
    return rt_load_ptr(&graph_root[ROOT_SLOTS + i]);
}
