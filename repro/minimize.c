// SPDX-License-Identifier: Apache-2.0
//
// Minimizing by removal (A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing
// Input", 2002), on choices and on the lines of the program. After each success the choices that
// the engine really took replace the candidate: those that were never met fall away unasked.
//
// A smaller program often needs other choices. When the old ones do not replay in it, a short
// search with few preemptions (pct) looks for new ones, and is believed only if they are not more
// than before.
#include "repro/minimize.h"

#include "repro/edit.h"

#include <stdlib.h>
#include <string.h>

enum { FEW_CHOICES = 4 }; // not worth searching for fewer

struct minimizer {
    struct repro *r;
    struct trial t;
    const struct minimize_limits *limits;
};

void repro_free(struct repro *r)
{
    workload_free(r->w);
    sim_schedule_free(&r->schedule);
    *r = (struct repro){0};
}

struct minimize_limits minimize_limits_default(uint64_t seed)
{
    return (struct minimize_limits){
        .executions = 60000, .points = 30 * 1000 * 1000, .search = 200, .seed = seed};
}

static bool spent(const struct minimizer *m)
{
    const struct minimize_limits *l = m->limits;

    return m->t.executions >= l->executions || m->t.points >= l->points ||
           (l->stop != NULL && *l->stop);
}

// Replays `candidate` in the current program; on success *taken receives what was taken of it.
static bool meets(struct minimizer *m, const struct sim_schedule *candidate,
                  struct sim_schedule *taken)
{
    const struct sim_result *result = trial_run(&m->t, sim_strategy_replay(candidate), 0, false);

    if (!trial_found(result, m->r->signature))
        return false;
    sim_schedule_copy(taken, result->schedule.n <= candidate->n ? &result->schedule : candidate);
    return true;
}

static void without(const struct sim_schedule *from, size_t begin, size_t end,
                    struct sim_schedule *to)
{
    to->n = 0;
    for (size_t i = 0; i < from->n; i++)
        if (i < begin || i >= end)
            sim_schedule_push(to, &from->v[i]);
}

// One pass over *s with pieces of `size` choices, the last ones first: removing early choices moves
// everything behind them. True when something was removed.
static bool remove_pieces(struct minimizer *m, struct sim_schedule *s, size_t size)
{
    struct sim_schedule candidate = {0}, taken = {0};
    bool removed = false;
    size_t end = s->n;

    while (end > 0 && !spent(m)) {
        size_t begin = end > size ? end - size : 0;

        without(s, begin, end, &candidate);
        if (meets(m, &candidate, &taken)) {
            sim_schedule_copy(s, &taken);
            removed = true;
            end = begin < s->n ? begin : s->n;
        } else {
            end = begin;
        }
    }
    sim_schedule_free(&candidate);
    sim_schedule_free(&taken);
    return removed;
}

static void fewer_choices(struct minimizer *m, struct sim_schedule *s)
{
    for (size_t size = s->n / 2; size > 1; size /= 2)
        remove_pieces(m, s, size);
    while (s->n > 0 && !spent(m) && remove_pieces(m, s, 1))
        ;
}

// Looks for the signature anew in the current program, with few preemptions. True when *s has
// received at most `max` choices that lead to it.
static bool search(struct minimizer *m, uint32_t executions, size_t max, struct sim_schedule *s)
{
    struct sim_schedule found = {0}, taken = {0};
    bool good = false;

    for (uint32_t i = 0; i < executions && !good && !spent(m); i++) {
        struct sim_strategy *strategy =
            i % 4 == 3 ? sim_strategy_random() : sim_strategy_pct(1 + i % 4);
        const struct sim_result *result =
            trial_run(&m->t, strategy, trial_seed(m->limits->seed, m->t.executions), false);

        if (!trial_found(result, m->r->signature))
            continue;
        sim_schedule_copy(&found, &result->schedule);
        if (!meets(m, &found, &taken))
            continue;
        fewer_choices(m, &taken);
        good = taken.n <= max;
        if (good)
            sim_schedule_copy(s, &taken);
    }
    sim_schedule_free(&found);
    sim_schedule_free(&taken);
    return good;
}

// Tries one edit; the smaller program replaces the old one when it meets the signature.
static bool try_edit(struct minimizer *m, uint32_t edit)
{
    struct repro *r = m->r;
    struct sim_schedule moved = {0}, taken = {0};
    struct workload *old = r->w, *smaller = edit_apply(old, edit, &r->schedule, &moved);
    bool ok = false;

    if (smaller != NULL) {
        size_t max = r->schedule.n > FEW_CHOICES ? r->schedule.n : FEW_CHOICES;

        trial_begin(&m->t, smaller);
        ok = meets(m, &moved, &taken) || search(m, m->limits->search, max, &taken);
        if (ok) {
            r->w = smaller;
            sim_schedule_copy(&r->schedule, &taken);
        } else {
            trial_begin(&m->t, old);
        }
        workload_free(ok ? old : smaller);
    }
    sim_schedule_free(&moved);
    sim_schedule_free(&taken);
    return ok;
}

static void smaller_program(struct minimizer *m)
{
    bool again = true;

    while (again && !spent(m)) {
        again = false;
        for (uint32_t edit = 0; edit < edit_count(m->r->w) && !spent(m);) {
            if (try_edit(m, edit))
                again = true; // the same number is now another edit
            else
                edit++;
        }
    }
}

// A search for other choices may use faults when the old ones do.
static enum sim_faults_allowed faults_of(const struct sim_schedule *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].kind == SIM_FAULT)
            return SIM_FAULTS_ALL;
    return SIM_FAULTS_OFF;
}

bool repro_replays(struct repro *r, uint32_t times)
{
    struct trial t = {.memory = r->memory, .frozen = r->frozen};

    trial_begin(&t, r->w);
    for (uint32_t i = 0; i < times; i++)
        if (!trial_found(trial_run(&t, sim_strategy_replay(&r->schedule), 0, false), r->signature))
            return false;
    return true;
}

void minimize_choices(struct repro *r, const struct minimize_limits *limits)
{
    struct minimizer m = {
        .r = r, .limits = limits, .t = {.memory = r->memory, .frozen = r->frozen}};
    struct sim_schedule taken = {0};

    m.t.faults = faults_of(&r->schedule);
    trial_begin(&m.t, r->w);
    if (meets(&m, &r->schedule, &taken)) {
        sim_schedule_copy(&r->schedule, &taken);
        fewer_choices(&m, &r->schedule);
    }
    sim_schedule_free(&taken);
}

bool minimize(struct repro *r, const struct minimize_limits *limits, uint64_t *executions)
{
    struct minimizer m = {
        .r = r, .limits = limits, .t = {.memory = r->memory, .frozen = r->frozen}};
    struct sim_schedule taken = {0};
    bool ok;

    m.t.faults = faults_of(&r->schedule);
    trial_begin(&m.t, r->w);
    ok = meets(&m, &r->schedule, &taken);
    if (ok) {
        sim_schedule_copy(&r->schedule, &taken);
        fewer_choices(&m, &r->schedule);
        smaller_program(&m);
        fewer_choices(&m, &r->schedule);
        if (r->schedule.n > FEW_CHOICES)
            search(&m, 10 * limits->search, r->schedule.n - 1, &r->schedule);
    }
    sim_schedule_free(&taken);
    if (executions != NULL)
        *executions = m.t.executions;
    return ok;
}
