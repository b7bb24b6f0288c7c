// SPDX-License-Identifier: Apache-2.0
//
// See check.h.
#include "repro/check.h"

#include <time.h>

enum { PER_LOOK = 64 }; // executions between two looks at the clock

struct checker {
    const struct check_params *p;
    struct check_result *result;
    struct trial trial;
    struct sim_strategy *explore;
    double begin, shown;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool over(struct checker *c, const struct check_bound *b)
{
    const struct check_params *p = c->p;

    if (p->hunt.stop != NULL && *p->hunt.stop)
        return true;
    if (b->executions % PER_LOOK != 0)
        return false;
    double passed = now() - c->begin;
    if (p->progress != NULL && passed - c->shown > 0.2) {
        c->shown = passed;
        p->progress(b, passed, p->hunt.arg);
    }
    return p->seconds > 0 && passed >= p->seconds;
}

static void found(struct checker *c, const struct sim_result *r)
{
    struct hunt_find f = {.executions = c->result->executions, .seconds = now() - c->begin};

    c->result->found = true;
    snprintf(f.strategy, sizeof f.strategy, "%s", c->explore->name);
    hunt_pursue(&c->p->hunt, &f, &c->trial, r);
}

// Every schedule within the bound, in as many passes as it takes.
static struct check_bound one_bound(struct checker *c, uint32_t bound)
{
    struct check_bound b = {.bound = bound};
    double begin = now();
    bool more = true;

    while (more && !c->result->found && !c->result->stopped) {
        const struct sim_result *r = trial_run(&c->trial, c->explore, 0, false);

        b.executions++;
        b.points += r->points;
        c->result->executions++;
        c->result->points += r->points;
        more = sim_explore_next(&b.explored);
        if (r->outcome == SIM_FOUND)
            found(c, r);
        else
            c->result->stopped = more && over(c, &b);
    }
    b.seconds = now() - begin;
    b.done = !more && !c->result->found && b.explored.limited == 0;
    b.whole = b.done && !b.explored.cuts;
    return b;
}

void check(const struct check_params *params, struct check_result *result)
{
    struct checker c = {.p = params, .result = result, .begin = now()};
    const struct sim_explore how = {
        .reduce = params->memory == SIM_SC, .from_first_operation = true, .places = params->places};
    bool go_on = true;

    *result = (struct check_result){0};
    c.trial = (struct trial){.memory = params->memory, .frozen = !params->w->sysmon_needed};
    trial_begin(&c.trial, params->w);
    c.explore = sim_strategy_explore(&how);
    for (uint32_t bound = 0; go_on && bound <= params->bound; bound++) {
        sim_explore_deeper(bound);
        const struct check_bound b = one_bound(&c, bound);
        params->told(&b, params->hunt.arg);
        go_on = b.done && !b.whole;
    }
    result->seconds = now() - c.begin;
}
