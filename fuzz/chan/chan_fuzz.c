// SPDX-License-Identifier: Apache-2.0
//
// Channels and select against a sequential model (model.h). The bytes of an input are commands for
// a few goroutines, which the main goroutine gives one after the other: each must come to its end,
// or wait, as the model says, and so must those who waited. Elements refer to objects, and
// collections run beside.
#include "fuzz/calm/calm.h"
#include "fuzz/chan/model.h"
#include "runtime/rt.h"
#include "runtime/rt_chan.h"
#include "runtime/rt_panic.h"
#include "runtime/sched/sched.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { STEPS_MAX = 16, TURNS_MAX = 1000, DEPTH_BYTES = 12 << 10 };

// What is sent: a value, and an object that has it too.
struct parcel {
    uint64_t value;
    rt_ptr object;
};
RT_TYPE(parcel_type, struct parcel, RT_AT(struct parcel, object));

static const uint8_t *data, *data_end;
static rt_ptr channel[CHANS];
static struct worker {
    struct g *g;
    bool given, done;
    bool deep; // uses much stack first
    struct command c;
    struct result r;
} workers[WORKERS];
static uint64_t values;
static uint32_t collectors;

static uint32_t below(uint32_t n)
{
    return data < data_end ? *data++ % n : 0;
}

// Workers ----------------------------------------------------------------------------------

static struct hchan *channel_of(const struct command *c, uint32_t i)
{
    return c->at[i].chan != NIL ? rt_load_ptr(&channel[c->at[i].chan]) : NULL;
}

static void pack(struct parcel *p, uint64_t value)
{
    uint64_t *object = rt_new_bytes(32);

    *object = value;
    p->value = value;
    store_relaxed(&p->object, object);
}

static uint64_t unpack(const struct parcel *p)
{
    const uint64_t *object = rt_load_ptr(&p->object);

    if ((object == NULL) != (p->value == 0) || (object != NULL && *object != p->value))
        calm_fail("chan: an element's object is not what it was");
    return p->value;
}

static void receive(struct worker *w, struct parcel *p)
{
    static const enum how how[] = {
        [RT_CHAN_NOTHING] = NOT, [RT_CHAN_ELEM] = DONE, [RT_CHAN_CLOSED] = CLOSED};
    struct hchan *c = channel_of(&w->c, 0);

    if (w->c.waits)
        w->r.how = rt_chan_recv(c, p) ? DONE : CLOSED;
    else
        w->r.how = how[rt_chan_try_recv(c, p)];
    if (w->r.how != NOT)
        w->r.value = unpack(p);
}

static void choose(struct worker *w, struct parcel *p)
{
    struct rt_select_case cases[CASES] = {0};

    for (uint32_t i = 0; i < w->c.n; i++)
        cases[i] =
            (struct rt_select_case){.c = channel_of(&w->c, i),
                                    .dir = w->c.at[i].sends ? RT_SELECT_SEND : RT_SELECT_RECV,
                                    .elem = &p[i]};
    int chosen = rt_select(cases, w->c.n, !w->c.waits);
    if (chosen == RT_SELECT_DEFAULT) {
        w->r.how = NOT;
        return;
    }
    w->r.chosen = (uint8_t)chosen;
    w->r.how = w->c.at[chosen].sends || cases[chosen].received ? DONE : CLOSED;
    if (!w->c.at[chosen].sends)
        w->r.value = unpack(&p[chosen]);
}

static void operate(void *worker)
{
    struct worker *w = worker;
    struct parcel p[CASES] = {0};

    for (uint32_t i = 0; i < w->c.n; i++)
        if (w->c.at[i].sends)
            pack(&p[i], w->c.at[i].value);
    w->r = (struct result){.how = DONE};
    switch (w->c.kind) {
    case SEND:
        if (w->c.waits)
            rt_chan_send(channel_of(&w->c, 0), p);
        else
            w->r.how = rt_chan_try_send(channel_of(&w->c, 0), p) ? DONE : NOT;
        break;
    case RECV:
        receive(w, p);
        break;
    case CLOSE:
        rt_chan_close(channel_of(&w->c, 0));
        break;
    case SELECT:
        choose(w, p);
        break;
    }
}

static void recover(void *unused)
{
    (void)unused;
    rt_recover(NULL);
}

static void attempt(void *worker)
{
    rt_defer(recover, NULL);
    operate(worker);
}

// The stack grows, and gives the pages back when a cycle finds it waiting.
static __attribute__((noinline)) void dive(void)
{
    volatile char much[DEPTH_BYTES];

    much[0] = 1;
}

static void work(void *worker)
{
    struct worker *w = worker;

    for (;;) {
        while (!w->given)
            rt_park();
        w->given = false;
        if (w->deep)
            dive();
        if (!rt_call(attempt, w))
            w->r = (struct result){.how = PANICKED};
        w->done = true;
    }
}

// The main goroutine -----------------------------------------------------------------------

static void wait_for(struct worker *w)
{
    for (uint32_t i = 0; !w->done; i++) {
        if (i == TURNS_MAX)
            calm_fail("chan: an operation does not end that must");
        rt_yield();
    }
    w->done = false;
}

// It waits for a command, or for a channel; not for memory.
static bool at_rest(const struct worker *w)
{
    return readgstatus(w->g) == G_WAITING && !w->given &&
           (w->g->wait == WAIT_PARK ||
            (w->g->wait >= WAIT_CHAN_SEND && w->g->wait <= WAIT_SELECT_NONE));
}

// Nobody who waits comes back, and the channels hold what they must.
static void check_quiet(void)
{
    for (uint32_t i = 0, turns = 0; i < WORKERS; i++) {
        for (; !at_rest(&workers[i]); turns++) {
            if (turns == TURNS_MAX)
                calm_fail("chan: a goroutine neither ends its operation nor waits");
            rt_yield();
            i = 0; // who was at rest may have been woken
        }
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        if (workers[i].done)
            calm_fail("chan: an operation ends that had to wait");
    for (uint8_t i = 0; i < CHANS; i++)
        if (rt_chan_len(rt_load_ptr(&channel[i])) != model_length(i))
            calm_fail("chan: a channel has another number of elements");
}

static void give(uint8_t number)
{
    struct worker *w = &workers[number];

    w->given = true;
    rt_ready(w->g);
    if (!model_ends(&w->c)) {
        model_waits(number, &w->c);
    } else {
        wait_for(w);
        uint32_t n = model_ended(number, &w->c, &w->r);
        for (uint32_t i = 0; i < n; i++) {
            struct worker *other = &workers[model_woken_worker(i)];
            wait_for(other);
            model_woken(i, &other->r);
        }
    }
    check_quiet();
}

static void add_case(struct command *c, uint8_t chan, bool sends)
{
    c->at[c->n].chan = chan;
    c->at[c->n].sends = sends;
    c->at[c->n].value = sends ? ++values : 0;
    c->n++;
}

static void one_command(struct command *c, uint32_t kind)
{
    *c = (struct command){.kind = kind, .waits = below(4) != 0};
    if (kind != SELECT) {
        uint32_t chan = below(16);
        add_case(c, chan == 15 ? NIL : chan % CHANS, kind == SEND);
        return;
    }
    for (uint32_t n = 1 + below(CASES); n > 0; n--) {
        uint32_t what = below(32);
        add_case(c, what == 31 ? NIL : what / 2 % CHANS, what % 2 != 0);
    }
}

// More often than others: what fills and empties.
static const enum command_kind kinds[] = {SEND, RECV, SEND, RECV, SELECT, SELECT, SELECT, CLOSE};

static void command(uint32_t what)
{
    uint8_t number = (uint8_t)below(WORKERS);

    for (uint32_t i = 0; i < WORKERS && model_is_waiting(number); i++)
        number = (number + 1) % WORKERS;
    if (model_is_waiting(number))
        return;
    workers[number].deep = below(16) == 15;
    one_command(&workers[number].c, kinds[what]);
    give(number);
}

static void collect(void *unused)
{
    (void)unused;
    rt_gc();
    collectors--;
}

static void program(void *unused)
{
    enum { COMMANDS = sizeof kinds / sizeof kinds[0], GC = COMMANDS, GC_BESIDE, SHRINK, LAST };

    (void)unused;
    rt_register_globals(channel, CHANS);
    for (uint8_t i = 0; i < CHANS; i++) {
        uint32_t slots = below(SLOTS_MAX + 1);
        rt_write_ptr(&channel[i], rt_chan_make(&parcel_type, slots));
        model_channel(i, slots);
    }
    for (uint32_t i = 0; i < WORKERS; i++)
        workers[i].g = rt_go(work, &workers[i]);
    for (uint32_t i = 0; i < STEPS_MAX && data < data_end; i++) {
        uint32_t what = below(4 * LAST);
        what = what < LAST ? what : what % COMMANDS;
        if (what < COMMANDS)
            command(what);
        else if (what == GC)
            rt_gc();
        else if (what == SHRINK)
            rt_debug_shrink(workers[below(WORKERS)].g);
        else if (collectors == 0 && ++collectors != 0)
            rt_go(collect, NULL);
    }
    check_quiet();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    calm_reset();
    data = bytes;
    data_end = bytes + n;
    rt_heap_debug.poison = true;
    rt_heap_debug.check = below(4) == 0; // it costs time
    calm_run(program, NULL);
    return 0;
}
