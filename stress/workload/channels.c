// SPDX-License-Identifier: Apache-2.0
//
// Operations on channels. All channels of a program have one type: a value, by which an oracle
// follows what is sent (which goroutine, the how manieth), and a reference to an object or NULL.
// Around each operation the personality is told (probe.h). What panics (sending on a closed
// channel, closing twice) is recovered and done; so every text is a program.
//
// A channel that main has not made yet is nil: operations on it wait for ever, or not at all.
#include <string.h>

#include "runtime/host/host.h"
#include "runtime/rt_chan.h"
#include "runtime/rt_panic.h"
#include "stress/workload/frame.h"
#include "stress/workload/probe.h"

struct parcel {
    uint64_t value;
    rt_ptr object;
};
RT_TYPE(parcel_type, struct parcel, RT_AT(struct parcel, object));

static rt_ptr channel[WL_NAMES];

void channels_begin(void)
{
    uint32_t n = program->names[WL_CHAN_NAME].n;

    if (n == 0)
        return;
    rt_register_globals(channel, n);
    probe_globals(channel, n);
}

void op_chan(struct frame *f, const struct wl_op *op)
{
    (void)f;
    if (rt_load_ptr(&channel[op->a]) != NULL)
        return;
    struct hchan *c = rt_chan_make(&parcel_type, (size_t)op->number);
    rt_chan_name(c, program->names[WL_CHAN_NAME].name[op->a]);
    probe_channel(op->a, c, (uint32_t)op->number);
    rt_write_ptr(&channel[op->a], c);
}

// Values ---------------------------------------------------------------------------------------

static void pack(struct frame *f, struct parcel *p, void *object)
{
    p->value = (uint64_t)(f->instance + 1) << 32 | f->sent++;
    store_relaxed(&p->object, object);
}

static void look_at(const struct parcel *p)
{
    uint64_t from = p->value >> 32;

    if (from == 0 || from > program->instances)
        host_abort("workload: a value that nobody sent");
}

// Operations that may panic --------------------------------------------------------------------

struct attempt {
    void (*fn)(struct attempt *);
    struct hchan *c;
    struct parcel parcel;
    bool done; // without waiting
    struct rt_select_case *cases;
    size_t n;
    int chosen;
};

static void recover_it(void *unused)
{
    (void)unused;
    rt_recover(NULL);
}

static void attempt_it(void *attempt)
{
    struct attempt *a = attempt;

    rt_defer(recover_it, NULL);
    a->fn(a);
}

// False: it panicked.
static bool attempt(struct attempt *a, void (*fn)(struct attempt *))
{
    a->fn = fn;
    return rt_call(attempt_it, a);
}

static void send_it(struct attempt *a)
{
    rt_chan_send(a->c, &a->parcel);
}

static void try_to_send_it(struct attempt *a)
{
    a->done = rt_chan_try_send(a->c, &a->parcel);
}

static void close_it(struct attempt *a)
{
    rt_chan_close(a->c);
}

static void select_it(struct attempt *a)
{
    a->chosen = rt_select(a->cases, a->n, a->done);
}

// Send, receive, close -------------------------------------------------------------------------

static void send(struct frame *f, const struct wl_op *op, void *object, bool waits)
{
    struct attempt a = {.c = rt_load_ptr(&channel[op->a]), .done = true};

    pack(f, &a.parcel, object);
    uint32_t number = probe_chan_begin(op->a, PROBE_SEND, a.parcel.value);
    bool whole = attempt(&a, waits ? send_it : try_to_send_it);
    probe_chan_end(number, !whole ? PROBE_CLOSED : a.done ? PROBE_DONE : PROBE_NOT, 0);
}

void op_send(struct frame *f, const struct wl_op *op)
{
    send(f, op, NULL, true);
}

void op_trysend(struct frame *f, const struct wl_op *op)
{
    send(f, op, NULL, false);
}

void op_give(struct frame *f, const struct wl_op *op)
{
    send(f, op, ref_object(f, op->ref[0]), true);
}

static void receive(const struct wl_op *op, struct parcel *p, bool waits)
{
    static const enum probe_end end[] = {[RT_CHAN_NOTHING] = PROBE_NOT,
                                         [RT_CHAN_ELEM] = PROBE_DONE,
                                         [RT_CHAN_CLOSED] = PROBE_CLOSED};
    struct hchan *c = rt_load_ptr(&channel[op->a]);
    enum rt_chan_got got;

    uint32_t number = probe_chan_begin(op->a, PROBE_RECV, 0);
    if (waits)
        got = rt_chan_recv(c, p) ? RT_CHAN_ELEM : RT_CHAN_CLOSED;
    else
        got = rt_chan_try_recv(c, p);
    probe_chan_end(number, end[got], p->value);
    if (got == RT_CHAN_ELEM)
        look_at(p);
}

void op_recv(struct frame *f, const struct wl_op *op)
{
    struct parcel p = {0};

    (void)f;
    receive(op, &p, true);
}

void op_tryrecv(struct frame *f, const struct wl_op *op)
{
    struct parcel p = {0};

    (void)f;
    receive(op, &p, false);
}

void op_take(struct frame *f, const struct wl_op *op)
{
    struct parcel p = {0};

    receive(op, &p, true);
    ref_set(f, op->ref[0], rt_load_ptr(&p.object));
}

void op_close(struct frame *f, const struct wl_op *op)
{
    struct attempt a = {.c = rt_load_ptr(&channel[op->a])};

    (void)f;
    uint32_t number = probe_chan_begin(op->a, PROBE_CLOSE, 0);
    bool whole = attempt(&a, close_it);
    probe_chan_end(number, whole ? PROBE_DONE : PROBE_CLOSED, 0);
}

// Select ---------------------------------------------------------------------------------------

static void add_case(struct frame *f, uint32_t which, uint32_t ref)
{
    if (f->cases.n == WL_CASES)
        return;
    f->cases.channel[f->cases.n] = (uint8_t)which;
    f->cases.ref[f->cases.n++] = (uint8_t)ref;
}

void op_case_send(struct frame *f, const struct wl_op *op)
{
    add_case(f, op->a | CASE_SENDS, NO_REF);
}

void op_case_recv(struct frame *f, const struct wl_op *op)
{
    add_case(f, op->a, NO_REF);
}

void op_case_give(struct frame *f, const struct wl_op *op)
{
    add_case(f, op->a | CASE_SENDS, op->ref[0]);
}

void op_case_take(struct frame *f, const struct wl_op *op)
{
    add_case(f, op->a, op->ref[0]);
}

void op_otherwise(struct frame *f, const struct wl_op *op)
{
    (void)op;
    f->cases.otherwise = true;
}

static void receive_case(struct frame *f, uint32_t ref, struct parcel *p)
{
    look_at(p);
    if (ref != NO_REF)
        ref_set(f, ref, rt_load_ptr(&p->object));
}

void op_select(struct frame *f, const struct wl_op *op)
{
    struct rt_select_case cases[WL_CASES] = {0};
    struct parcel parcel[WL_CASES] = {0};
    uint32_t number[WL_CASES] = {0}, n = f->cases.n;
    struct attempt a = {.cases = cases, .n = n, .done = f->cases.otherwise};

    (void)op;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = f->cases.channel[i] & ~(uint32_t)CASE_SENDS;
        bool sends = (f->cases.channel[i] & CASE_SENDS) != 0;

        pack(f, &parcel[i],
             sends && f->cases.ref[i] != NO_REF ? ref_object(f, f->cases.ref[i]) : NULL);
        cases[i] = (struct rt_select_case){.c = rt_load_ptr(&channel[at]),
                                           .dir = sends ? RT_SELECT_SEND : RT_SELECT_RECV,
                                           .elem = &parcel[i]};
        number[i] = probe_chan_begin(at, sends ? PROBE_SEND : PROBE_RECV, parcel[i].value);
    }
    f->cases.n = 0;
    f->cases.otherwise = false;
    if (n == 0)
        return; // no case: would wait for ever
    bool whole = attempt(&a, select_it);
    bool none = whole && a.chosen == RT_SELECT_DEFAULT;
    // when it panicked: which send it was is not known
    for (uint32_t i = 0; i < n; i++) {
        bool sends = cases[i].dir == RT_SELECT_SEND, chosen = whole && a.chosen == (int)i;
        enum probe_end end = none ? PROBE_NOT : PROBE_OTHER;

        if (chosen)
            end = sends || cases[i].received ? PROBE_DONE : PROBE_CLOSED;
        probe_chan_end(number[i], end, parcel[i].value);
        if (chosen && !sends && cases[i].received)
            receive_case(f, f->cases.ref[i], &parcel[i]);
    }
}
