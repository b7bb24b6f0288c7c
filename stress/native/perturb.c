// SPDX-License-Identifier: Apache-2.0
//
// See perturb.h.
#include "stress/native/perturb.h"

#include <sys/resource.h>
#include <sys/syscall.h>

enum {
    LOW_OF_100 = 10, // rr: low_priority_probability
    LOW_OF_100_FIRST = 30,
    PRIORITY_PLACES = 2048, // at most, until priorities are drawn anew
    YIELD_ONE_IN = 32,
    DELAY_ONE_IN = 128,
    DELAY_NS = 200000,    // at most
    SHUT_OUT_ONE_IN = 64, // of the places of a thread of low priority
    WINDOW_NS = 50000,    // the shortest
    WINDOWS = 9,          // each twice as long as the one before
    NICE_LOW = 19,
};

static uint64_t seed;  // const after perturb_begin
static bool on;        // likewise
static bool no_return; // atomic: the kernel does not let a thread be nicer and then less so

void perturb_begin(uint64_t with)
{
    seed = with;
    on = true;
}

bool perturb_on(void)
{
    return on;
}

static uint64_t draw(struct wrap_thread *t)
{
    uint64_t z = t->random += 0x9e3779b97f4a7c15u; // splitmix64

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static bool one_in(struct wrap_thread *t, uint32_t n)
{
    return draw(t) % n == 0;
}

static void draw_priority(struct wrap_thread *t)
{
    uint32_t share = t->birth == 0 ? LOW_OF_100_FIRST : LOW_OF_100;

    t->low = draw(t) % 100 < share;
    t->places_left = 1 + (uint32_t)(draw(t) % PRIORITY_PLACES);
}

struct perturb_decision perturb_next(struct wrap_thread *t)
{
    if (!t->begun) {
        t->begun = true;
        t->random = seed * 0xd6e8feb86659fd93u ^ t->birth;
    }
    if (t->places_left == 0)
        draw_priority(t);
    t->places_left--;
    struct perturb_decision d = {.nice = t->low ? NICE_LOW : 0};
    if (t->low && one_in(t, SHUT_OUT_ONE_IN)) {
        d.what = PERTURB_SHUT_OUT;
        d.ns = (int64_t)WINDOW_NS << draw(t) % WINDOWS;
    } else if (one_in(t, DELAY_ONE_IN)) {
        d.what = PERTURB_DELAY;
        d.ns = 1 + (int64_t)(draw(t) % DELAY_NS);
    } else if (one_in(t, YIELD_ONE_IN)) {
        d.what = PERTURB_YIELD;
    }
    return d;
}

static void be_nice(struct wrap_thread *t, int32_t nice)
{
    if (t->nice == nice || __atomic_load_n(&no_return, __ATOMIC_RELAXED))
        return;
    if (wrap_syscall(SYS_setpriority, PRIO_PROCESS, 0, nice, 0) != 0)
        __atomic_store_n(&no_return, true, __ATOMIC_RELAXED);
    t->nice = nice;
}

void perturb_point(struct wrap_thread *t)
{
    struct perturb_decision d = perturb_next(t);

    be_nice(t, d.nice);
    if (d.what == PERTURB_YIELD)
        wrap_syscall(SYS_sched_yield, 0, 0, 0, 0);
    else if (d.what != PERTURB_NOTHING)
        wrap_pause(d.ns);
}
