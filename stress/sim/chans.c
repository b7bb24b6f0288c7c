// SPDX-License-Identifier: Apache-2.0
//
// The oracle `chan`: what goroutines are told by channels against a sequential model, a queue of so
// many slots that can be closed. Programs tell when an operation begins and how it ends
// (probe_chan_*), so each has taken effect at some moment between. A finding is a set of answers
// for which no such moments exist, by rules that need no search because values are unique:
//
//   - what is received was sent on that channel, by an operation that did not fail, and once;
//   - a before b: when the send of a had ended before that of b began, b is not received by an
//     operation that ended before the one that gets a begins (or with none that could get a);
//   - who does not wait and finds nothing, or no room, is right for some moment between;
//   - closed is found only after a close has begun, and with nothing left to receive; what is sent
//     after the end of a close panics; one close succeeds;
//   - not more has been sent than received and as many as there are slots.
//
// An operation that has begun and not ended may have taken effect: it excuses what it can. So there
// is no false alarm, and a finding may come later than its cause. Rejected: a search for an order
// of all operations; it costs more than the executions.

#include "stress/sim/entries.h"
#include "stress/sim/race.h"
#include "stress/workload/probe.h"

#include <stdio.h>
#include <string.h>

SIM_HOOKS(SIM_CHAN_ENTRIES)

enum { SENDS_MAX = 1024, OPS_MAX = 8192 };

struct sending {
    uint64_t value;
    uint32_t begin, end;           // moments; end 0: not yet
    uint32_t recv_begin, recv_end; // recv_end 0: not received
    bool failed;
};

struct chan {
    const void *at;
    uint32_t slots;
    uint32_t sends, receiving;    // begun; receives that have not ended
    uint32_t close_begin, closed; // moments; 0: none
    bool lost_count;              // more sends than can be remembered: nothing is said any more
    struct sending send[SENDS_MAX];
};

struct op {
    uint32_t chan, begin, send; // send: index
    enum probe_chan what;
};

static struct chan chans[SIM_CHANS_MAX];
static struct op ops[OPS_MAX];
static uint32_t n_chans, n_ops, moment;

static struct {
    const void *cond;
    const uint64_t *units;
} conds[SIM_CHANS_MAX];
static uint32_t n_conds;

void chans_restart(void)
{
    for (uint32_t i = 0; i < n_chans; i++) {
        struct chan *c = &chans[i];
        c->at = NULL;
        c->sends = c->receiving = c->slots = 0;
        c->close_begin = c->closed = 0;
        c->lost_count = false;
    }
    n_chans = n_ops = moment = 0;
    n_conds = 0;
}

const void *chans_at(uint32_t n)
{
    return chans[n].at;
}

uint32_t chans_count(void)
{
    return n_chans;
}

void chans_report(uint32_t n, const char *what)
{
    char signature[160], message[240];
    snprintf(signature, sizeof signature, "chan: %s", what);
    snprintf(message, sizeof message, "%s (channel number %u, %u slots, %u sends begun)", what, n,
             chans[n].slots, chans[n].sends);
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, SIM_SITE_NONE, sim.node, 0, "operation on a channel",
                 sim.points);
    f->places = 1;
    oracle_report("chan", signature, message);
}

// Rules -----------------------------------------------------------------------------------------

static struct sending *find_value(struct chan *c, uint64_t value)
{
    for (uint32_t i = 0; i < c->sends; i++) {
        if (c->send[i].value == value)
            return &c->send[i];
    }
    return NULL;
}

// Sends that had ended before `before` and whose elements no ended receive has got.
static uint32_t left_from_before(const struct chan *c, uint32_t before)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->sends; i++) {
        const struct sending *s = &c->send[i];
        n += !s->failed && s->end != 0 && s->end < before && s->recv_end == 0;
    }
    return n;
}

// Of others than `own`: elements that may have been in the channel at some moment since `begin`.
static uint32_t at_most_inside(const struct chan *c, const struct sending *own, uint32_t begin)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->sends; i++) {
        const struct sending *s = &c->send[i];
        n += s != own && !s->failed && (s->recv_end == 0 || s->recv_end > begin);
    }
    return n;
}

static bool was_overtaken(const struct chan *c, const struct sending *a)
{
    for (uint32_t i = 0; i < c->sends; i++) {
        const struct sending *b = &c->send[i];
        if (a->end != 0 && b->begin > a->end && b->recv_end != 0 && b->recv_end < a->recv_begin)
            return true;
    }
    return false;
}

static const char *received(struct chan *c, const struct op *o, uint64_t value)
{
    struct sending *s = find_value(c, value);
    if (!s)
        return "a value is received that nobody sent there";
    if (s->recv_end != 0)
        return "a value is received twice";
    if (s->failed)
        return "a value is received whose send has failed";
    s->recv_begin = o->begin;
    s->recv_end = moment;
    if (was_overtaken(c, s) || left_from_before(c, s->begin) > c->receiving)
        return "a value overtakes one that was sent before it";
    return NULL;
}

static const char *sent(struct chan *c, const struct op *o)
{
    struct sending *s = &c->send[o->send];
    s->end = moment;
    if (c->closed != 0 && c->closed < o->begin)
        return "a value is sent on a closed channel";
    if (left_from_before(c, moment + 1) > c->slots + c->receiving)
        return "more is sent than there are slots";
    return NULL;
}

static const char *send_failed(struct chan *c, const struct op *o, enum probe_end end)
{
    struct sending *s = &c->send[o->send];
    s->end = moment;
    s->failed = true;
    if (s->recv_end != 0)
        return "a value is received whose send has failed";
    if (end == PROBE_CLOSED && c->close_begin == 0)
        return "a send finds an open channel closed";
    if (end == PROBE_NOT && at_most_inside(c, s, o->begin) < c->slots)
        return "a send finds no room beside free slots";
    return NULL;
}

static const char *recv_failed(struct chan *c, const struct op *o, enum probe_end end)
{
    if (end == PROBE_OTHER)
        return NULL;
    if (end == PROBE_CLOSED && c->close_begin == 0)
        return "a receive finds an open channel closed";
    if (left_from_before(c, o->begin) > c->receiving)
        return end == PROBE_CLOSED ? "a receive finds the channel closed before its end"
                                   : "a receive finds nothing beside a value";
    return NULL;
}

static const char *close_ended(struct chan *c, enum probe_end end)
{
    if (end == PROBE_CLOSED)
        return c->close_begin == 0 ? "a close finds an open channel closed" : NULL;
    if (c->closed != 0)
        return "a channel is closed twice";
    c->closed = moment;
    return NULL;
}

// Probes ----------------------------------------------------------------------------------------

void probe_channel(uint32_t n, const void *channel, uint32_t slots)
{
    if (!sim.running || n >= SIM_CHANS_MAX)
        return;
    chans[n].at = channel;
    chans[n].slots = slots;
    if (n >= n_chans)
        n_chans = n + 1;
}

uint32_t probe_chan_begin(uint32_t n, enum probe_chan what, uint64_t value)
{
    if (!sim.running || n >= SIM_CHANS_MAX || !chans[n].at)
        return OPS_MAX; // of a nil channel nothing ends
    struct chan *c = &chans[n];
    if (n_ops == OPS_MAX || c->sends == SENDS_MAX)
        c->lost_count = true;
    if (c->lost_count)
        return OPS_MAX;
    struct op *o = &ops[n_ops];
    *o = (struct op){.chan = n, .begin = ++moment, .what = what};
    if (what == PROBE_SEND) {
        o->send = c->sends++;
        c->send[o->send] = (struct sending){.value = value, .begin = moment};
    } else if (what == PROBE_RECV) {
        c->receiving++;
    } else if (c->close_begin == 0) {
        c->close_begin = moment;
    }
    return n_ops++;
}

struct ended {
    uint32_t number;
    enum probe_end end;
    uint64_t value;
};

static void ended_entry(void *arg)
{
    const struct ended *e = arg;
    const struct op *o = &ops[e->number];
    struct chan *c = &chans[o->chan];
    const char *wrong;
    if (o->what == PROBE_CLOSE) {
        wrong = close_ended(c, e->end);
    } else if (o->what == PROBE_SEND) {
        wrong = e->end == PROBE_DONE ? sent(c, o) : send_failed(c, o, e->end);
    } else {
        c->receiving--;
        wrong = e->end == PROBE_DONE ? received(c, o, e->value) : recv_failed(c, o, e->end);
    }
    if (wrong && !c->lost_count)
        chans_report(o->chan, wrong);
}

void probe_chan_end(uint32_t number, enum probe_end end, uint64_t value)
{
    if (!sim.running || number == OPS_MAX)
        return;
    moment++;
    struct ended e = {number, end, value};
    sim_enter(ended_entry, &e);
}

// Conditions ------------------------------------------------------------------------------------

void probe_condition(const void *cond, const uint64_t *units)
{
    if (!sim.running || n_conds == SIM_CHANS_MAX)
        return;
    conds[n_conds].cond = cond;
    conds[n_conds++].units = units;
}

const uint64_t *conds_units(const void *cond)
{
    for (uint32_t i = 0; i < n_conds; i++) {
        if (conds[i].cond == cond)
            return conds[i].units;
    }
    return NULL;
}
