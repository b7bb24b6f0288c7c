// SPDX-License-Identifier: Apache-2.0
//
// Nodes, edges and their lists. See graph.h.
//
// A list is doubly linked through its edges, so that one can be taken out without a search; which
// of its two ends an edge lends to a list follows from the kind of the node, since no edge joins
// two nodes of one kind. An edge that is taken out forgets its neighbours: whoever still holds it
// (a stack that looks as if it did is enough) would keep all that were taken out after it.
#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "stress/payments/graph.h"
#include "stress/payments/node.h"

static const uint64_t node_magic = 0x90de, edge_magic = 0xed9e, payment_magic = 0x9a1d,
                      voucher_magic = 0x70c4;

RT_TYPE(merchant_type, struct node, RT_AT(struct node, newest));
RT_TYPE(user_type, struct user,
        RT_AT(struct user, node.newest) | RT_AT(struct user, holds[HOLDS_ACCOUNT]) |
            RT_AT(struct user, holds[HOLDS_DEVICE]) | RT_AT(struct user, holds[HOLDS_ADDRESS]) |
            RT_AT(struct user, vouchers));
RT_TYPE(voucher_type, struct voucher, RT_AT(struct voucher, next));
RT_TYPE(holding_type, struct holding,
        RT_AT(struct holding, node.newest) | RT_AT(struct holding, owner));
RT_TYPE(edge_type, struct edge,
        RT_AT(struct edge, end[0].node) | RT_AT(struct edge, end[0].newer) |
            RT_AT(struct edge, end[0].older) | RT_AT(struct edge, end[1].node) |
            RT_AT(struct edge, end[1].newer) | RT_AT(struct edge, end[1].older));
RT_TYPE(payment_type, struct payment,
        RT_AT(struct payment, edge[0]) | RT_AT(struct payment, edge[1]) |
            RT_AT(struct payment, edge[2]) | RT_AT(struct payment, edge[3]));
static const uint64_t slot_bits = 1;
const struct rt_type slot_type = {"slot", 8, 8, &slot_bits};

static const struct {
    enum node_kind from, to;
} joins[EDGES] = {
    [USER_ACCOUNT] = {NODE_USER, NODE_ACCOUNT},
    [ACCOUNT_MERCHANT] = {NODE_ACCOUNT, NODE_MERCHANT},
    [USER_DEVICE] = {NODE_USER, NODE_DEVICE},
    [DEVICE_ADDRESS] = {NODE_DEVICE, NODE_ADDRESS},
};

static struct graph_sizes sizes; // const after graph_open
rt_ptr graph_root[GRAPH_ROOTS];
static atomic_u64 made[8], ended; // relaxed: nodes by kind, for their numbers; taken back

_Noreturn void payments_wrong(const char *what)
{
    host_abort(what);
}

const struct graph_sizes *graph_sizes(void)
{
    return &sizes;
}

// Heads -----------------------------------------------------------------------------------------

static uint64_t head(uint64_t magic, uint32_t kind, uint64_t number)
{
    return magic << 48 | (uint64_t)kind << 40 | number;
}

enum node_kind node_kind(const struct node *n)
{
    return (enum node_kind)(n->head >> 40 & 0xff);
}

uint64_t voucher_number(const struct voucher *v)
{
    return v->head & 0xffffffffff;
}

struct voucher *voucher_met(void *object)
{
    struct voucher *v = object;

    if (v->head >> 48 != voucher_magic)
        payments_wrong("payments: a voucher is none");
    return v;
}

struct node *node_met(void *object)
{
    struct node *n = object;

    if (n == NULL || n->head >> 48 != node_magic)
        payments_wrong("payments: a node is none");
    return n;
}

struct edge *edge_met(void *object)
{
    struct edge *e = object;

    if (e->head >> 48 != edge_magic)
        payments_wrong("payments: an edge is none");
    return e;
}

struct payment *payment_met(void *object)
{
    struct payment *p = object;

    if (p->head >> 48 != payment_magic)
        payments_wrong("payments: a payment is none");
    return p;
}

int edge_end_of(const struct edge *e, const struct node *n)
{
    int end = node_kind(n) == joins[e->head >> 40 & 0xff].to;

    if (rt_load_ptr(&e->end[end].node) != n)
        payments_wrong("payments: an edge stands in the list of another node");
    return end;
}

// Nodes -----------------------------------------------------------------------------------------

static void node_begin(struct node *n, enum node_kind kind)
{
    static const char *const names[] = {
        [NODE_USER] = "user",       [NODE_ACCOUNT] = "account",   [NODE_DEVICE] = "device",
        [NODE_ADDRESS] = "address", [NODE_MERCHANT] = "merchant",
    };

    n->head = head(node_magic, kind, add_relaxed(&made[kind], 1));
    n->lock.name = names[kind];
}

// Nobody reaches it any more, so no edge may stand in its list.
static void holding_ends(void *object)
{
    struct node *n = node_met(object);

    rt_mutex_lock(&n->lock);
    if (n->degree != 0)
        payments_wrong("payments: a node was taken back although edges refer to it");
    rt_mutex_unlock(&n->lock);
    add_relaxed(&ended, 1);
}

static struct node *holding_new(struct node *owner, enum node_kind kind)
{
    struct holding *h = rt_new(&holding_type);

    node_begin(&h->node, kind);
    rt_write_ptr(&h->owner, owner);
    if (kind != NODE_ACCOUNT)
        rt_set_finalizer(h, holding_ends);
    return &h->node;
}

static void voucher_new(struct user *u, uint64_t number)
{
    struct voucher *v = rt_new(&voucher_type);

    v->head = head(voucher_magic, 0, number);
    rt_write_ptr(&v->next, rt_load_ptr(&u->vouchers));
    rt_write_ptr(&u->vouchers, v);
}

static struct node *user_new(uint32_t number)
{
    struct user *u = rt_new(&user_type);

    node_begin(&u->node, NODE_USER);
    rt_write_ptr(&u->holds[HOLDS_ACCOUNT], holding_new(&u->node, NODE_ACCOUNT));
    rt_write_ptr(&u->holds[HOLDS_DEVICE], holding_new(&u->node, NODE_DEVICE));
    rt_write_ptr(&u->holds[HOLDS_ADDRESS], holding_new(&u->node, NODE_ADDRESS));
    for (uint32_t i = 0; i < sizes.vouchers; i++)
        voucher_new(u, number * sizes.vouchers + i);
    return &u->node;
}

static struct node *merchant_new(void)
{
    struct node *n = rt_new(&merchant_type);

    node_begin(n, NODE_MERCHANT);
    return n;
}

void graph_open(const struct graph_sizes *s)
{
    sizes = *s;
    rt_ptr *users = rt_new_array(&slot_type, s->users);
    rt_ptr *merchants = rt_new_array(&slot_type, s->merchants);
    rt_register_globals(graph_root, GRAPH_ROOTS);
    rt_write_ptr(&graph_root[ROOT_USERS], users);
    rt_write_ptr(&graph_root[ROOT_MERCHANTS], merchants);
    for (uint32_t i = 0; i < s->users; i++)
        rt_write_ptr(&users[i], user_new(i));
    for (uint32_t i = 0; i < s->merchants; i++)
        rt_write_ptr(&merchants[i], merchant_new());
    index_open();
}

struct node *graph_user(uint32_t number)
{
    rt_ptr *all = rt_load_ptr(&graph_root[ROOT_USERS]);

    return node_met(rt_load_ptr(&all[number]));
}

struct node *graph_merchant(uint32_t number)
{
    rt_ptr *all = rt_load_ptr(&graph_root[ROOT_MERCHANTS]);

    return node_met(rt_load_ptr(&all[number]));
}

// What the user holds there, or, `anew`, from now on.
static struct node *held(struct node *user, int which, enum node_kind anew)
{
    struct user *u = (struct user *)user;
    struct node *n = anew ? holding_new(user, anew) : NULL;

    rt_mutex_lock(&user->lock);
    if (n != NULL)
        rt_write_ptr(&u->holds[which], n);
    else
        n = rt_load_ptr(&u->holds[which]);
    rt_mutex_unlock(&user->lock);
    return node_met(n);
}

struct voucher *voucher_take(uint32_t user)
{
    struct node *n = graph_user(user);
    rt_ptr *list = &((struct user *)n)->vouchers;

    rt_mutex_lock(&n->lock);
    struct voucher *v = rt_load_ptr(list);
    if (v != NULL)
        rt_write_ptr(list, rt_load_ptr(&voucher_met(v)->next));
    rt_mutex_unlock(&n->lock);
    return v;
}

void voucher_give(uint32_t user, struct voucher *v)
{
    struct node *n = graph_user(user);
    rt_ptr *list = &((struct user *)n)->vouchers;

    voucher_met(v);
    rt_mutex_lock(&n->lock);
    rt_write_ptr(&v->next, rt_load_ptr(list));
    rt_write_ptr(list, v);
    rt_mutex_unlock(&n->lock);
}

// Edges and payments ----------------------------------------------------------------------------

static struct edge *edge_new(enum edge_kind kind, uint64_t amount, struct node *from,
                             struct node *to)
{
    struct edge *e = rt_new(&edge_type);

    e->head = head(edge_magic, kind, 0);
    e->amount = amount;
    rt_write_ptr(&e->end[0].node, from);
    rt_write_ptr(&e->end[1].node, to);
    return e;
}

struct payment *payment_new(const struct graph_order *order)
{
    struct node *user = graph_user(order->user);
    struct node *account = held(user, HOLDS_ACCOUNT, 0);
    struct node *device =
        held(graph_user(order->lender), HOLDS_DEVICE, order->new_device ? NODE_DEVICE : 0);
    struct node *address = held(user, HOLDS_ADDRESS, order->new_address ? NODE_ADDRESS : 0);
    struct payment *p = rt_new(&payment_type);

    p->head = head(payment_magic, 0, 0);
    p->amount = order->amount;
    rt_write_ptr(&p->edge[USER_ACCOUNT], edge_new(USER_ACCOUNT, p->amount, user, account));
    rt_write_ptr(&p->edge[ACCOUNT_MERCHANT],
                 edge_new(ACCOUNT_MERCHANT, p->amount, account, graph_merchant(order->merchant)));
    rt_write_ptr(&p->edge[USER_DEVICE], edge_new(USER_DEVICE, p->amount, user, device));
    rt_write_ptr(&p->edge[DEVICE_ADDRESS], edge_new(DEVICE_ADDRESS, p->amount, device, address));
    return p;
}

static void link_end(struct edge *e, int end)
{
    struct node *n = node_met(rt_load_ptr(&e->end[end].node));

    rt_mutex_lock(&n->lock);
    struct edge *before = rt_load_ptr(&n->newest);
    rt_write_ptr(&e->end[end].older, before);
    if (before != NULL)
        rt_write_ptr(&edge_met(before)->end[edge_end_of(before, n)].newer, e);
    rt_write_ptr(&n->newest, e);
    n->sum += e->amount;
    n->degree++;
    e->listed[end] = 1;
    rt_mutex_unlock(&n->lock);
}

static void unlink_end(struct edge *e, int end)
{
    struct node *n = node_met(rt_load_ptr(&e->end[end].node));

    rt_mutex_lock(&n->lock);
    struct edge *newer = rt_load_ptr(&e->end[end].newer);
    struct edge *older = rt_load_ptr(&e->end[end].older);
    if (!e->listed[end])
        payments_wrong("payments: an edge is taken out of a list in which it is not");
    if (newer != NULL)
        rt_write_ptr(&edge_met(newer)->end[edge_end_of(newer, n)].older, older);
    else
        rt_write_ptr(&n->newest, older);
    if (older != NULL)
        rt_write_ptr(&edge_met(older)->end[edge_end_of(older, n)].newer, newer);
    rt_clear_ptrs(&e->end[end].newer, 2);
    n->sum -= e->amount;
    n->degree--;
    e->listed[end] = 0;
    rt_mutex_unlock(&n->lock);
}

void payment_link(struct payment *p)
{
    payment_met(p);
    for (int i = 0; i < EDGES; i++) {
        struct edge *e = edge_met(rt_load_ptr(&p->edge[i]));
        e->payment = p->number; // nobody but the payment refers to it yet
        link_end(e, 0);
        link_end(e, 1);
    }
}

void payment_unlink(struct payment *p)
{
    payment_met(p);
    for (int i = 0; i < EDGES; i++) {
        struct edge *e = edge_met(rt_load_ptr(&p->edge[i]));
        unlink_end(e, 0);
        unlink_end(e, 1);
    }
}

uint32_t node_edges(struct node *n, struct edge **edges, struct node **others, uint32_t most)
{
    uint32_t count = 0;

    rt_mutex_lock(&n->lock);
    for (struct edge *e = rt_load_ptr(&n->newest); e != NULL && count < most; count++) {
        int end = edge_end_of(edge_met(e), n);
        if (!e->listed[end])
            payments_wrong("payments: an edge stands in a list and does not know it");
        edges[count] = e;
        others[count] = node_met(rt_load_ptr(&e->end[!end].node));
        if (node_kind(others[count]) !=
            (end ? joins[e->head >> 40 & 0xff].from : joins[e->head >> 40 & 0xff].to))
            payments_wrong("payments: an edge leads to a node of another kind");
        e = rt_load_ptr(&e->end[end].older);
    }
    rt_mutex_unlock(&n->lock);
    return count;
}

void node_count(uint64_t *devices_and_addresses, uint64_t *taken_back)
{
    *devices_and_addresses = load_relaxed(&made[NODE_DEVICE]) + load_relaxed(&made[NODE_ADDRESS]);
    *taken_back = load_relaxed(&ended);
}
