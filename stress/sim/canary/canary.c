// SPDX-License-Identifier: Apache-2.0
//
// See canary.h.

#include "stress/sim/canary/canary.h"

#include "runtime/base/throw.h"
#include "runtime/gc/graph.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"

#include <string.h>

static void nothing(void *arg)
{
    (void)arg;
}

static void parks(void *arg)
{
    (void)arg;
    rt_park();
}

static void behaves(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(parks, NULL);
    rt_yield();
    rt_sleep(20000);
    rt_ready(gp);
    rt_sleep(20000);
}

static void plain_store_to_status(void *arg)
{
    (void)arg;
    *(volatile uint32_t *)&rt_self()->status = G_IDLE;
    rt_yield();
}

// The status inside a larger store: the compiler does not know the length, so it stays a call.
static void copied_over_status(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof(uint32_t);
    uint32_t idle = G_IDLE;
    memcpy(&rt_self()->status, &idle, bytes);
    rt_yield();
}

static void cleared_with_status(void *arg)
{
    (void)arg;
    volatile size_t bytes = sizeof(uint64_t);
    memset(&rt_self()->status, 0, bytes);
    rt_yield();
}

static void waiting_set_running(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(parks, NULL);
    rt_sleep(20000);
    store_relaxed(&gp->status, G_RUNNING);
}

static void queued_while_running(void *arg)
{
    (void)arg;
    struct g *gp = rt_self();
    store_relaxed(&gp->m->p->runq[load_relaxed(&gp->m->p->runqtail) % RUNQ_SIZE], gp);
    store_release(&gp->m->p->runqtail, load_relaxed(&gp->m->p->runqtail) + 1);
    rt_yield();
}

// In a system call for ever, so that checkdead keeps quiet.
static void sits_in_syscall(void *arg)
{
    (void)arg;
    static atomic_u32 never;
    rt_entersyscallblock();
    while (load_relaxed(&never) == 0)
        host_futex_wait(&never, 0, -1);
}

static void waits_with_company(void)
{
    rt_go(sits_in_syscall, NULL);
    rt_park();
}

// A thread that is none of the runtime's: makes the parked main goroutine runnable when everybody
// sleeps, tells nobody, and, for `conserve`, lets time pass.
static struct g *lost;

static void submits_silently(void *later_ns)
{
    host_spin(1000000);
    store_relaxed(&lost->status, G_RUNNABLE);
    lost->schedlink = NULL;
    sched.runq.head = sched.runq.tail = lost;
    store_relaxed(&sched.runqsize, 1);
    host_spin((int64_t)(intptr_t)later_ns);
}

static void submitted_silently(void *arg)
{
    lost = rt_self();
    if (host_thread_create(submits_silently, arg, 0) == 0)
        waits_with_company();
}

static void submitted_and_time_passes(void *arg)
{
    (void)arg;
    submitted_silently((void *)(intptr_t)50000);
}

static void nobody_readies(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    rt_park();
}

// checkdead is wrong: another goroutine runs.
static void false_alarm(void *arg)
{
    (void)arg;
    rt_fatal("all goroutines are asleep - deadlock!");
}

static void sets_timer_silently(void *arg)
{
    (void)arg;
    host_spin(1000000);
    store_relaxed(&allp[1]->timers_when, 1000000000);
}

static void timer_without_waiter(void *arg)
{
    if (host_thread_create(sets_timer_silently, arg, 0) == 0)
        waits_with_company();
}

// A thread that is none of the runtime's breaks something while everybody sleeps.
static void (*breaks)(void);
static struct g *parked; // meanwhile

static void breaks_and_waits(void *unused)
{
    (void)unused;
    host_spin(1000000);
    breaks();
    host_spin(50000);
}

void canary_breaks_while_all_sleep(void (*fn)(void))
{
    breaks = fn;
    parked = rt_go(parks, NULL);
    if (host_thread_create(breaks_and_waits, NULL, 0) == 0)
        rt_sleep(10000000);
}

static void forget_timers(void)
{
    for (int32_t i = 0; i < nprocs; i++) {
        allp[i]->ntimers = 0;
        store_relaxed(&allp[i]->timers_when, 0);
    }
}

static void wake_sleeper(void)
{
    struct g **all = load_relaxed(&allgs.v);
    store_relaxed(&all[0]->status, G_RUNNABLE);
}

static void miscount_idle_p(void)
{
    add_relaxed(&sched.npidle, -1);
}

static void miscount_idle_m(void)
{
    sched.nmidle++;
}

static void miscount_global_queue(void)
{
    store_relaxed(&sched.runqsize, 1);
}

static void miscount_spinning(void)
{
    add_relaxed(&sched.nmspinning, 1);
}

static void miscount_dead(void)
{
    add_relaxed(&sched.ngfree, 1);
}

static void miscount_own_dead(void)
{
    allp[1]->ngfree++;
}

static void leave_shaded(void)
{
    allp[1]->wbbuf.n = 1;
}

static void gone_p_keeps(void *unused)
{
    (void)unused;
    rt_set_procs(1);
    canary_breaks_while_all_sleep(leave_shaded);
}

static void hold_idle_p(void)
{
    allp[0]->m = &m0;
}

static void run_idle_p(void)
{
    store_relaxed(&allp[0]->status, P_RUNNING);
}

static void keep_lock(void)
{
    m0.held.n = 1;
}

static void ready_in_no_queue(void)
{
    store_relaxed(&parked->status, G_RUNNABLE);
}

static void queue_one(struct g *gp)
{
    uint32_t tail = load_relaxed(&allp[0]->runqtail);
    store_relaxed(&allp[0]->runq[tail % RUNQ_SIZE], gp);
    store_release(&allp[0]->runqtail, tail + 1);
}

static void ready_in_two_places(void)
{
    store_relaxed(&parked->status, G_RUNNABLE);
    queue_one(parked);
    queue_one(parked);
}

static void other_in_queue(void)
{
    store_relaxed(&parked->status, G_RUNNABLE);
    queue_one(load_relaxed(&allgs.v)[0]);
}

#define BROKEN(name, fn)                                                                           \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        canary_breaks_while_all_sleep(fn);                                                         \
    }
BROKEN(timers_forgotten, forget_timers)
BROKEN(woken_early, wake_sleeper)
BROKEN(idle_p_miscounted, miscount_idle_p)
BROKEN(idle_m_miscounted, miscount_idle_m)
BROKEN(global_queue_miscounted, miscount_global_queue)
BROKEN(spinning_miscounted, miscount_spinning)
BROKEN(dead_miscounted, miscount_dead)
BROKEN(own_dead_miscounted, miscount_own_dead)
BROKEN(idle_p_held, hold_idle_p)
BROKEN(idle_p_runs, run_idle_p)
BROKEN(lock_kept, keep_lock)

BROKEN(in_no_queue, ready_in_no_queue)
BROKEN(in_two_places, ready_in_two_places)

BROKEN(other_queued, other_in_queue)

const struct canary canaries_queued[] = {
    {"in two places", "invariant", "a queue holds a goroutine twice", in_two_places},
    {"another is queued", "invariant", "or one that is not runnable", other_queued},
    {0},
};

// Right again before anybody could sleep.
static void idle_p_miscounted_for_a_moment(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    for (int i = 0; i < 10; i++) {
        miscount_idle_p();
        host_yield();
        add_relaxed(&sched.npidle, 1);
    }
}

// Takes a p from sysmon's eyes: its own.
static void sysmon_put_to_sleep(void *arg)
{
    (void)arg;
    lock(&sched.lock);
    sched.sysmonwait = true;
    unlock(&sched.lock);
    host_spin(10000);
}

// Goes on after a refusal and ends with words of its own; or was not refused, and ends with the
// words for that.
static void claims_a_fault(void *arg)
{
    if (host_thread_create(nothing, arg, 0) != 0)
        rt_fatal("canary: refused");
    rt_fatal("runtime: cannot create a thread");
}

const struct canary canary_claims_a_fault = {"claims a fault", "crash", NULL, claims_a_fault};

static __attribute__((noinline)) void dive(uint32_t depth)
{
    uint32_t frame[52];
    frame[0] = depth;
    __asm__ volatile("" : : "r"(frame) : "memory");
    if (depth > 1)
        dive(depth - 1);
    else
        rt_yield();
    if (frame[0] != depth)
        host_abort("a frame has changed");
}

static void dives(void *depth)
{
    dive((uint32_t)(uintptr_t)depth);
}

static void grows(void *arg)
{
    (void)arg;
    rt_go(dives, (void *)40);
    dive(60);
    dive(150);
}

static void overflows(void *arg)
{
    (void)arg;
    rt_go(dives, (void *)40);
    dive(UINT32_MAX);
}

static void strays(void *arg)
{
    (void)arg;
    *(volatile char *)rt_self()->stack.lo = 1;
}

const struct canary canary_grows = {"stacks grow", NULL, NULL, grows};
const struct canary canary_overflows = {"a stack overflows", "crash", "stack overflow", overflows};
const struct canary canary_strays = {"a stray pointer", "crash", "Segmentation fault", strays};

enum { CHANGERS = 2, CHANGES = 6 };
static atomic_u32 changing;

// Takes a node out of the graph, holds it on the stack alone, and puts it back elsewhere.
static void carries(struct rand *r, int64_t sleep_ns)
{
    rt_ptr *slot = graph_slot(r);
    struct node *n = rt_load_ptr(slot);
    rt_write_ptr(slot, NULL);
    rt_sleep(sleep_ns);
    if (n == NULL)
        n = node_new(r);
    node_verify(n);
    rt_write_ptr(graph_slot(r), n);
}

static void changes(void *stream)
{
    struct rand r = {(uint64_t)(uintptr_t)stream};
    struct node *tree = tree_new(&r, 2);
    for (int i = 0; i < CHANGES; i++) {
        graph_step(&r);
        carries(&r, i % 3 == 0 ? 20000 : 0);
    }
    graph_check(tree_count(tree) == 3);
    add_acq_rel(&changing, (uint32_t)-1);
}

static void collects(void *arg)
{
    (void)arg;
    graph_begin();
    struct rand r = {1};
    for (int i = 0; i < GRAPH_TABLE; i += 2)
        rt_write_ptr(&graph_table[i], node_new(&r));
    store_relaxed(&changing, CHANGERS);
    for (uintptr_t i = 1; i <= CHANGERS; i++)
        rt_go(changes, (void *)i);
    for (int i = 0; i < 3; i++)
        rt_gc();
    while (load_acquire(&changing) != 0)
        rt_sleep(20000);
}

const struct canary canary_collects = {"collects", NULL, NULL, collects};

const struct canary canaries[] = {
    {"behaves", NULL, NULL, behaves},
    {"plain store to a status", "gstate", "running -> idle: no such transition",
     plain_store_to_status},
    {"memcpy over a status", "gstate", "running -> idle: no such transition", copied_over_status},
    {"memset over a status", "gstate", "running -> idle: no such transition", cleared_with_status},
    {"a waiting goroutine set running", "gstate", "waiting -> running: not by its own m",
     waiting_set_running},
    {"queued while it runs", "gstate", "it still stands in a queue", queued_while_running},
    {"submitted silently", "lost-wake", "left in the global queue beside an idle p",
     submitted_silently},
    {"submitted silently, time passes", "conserve", "left in the global queue beside an idle p",
     submitted_and_time_passes},
    {"a timer that nobody waits for", "lost-wake", "a timer is left", timer_without_waiter},
    {"checkdead is wrong", "deadlock", "checkdead gives a false alarm", false_alarm},
    {"timers forgotten", "timer", "no p knows of a sleeping goroutine's timer", timers_forgotten},
    {"woken early", "timer", "is woken before its time", woken_early},
    {"idle p's miscounted", "invariant", "sched.npidle is not", idle_p_miscounted},
    {"idle p's miscounted for a moment", "invariant", "sched.npidle is not",
     idle_p_miscounted_for_a_moment},
    {"idle m's miscounted", "invariant", "sched.nmidle is not", idle_m_miscounted},
    {"global queue miscounted", "invariant", "sched.runqsize is not", global_queue_miscounted},
    {"spinning m's miscounted", "invariant", "sched.nmspinning is not", spinning_miscounted},
    {"dead goroutines miscounted", "invariant", "sched.ngfree is not", dead_miscounted},
    {"a p's dead miscounted", "invariant", "a p's ngfree is not", own_dead_miscounted},
    {"a p that is gone keeps something", "invariant", "a p that is not in use has shaded",
     gone_p_keeps},
    {"an idle p is held", "invariant", "an idle p is held by an m", idle_p_held},
    {"an idle p runs", "invariant", "a running p is held by no m", idle_p_runs},
    {"in no queue", "invariant", "a runnable goroutine stands in no queue", in_no_queue},
    {"asleep with a lock", "invariant", "an m sleeps with a lock", lock_kept},
    {"sysmon asleep", "invariant", "sysmon sleeps while a p is in use", sysmon_put_to_sleep},
    {"parked, nobody readies", "deadlock", "all goroutines wait", nobody_readies},
    {0},
};

void canary_main(void *canary)
{
    const struct canary *c = canary;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
    const struct rt_config config = {.procs = 2};
    rt_main(&config, c->main, NULL);
}
