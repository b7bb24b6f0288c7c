// SPDX-License-Identifier: Apache-2.0
//
// See turns.h.
#include "repro/turns.h"

#include <stdlib.h>
#include <string.h>

enum { FROZEN_EVERY = 4, WATCH_EVERY = 8, FIND_IS_WORTH = 20 };

static bool begin_adaptive(struct turns *t)
{
    const struct hunt_params *p = t->p;

    for (uint32_t i = 0; i < p->nstrategies && t->nplain < TURNS_STRATEGIES; i++)
        if (strcmp(p->strategies[i], "random") == 0 || strncmp(p->strategies[i], "pct", 3) == 0)
            t->plain[t->nplain++] = i;
    t->met = calloc(2, TURNS_PAIRS);
    t->meets = t->met != NULL ? t->met + TURNS_PAIRS : NULL;
    return t->nplain > 0 && t->met != NULL && bandit_begin(&t->workloads, p->nworkloads) &&
           bandit_begin(&t->strategies, p->nstrategies) && bandit_begin(&t->memories, p->nmemories);
}

void turns_begin(struct turns *t, const struct hunt_params *p)
{
    *t = (struct turns){.p = p};
    t->adaptive = p->adaptive && begin_adaptive(t);
}

void turns_end(struct turns *t)
{
    sim_pairs_into(NULL, 0);
    bandit_end(&t->workloads);
    bandit_end(&t->strategies);
    bandit_end(&t->memories);
    free(t->met);
}

static struct turn turn_of(const struct hunt_params *p, uint32_t workload, uint32_t strategy,
                           uint32_t memory, bool frozen)
{
    struct workload *w = p->workloads[workload];

    // in time, what nobody ends goes on: sysmon is part of what is promised
    frozen = frozen && p->memories[memory] != SIM_TIMED;
    return (struct turn){.memory = p->memories[memory],
                         .w = w,
                         .strategy = p->strategies[strategy],
                         .frozen = frozen && !w->sysmon_needed,
                         .arm = {workload, strategy, memory}};
}

// Sysmon is frozen where the last three digits add up to 3 modulo 4, so that each pair of workload
// and strategy gets both.
static struct turn even(const struct hunt_params *p, uint64_t slice)
{
    uint64_t pair = slice / p->nmemories;
    uint64_t round = pair / p->nworkloads, cycle = round / p->nstrategies;
    uint64_t workload = pair % p->nworkloads, strategy = round % p->nstrategies;

    return turn_of(p, (uint32_t)workload, (uint32_t)strategy, (uint32_t)(slice % p->nmemories),
                   (workload + strategy + cycle) % FROZEN_EVERY == FROZEN_EVERY - 1);
}

// The same with random walk and PCT alone. All workloads come once before any comes again, under
// whichever model's turn it is: of a pair of workload and strategy four times one model, so that
// each meets sysmon frozen, then another.
static struct turn plain(const struct turns *t, uint64_t slice)
{
    const struct hunt_params *p = t->p;
    uint64_t workload = slice % p->nworkloads, round = slice / p->nworkloads;
    uint64_t strategy = round % t->nplain, cycle = round / t->nplain;

    return turn_of(p, (uint32_t)workload, t->plain[strategy],
                   (uint32_t)((workload + round + cycle / FROZEN_EVERY) % p->nmemories),
                   (workload + strategy + cycle) % FROZEN_EVERY == FROZEN_EVERY - 1);
}

struct turn turns_next(struct turns *t, uint64_t slice)
{
    const struct hunt_params *p = t->p;
    uint64_t mine = slice / p->parts, first = (p->nworkloads + p->parts - 1) / p->parts;

    if (!t->adaptive)
        return even(p, slice);
    if (mine < first || (mine - first) % 2 == 0)
        return plain(t, (mine < first ? mine : first + (mine - first) / 2) * p->parts + p->part);
    return turn_of(p, bandit_best(&t->workloads), bandit_best(&t->strategies),
                   bandit_best(&t->memories), trial_seed(~p->seed, slice) % FROZEN_EVERY == 0);
}

void turns_watch(struct turns *t, uint32_t n)
{
    if (t->adaptive)
        sim_pairs_into(n % WATCH_EVERY == 0 ? t->meets : NULL, TURNS_PAIRS);
}

void turns_pay(struct turns *t, const struct turn *turn, uint64_t finds, uint64_t points)
{
    uint64_t fresh = FIND_IS_WORTH * finds;

    if (!t->adaptive)
        return;
    sim_pairs_into(NULL, 0);
    for (uint32_t i = 0; i < TURNS_PAIRS; i++) {
        fresh += t->meets[i] && !t->met[i];
        t->met[i] |= t->meets[i];
    }
    memset(t->meets, 0, TURNS_PAIRS);
    bandit_pay(&t->workloads, turn->arm[0], (double)fresh, (double)points);
    bandit_pay(&t->strategies, turn->arm[1], (double)fresh, (double)points);
    bandit_pay(&t->memories, turn->arm[2], (double)fresh, (double)points);
}
