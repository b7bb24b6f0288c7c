// SPDX-License-Identifier: Apache-2.0
//
// Who runs in a timed execution: the thread whose clock is behind. A strategy may prefer one that
// is a little ahead of it; those that it passes over lose the difference, as if something had held
// them up. So its freedom is bounded, and a program that starves there starves by itself.
#include "stress/sim/timed.h"

enum { CANDIDATES = 8 };

static int64_t first_clock(void)
{
    int64_t first = NEVER;
    for (uint32_t i = 0; i < sim.ready; i++) {
        if (sim_threads[sim.run[i]].clock < first)
            first = sim_threads[sim.run[i]].clock;
    }
    return first;
}

static void set_until(void)
{
    int64_t first = first_clock(), wake = sim_next_wake_up();
    sim.until = first < wake ? first : wake;
}

// Of those that are ready, and the running one if it could go on, who is behind and who is ahead by
// no more than the window; by their clocks, among equals the running one, then the longest in line.
static uint32_t candidates(uint32_t threads[CANDIDATES], bool running)
{
    uint32_t n = 0;
    int64_t first = first_clock();
    if (running && sim.now < first)
        first = sim.now;
    for (uint32_t i = 0; i < sim.ready + running; i++) {
        uint32_t thread = !running ? sim.run[i] : i == 0 ? sim.thread : sim.run[i - 1];
        int64_t clock = sim_threads[thread].clock;
        if (clock > first + TIMED_WINDOW_NS)
            continue;
        uint32_t at = n;
        while (at > 0 && sim_threads[threads[at - 1]].clock > clock)
            at--;
        if (at == CANDIDATES)
            continue;
        n += n < CANDIDATES;
        for (uint32_t k = n - 1; k > at; k--)
            threads[k] = threads[k - 1];
        threads[at] = thread;
    }
    return sim_threads[threads[0]].passes < TIMED_PASSES ? n : 1;
}

// The answer's thread; those before it lose time.
static struct thread *take(const uint32_t *threads, uint32_t answer)
{
    struct thread *t = &sim_threads[threads[answer]];
    for (uint32_t i = 0; i < answer; i++) {
        sim_threads[threads[i]].clock = t->clock;
        sim_threads[threads[i]].passes++;
    }
    t->passes = 0;
    return t;
}

void timed_point(uint32_t site)
{
    struct thread *self = sim_current;
    uint32_t threads[CANDIDATES];
    self->clock = sim.now;
    self->pending = sim.pending;
    if (sim_next_wake_up() <= sim.now)
        sim_wake_due();
    bool asks = sim.ready > 0 && sim_strategy_wants(site);
    if (asks || first_clock() < sim.now) {
        uint32_t n = candidates(threads, true);
        struct thread *t = take(threads, asks ? sim_choose_thread(SIM_RUN, threads, n, site) : 0);
        sim.now = self->clock;
        if (t != self) {
            sim_leave_line(t->index);
            sim.run[sim.ready++] = self->index;
            sim_switch_to(t);
        }
    }
    set_until();
}

void timed_run_another(uint32_t site)
{
    uint32_t threads[CANDIDATES];
    for (;;) {
        while (sim.ready == 0)
            sim_advance_time();
        int64_t wake = sim_next_wake_up();
        if (wake > first_clock())
            break;
        sim.now = wake;
        sim_wake_due();
    }
    uint32_t n = candidates(threads, false);
    struct thread *t = take(threads, sim_choose_thread(SIM_NEXT, threads, n, site));
    sim_leave_line(t->index);
    sim_switch_to(t);
    sim.now = t->clock; // also when it is the one that ran last
    set_until();
}
