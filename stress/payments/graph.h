// SPDX-License-Identifier: Apache-2.0
//
// A graph of payments in the heap of the runtime. Users, accounts, devices, addresses and merchants
// are objects; a payment joins five of them by four edges, objects too, each of which refers to
// both of its ends and stands in the list of each. Payments are published into the lists some time
// after they were made, and expire when newer ones need their place, so the graph is bounded.
//
//     user ---- account ---- merchant          edges of a payment
//        \
//         `---- device ----- address           user <-> account, device, address: also directly
//
// Users and merchants stand in a directory. Accounts are their users'. Devices and addresses that
// their user has replaced are there for the edges alone: when the last one expires, the collector
// takes them back. Every object begins with a head that says what it is; who meets one looks at it,
// so that memory that was taken back, or is another object by now, shows at the first touch.
//
// A user has vouchers, which transactions pass on to others. Each is referred to once: from a list,
// or from the stack of who is about to pass it on; nobody makes or loses one.
//
// Every list has the lock of its node, and nobody holds two. So an edge may stand in one list and
// not in the other while it is published or expires; `graph_check` looks when nobody does either.
// What is wrong ends the process: `payments: ...`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/rt_heap.h"
#include "runtime/rt_sync.h"

enum node_kind { NODE_USER = 1, NODE_ACCOUNT, NODE_DEVICE, NODE_ADDRESS, NODE_MERCHANT };
enum edge_kind { USER_ACCOUNT, ACCOUNT_MERCHANT, USER_DEVICE, DEVICE_ADDRESS, EDGES };
enum { HOLDS_ACCOUNT, HOLDS_DEVICE, HOLDS_ADDRESS, HOLDINGS };

struct node {
    uint64_t head; // const: magic, kind, number
    struct rt_mutex lock;
    rt_ptr newest;    // lock: edges, the newest first
    uint64_t sum;     // lock: of their amounts
    uint32_t degree;  // lock: how many
    uint32_t checked; // graph_check only: number of the last one that was here
};

struct user {
    struct node node;
    rt_ptr holds[HOLDINGS]; // node.lock
    rt_ptr vouchers;        // node.lock: the first of a list
};

struct voucher {
    uint64_t head; // const: magic, number
    rt_ptr next;   // lock of the user in whose list it stands
};

// Account, device, address.
struct holding {
    struct node node;
    rt_ptr owner; // const: the user
};

struct edge {
    uint64_t head;            // const: magic, kind
    uint64_t payment, amount; // const
    uint8_t listed[2];        // lock of the end: it stands in its list
    uint8_t met[2];           // graph_check only
    struct {
        rt_ptr node;         // const
        rt_ptr newer, older; // lock of the node: edges of its list
    } end[2];
};

struct payment {
    uint64_t head; // const: magic
    uint64_t number, amount;
    rt_ptr edge[EDGES];
};

enum { GRAPH_FAN = 16, GRAPH_SHARDS = 8 };
struct graph_sizes {
    uint32_t users, merchants;
    uint32_t vouchers; // of each user at first
    uint32_t window;   // payments that are published and have not expired, at most
    uint32_t shards;   // of the index
    uint32_t queue;    // payments of a shard that wait to be published
    uint32_t fan;      // newest edges of a node that a walk follows, at most GRAPH_FAN
    uint32_t most;     // nodes that a walk meets
};

// What a payment is about, drawn by who makes it.
struct graph_order {
    uint32_t user, merchant;
    uint32_t amount;
    uint32_t lender; // the device is this user's
    bool new_device, new_address;
};

// Makes users, merchants, and an empty index. Once, before anything else, by one goroutine.
void graph_open(const struct graph_sizes *sizes);
// Where all of it hangs: words that the collector starts from.
enum {
    ROOT_USERS,
    ROOT_MERCHANTS,
    ROOT_QUEUES,
    ROOT_SLOTS = ROOT_QUEUES + GRAPH_SHARDS,
    GRAPH_ROOTS = ROOT_SLOTS + GRAPH_SHARDS
};
extern rt_ptr graph_root[GRAPH_ROOTS]; // const after graph_open
const struct graph_sizes *graph_sizes(void);

// A payment that nobody knows yet: it has no number, its edges stand in no list.
struct payment *payment_new(const struct graph_order *order);
// Puts its edges into the lists of their ends; takes them out again. Once each.
void payment_link(struct payment *p);
void payment_unlink(struct payment *p);

// Takes a voucher of the user's, NULL if there is none; gives it to the user.
struct voucher *voucher_take(uint32_t user);
void voucher_give(uint32_t user, struct voucher *v);

// The nodes that three steps from a user reach, newest edges first, each looked at. Returns how
// many; *found (may be NULL) says whether an edge of the payment `number` was among those followed.
uint32_t graph_walk(uint32_t user, uint64_t number, bool *found);

// The list of the node's edges, newest first: up to `most` of them and their other ends.
uint32_t node_edges(struct node *n, struct edge **edges, struct node **others, uint32_t most);
struct node *graph_user(uint32_t number);
struct node *graph_merchant(uint32_t number);

// Devices and addresses ever made; of these, taken back by the collector.
void node_count(uint64_t *made, uint64_t *taken_back);

_Noreturn void payments_wrong(const char *what); // a constant: it is the signature of a finding

// index.c ---------------------------------------------------------------------------------------
// Payments wait in queues, one for each shard, until an indexer publishes them.

void index_open(void); // by graph_open
// Gives the payment its number, which is returned, and puts it into the queue of its user's shard;
// while that is full, publishes from it.
uint64_t index_add(struct payment *p, uint32_t user);
// Publishes what waits in the shard, up to `most`; payments whose place is needed expire. False:
// the queue is closed and nothing is left in it.
bool index_publish(uint32_t shard, uint32_t most);
// Nothing is added any more.
void index_close(void);
struct index_counts {
    uint64_t made, published, expired; // payments
};
void index_count(struct index_counts *counts);
// Nobody publishes between the two. Meanwhile slots[0 .. n) of each shard refer to its published
// payments, or to nothing.
void index_stop(void);
void index_go_on(void);
rt_ptr *index_slots(uint32_t shard, uint32_t *n);

// check.c ---------------------------------------------------------------------------------------
// Looks at everything, at any time: each edge of a published payment stands in the lists of both of
// its ends, and there is no other; sums and numbers agree. `at_end`: nothing is under way either.
void graph_check(bool at_end);
