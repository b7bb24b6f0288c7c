// SPDX-License-Identifier: Apache-2.0
//
// See steal_load.h. The window begins and ends with rt_stats_now, for which every p says what it
// has counted: a difference of two such looks is exact.
#include "stress/bench/steal_load.h"

#include "runtime/host/host.h"
#include "runtime/rt.h"

static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u; // splitmix64
    uint64_t x = *state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// Exponential to within some percent, and the same on every machine: the logarithm is a straight
// line between powers of two.
static int64_t next_gap(uint64_t *state, int64_t mean_ns)
{
    uint64_t u = (next_random(state) >> 32) | 1;
    uint32_t exponent = 63 - (uint32_t)__builtin_clzll(u);
    uint64_t log2_16 = ((uint64_t)exponent << 16) + ((u << (63 - exponent) << 1) >> 48);
    uint64_t below = (32ull << 16) - log2_16;            // log2(1/u) * 65536
    return (int64_t)((uint64_t)mean_ns * below / 94548); // 65536 / ln 2
}

static uint32_t latency_class(int64_t ns)
{
    uint64_t v = ns > 0 ? (uint64_t)ns : 0;
    if (v < STEAL_SUB)
        return (uint32_t)v;
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(v) - 5;
    uint64_t class = (uint64_t)shift * STEAL_SUB + (v >> shift);
    return class < STEAL_LATENCIES ? (uint32_t) class : STEAL_LATENCIES - 1;
}

int64_t steal_latency_ns(uint32_t class)
{
    if (class < 2 * STEAL_SUB)
        return class;
    uint32_t shift = class / STEAL_SUB - 1;
    return (int64_t)(class - shift * STEAL_SUB) << shift;
}

static struct steal_load *load; // const while goroutines run

// By a request that begins, before anything that may take it to another p.
static void count(const struct steal_load *l, struct steal_p *p, int64_t ready_ns, int64_t now)
{
    if (l->begin_ns == 0 || ready_ns < l->begin_ns || l->end_ns != 0)
        return;
    int64_t slot = (now - l->begin_ns) * STEAL_SLOTS / l->window_ns;
    if (slot >= 0 && slot < STEAL_SLOTS)
        p->requests[slot]++;
    p->latency[latency_class(now - ready_ns)]++;
}

static void serve(void *connection)
{
    struct steal_connection *c = connection;
    struct steal_load *l = load;
    for (;;) {
        rt_park();
        count(l, &l->of[l->own_p()], c->ready_ns, host_nanotime());
        int64_t half = l->work_ns / 2;
        host_spin(half + (int64_t)(next_random(&c->random) % (uint64_t)(2 * half + 1)));
        store_release(&c->busy, 0); // pairs [steal.busy]
    }
}

static void hand_out(struct steal_load *l, uint64_t *random)
{
    enum { TRIES = 64 };
    uint32_t at = (uint32_t)(next_random(random) % l->goroutines);
    for (int i = 0; i < TRIES; i++) {
        struct steal_connection *c = &l->connection[(at + (uint32_t)i) % l->goroutines];
        if (load_acquire(&c->busy) != 0) // pairs [steal.busy]
            continue;
        store_relaxed(&c->busy, 1); // nobody else sets it
        c->ready_ns = host_nanotime();
        l->handed_out++;
        rt_ready(c->g);
        return;
    }
    l->refused++;
}

static void hand_out_until(struct steal_load *l, uint64_t *random, int64_t *due_ns, int64_t begin,
                           int64_t until)
{
    int64_t mean = 1000000000 / l->requests_a_second;
    for (;;) {
        int64_t now = host_nanotime();
        store_relaxed(&l->done_ns, now - begin);
        if (now >= until || load_relaxed(&l->stop) != 0)
            return;
        for (; *due_ns <= now; *due_ns += next_gap(random, mean))
            hand_out(l, random);
        now = host_nanotime();
        rt_sleep((*due_ns < until ? *due_ns : until) - now);
        rt_preempt_point(); // if it never gets to sleep
    }
}

// What has been counted so far, less what had been before: `sign` -1, then 1.
static void add_stats(struct steal_load *l, int sign)
{
    struct rt_stats total;
    uint64_t factor = (uint64_t)(int64_t)sign;
    rt_stats_now(&total);
    l->overflows += factor * total.overflows;
    l->sleeps += factor * total.thread_sleeps;
    l->stolen += factor * total.stolen;
    for (int32_t i = 0; i < l->procs; i++) {
        struct rt_stats s;
        rt_stats_of(i, &s);
        l->of[i].started += factor * s.goroutines_started;
        l->of[i].attempts += factor * s.steal_attempts;
        l->of[i].successes += factor * s.steal_successes;
    }
}

void steal_load_main(void *arg)
{
    struct steal_load *l = load = arg;
    uint64_t random = l->seed;
    for (uint32_t i = 0; i < l->goroutines; i++) {
        struct steal_connection *c = &l->connection[i];
        c->random = next_random(&random);
        c->g = rt_go(serve, c);
        if (i % 64 == 63)
            rt_yield(); // they park; the rest is given away meanwhile
    }
    int64_t begin = host_nanotime(), due = begin;
    hand_out_until(l, &random, &due, begin, begin + l->warm_up_ns);
    add_stats(l, -1);
    l->handed_out = l->refused = 0;
    if (l->at_window != NULL)
        l->at_window(l);
    l->begin_ns = host_nanotime();
    hand_out_until(l, &random, &due, begin, l->begin_ns + l->window_ns);
    l->end_ns = host_nanotime();
    if (l->at_window != NULL)
        l->at_window(l);
    add_stats(l, 1);
}

void steal_load_start(void *arg)
{
    const struct steal_load *l = arg;
    rt_main(&(struct rt_config){.procs = l->procs}, steal_load_main, arg);
}
