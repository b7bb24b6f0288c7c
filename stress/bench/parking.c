// SPDX-License-Identifier: Apache-2.0
//
// See parking.h.
#include "stress/bench/parking.h"

#include <stdint.h>
#include <stdlib.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

static size_t n;                 // const after parking_init
static struct rt_go_attr attr;   // const after parking_init
static struct g **goroutine;     // each written by its maker, which then arrives
static struct g *main_goroutine; // const in a phase
static size_t expected;          // const in a phase; who is to arrive: n and the workers
// in this phase; the last one wakes main
static _Alignas(64) atomic_u64 arrived;

bool parking_init(size_t number, const struct rt_go_attr *attributes)
{
    n = number;
    attr = *attributes;
    goroutine = calloc(n, sizeof(*goroutine));
    return goroutine != NULL;
}

static void arrive(void)
{
    if (add_acq_rel(&arrived, 1) + 1 == expected) // pairs [parked.arrived]
        rt_ready(main_goroutine);
}

static void wait_for_all(void)
{
    while (load_acquire(&arrived) != expected) // pairs [parked.arrived]
        rt_park();
}

static void parked(void *arg)
{
    (void)arg;
    arrive();
    rt_park();
    arrive();
}

// A p's share of goroutine[].
struct share {
    size_t from, to;
};

static void make(void *share)
{
    const struct share *s = share;
    for (size_t i = s->from; i < s->to; i++)
        goroutine[i] = rt_go_with(&attr, parked, NULL);
    arrive(); // the last goroutine may have come before its handle was written
}

static void release(void *share)
{
    const struct share *s = share;
    for (size_t i = s->from; i < s->to; i++)
        rt_ready(goroutine[i]);
    arrive();
}

// Runs fn for all shares, one goroutine a p, and waits until these and the n have arrived.
static double phase(void (*fn)(void *))
{
    enum { SHARES_MAX = 64 };
    static struct share share[SHARES_MAX];
    size_t shares = (size_t)rt_procs() < SHARES_MAX ? (size_t)rt_procs() : SHARES_MAX;
    main_goroutine = rt_self();
    expected = n + shares;
    store_relaxed(&arrived, 0);
    int64_t begin = host_nanotime();
    for (size_t i = 0; i < shares; i++) {
        share[i] = (struct share){i * n / shares, (i + 1) * n / shares};
        rt_go(fn, &share[i]);
    }
    wait_for_all();
    return (double)(host_nanotime() - begin) * 1e-9;
}

double parking_make(void)
{
    return phase(make);
}

double parking_release(void)
{
    return phase(release);
}
