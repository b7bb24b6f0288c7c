// SPDX-License-Identifier: Apache-2.0
//
// The clients' side. A request is due at a time that does not depend on answers, as far as the
// session goes, and its time is counted from then: a service that stands still for a second is
// charged for all that would have been asked meanwhile.
#include <errno.h>
#include <string.h>

#include "runtime/base/rand.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_net.h"
#include "stress/payments/graph.h"
#include "stress/payments/service.h"
#include "stress/payments/wire.h"

static const int64_t ms = 1000000, second = 1000000000;
enum { NEW_DEVICE_ONE_IN = 16, NEW_ADDRESS_ONE_IN = 32, LENT_ONE_IN = 8, AMOUNT_MOST = 1000 };

uint32_t client_below(struct client *c, uint32_t n)
{
    struct rand r = {c->random};
    uint32_t x = rand_below(&r, n);

    c->random = r.state;
    return x;
}

int64_t wire_read(int64_t handle, void *to, size_t bytes)
{
    for (size_t n = 0; n < bytes;) {
        int64_t got = rt_read(handle, (char *)to + n, bytes - n);
        if (got <= 0)
            return got;
        n += (size_t)got;
    }
    return (int64_t)bytes;
}

static void decimal(char *to, uint32_t n)
{
    char digits[8];
    int k = 0;

    do
        digits[k++] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    while (k > 0)
        *to++ = digits[--k];
    *to = 0;
}

int64_t wire_dial(int port)
{
    char address[32] = "tcp:127.0.0.1:";

    decimal(address + strlen(address), (uint32_t)port);
    return rt_dial(address, service_options.answer_ns);
}

// Requests --------------------------------------------------------------------------------------

static void draw(struct client *c, struct request *r)
{
    uint32_t users = graph_sizes()->users - service_options.own_users;

    r->magic = REQUEST_MAGIC;
    r->user = client_below(c, users);
    r->lender = client_below(c, LENT_ONE_IN) == 0 ? client_below(c, users) : r->user;
    r->friend = client_below(c, users);
    r->merchant = client_below(c, graph_sizes()->merchants);
    r->amount = 1 + client_below(c, AMOUNT_MOST);
    r->flags = (client_below(c, NEW_DEVICE_ONE_IN) == 0 ? REQUEST_NEW_DEVICE : 0) |
               (client_below(c, NEW_ADDRESS_ONE_IN) == 0 ? REQUEST_NEW_ADDRESS : 0);
}

static int64_t send(int64_t handle, const struct request *r, size_t bytes)
{
    add_relaxed(&service_figures.asked, bytes == sizeof(*r));
    return rt_write(handle, r, bytes);
}

// Its payment's number; 0: the service has hung up; or a negative error.
static int64_t take_answer(int64_t handle)
{
    struct answer a;
    int64_t n = wire_read(handle, &a, sizeof(a));

    if (n <= 0)
        return n;
    if (a.magic != ANSWER_MAGIC || a.number == 0 || a.met == 0)
        payments_wrong("payments: an answer is none");
    add_relaxed(&service_figures.answered, 1);
    return (int64_t)a.number;
}

static int64_t ask(int64_t handle, const struct request *r)
{
    rt_set_deadline(handle, RT_READING | RT_WRITING, service_options.answer_ns);
    int64_t n = send(handle, r, sizeof(*r));
    return n == (int64_t)sizeof(*r) ? take_answer(handle) : n < 0 ? n : 0;
}

void client_complains(int64_t error)
{
    if (error == -ETIMEDOUT)
        payments_wrong("payments: the service does not answer");
    if (error == 0)
        payments_wrong("payments: the service hangs up");
    payments_wrong("payments: the service cannot be reached");
}

// The server must give it up, and say no more.
static int64_t say_nothing(int64_t handle)
{
    struct answer a;

    int64_t n = rt_read(handle, &a, sizeof(a));
    if (n > 0)
        payments_wrong("payments: half a request is answered");
    return n != -ETIMEDOUT ? 1 : n;
}

// Positive, or an error, as of asking.
static int64_t drop_out(struct client *c, int64_t handle)
{
    enum dropping how = client_below(c, DROPPINGS);
    struct request r;

    draw(c, &r);
    rt_set_deadline(handle, RT_READING | RT_WRITING, service_options.answer_ns);
    send(handle, &r, how == DROP_UNREAD ? sizeof(r) : 1 + client_below(c, sizeof(r) - 1));
    add_relaxed(&service_figures.dropped[how], 1);
    return how != DROP_SILENT ? 1 : say_nothing(handle);
}

void client_pays(struct client *c)
{
    struct request r;
    struct answer a;

    draw(c, &r);
    service_transact(&r, &a);
}

// When the next request is due; with a rate, it is waited for.
static int64_t wait_until_due(struct client *c)
{
    int64_t now = host_nanotime();

    if (service_options.rate == 0)
        return now;
    int64_t due = c->due_ns;
    c->due_ns += service_options.clients * second / service_options.rate;
    rt_sleep(due - now);
    return due;
}

int64_t client_session(struct client *c, int port, uint32_t requests, bool drops)
{
    uint32_t leaves = drops ? client_below(c, requests) : requests;
    int64_t handle = wire_dial(port);

    if (handle < 0)
        return handle;
    if (service_options.rate != 0)
        c->due_ns = host_nanotime() +
                    second / service_options.rate * client_below(c, service_options.clients);
    int64_t answered = 1;
    uint32_t i = 0;
    while (answered > 0 && i < requests && !service_is_stopping() && !service_is_done()) {
        struct request r;
        int64_t due = wait_until_due(c);
        if (i == leaves)
            break;
        draw(c, &r);
        answered = ask(handle, &r);
        if (answered > 0)
            times_add(service_figures.transactions, host_nanotime() - due);
        i += answered > 0;
    }
    if (i == leaves && drops)
        answered = drop_out(c, handle);
    add_relaxed(&service_figures.sessions, i == leaves);
    rt_close(handle);
    return answered;
}

// Freshness -------------------------------------------------------------------------------------
// Measured, not told by the index: somebody makes a payment as anybody does, and walks until that
// is among the edges which a walk follows. The user is its own, so that nobody's newer edges hide
// it.

void fresh_look(int64_t handle, struct client *c)
{
    const int64_t pause = 2 * ms, patience = 30 * second + 3 * service_options.index_every_ns;
    struct request r;
    bool seen = false;

    draw(c, &r);
    r.user = r.lender = graph_sizes()->users - 1 - client_below(c, service_options.own_users);
    int64_t from = host_nanotime();
    int64_t number = ask(handle, &r);
    if (number <= 0)
        client_complains(number);
    for (;;) {
        graph_walk(r.user, (uint64_t)number, &seen);
        int64_t passed = host_nanotime() - from;
        if (seen)
            times_add(service_figures.freshness, passed);
        else if (passed > patience)
            payments_wrong("payments: an edge is never seen");
        if (seen || service_is_stopping())
            break;
        rt_sleep(pause);
    }
    rt_sleep(20 * ms);
}
