// SPDX-License-Identifier: Apache-2.0
//
// Start-up: m0, the p's, the main goroutine. Everything here runs on one thread, before any other
// exists.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

struct schedt sched;
struct p *allp[PROCS_MAX];
int32_t nprocs;
struct m m0;

static struct g m0_g0;

static void procresize(int32_t n)
{
    rt_assert(n > 0 && n <= PROCS_MAX);
    rt_assert(nprocs == 0);
    for (int32_t i = 0; i < n; i++) {
        struct p *pp = persistent_alloc(sizeof(*pp), _Alignof(struct p));
        pp->id = i;
        store_relaxed(&pp->status, P_IDLE);
        mutex_init(&pp->timers_lock, RANK_TIMERS);
        allp[i] = pp;
    }
    nprocs = n;
    lock(&sched.lock);
    for (int32_t i = n - 1; i > 0; i--)
        pidleput_locked(allp[i]);
    unlock(&sched.lock);
    acquirep(allp[0]);
}

// Leaves the calling thread as m0 with p 0 on its g0.
void schedinit(const struct rt_config *config)
{
    m0.g0 = &m0_g0;
    m0_g0.m = &m0;
    setg(&m0_g0);
    mutex_init(&sched.lock, RANK_SCHED);
    mutex_init(&sched.gfree_lock, RANK_GFREE);
    mutex_init(&sched.allgs_lock, RANK_ALLGS);
    persistent_init();
    stack_init();
    netpoll_init();
    sched.nm = 1;
    mcommoninit(&m0);

    int32_t procs = config->procs;
    if (procs < 0 || procs > PROCS_MAX)
        rt_fatal("runtime: rt_config.procs is out of range");
    if (procs == 0)
        procs = host_ncpu();
    procresize(procs < PROCS_MAX ? procs : PROCS_MAX);
}

// The main goroutine's start. Written before it runs, by m0.
static struct {
    void (*fn)(void *);
    void *arg;
} start;

static void main_goroutine(void *unused)
{
    (void)unused;
    start.fn(start.arg);
    host_exit(0);
}

_Noreturn void rt_main(const struct rt_config *config, void (*fn)(void *), void *arg)
{
    if (getg() != NULL || nprocs != 0)
        rt_fatal("runtime: rt_main called twice");
    schedinit(config);
    start.fn = fn;
    start.arg = arg;
    newproc(main_goroutine, NULL);
    mstart(&m0);
    rt_throw("mstart: returned");
}

int32_t rt_procs(void)
{
    return nprocs;
}

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
