// SPDX-License-Identifier: Apache-2.0
//
// The service over the graph, and who uses it: connections on the loopback, a goroutine at either
// end of each. A request is a payment; its transaction makes the payment, hands it to the index,
// walks the neighbourhood of its user, and answers. Indexers publish what waits, once a period.
//
// A share of the clients drops out in the middle of a session: with half a request sent, with an
// answer not read, or by saying nothing more until the server gives them up. Another client takes
// the place of each.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stress/payments/times.h"
#include "stress/payments/wire.h"

struct service_options {
    uint32_t clients;          // at the same time
    uint32_t rate;             // requests a second of all of them; 0: one after the other
    uint32_t dropping_percent; // of the sessions
    uint32_t session;          // requests of a session, on average
    uint64_t requests;         // then it ends; 0: when it is told to
    int64_t index_every_ns;    // period of the indexers
    int64_t patience_ns;       // the server's, from the first byte of a request to its last
    int64_t answer_ns;         // within that the server must answer, and a client must ask
    uint32_t own_users;        // the last ones of the graph: freshness is measured with them
    uint64_t seed;
};

enum dropping { DROP_HALF, DROP_UNREAD, DROP_SILENT, DROPPINGS };

struct service_figures {
    struct times *transactions; // from when a request was due to its answer
    struct times *freshness;    // from a request to the first walk that sees its edges
    atomic_u64 asked, answered;
    atomic_u64 served;                       // transactions; more than were answered
    atomic_u64 sessions, dropped[DROPPINGS]; // all that went to their end; of these, in this way
    atomic_u64 met;                          // nodes, by the walks of all transactions
    atomic_u64 serving;                      // connections, by the server
};
extern struct service_figures service_figures; // the times are the program's own

// The graph is open. Makes the goroutines of indexers, server, clients, and of the one who looks
// for freshness. Standard: nothing can be listened to is a fatal error.
void service_begin(const struct service_options *options);
// The requests that were to be made have been.
bool service_is_done(void);
// Clients end their sessions, connections end, everything is published, all its goroutines have
// ended.
void service_end(void);

// The parts of it; each returns when it has nothing more to do -----------------------------------

extern struct service_options service_options; // const after service_begin

// A listener on the loopback, or negative.
int64_t service_listen(void);
// Serves one connection to its end, and closes it.
void service_connection(int64_t handle);
struct client {
    uint64_t random; // state of its generator
    int64_t due_ns;  // of its next request
};
// One session with who listens at the port; drops out if `drops` says so. Returns 0 when the
// service has hung up on it, a negative error when it cannot be reached or does not answer.
int64_t client_session(struct client *c, int port, uint32_t requests, bool drops);
_Noreturn void client_complains(int64_t error);
uint32_t client_below(struct client *c, uint32_t n); // 0 to n - 1, drawn by its generator
// Asks for one payment of a user of its own, and walks until that is seen.
void fresh_look(int64_t handle, struct client *c);
bool service_is_stopping(void);
// The transaction without a connection: makes the payment, hands it over, walks.
void service_transact(const struct request *r, struct answer *a);
// Draws a request and does that.
void client_pays(struct client *c);
