// SPDX-License-Identifier: Apache-2.0
//
// The server's side, the indexers, and how all of it begins and ends. See service.h.
#include "stress/payments/service.h"

#include "runtime/base/throw.h"
#include "runtime/rt.h"
#include "runtime/rt_net.h"
#include "runtime/rt_sync.h"
#include "stress/payments/graph.h"
#include "stress/payments/wire.h"

enum { BACKLOG = 1024, PUBLISHED_AT_ONCE = 64 };

struct service_options service_options;
struct service_figures service_figures;
static struct {
    int64_t listener; // const after service_begin
    struct rt_waitgroup clients, connections, indexers;
    atomic_u32 stopping; // relaxed: a wish, which is asked for again and again
} live;

bool service_is_stopping(void)
{
    return load_relaxed(&live.stopping) != 0;
}

bool service_is_done(void)
{
    return service_options.requests != 0 &&
           load_relaxed(&service_figures.asked) >= service_options.requests;
}

// Transactions ----------------------------------------------------------------------------------

void service_transact(const struct request *r, struct answer *a)
{
    struct graph_order order = {
        .user = r->user,
        .merchant = r->merchant,
        .amount = r->amount,
        .lender = r->lender,
        .new_device = r->flags & REQUEST_NEW_DEVICE,
        .new_address = r->flags & REQUEST_NEW_ADDRESS,
    };

    struct voucher *v = voucher_take(r->user);
    a->magic = ANSWER_MAGIC;
    a->number = index_add(payment_new(&order), r->user);
    a->met = graph_walk(r->user, a->number, NULL);
    if (v != NULL) // the whole time nothing but this stack has referred to it
        voucher_give(r->friend, v);
    add_relaxed(&service_figures.met, a->met);
    add_relaxed(&service_figures.served, 1);
}

static bool is_sound(const struct request *r)
{
    const struct graph_sizes *s = graph_sizes();

    return r->magic == REQUEST_MAGIC && r->user < s->users && r->lender < s->users &&
           r->friend < s->users && r->merchant < s->merchants;
}

// False: there is none, or half of one for too long. Who asks nothing yet may take its time.
static bool next_request(int64_t handle, struct request *r)
{
    rt_set_deadline(handle, RT_READING | RT_WRITING, service_options.answer_ns);
    int64_t n = rt_read(handle, r, sizeof(*r));
    if (n <= 0)
        return false;
    if ((size_t)n == sizeof(*r))
        return true;
    rt_set_deadline(handle, RT_READING, service_options.patience_ns);
    return wire_read(handle, (char *)r + n, sizeof(*r) - (size_t)n) > 0;
}

void service_connection(int64_t handle)
{
    struct request r;
    struct answer a;

    add_relaxed(&service_figures.serving, 1);
    while (next_request(handle, &r)) {
        if (!is_sound(&r))
            payments_wrong("payments: a request is none");
        service_transact(&r, &a);
        if (rt_write(handle, &a, sizeof(a)) != (int64_t)sizeof(a))
            break;
    }
    rt_close(handle);
    sub_relaxed(&service_figures.serving, 1);
}

static void connection(void *handle)
{
    service_connection((int64_t)(intptr_t)handle);
    rt_waitgroup_done(&live.connections);
}

static void accepts(void *unused)
{
    int64_t c;

    (void)unused;
    while ((c = rt_accept(live.listener)) >= 0) {
        rt_waitgroup_add(&live.connections, 1);
        rt_go(connection, (void *)(intptr_t)c);
    }
    if (!service_is_stopping())
        rt_fatal("payments: cannot accept any more");
    rt_waitgroup_done(&live.connections);
}

int64_t service_listen(void)
{
    return rt_listen("tcp:127.0.0.1:0", BACKLOG);
}

// Indexers --------------------------------------------------------------------------------------

// What was there when a turn began is published in pieces, so that a check need not wait long.
static void indexer(void *number)
{
    uint32_t i = (uint32_t)(uintptr_t)number;

    for (bool more = true; more;) {
        rt_sleep(service_options.index_every_ns);
        for (uint32_t n = 0; more && n < graph_sizes()->queue; n += PUBLISHED_AT_ONCE)
            more = index_publish(i, PUBLISHED_AT_ONCE);
    }
    rt_waitgroup_done(&live.indexers);
}

// Clients ---------------------------------------------------------------------------------------

// Session after session: who drops out is replaced.
static void clients(void *number)
{
    struct client c = {.random = service_options.seed * 0x9e3779b97f4a7c15u + (uint64_t)number};
    int port = rt_port(live.listener);

    while (!service_is_stopping() && !service_is_done()) {
        uint32_t requests = 1 + client_below(&c, 2 * service_options.session);
        bool drops = client_below(&c, 100) < service_options.dropping_percent;
        int64_t end = client_session(&c, port, requests, drops);
        if (end <= 0)
            client_complains(end);
    }
    rt_waitgroup_done(&live.clients);
}

static void looks_for_freshness(void *unused)
{
    struct client c = {.random = ~service_options.seed};
    int64_t handle = wire_dial(rt_port(live.listener));

    (void)unused;
    if (handle < 0)
        client_complains(handle);
    while (!service_is_stopping() && !service_is_done())
        fresh_look(handle, &c);
    rt_close(handle);
    rt_waitgroup_done(&live.clients);
}

void service_begin(const struct service_options *options)
{
    service_options = *options;
    live.listener = service_listen();
    if (live.listener < 0)
        rt_fatal("payments: cannot listen on the loopback");
    rt_waitgroup_add(&live.indexers, (int32_t)graph_sizes()->shards);
    for (uint32_t i = 0; i < graph_sizes()->shards; i++)
        rt_go(indexer, (void *)(uintptr_t)i);
    rt_waitgroup_add(&live.connections, 1);
    rt_go(accepts, NULL);
    rt_waitgroup_add(&live.clients, (int32_t)options->clients + 1);
    for (uint32_t i = 1; i <= options->clients; i++)
        rt_go(clients, (void *)(uintptr_t)i);
    rt_go(looks_for_freshness, NULL);
}

void service_end(void)
{
    store_relaxed(&live.stopping, 1);
    rt_waitgroup_wait(&live.clients);
    rt_close(live.listener);
    rt_waitgroup_wait(&live.connections);
    index_close();
    rt_waitgroup_wait(&live.indexers);
}
