// SPDX-License-Identifier: Apache-2.0
//
// Executions that do not end: fair turns for as many points again, then `livelock` if no operation
// began in all that time. What a livelock is called must not depend on the point at which the
// execution was stopped, so it is named by a loop, not by where anybody is.

#include "stress/sim/buffer.h"

#include <stdio.h>
#include <string.h>

enum { LOOP_VISITS = 100 };

// A goroutine's operation is under way on it, on either stack; else it looks for work, or helps.
static bool in_operation(const struct thread *t, const struct position *at)
{
    return at->after != 0 || at->actor != t->name;
}

static bool first_by_name(uint32_t site, uint32_t than)
{
    const struct sim_site *s = sim_site(site), *b = sim_site(than);
    int order = than == SIM_SITE_NONE ? -1 : strcmp(s->function, b->function);
    return order < 0 || (order == 0 && strcmp(s->text, b->text) < 0);
}

// Of the sites that some thread has met again and again in what it does now, the first by name: a
// loop has one whatever point the execution was stopped at.
static uint32_t site_of_loop(bool operations)
{
    uint32_t best = SIM_SITE_NONE;
    for (uint32_t t = 0; t < sim.threads; t++) {
        const struct position *at = t == sim.thread ? &sim.at : &sim_threads[t].at;
        if (sim_threads[t].state == THREAD_DEAD || in_operation(&sim_threads[t], at) != operations)
            continue;
        for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++) {
            if (at->visit[i] >> 32 == at->serial && (uint32_t)at->visit[i] >= LOOP_VISITS &&
                first_by_name(i, best))
                best = i;
        }
    }
    return best;
}

// What does not get further is a goroutine's operation; others only turn round it.
static uint32_t site_of_livelock(uint32_t otherwise)
{
    uint32_t site = site_of_loop(true);
    if (site == SIM_SITE_NONE)
        site = site_of_loop(false);
    return site != SIM_SITE_NONE ? site : otherwise;
}

// The points allowed are used up: go on fairly, then see whether the program gets further.
void sim_out_of_points(uint32_t site)
{
    if (sim.cut)
        sim_finish(SIM_LIMIT);
    if (!sim.fair) {
        sim.fair = true;
        sim.fair_progress = sim.progress;
        sim.max_points += sim.max_points;
        sim.slice_end = 0;
        buffer_drain_all_threads();
        return;
    }
    if (sim.progress != sim.fair_progress)
        sim_finish(SIM_LIMIT); // long, not stuck
    const struct sim_site *s = sim_site(site_of_livelock(site));
    char signature[320];
    snprintf(signature, sizeof signature, "livelock: %s `%s`", s->function, s->text);
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, site, sim.node, 0, "still running", sim.points);
    f->places = 1;
    oracle_report("livelock", signature,
                  "every thread got its turn again and again, and no operation has begun");
    sim_finish(SIM_LIMIT);
}
