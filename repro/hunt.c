// SPDX-License-Identifier: Apache-2.0
//
// The hunting loop. The plan is a function of the seed, so the same seed hunts the same executions
// again. Executions come in slices of 32; what those of a slice have in common says repro/turns.h.
// In every fourth execution of a slice the host may fail. Slices are short: a cycle through all
// workloads takes some seconds.
#include "repro/hunt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "repro/replay.h"
#include "repro/turns.h"

enum { SLICE = 32, SIGNATURES = 256, FAULTS_EVERY = 4 };

struct hunter {
    const struct hunt_params *p;
    struct hunt_stats *stats;
    struct turns turns;
    double begin;
    char *met[SIGNATURES]; // signatures that were handed on
    uint32_t nmet;
    bool done;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool over(const struct hunter *h)
{
    const struct hunt_params *p = h->p;

    return h->done || (p->stop != NULL && *p->stop) ||
           (p->executions && h->stats->executions >= p->executions) ||
           (p->seconds > 0 && now() - h->begin >= p->seconds);
}

static bool met_before(const struct hunter *h, const char *signature)
{
    for (uint32_t i = 0; i < h->nmet; i++)
        if (strcmp(h->met[i], signature) == 0)
            return true;
    return h->nmet == SIGNATURES;
}

// What counts is the case as others will read it: printed, parsed and replayed twice.
static bool replays_as_text(const struct repro_case *c)
{
    struct repro_case read;
    struct replay_outcome outcome;
    struct text_error err;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    case_print(c, f);
    fclose(f);
    bool ok = case_parse(&read, text, n, &err);
    if (ok) {
        replay_case(&read, &(struct replay_params){.times = 2}, &outcome);
        ok = outcome.grade == REPLAY_EXACT;
        replay_free(&outcome);
        case_free(&read);
    }
    free(text);
    return ok;
}

// Without a store that is held sc and tso are one: such a case says the simpler.
static enum sim_memory memory_needed(const struct repro *r)
{
    if (r->memory == SIM_TIMED)
        return SIM_TIMED;
    for (size_t i = 0; i < r->schedule.n; i++)
        if (r->schedule.v[i].kind == SIM_HOLD)
            return r->memory;
    return SIM_SC;
}

static void set_case(struct hunt_find *f, struct repro *r)
{
    memcpy(f->c.oracle, r->oracle, sizeof f->c.oracle);
    memcpy(f->c.signature, r->signature, sizeof f->c.signature);
    f->c.memory = memory_needed(r);
    f->c.frozen = r->frozen;
    f->c.program = r->w;
    r->w = NULL;
    if (!case_set_choices(&f->c, &r->schedule))
        f->replayed = false;
    f->replayed = f->replayed && replays_as_text(&f->c);
    f->operations = f->c.program->ops;
}

void hunt_pursue(const struct hunt_params *p, struct hunt_find *f, const struct trial *t,
                 const struct sim_result *r)
{
    struct minimize_limits limits = minimize_limits_default(p->seed);
    struct repro repro = {.w = workload_copy(t->w), .memory = t->memory, .frozen = t->frozen};

    if (repro.w == NULL)
        return;
    snprintf(repro.oracle, sizeof repro.oracle, "%s", r->finding.oracle);
    memcpy(repro.signature, r->finding.signature, sizeof repro.signature);
    memcpy(f->message, r->finding.message, sizeof f->message);
    memcpy(f->c.word, r->finding.word, sizeof f->c.word);
    sim_schedule_copy(&repro.schedule, &r->schedule);
    f->choices_before = repro.schedule.n;
    limits.stop = p->stop;
    f->replayed = repro_replays(&repro, 2);
    if (f->replayed && !(p->known != NULL && p->known(repro.signature, p->arg)))
        minimize(&repro, &limits, &f->minimizing);
    snprintf(f->c.found, sizeof f->c.found, "%s: workload %s, strategy %s, %llu execution%s",
             p->found_by, t->w->name, f->strategy, (unsigned long long)f->executions,
             f->executions == 1 ? "" : "s");
    set_case(f, &repro);
    p->find(f, p->arg);
    case_free(&f->c);
    repro_free(&repro);
}

static void pursue(struct hunter *h, const struct trial *t, const char *strategy,
                   const struct sim_result *r)
{
    struct hunt_find f = {.executions = h->stats->executions, .seconds = now() - h->begin};

    snprintf(f.strategy, sizeof f.strategy, "%s", strategy);
    h->met[h->nmet] = strdup(r->finding.signature);
    h->nmet += h->met[h->nmet] != NULL;
    h->stats->finds++;
    hunt_pursue(h->p, &f, t, r);
    h->done = h->p->stop_at_first;
}

// Executions of the workload count from now on; NULL: none do.
static void count_for(const struct hunter *h, const struct workload *w)
{
    const struct hunt_params *p = h->p;
    uint32_t i = 0;

    while (w != NULL && i < p->nworkloads && p->workloads[i] != w)
        i++;
    sim_coverage_into(
        p->coverage != NULL && w != NULL ? p->coverage + (size_t)i * sim_coverage()->cells : NULL);
}

static void run_slice(struct hunter *h, uint64_t slice)
{
    const struct hunt_params *p = h->p;
    const struct turn turn = turns_next(&h->turns, slice);
    const uint64_t points = h->stats->points, finds = h->stats->finds;
    struct trial t = {.memory = turn.memory, .frozen = turn.frozen};

    trial_begin(&t, turn.w);
    count_for(h, turn.w);
    for (uint32_t i = 0; i < SLICE && !over(h); i++) {
        struct sim_strategy *strategy = sim_strategy_by_name(turn.strategy);
        turns_watch(&h->turns, i);
        t.faults = i % FAULTS_EVERY == FAULTS_EVERY - 1 ? p->faults : SIM_FAULTS_OFF;
        const struct sim_result *r =
            trial_run(&t, strategy, trial_seed(p->seed, slice * SLICE + i), false);

        h->stats->executions++;
        h->stats->points += r->points;
        h->stats->limited += r->outcome == SIM_LIMIT;
        if (r->outcome != SIM_FOUND)
            continue;
        h->stats->hits++;
        if (met_before(h, r->finding.signature))
            continue;
        count_for(h, NULL);
        sim_pairs_into(NULL, 0);
        pursue(h, &t, turn.strategy, r);
        trial_begin(&t, turn.w);
        count_for(h, turn.w);
    }
    count_for(h, NULL);
    turns_pay(&h->turns, &turn, h->stats->finds - finds, h->stats->points - points);
}

void hunt(const struct hunt_params *params, struct hunt_stats *stats)
{
    struct hunter h = {.p = params, .stats = stats, .begin = now()};
    double shown = h.begin;

    *stats = (struct hunt_stats){0};
    turns_begin(&h.turns, params);
    for (uint64_t slice = params->part; !over(&h); slice += params->parts) {
        run_slice(&h, slice);
        stats->seconds = now() - h.begin;
        if (params->progress != NULL && h.begin + stats->seconds - shown > 0.2) {
            shown = h.begin + stats->seconds;
            params->progress(stats, params->arg);
        }
    }
    stats->seconds = now() - h.begin;
    for (uint32_t i = 0; i < h.nmet; i++)
        free(h.met[i]);
    turns_end(&h.turns);
}
