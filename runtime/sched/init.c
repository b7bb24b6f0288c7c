// SPDX-License-Identifier: Apache-2.0
//
// Start-up: m0, the p's, the main goroutine. Everything here runs on one thread, before any other
// exists.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/mem/mheap.h"
#include "runtime/mem/persistent.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

struct schedt sched;
struct m m0;

static struct g m0_g0;

// Leaves the calling thread as m0 with p 0 on its g0.
void schedinit(const struct rt_config *config)
{
    m0.g0 = &m0_g0;
    m0_g0.m = &m0;
    setg(&m0_g0);
    mutex_init(&sched.lock, RANK_SCHED);
    mutex_init(&sched.gfree_lock, RANK_GFREE);
    mutex_init(&sched.allgs_lock, RANK_ALLGS);
    mutex_init(&allp_lock, RANK_ALLP);
    sema_init(&sched.worldsema, 1);
    semtable_init();
    persistent_init();
    mheap_init();
    gc_init();
    stack_init(config->stack_step_bytes);
    netpoll_init();
    async_init();
    sched.nm = 1;
    mcommoninit(&m0);

    int32_t procs = config->procs;
    if (procs < 0 || procs > PROCS_MAX)
        rt_fatal("runtime: rt_config.procs is out of range");
    if (procs == 0)
        procs = host_ncpu();
    procs = procs < PROCS_MAX ? procs : PROCS_MAX;
    procs_make(procs);
    lock(&sched.lock);
    procresize_locked(procs);
    unlock(&sched.lock);
}

// The main goroutine's start. Written before it runs, by m0.
static struct {
    void (*fn)(void *);
    void *arg;
} start;

static void main_goroutine(void *unused)
{
    (void)unused;
    gc_enable();
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
    struct newproc_attr attr = {.stack_class = stack_class(STACK_BYTES), .from = fn};
    newproc(&attr, main_goroutine, NULL);
    sysmon_start();
    mstart(&m0);
    rt_throw("mstart: returned");
}
