// SPDX-License-Identifier: Apache-2.0
//
// The payment graph as steps of workloads (stress/workload/steps.h): the same code, with a graph of
// a few nodes. Nobody is at fault here when an answer does not come: whoever should give it may
// have been taken away; so all that waits for others gives up after a while.
#include "runtime/rt_net.h"
#include "runtime/rt_sync.h"
#include "stress/payments/graph.h"
#include "stress/payments/service.h"
#include "stress/workload/probe.h"
#include "stress/workload/steps.h"

static struct rt_once opened = {.m = {.name = "payments open"}};
static int64_t listener; // const after that; negative: none

// What the engine's oracle of lost objects starts from are the same words.
static void open_small(void *unused)
{
    static const struct graph_sizes sizes = {.users = 2,
                                             .merchants = 1,
                                             .vouchers = 1,
                                             .window = 2,
                                             .shards = 2,
                                             .queue = 1,
                                             .fan = 2,
                                             .most = 6};
    enum { PATIENCE_NS = 200 * 1000 };

    (void)unused;
    service_options.patience_ns = service_options.answer_ns = PATIENCE_NS;
    graph_open(&sizes);
    probe_globals(graph_root, GRAPH_ROOTS);
    listener = service_listen();
}

static void begin(void)
{
    rt_once_do(&opened, open_small, NULL);
}

void step_payments_pay(uint64_t seed, uint32_t n)
{
    struct client c = {.random = seed};

    begin();
    for (uint32_t i = 0; i < n; i++)
        client_pays(&c);
}

void step_payments_client(uint64_t seed, uint32_t n)
{
    struct client c = {.random = seed};

    begin();
    if (listener >= 0)
        client_session(&c, rt_port(listener), n, client_below(&c, 3) == 0);
}

void step_payments_serve(uint64_t seed, uint32_t n)
{
    (void)seed;
    begin();
    for (uint32_t i = 0; i < n && listener >= 0; i++) {
        rt_set_deadline(listener, RT_READING, service_options.patience_ns);
        int64_t connection = rt_accept(listener);
        if (connection >= 0)
            service_connection(connection);
    }
}

void step_payments_index(uint64_t seed, uint32_t n)
{
    (void)seed;
    begin();
    for (uint32_t i = 0; i < graph_sizes()->shards; i++)
        index_publish(i, n);
}

void step_payments_check(uint64_t seed, uint32_t n)
{
    (void)seed;
    begin();
    for (uint32_t i = 0; i < n; i++)
        graph_check(false);
}
