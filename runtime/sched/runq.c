// SPDX-License-Identifier: Apache-2.0
//
// The run queue of a p: a ring with one producer (the m that holds the p) and many consumers
// (that m and thieves), and the slot runnext in front of it. Head and tail count up for ever;
// tail - head is the length. Invariant: tail - head <= RUNQ_SIZE, and a g lies in at most one
// queue. Rejected: a Chase-Lev deque; the owner would run its newest goroutine first and starve
// old ones.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

_Static_assert((RUNQ_SIZE & (RUNQ_SIZE - 1)) == 0, "index by remainder of a wrapping counter");

#define SLOT(pp, i) (&(pp)->runq[(i) % RUNQ_SIZE])

// A full queue: gp and the older half go to the global queue. False when a thief made room
// meanwhile.
static bool runqput_slow(struct p *pp, struct g *gp, uint32_t h, uint32_t t)
{
    enum { HALF = RUNQ_SIZE / 2 };
    rt_assert(t - h == RUNQ_SIZE);
    struct g *batch[HALF];
    for (uint32_t i = 0; i < HALF; i++)
        batch[i] = load_relaxed(SLOT(pp, h + i));
    uint32_t expected = h;
    if (!cas_acq_rel(&pp->runqhead, &expected, h + HALF)) // pairs [runq.head]
        return false;

    event_record(pp, EV_OVERFLOW, batch[0]->goid, HALF + 1);
    pp->stats.overflows++;
    struct gqueue q = {NULL, NULL};
    for (uint32_t i = 0; i < HALF; i++)
        gqueue_push(&q, batch[i]);
    gqueue_push(&q, gp);
    lock(&sched.lock);
    globrunqputbatch_locked(&q, HALF + 1);
    unlock(&sched.lock);
    return true;
}

// Written only when it differs: others read the line.
static void hint(atomic_u8 *at, uint8_t there)
{
    if (load_relaxed(at) != there)
        store_relaxed(at, there);
}

// What an m that runs nothing puts into an empty queue (timers do) is what it runs next: a thief
// would only find it gone.
static bool takes_it_itself(struct p *pp)
{
    return getg()->m->curg == NULL && load_relaxed(&pp->runnext) == NULL;
}

// Puts gp at the end, or with `next` in front, where it kicks out whoever stood there.
void runqput(struct p *pp, struct g *gp, bool next)
{
    if (next) {
        struct g *old = load_relaxed(&pp->runnext);
        while (!cas_acq_rel(&pp->runnext, &old, gp)) // pairs [runq.next]
            ;
        hint(&sched.steal.next[pp->id], 1);
        if (old == NULL)
            return;
        gp = old;
    }
    for (;;) {
        uint32_t h = load_acquire(&pp->runqhead); // pairs [runq.head]
        uint32_t t = load_relaxed(&pp->runqtail);
        rt_assert(t - h <= RUNQ_SIZE);
        if (t - h < RUNQ_SIZE) {
            store_relaxed(SLOT(pp, t), gp);
            store_release(&pp->runqtail, t + 1); // pairs [runq.tail]
            if (t != h || !takes_it_itself(pp))
                hint(&sched.steal.ring[pp->id], 1);
            return;
        }
        if (runqput_slow(pp, gp, h, t))
            return;
    }
}

// What stands in front goes to the end: its time slice is over before it began. The caller sees to
// it that somebody looks for work afterwards, because the queue may look empty meanwhile.
void runqkick(struct p *pp)
{
    struct g *next = load_relaxed(&pp->runnext);
    if (next != NULL && cas_acq_rel(&pp->runnext, &next, NULL)) // pairs [runq.next]
        runqput(pp, next, false);
}

struct g *runqget(struct p *pp, bool *inherit_time)
{
    struct g *next = load_relaxed(&pp->runnext);
    // others only ever take it away: one try decides
    if (next != NULL && cas_acq_rel(&pp->runnext, &next, NULL)) { // pairs [runq.next]
        hint(&sched.steal.next[pp->id], 0);
        *inherit_time = true;
        return next;
    }
    *inherit_time = false;
    for (;;) {
        uint32_t h = load_acquire(&pp->runqhead); // pairs [runq.head]
        uint32_t t = load_relaxed(&pp->runqtail);
        if (t == h) {
            hint(&sched.steal.ring[pp->id], 0);
            hint(&sched.steal.next[pp->id], 0);
            return NULL;
        }
        struct g *gp = load_relaxed(SLOT(pp, h));
        if (!cas_acq_rel(&pp->runqhead, &h, h + 1)) // pairs [runq.head]
            continue;
        hint(&sched.steal.ring[pp->id], t != h + 1);
        return gp;
    }
}

// True only if the queue was empty at one moment. The owner moves g's from runnext to the ring; a
// look at the ring before and at runnext after would miss them, so the tail must not have moved.
bool runqempty(struct p *pp)
{
    for (;;) {
        uint32_t h = load_acquire(&pp->runqhead);     // pairs [runq.head]
        uint32_t t = load_acquire(&pp->runqtail);     // pairs [runq.tail]
        struct g *next = load_acquire(&pp->runnext);  // pairs [runq.next]
        uint32_t again = load_acquire(&pp->runqtail); // pairs [runq.tail]
        if (t == again)
            return h == t && next == NULL;
    }
}

static uint32_t runqgrab_next(struct p *victim, struct p *pp, uint32_t at)
{
    struct g *next = load_relaxed(&victim->runnext);
    if (next == NULL || !cas_acq_rel(&victim->runnext, &next, NULL)) { // pairs [runq.next]
        if (next == NULL)
            hint(&sched.steal.next[victim->id], 0);
        return 0;
    }
    hint(&sched.steal.next[victim->id], 0);
    store_relaxed(SLOT(pp, at), next);
    return 1;
}

// Moves half of victim's ring into pp's slots from `at` on, without publishing them. Returns how
// many.
static uint32_t runqgrab(struct p *victim, struct p *pp, uint32_t at, bool steal_next)
{
    for (;;) {
        uint32_t h = load_acquire(&victim->runqhead); // pairs [runq.head]
        uint32_t t = load_acquire(&victim->runqtail); // pairs [runq.tail]
        uint32_t n = t - h;
        n -= n / 2;
        if (n == 0)
            return steal_next ? runqgrab_next(victim, pp, at) : 0;
        if (n > RUNQ_SIZE / 2) // head and tail are of different times
            continue;
        for (uint32_t i = 0; i < n; i++) {
            struct g *gp = load_relaxed(SLOT(victim, h + i));
            store_relaxed(SLOT(pp, at + i), gp);
        }
        if (!cas_acq_rel(&victim->runqhead, &h, h + n)) // pairs [runq.head]
            continue;
        if (h + n != t)
            hint(&sched.steal.ring[victim->id], 1);
        return n;
    }
}

struct g *runqsteal(struct p *pp, struct p *victim, bool steal_next)
{
    rt_assert(pp != victim);
    uint32_t t = load_relaxed(&pp->runqtail);
    uint32_t n = runqgrab(victim, pp, t, steal_next);
    pp->stats.steal_attempts++;
    if (n == 0)
        return NULL;
    pp->stats.steal_successes++;
    pp->stats.stolen += n;
    n--;
    struct g *gp = load_relaxed(SLOT(pp, t + n));
    event_record(pp, EV_STEAL, gp->goid, (uint64_t)victim->id << 16 | (n + 1));
    if (n == 0)
        return gp;
    uint32_t h = load_acquire(&pp->runqhead); // pairs [runq.head]
    rt_assert(t - h + n < RUNQ_SIZE);
    store_release(&pp->runqtail, t + n); // pairs [runq.tail]
    hint(&sched.steal.ring[pp->id], 1);
    return gp;
}

// What a thief asks before it looks into a queue. Of several that find a ring hinted one goes on:
// the others would mostly find it empty.
bool runqclaim(const struct p *victim, bool next)
{
    atomic_u8 *ring = &sched.steal.ring[victim->id];
    if (load_relaxed(ring) != 0 && xchg_relaxed(ring, 0) != 0)
        return true;
    return next && load_relaxed(&sched.steal.next[victim->id]) != 0;
}

// By who has found that the queue is not empty.
void runqhint(const struct p *pp)
{
    if (load_relaxed(&pp->runnext) != NULL)
        hint(&sched.steal.next[pp->id], 1);
    uint32_t h = load_relaxed(&pp->runqhead);
    if (load_relaxed(&pp->runqtail) != h)
        hint(&sched.steal.ring[pp->id], 1);
}
