// SPDX-License-Identifier: Apache-2.0
//
// See model.h.
#include "fuzz/chan/model.h"

#include <string.h>

#include "fuzz/calm/calm.h"

// No coverage: it is not what is tested, and who reads it learns nothing.
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

#define check(c, text) ((c) ? (void)0 : calm_fail("chan: " text))

// Workers in the order of coming, each once.
struct line {
    uint32_t n;
    uint8_t worker[WORKERS];
};

static struct chan {
    uint32_t slots, n;
    bool closed;
    uint64_t value[SLOTS_MAX + 1];
    struct line senders, receivers;
} chans[CHANS];

static struct {
    bool waiting;
    struct command c;
} workers[WORKERS];

// Why a worker has come to its end: by this channel.
static struct woken {
    uint8_t worker, chan;
    enum { GOT, GAVE, GAVE_TO_BUFFER, BY_CLOSE } by;
    uint64_t value; // GOT, GAVE
} woken[WORKERS];
static uint32_t n_woken;

void model_channel(uint8_t chan, uint32_t slots)
{
    chans[chan] = (struct chan){.slots = slots};
}

uint32_t model_length(uint8_t chan)
{
    return chans[chan].n;
}

bool model_is_waiting(uint8_t worker)
{
    return workers[worker].waiting;
}

// What can be done now ---------------------------------------------------------------------

static bool case_ends(const struct command *c, uint32_t i)
{
    if (c->at[i].chan == NIL)
        return false;
    const struct chan *ch = &chans[c->at[i].chan];
    if (ch->closed)
        return true;
    return c->at[i].sends ? ch->n < ch->slots || ch->receivers.n > 0
                          : ch->n > 0 || ch->senders.n > 0;
}

static bool any_case_ends(const struct command *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (case_ends(c, i))
            return true;
    return false;
}

bool model_ends(const struct command *c)
{
    return c->kind == CLOSE || !c->waits || any_case_ends(c);
}

// Lines ------------------------------------------------------------------------------------

static void take_out(struct line *l, uint8_t worker)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->n; i++)
        if (l->worker[i] != worker)
            l->worker[n++] = l->worker[i];
    l->n = n;
}

static void come(struct line *l, uint8_t worker)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->worker[i] == worker)
            return;
    l->worker[l->n++] = worker;
}

void model_waits(uint8_t worker, const struct command *c)
{
    workers[worker].waiting = true;
    workers[worker].c = *c;
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->at[i].chan == NIL)
            continue;
        struct chan *ch = &chans[c->at[i].chan];
        come(c->at[i].sends ? &ch->senders : &ch->receivers, worker);
    }
}

// It waits nowhere any more.
static struct woken *wake(uint8_t worker, uint8_t chan)
{
    for (uint32_t i = 0; i < CHANS; i++) {
        take_out(&chans[i].senders, worker);
        take_out(&chans[i].receivers, worker);
    }
    workers[worker].waiting = false;
    woken[n_woken] = (struct woken){.worker = worker, .chan = chan};
    return &woken[n_woken++];
}

// Ends -------------------------------------------------------------------------------------

static void push(struct chan *ch, uint64_t value)
{
    check(ch->n < ch->slots, "more is sent than there are slots");
    ch->value[ch->n++] = value;
}

static void sent(uint8_t chan, uint64_t value)
{
    struct chan *ch = &chans[chan];

    check(!ch->closed, "a value is sent on a closed channel");
    if (ch->receivers.n == 0) {
        push(ch, value);
        return;
    }
    struct woken *w = wake(ch->receivers.worker[0], chan);
    w->by = GOT;
    w->value = value;
}

static void received(uint8_t chan, uint64_t value)
{
    struct chan *ch = &chans[chan];

    if (ch->n > 0) {
        check(ch->value[0] == value, "another value is received than comes next");
        memmove(ch->value, ch->value + 1, --ch->n * sizeof ch->value[0]);
        if (ch->senders.n > 0)
            wake(ch->senders.worker[0], chan)->by = GAVE_TO_BUFFER;
        return;
    }
    check(ch->senders.n > 0, "a value is received that nobody sends");
    struct woken *w = wake(ch->senders.worker[0], chan);
    w->by = GAVE;
    w->value = value;
}

static void closed(uint8_t chan, enum how how)
{
    struct chan *ch = chan != NIL ? &chans[chan] : NULL;

    if (ch == NULL || ch->closed) {
        check(how == PANICKED, "a channel is closed that cannot be");
        return;
    }
    check(how == DONE, "a close finds an open channel closed");
    ch->closed = true;
    while (ch->receivers.n > 0)
        wake(ch->receivers.worker[0], chan)->by = BY_CLOSE;
    while (ch->senders.n > 0)
        wake(ch->senders.worker[0], chan)->by = BY_CLOSE;
}

// A send on a closed channel is among the cases; on `chan` alone, or NIL: on any.
static bool may_panic(const struct command *c, uint8_t chan)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->at[i].sends && c->at[i].chan != NIL && (chan == NIL || c->at[i].chan == chan) &&
            chans[c->at[i].chan].closed)
            return true;
    return false;
}

uint32_t model_ended(uint8_t worker, const struct command *c, const struct result *r)
{
    n_woken = 0;
    check(!workers[worker].waiting, "an operation ends that had to wait");
    if (c->kind == CLOSE) {
        closed(c->at[0].chan, r->how);
    } else if (r->how == NOT) {
        check(!c->waits && !any_case_ends(c), "what could be done at once was not");
    } else if (r->how == PANICKED) {
        check(may_panic(c, NIL), "a panic without a send on a closed channel");
    } else {
        check(r->chosen < c->n && case_ends(c, r->chosen), "a case is chosen that must wait");
        uint8_t chan = c->at[r->chosen].chan;
        if (c->at[r->chosen].sends) {
            check(r->how == DONE, "a send ends as a receive");
            sent(chan, c->at[r->chosen].value);
        } else if (r->how == CLOSED) {
            check(chans[chan].closed && chans[chan].n == 0 && r->value == 0,
                  "a receive finds a channel closed that has values or is open");
        } else {
            received(chan, r->value);
        }
    }
    return n_woken;
}

uint8_t model_woken_worker(uint32_t i)
{
    return woken[i].worker;
}

// Of who has waited.
void model_woken(uint32_t i, const struct result *r)
{
    const struct woken *w = &woken[i];
    const struct command *c = &workers[w->worker].c;

    if (r->how == PANICKED) {
        check(w->by == BY_CLOSE && may_panic(c, w->chan), "who waited panics without a reason");
        return;
    }
    check(r->how != NOT && r->chosen < c->n && c->at[r->chosen].chan == w->chan,
          "who waited is told of another channel");
    bool sends = c->at[r->chosen].sends;
    uint64_t value = c->at[r->chosen].value;
    switch (w->by) {
    case GOT:
        check(!sends && r->how == DONE && r->value == w->value,
              "who waited does not get the value that was sent");
        break;
    case GAVE:
        check(sends && r->how == DONE && value == w->value,
              "a value is received that who waited has not sent");
        break;
    case GAVE_TO_BUFFER:
        check(sends && r->how == DONE, "who waited to send is told of something else");
        push(&chans[w->chan], value);
        break;
    case BY_CLOSE:
        check(!sends && r->how == CLOSED && r->value == 0,
              "who waited on a closed channel is told of something else");
        break;
    }
}

#pragma clang attribute pop
