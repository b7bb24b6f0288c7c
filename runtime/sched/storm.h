// SPDX-License-Identifier: Apache-2.0
//
// For tests: goroutines that do all that goroutines can, while the number of p's goes up and down
// by random steps. Each one counts what it does in a word of its own; at the end the sums must be
// right, the runtime's statistics exact, and nothing may be left: no goroutine, no thread, nothing
// in p's that are not in use. The test says when it is over. Each process weathers one.
#pragma once

#include <dirent.h>
#include <stdio.h>

#include "runtime/base/atomic.h"
#include "runtime/base/rand.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"

#define storm_check(c) ((c) ? (void)0 : rt_fatal("storm: check failed: " #c))

enum {
    STORM_PROCS = PROCS_MAX < 64 ? PROCS_MAX : 64,
    STORM_KINDS = 8,
    STORM_EACH = PROCS_MAX < 64 ? 3 : 12, // workers of a kind; with a thread each below M_MAX
    STORM_WORKERS = STORM_KINDS * STORM_EACH,
    STORM_DEPTH = STACK_BYTES / 2048, // calls of 256 bytes or more: some growths, no overflow
    // p's, workers that may be in system calls or tied, their tied children, m's on their way to
    // sleep
    STORM_THREADS = STORM_PROCS + 2 * STORM_WORKERS,
};

struct storm_worker {
    struct rand rand;  // owner: the worker
    struct g *g;       // const once the storm has begun
    uint64_t rounds;   // owner; others when it is stopped or has ended
    uint64_t children; // owner; others when it has ended. Goroutines that it has started
    uint64_t restarts; // likewise; times at least that it was switched to
    atomic_u32 left;   // of the present children
};

// Const after the start.
static struct {
    uint64_t seed;
    bool (*over)(void);
} storm;

static struct storm_worker storm_workers[STORM_WORKERS];
static struct g *storm_main;
static atomic_u32 storm_begun, storm_stop, storm_left;
static atomic_u64 storm_rounds, storm_children; // of all, as they end
static uint64_t storm_alone;                    // plain: changed with the world stopped

static struct rand storm_rand(uint64_t stream)
{
    struct rand r = {storm.seed * STORM_WORKERS + stream};
    rand_next(&r);
    return r;
}

// Pauses that a signal must not shorten.

static void storm_sleep(int64_t ns)
{
    int64_t from = host_nanotime();
    rt_sleep(ns);
    storm_check(host_nanotime() - from >= ns);
}

static void storm_call(struct rand *r)
{
    int64_t ns = (int64_t)rand_below(r, 30000);
    if (rand_below(r, 3) == 0)
        rt_entersyscallblock();
    else
        rt_entersyscall();
    int64_t from = host_nanotime();
    host_sleep(ns);
    bool whole = host_nanotime() - from >= ns;
    rt_exitsyscall();
    storm_check(whole);
}

static __attribute__((noinline)) void storm_dive(uint32_t depth)
{
    uint32_t frame[56];
    frame[0] = depth;
    frame[55] = ~depth;
    __asm__ volatile("" : : "r"(frame) : "memory");
    rt_preempt_point();
    if (depth > 1)
        storm_dive(depth - 1);
    else
        rt_yield();
    storm_check(frame[0] == depth && frame[55] == ~depth);
}

// Kinds of workers: one round ---------------------------------------------------------------

static void storm_yields(struct storm_worker *w)
{
    rt_yield();
    w->restarts++;
}

static void storm_sleeps(struct storm_worker *w)
{
    storm_sleep(1 + (int64_t)rand_below(&w->rand, 50000));
    w->restarts++;
}

static void storm_calls(struct storm_worker *w)
{
    storm_call(&w->rand);
}

// Asks others to give way, and computes.
static void storm_asks(struct storm_worker *w)
{
    rt_debug_preempt(storm_workers[rand_below(&w->rand, STORM_WORKERS)].g);
    for (uint32_t n = rand_below(&w->rand, 200); n > 0; n--)
        rt_preempt_point();
}

static void storm_read_rounds(void *worker)
{
    storm_check(((const struct storm_worker *)worker)->rounds < UINT64_MAX);
}

static void storm_add_alone(void *unused)
{
    (void)unused;
    storm_alone++;
}

// Makes others stand still: one, all, or each p for a moment. Now and then only: with many p's on
// few processors it takes long, and the others are to do something in between.
static void storm_stops(struct storm_worker *w)
{
    struct storm_worker *other = &storm_workers[rand_below(&w->rand, STORM_WORKERS)];
    struct rt_stats s;
    switch (rand_below(&w->rand, 8)) {
    case 0:
        rt_debug_stop_the_world(storm_add_alone, NULL);
        break;
    case 1:
        rt_stats_now(&s);
        storm_check(s.goroutines_created > s.goroutines_ended);
        break;
    default:
        if (other != w)
            rt_debug_suspend(other->g, storm_read_rounds, other);
    }
    rt_debug_shrink(other->g);
    storm_sleep(1 + (int64_t)rand_below(&w->rand, 5000000));
}

static void storm_ties(struct storm_worker *w)
{
    rt_lock_thread();
    const struct m *mp = getg()->m;
    rt_yield();
    w->restarts++;
    storm_call(&w->rand);
    storm_check(getg()->m == mp);
    rt_unlock_thread();
}

// Two that hand a plain word to and fro by permits.
struct storm_pair {
    struct storm_worker *first;
    uint32_t word; // owner: who was readied last
};

static void storm_child_ends(struct storm_worker *parent)
{
    add_relaxed(&storm_children, 1);
    if (sub_acq_rel(&parent->left, 1) == 1) // pairs [storm.child]
        rt_ready(parent->g);
}

static void storm_wait_for_children(struct storm_worker *w)
{
    while (load_acquire(&w->left) != 0) // pairs [storm.child]
        rt_park();
}

static void storm_second(void *pair)
{
    struct storm_pair *pr = pair;
    struct storm_worker *first = pr->first;
    // after the last turn *pr is gone
    for (uint32_t i = 0; i < 10; i++) {
        do
            rt_park();
        while (pr->word % 2 == 0);
        pr->word++;
        rt_ready(first->g);
    }
    storm_child_ends(first);
}

static void storm_pairs(struct storm_worker *w)
{
    struct storm_pair pr = {w, 0};
    store_relaxed(&w->left, 1);
    struct g *second = rt_go(storm_second, &pr);
    w->children++;
    for (uint32_t i = 0; i < 10; i++) {
        pr.word++;
        rt_ready(second);
        do
            rt_park();
        while (pr.word % 2 == 1);
    }
    storm_check(pr.word == 20);
    storm_wait_for_children(w);
}

struct storm_child {
    struct storm_worker *parent;
    uint32_t kind;
};

static void storm_lives(void *child)
{
    const struct storm_child *c = child;
    struct storm_worker *parent = c->parent;
    uint32_t kind = c->kind;
    if (kind % 4 == 1)
        storm_dive(1 + kind / 4 % STORM_DEPTH);
    if (kind % 4 == 2)
        storm_sleep(kind / 4 % 20000);
    if (kind % 64 == 3)
        rt_lock_thread(); // ends the thread as well
    if (kind % 8 == 7)
        rt_yield();
    storm_child_ends(parent);
    if (kind % 3 == 0)
        rt_exit();
}

static void storm_spawns(struct storm_worker *w)
{
    enum { N = 6 };
    struct storm_child child[N];
    store_relaxed(&w->left, N);
    for (uint32_t i = 0; i < N; i++) {
        child[i] = (struct storm_child){w, rand_next(&w->rand)};
        rt_go(storm_lives, &child[i]);
        w->children++;
    }
    storm_wait_for_children(w);
}

static void (*const storm_round[STORM_KINDS])(struct storm_worker *) = {
    storm_yields, storm_sleeps, storm_calls, storm_asks,
    storm_stops,  storm_ties,   storm_pairs, storm_spawns,
};

static void storm_worker(void *worker)
{
    struct storm_worker *w = worker;
    void (*const round)(struct storm_worker *) = storm_round[(w - storm_workers) % STORM_KINDS];
    while (load_acquire(&storm_begun) == 0) // pairs [storm.begun]
        rt_yield();
    while (load_relaxed(&storm_stop) == 0) {
        round(w);
        w->rounds++;
        add_relaxed(&storm_rounds, 1);
        rt_preempt_point();
    }
    if (sub_acq_rel(&storm_left, 1) == 1) // pairs [storm.left]
        rt_ready(storm_main);
}

// The end -----------------------------------------------------------------------------------

// Threads of this process, as the kernel counts them.
static int32_t storm_tasks(void)
{
    DIR *dir = opendir("/proc/self/task");
    storm_check(dir != NULL);
    int32_t n = 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void storm_count_ms(void *count)
{
    lock(&sched.lock);
    int32_t n = sched.nm;
    for (const struct m *mp = sched.mfree; mp != NULL; mp = mp->schedlink)
        n--;
    unlock(&sched.lock);
    *(int32_t *)count = n;
}

// m's that have a thread.
static int32_t storm_ms(void)
{
    int32_t n = 0;
    systemstack(storm_count_ms, &n);
    return n;
}

// Nothing may be left where nobody looks. World stopped, one p in use.
static void storm_look_at_ps(void *unused)
{
    (void)unused;
    for (int32_t i = 1; i < STORM_PROCS && allp[i] != NULL; i++) {
        struct p *pp = allp[i];
        storm_check(load_relaxed(&pp->status) == P_DEAD && pp->m == NULL);
        storm_check(runqempty(pp) && pp->ntimers == 0 && pp->gfree == NULL);
    }
}

// Who has counted itself may still have to come to its end.
static void storm_wait_for_gs(void)
{
    uint32_t n = load_acquire(&allgs.n);   // pairs [allgs.n]
    struct g **v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n; i++) {
        while (v[i] != storm_main && readgstatus(v[i]) != G_DEAD)
            rt_yield();
    }
}

// A thread that has ended its m is still a task for a while.
static void storm_wait_for_threads(int32_t others)
{
    for (int tries = 0; storm_tasks() - others != storm_ms(); tries++) {
        if (tries == 10000)
            rt_fatal("storm: the runtime and the kernel do not count the same threads");
        rt_sleep(1000000);
    }
    storm_check(storm_ms() <= STORM_THREADS);
}

static void storm_look_at_sums(uint64_t changes)
{
    uint64_t rounds = 0, children = 0, restarts = 0;
    for (const struct storm_worker *w = storm_workers; w < storm_workers + STORM_WORKERS; w++) {
        rounds += w->rounds;
        children += w->children;
        restarts += w->restarts;
    }
    storm_check(load_relaxed(&storm_rounds) == rounds);
    storm_check(load_relaxed(&storm_children) == children);
    struct rt_stats s;
    rt_stats_now(&s);
    storm_check(s.goroutines_created == 1 + STORM_WORKERS + children);
    storm_check(s.goroutines_ended == STORM_WORKERS + children);
    storm_check(s.goroutines_started >= s.goroutines_created + restarts);
    storm_check(s.stack_growths > 0 && s.stolen >= s.steal_successes);
    printf("%llu changes of the number of p's, %llu rounds of work, %llu goroutines, %d threads, "
           "%llu times given way, %llu stacks grown\n",
           (unsigned long long)changes, (unsigned long long)rounds,
           (unsigned long long)s.goroutines_created, storm_ms(), (unsigned long long)s.preempted,
           (unsigned long long)s.stack_growths);
    fflush(stdout);
}

// Up and down -------------------------------------------------------------------------------

static int32_t storm_next_procs(struct rand *r)
{
    switch (rand_below(r, 4)) {
    case 0:
        return 1;
    case 1:
        return STORM_PROCS;
    default:
        return 1 + (int32_t)rand_below(r, STORM_PROCS);
    }
}

static uint64_t storm_change(void)
{
    struct rand r = storm_rand(STORM_WORKERS);
    int32_t before = 1;
    uint64_t changes = 0;
    for (; !storm.over(); changes++) {
        int32_t n = storm_next_procs(&r);
        storm_check(rt_set_procs(n) == before);
        before = n;
        if (rand_below(&r, 4) == 0)
            rt_yield();
        if (rand_below(&r, 4) == 0)
            storm_sleep((int64_t)rand_below(&r, 500000));
    }
    storm_check(rt_set_procs(1) == before && rt_procs() == 1);
    return changes;
}

static void storm_run(void *unused)
{
    (void)unused;
    storm_main = rt_self();
    // with one p nobody makes a thread meanwhile: these are a sanitizer's and the test's
    int32_t others = storm_tasks() - storm_ms();
    store_relaxed(&storm_left, STORM_WORKERS);
    for (uint32_t i = 0; i < STORM_WORKERS; i++) {
        storm_workers[i].rand = storm_rand(i);
        storm_workers[i].g = rt_go(storm_worker, &storm_workers[i]);
    }
    store_release(&storm_begun, 1); // pairs [storm.begun]
    uint64_t changes = storm_change();
    store_relaxed(&storm_stop, 1);
    while (load_acquire(&storm_left) != 0) // pairs [storm.left]
        rt_park();
    storm_wait_for_gs();
    rt_debug_stop_the_world(storm_look_at_ps, NULL);
    storm_wait_for_threads(others);
    storm_look_at_sums(changes);
}

static inline void storm_weather(uint64_t seed, bool (*over)(void))
{
    storm.seed = seed;
    storm.over = over;
    struct rt_config config = {.procs = 1};
    rt_main(&config, storm_run, NULL);
}
