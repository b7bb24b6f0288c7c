// SPDX-License-Identifier: Apache-2.0
//
// The set of p's: made once and kept for ever, the first nprocs of them in use. Their number
// changes with the world stopped; then also what those had that go: timers and dead g's first,
// queues under sched.lock. Also what p's have counted.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/mem/mheap.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sudog.h"

int32_t nprocs;
struct p *allp[PROCS_MAX];
struct mutex allp_lock; // for those who hold neither a p nor sched.lock

// Sees to it that there are n of them. While nobody else can.
void procs_make(int32_t n)
{
    rt_assert(n > 0 && n <= PROCS_MAX);
    for (int32_t i = 0; i < n; i++) {
        if (allp[i] != NULL)
            continue;
        struct p *pp = persistent_alloc(sizeof(*pp), _Alignof(struct p));
        pp->id = i;
        store_relaxed(&pp->status, P_DEAD);
        mutex_init(&pp->timers_lock, RANK_TIMERS);
        gc_p_init(pp);
        allp[i] = pp;
    }
}

// What p's from n on have and others need, but for their queues. World stopped, no lock held.
void procs_unload(int32_t n)
{
    for (int32_t i = n; i < nprocs; i++) {
        timers_move(allp[0], allp[i]);
        gfpurge(allp[i]);
        sudogs_flush(allp[i]);
        stackcache_clear(allp[i]);
        mcache_flush(allp[i]->mcache);
    }
    // last: moving timers shades, into what the caller's p has, and that may be one of these
    for (int32_t i = n; i < nprocs; i++)
        gc_p_flush(allp[i]);
}

static void stats_add(struct rt_stats *to, const struct rt_stats *from);

static void p_destroy_locked(struct p *pp)
{
    bool inherit_time;
    // the last of the queue first: each one goes to the head
    struct gqueue q = {NULL, NULL};
    for (struct g *gp = runqget(pp, &inherit_time); gp != NULL; gp = runqget(pp, &inherit_time))
        gqueue_push_front(&q, gp);
    for (struct g *gp = gqueue_pop(&q); gp != NULL; gp = gqueue_pop(&q))
        globrunqputhead_locked(gp);
    rt_assert(pp->ntimers == 0 && pp->gfree == NULL);
    stats_add(&sched.stats_m, &pp->stats);
    pp->stats = pp->stats_seen = (struct rt_stats){0};
    store_relaxed(&pp->status, P_DEAD);
}

// The p with which the calling m goes on: its own, if that stays.
static struct p *keep_one_locked(int32_t n)
{
    struct m *mp = getg()->m;
    struct p *own = mp->p;
    if (own != NULL && own->id < n) {
        store_relaxed(&own->status, P_RUNNING);
        return own;
    }
    if (own != NULL) {
        mp->p = NULL;
        own->m = NULL;
    }
    store_relaxed(&allp[0]->status, P_IDLE);
    acquirep(allp[0]);
    return allp[0];
}

// Makes the first n p's the ones in use. World stopped, or not yet begun. Returns those with work
// in their queues, by p.link: they need an m each. All others but the caller's are idle.
struct p *procresize_locked(int32_t n)
{
    assert_locked(&sched.lock);
    int32_t before = nprocs;
    lock(&allp_lock);
    nprocs = n;
    unlock(&allp_lock);
    // first: what follows must not go to a p that is no more
    struct p *own = keep_one_locked(n), *work = NULL;
    for (int32_t i = n; i < before; i++)
        p_destroy_locked(allp[i]);
    for (int32_t i = n - 1; i >= 0; i--) {
        struct p *pp = allp[i];
        if (pp == own)
            continue;
        store_relaxed(&pp->status, P_IDLE);
        if (runqempty(pp)) {
            pidleput_locked(pp);
        } else {
            pp->link = work;
            work = pp;
        }
    }
    return work;
}

int32_t rt_procs(void)
{
    return nprocs;
}

// Counters --------------------------------------------------------------------------------

static void stats_add(struct rt_stats *to, const struct rt_stats *from)
{
    to->goroutines_started += from->goroutines_started;
    to->goroutines_created += from->goroutines_created;
    to->goroutines_ended += from->goroutines_ended;
    to->steal_attempts += from->steal_attempts;
    to->steal_successes += from->steal_successes;
    to->stolen += from->stolen;
    to->overflows += from->overflows;
    to->thread_sleeps += from->thread_sleeps;
    to->stack_growths += from->stack_growths;
    to->stack_shrinks += from->stack_shrinks;
    to->preempted += from->preempted;
    to->preempted_by_hand += from->preempted_by_hand;
    to->preempted_at_point += from->preempted_at_point;
    to->preempted_at_signal += from->preempted_at_signal;
}

struct stats_call {
    int32_t index; // -1: all
    struct rt_stats *out;
};

static void stats_on_g0(void *call)
{
    struct stats_call *c = call;
    struct rt_stats total = {0};
    lock(&sched.lock);
    stats_publish_locked(getg()->m->p);
    if (c->index < 0) {
        total = sched.stats_m;
        for (int32_t i = 0; i < nprocs; i++)
            stats_add(&total, &allp[i]->stats_seen);
    } else {
        total = allp[c->index]->stats_seen;
    }
    unlock(&sched.lock);
    *c->out = total;
}

void rt_stats(struct rt_stats *total)
{
    struct stats_call call = {-1, total};
    systemstack(stats_on_g0, &call);
}

void rt_stats_of(int32_t index, struct rt_stats *one)
{
    rt_assert(index >= 0 && index < nprocs);
    struct stats_call call = {index, one};
    systemstack(stats_on_g0, &call);
}

void rt_stats_now(struct rt_stats *total)
{
    for_each_p(stats_publish_locked);
    rt_stats(total);
}
