// SPDX-License-Identifier: Apache-2.0
//
// The oracle `chan`, second half: the runtime's channels themselves, looked at whenever threads
// change and nobody holds the channel's lock. What must hold then stands in runtime/sync/chan.h.
//
// And lost wake-ups of locks: when nobody will ever run again, who waits for a lock that is free?

#include "runtime/rt_sync.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/chan.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>

enum { LINE_MAX_LENGTH = 10000 }; // a line that is longer is a ring

// Its goroutine may still be served here.
static bool waits(const struct sudog *sg)
{
    return !sg->is_select || load_relaxed(&sg->g->select_done) == 0;
}

struct line {
    uint32_t waiting;
    const struct g *only; // all who wait are it
    const char *wrong;
};

static struct line look(const struct hchan *c, const struct waitq *q)
{
    struct line l = {0, NULL, NULL};
    const struct sudog *before = NULL;
    uint32_t n = 0;
    for (const struct sudog *sg = q->first; sg; before = sg, sg = sg->next) {
        if (sg->c != c || sg->prev != before || !sg->g || ++n > LINE_MAX_LENGTH) {
            l.wrong = "the line of who waits is torn";
            return l;
        }
        if (!waits(sg))
            continue;
        if ((load_relaxed(&sg->g->status) & ~(uint32_t)G_SCAN) != G_WAITING)
            l.wrong = "a goroutine in line does not wait";
        l.only = l.waiting++ == 0 || l.only == sg->g ? sg->g : NULL;
    }
    if (q->last != before)
        l.wrong = "the line of who waits is torn";
    return l;
}

static const char *check_chan(const struct hchan *c)
{
    uint32_t count = load_relaxed(&c->count);
    if (count > c->cap)
        return "more elements than slots";
    struct line s = look(c, &c->sendq), r = look(c, &c->recvq);
    if (s.wrong || r.wrong)
        return s.wrong ? s.wrong : r.wrong;
    if (c->closed && s.waiting + r.waiting > 0)
        return "somebody waits on a closed channel";
    if (r.waiting > 0 && count > 0)
        return "somebody waits to receive beside an element";
    if (s.waiting > 0 && count < c->cap)
        return "somebody waits to send beside a free slot";
    if (s.waiting > 0 && r.waiting > 0 && (!s.only || s.only != r.only))
        return "a sender and a receiver both wait";
    return NULL;
}

void model_check_chans(void)
{
    for (uint32_t i = 0; i < chans_count(); i++) {
        const struct hchan *c = chans_at(i);
        if (!c || load_relaxed(&c->lock.key) != 0)
            continue;
        const char *wrong = check_chan(c);
        if (unlikely(wrong != NULL))
            chans_report(i, wrong);
    }
}

// Waiting for what is there -----------------------------------------------------------------------

// Nobody runs. NULL: what gp waits for is not there.
static const char *waits_in_vain(const struct g *gp)
{
    const struct rt_mutex *m = gp->wait_at;
    const struct rt_rwmutex *rw = gp->wait_at;
    const struct rt_waitgroup *wg = gp->wait_at;
    const uint64_t *units;
    switch (gp->wait) {
    case WAIT_MUTEX:
        return (load_relaxed(&m->state) & 1) == 0 ? "a mutex that nobody holds" : NULL;
    case WAIT_RWMUTEX_READ:
        return load_relaxed(&rw->readers) >= 0 ? "a lock for reading that nobody writes" : NULL;
    case WAIT_RWMUTEX_WRITE:
        if (rw->w.owner == gp->goid)
            return load_relaxed(&rw->departing) <= 0 ? "readers that have left" : NULL;
        return (load_relaxed(&rw->w.state) & 1) == 0 ? "a lock for writing that nobody holds"
                                                     : NULL;
    case WAIT_WAITGROUP:
        return load_relaxed(&wg->state) >> 32 == 0 ? "a wait group that is done" : NULL;
    case WAIT_COND:
        units = conds_units(gp->wait_at);
        return units && *units > 0 ? "a condition that holds" : NULL;
    default:
        return NULL;
    }
}

void model_check_waits(void)
{
    struct g **all = load_relaxed(&allgs.v);
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
        if (load_relaxed(&all[i]->status) != G_WAITING)
            continue;
        const char *what = waits_in_vain(all[i]);
        if (what) {
            char text[120];
            snprintf(text, sizeof text, "a goroutine waits for %s", what);
            model_stable_report("lost-wake", text, -1);
        }
    }
}
