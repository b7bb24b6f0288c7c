// SPDX-License-Identifier: Apache-2.0
//
// The oracle of the graph. While nobody publishes, the published payments are what the lists must
// hold, no more and no less: each node that a user, a merchant or an edge refers to is looked at
// once, its list from end to end, and each edge of a payment must have been met from both sides.
#include "runtime/base/atomic.h"
#include "runtime/rt.h"
#include "stress/payments/graph.h"
#include "stress/payments/node.h"

struct tally {
    uint32_t round;
    uint64_t payments, amount; // published
    uint64_t listed;           // edges, once for each list
    uint64_t earned;           // sums of merchants
    uint64_t vouchers, numbers;
};

static uint32_t rounds; // the gate, for writing

static void require(bool holds, const char *or_else)
{
    if (!holds)
        payments_wrong(or_else);
}

static void node_check(struct node *n, struct tally *t)
{
    uint64_t sum = 0;
    uint32_t degree = 0;
    struct edge *newer = NULL;

    if (n->checked == t->round)
        return;
    n->checked = t->round;
    rt_mutex_lock(&n->lock);
    for (struct edge *e = rt_load_ptr(&n->newest); e != NULL; degree++) {
        int end = edge_end_of(edge_met(e), n);
        require(rt_load_ptr(&e->end[end].newer) == newer, "payments: a list is not linked back");
        require(e->listed[end] && !e->met[end], "payments: an edge is met twice from one side");
        e->met[end] = 1;
        sum += e->amount;
        newer = e;
        e = rt_load_ptr(&e->end[end].older);
    }
    require(degree == n->degree, "payments: a list has lost edges");
    require(sum == n->sum, "payments: a node's sum is not that of its edges");
    rt_mutex_unlock(&n->lock);
    t->listed += degree;
    if (node_kind(n) == NODE_MERCHANT)
        t->earned += sum;
}

// While they are passed on some may be met twice, or not at all.
static void vouchers_check(struct user *u, struct tally *t)
{
    uint64_t most = (uint64_t)graph_sizes()->users * graph_sizes()->vouchers, n = 0;

    rt_mutex_lock(&u->node.lock);
    for (struct voucher *v = rt_load_ptr(&u->vouchers); v != NULL; v = rt_load_ptr(&v->next)) {
        t->numbers += voucher_number(voucher_met(v));
        require(++n <= most, "payments: a list of vouchers does not end");
    }
    t->vouchers += n;
    rt_mutex_unlock(&u->node.lock);
}

static void vouchers_are_all(const struct tally *t)
{
    uint64_t n = (uint64_t)graph_sizes()->users * graph_sizes()->vouchers;

    require(t->vouchers == n, "payments: vouchers are lost");
    require(t->numbers == n * (n - 1) / 2, "payments: vouchers are others");
}

static void user_check(struct node *user, struct tally *t)
{
    struct user *u = (struct user *)user;

    node_check(user, t);
    vouchers_check(u, t);
    for (int i = 0; i < HOLDINGS; i++) {
        rt_mutex_lock(&user->lock);
        struct node *n = node_met(rt_load_ptr(&u->holds[i]));
        rt_mutex_unlock(&user->lock);
        require(rt_load_ptr(&((struct holding *)n)->owner) == user,
                "payments: a user holds what is another's");
        node_check(n, t);
    }
}

static void payment_begin(struct payment *p, struct tally *t)
{
    t->payments++;
    t->amount += p->amount;
    for (int i = 0; i < EDGES; i++) {
        struct edge *e = edge_met(rt_load_ptr(&p->edge[i]));
        require(e->payment == p->number, "payments: an edge is another payment's");
        e->met[0] = e->met[1] = 0;
    }
}

static void payment_ends(struct payment *p, struct tally *t)
{
    for (int i = 0; i < EDGES; i++) {
        struct edge *e = edge_met(rt_load_ptr(&p->edge[i]));
        node_check(node_met(rt_load_ptr(&e->end[0].node)), t);
        node_check(node_met(rt_load_ptr(&e->end[1].node)), t);
        require(e->met[0] && e->met[1], "payments: an edge is not in the lists of both ends");
    }
}

static void each_payment(struct tally *t, void (*fn)(struct payment *p, struct tally *t))
{
    for (uint32_t i = 0; i < graph_sizes()->shards; i++) {
        uint32_t n;
        rt_ptr *slots = index_slots(i, &n);
        for (uint32_t k = 0; k < n; k++) {
            struct payment *p = rt_load_ptr(&slots[k]);
            if (p != NULL)
                fn(payment_met(p), t);
            rt_preempt_point();
        }
    }
}

void graph_check(bool at_end)
{
    struct index_counts counts;

    index_stop();
    struct tally t = {.round = ++rounds};
    each_payment(&t, payment_begin);
    for (uint32_t i = 0; i < graph_sizes()->users; i++)
        user_check(graph_user(i), &t);
    for (uint32_t i = 0; i < graph_sizes()->merchants; i++)
        node_check(graph_merchant(i), &t);
    each_payment(&t, payment_ends);
    index_count(&counts);
    require(t.listed == 2 * EDGES * t.payments, "payments: edges of no payment stand in lists");
    require(t.earned == t.amount, "payments: merchants have not earned what was paid");
    require(counts.published - counts.expired == t.payments, "payments: published ones are lost");
    require(!at_end || counts.made == counts.published, "payments: some were never published");
    if (at_end)
        vouchers_are_all(&t);
    index_go_on();
}
