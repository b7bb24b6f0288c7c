// SPDX-License-Identifier: Apache-2.0
//
// invariant: counters against what they count, and structures against each other.
//
// What sched.lock protects is right whenever nobody holds it; that is asked at each switch of
// threads. The rest is right when nobody is on the way between two states: at stable points, where
// all m's sleep, or compute for the program.

#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 100000 }; // a list that is longer is a ring

static void report(const char *what, long is, long counted)
{
    char signature[200], message[600];
    snprintf(signature, sizeof signature, "invariant: %s", what);
    snprintf(message, sizeof message, "%s (%ld, counted %ld);", what, is, counted);
    model_list_goroutines(message, sizeof message);
    oracle_report("invariant", signature, message);
}

static inline void expect_count(const char *what, long is, long counted)
{
    if (unlikely(is != counted))
        report(what, is, counted);
}

#define LIST_LENGTH(head, link)                                                                    \
    ({                                                                                             \
        long n_ = 0;                                                                               \
        for (__typeof__((head) + 0) at_ = (head); at_ && n_ < LIST_MAX; at_ = at_->link)           \
            n_++;                                                                                  \
        n_;                                                                                        \
    })

// Buffers that are filled without a lock, by who has the p.
static void check_buffers(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        if (unlikely(allp[i]->wbbuf.n > WBBUF_ENTRIES))
            report("a p's write barrier buffer has more entries than room", allp[i]->wbbuf.n,
                   WBBUF_ENTRIES);
    }
}

// What a p has had went to others when it was taken out of use.
static void check_gone(void)
{
    for (int32_t i = nprocs; i < PROCS_MAX && allp[i]; i++) {
        const struct p *pp = allp[i];
        const struct workbuf *first = pp->gcw.first, *second = pp->gcw.second;
        if (unlikely(pp->wbbuf.n != 0 || (first && first->n != 0) || (second && second->n != 0)))
            report("a p that is not in use has shaded objects", pp->id, nprocs);
        if (unlikely(load_relaxed(&pp->runnext) ||
                     load_relaxed(&pp->runqhead) != load_relaxed(&pp->runqtail)))
            report("a p that is not in use has goroutines", pp->id, nprocs);
        if (unlikely(pp->m || pp->gfree || pp->sudogs))
            report("a p that is not in use has something left", pp->id, nprocs);
    }
}

void model_check_lists(void)
{
    check_buffers();
    model_check_chans();
    if (nprocs == 0 || load_relaxed(&sched.lock.key) != 0)
        return;
    check_gone();
    expect_count("sched.npidle is not the number of idle p's", load_relaxed(&sched.npidle),
                 LIST_LENGTH(sched.pidle, link));
    expect_count("sched.nmidle is not the number of idle m's", sched.nmidle,
                 LIST_LENGTH(sched.midle, schedlink));
    expect_count("sched.runqsize is not the length of the global queue",
                 load_relaxed(&sched.runqsize), LIST_LENGTH(sched.runq.head, schedlink));
}

static void check_p(const struct p *pp)
{
    uint32_t status = load_relaxed(&pp->status);
    if (status == P_RUNNING && (!pp->m || pp->m->p != pp))
        report("a running p is held by no m", pp->id, -1);
    if (status == P_IDLE && pp->m)
        report("an idle p is held by an m", pp->id, pp->m->id);
    expect_count("a p's ngfree is not the number of its dead goroutines", pp->ngfree,
                 LIST_LENGTH(pp->gfree, schedlink));
}

static void check_p_s(void)
{
    long idle = 0;
    for (int32_t i = 0; i < nprocs; i++) {
        check_p(allp[i]);
        idle += load_relaxed(&allp[i]->status) == P_IDLE;
    }
    expect_count("an idle p is not on the idle list", load_relaxed(&sched.npidle), idle);
}

static void check_m_s(void)
{
    long spinning = 0;
    for (const struct m *mp = sched.allm; mp; mp = mp->alllink) {
        spinning += mp->spinning;
        if (mp->p && mp->p->m != mp)
            report("an m holds a p that another m holds", mp->id, mp->p->m ? mp->p->m->id : -1);
        if (mp->held.n != 0)
            report("an m sleeps with a lock", mp->id, mp->held.n);
    }
    expect_count("sched.nmspinning is not the number of spinning m's",
                 load_relaxed(&sched.nmspinning), spinning);
}

// Goroutines as a set without a set: their number and the sum of their addresses.
struct tally {
    long n;
    uint64_t sum;
};

static void tally_add(struct tally *t, const struct g *gp)
{
    t->n++;
    t->sum += (uint64_t)gp;
}

static struct tally runnable(void)
{
    struct g **all = load_relaxed(&allgs.v);
    struct tally t = {0, 0};
    for (uint32_t i = 0; i < load_relaxed(&allgs.n); i++) {
        if ((load_relaxed(&all[i]->status) & ~(uint32_t)G_SCAN) == G_RUNNABLE)
            tally_add(&t, all[i]);
    }
    return t;
}

static struct tally queued(void)
{
    struct tally t = {0, 0};
    for (const struct g *at = sched.runq.head; at && t.n < LIST_MAX; at = at->schedlink)
        tally_add(&t, at);
    for (int32_t i = 0; i < PROCS_MAX && allp[i]; i++) {
        const struct p *pp = allp[i];
        uint32_t head = load_relaxed(&pp->runqhead), tail = load_relaxed(&pp->runqtail);
        for (uint32_t k = head; k != tail && k - head < RUNQ_SIZE; k++)
            tally_add(&t, load_relaxed(&pp->runq[k % RUNQ_SIZE]));
        if (load_relaxed(&pp->runnext))
            tally_add(&t, load_relaxed(&pp->runnext));
    }
    return t;
}

static void check_queues(void)
{
    struct tally are = runnable(), stand = queued();
    if (are.n > stand.n)
        report("a runnable goroutine stands in no queue", are.n, stand.n);
    if (are.n < stand.n || are.sum != stand.sum)
        report("a queue holds a goroutine twice, or one that is not runnable", are.n, stand.n);
}

// Whoever takes an idle p wakes it, or nobody watches the p. A frozen one never gets so far.
static void check_sysmon(void)
{
    bool stopping = (load_relaxed(&sched.safepoint) & SAFEPOINT_STOP) != 0;
    if (sched.sysmonwait && !stopping && load_relaxed(&sched.npidle) != nprocs)
        report("sysmon sleeps while a p is in use", nprocs, load_relaxed(&sched.npidle));
}

void model_check_stable(void)
{
    if (!oracle_on("invariant"))
        return;
    model_check_lists();
    check_p_s();
    check_m_s();
    check_queues();
    check_sysmon();
    expect_count("sched.ngfree is not the number of dead goroutines in its list",
                 load_relaxed(&sched.ngfree), LIST_LENGTH(sched.gfree, schedlink));
}
