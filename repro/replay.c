// SPDX-License-Identifier: Apache-2.0
//
// Replay of a case: names become a schedule of this binary, the engine takes each choice where its
// place comes up, and what was met is graded. What a program that has changed asks for is in
// near.c.
#include "repro/replay.h"

#include <stdlib.h>
#include <string.h>

#include "repro/near.h"
#include "repro/trial.h"

const char *replay_grade_name(enum replay_grade grade)
{
    static const char *const names[REPLAY_GRADES] = {"exact", "drifted", "searched", "unreachable",
                                                     "not reproduced"};

    return names[grade];
}

static void describe(struct replay_outcome *out, const struct repro_case *c, size_t index,
                     const char *why)
{
    FILE *f = fmemopen(out->detail, sizeof out->detail, "w");

    if (f == NULL)
        return;
    fprintf(f, "choice %zu of %zu (", index + 1, c->choices);
    case_print_choice(&c->choice[index], f);
    fprintf(f, "): %s", why);
    fclose(f);
    out->detail[sizeof out->detail - 1] = 0;
}

static void note_finding(struct replay_outcome *out, const struct sim_finding *f)
{
    memcpy(out->signature, f->signature, sizeof out->signature);
    memcpy(out->message, f->message, sizeof out->message);
    memcpy(out->word, f->word, sizeof out->word);
}

// Names in the last execution.
static bool is_thread(const char *name)
{
    for (uint32_t i = 0; i < SIM_THREADS_MAX; i++)
        if (strcmp(sim_name(sim_thread_name(i)), name) == 0)
            return true;
    return false;
}

// Says of a choice that could not be taken what is missing.
static void describe_unmet(struct replay_outcome *out, const struct repro_case *c, size_t index,
                           const char *else_why)
{
    const struct case_choice *choice = &c->choice[index];
    const char *name = choice->after[0] ? choice->after : choice->actor;
    int32_t instance = workload_instance_find(c->program, name);
    char why[256];

    snprintf(why, sizeof why, "%s", else_why);
    if (instance < 0 && !is_thread(name))
        snprintf(why, sizeof why, "nobody in this program is called '%s'", name);
    else if (instance >= 0 &&
             wl_op_index(choice->op) > c->program->body[c->program->instance[instance].body].count)
        snprintf(why, sizeof why, "'%s' has no operation %u", name, wl_op_index(choice->op));
    else if (sim_names_thread(choice->kind) && !is_thread(choice->name))
        snprintf(why, sizeof why, "there is no thread '%s' to run", choice->name);
    describe(out, c, index, why);
}

// One execution; whether it met the case, and whether all choices were taken.
static bool run_one(struct repro_case *c, struct trial *t, struct replay_outcome *out,
                    size_t *untaken)
{
    struct sim_strategy *strategy = sim_strategy_replay(&out->schedule);
    const struct sim_result *r = trial_run(t, strategy, 0, false);

    sim_replay_taken(strategy, untaken);
    out->points = r->points;
    out->signature[0] = out->message[0] = out->word[0] = 0;
    if (r->outcome == SIM_FOUND)
        note_finding(out, &r->finding);
    return signature_compare(c, r) != SIGNATURE_OTHER;
}

// Index in the case of the n-th choice whose site exists in this binary.
static size_t index_in_case(const struct repro_case *c, size_t n)
{
    struct sim_choice here;
    size_t i = 0;

    for (; i < c->choices; i++)
        if (case_choice_here(&c->choice[i], &here) && n-- == 0)
            break;
    return i;
}

static void replay_again(struct repro_case *c, struct trial *t, const struct replay_params *params,
                         struct replay_outcome *out, size_t *untaken)
{
    out->times = out->reproduced = 0;
    while (out->times < params->times &&
           (out->times == 0 || params->stop == NULL || !*params->stop)) {
        out->reproduced += run_one(c, t, out, untaken);
        out->times++;
    }
}

// The case does not come about as it is written. The outcome as written is told when nothing else
// is found.
static void look_near(struct repro_case *c, struct trial *t, const struct replay_params *params,
                      struct replay_outcome *out)
{
    struct near n;
    size_t untaken;

    near_begin(&n, c, t, params->stop);
    if (near_anchor(&n))
        out->grade = REPLAY_DRIFTED;
    else if (params->search > 0 && near_search(&n, params->search, params->seed))
        out->grade = REPLAY_SEARCHED;
    else
        out->grade = n.unmet < c->choices ? REPLAY_UNREACHABLE : REPLAY_NOT_REPRODUCED;
    out->schedules = n.executions;
    if (out->grade <= REPLAY_SEARCHED) {
        sim_schedule_copy(&out->schedule, &n.schedule);
        replay_again(c, t, params, out, &untaken);
    } else if (n.unmet < c->choices) {
        describe_unmet(out, c, n.unmet,
                       n.unmet_lost
                           ? "this place is not in the program any more, and no other will do"
                           : "its place was not reached, and no other will do");
    }
    near_free(&n);
}

void replay_case(struct repro_case *c, const struct replay_params *params,
                 struct replay_outcome *out)
{
    struct trial t = {.memory = c->memory, .frozen = c->frozen};
    size_t missing, untaken;

    *out = (struct replay_outcome){.grade = REPLAY_EXACT};
    trial_begin(&t, c->program);
    case_schedule(c, &out->schedule, &missing);
    replay_again(c, &t, params, out, &untaken);
    bool met = out->reproduced == out->times;
    if (missing < c->choices)
        describe(out, c, missing, "this place is not in the program any more");
    else if (untaken < out->schedule.n)
        describe_unmet(out, c, index_in_case(c, untaken), "its place was not reached");
    else if (met && strcmp(out->signature, c->signature) != 0)
        snprintf(out->detail, sizeof out->detail, "the signature was: %s", c->signature);
    if (met && out->detail[0] != 0)
        out->grade = REPLAY_DRIFTED;
    if (!met && out->reproduced > 0)
        out->grade = REPLAY_NOT_REPRODUCED; // every time, or it is not
    else if (!met)
        look_near(c, &t, params, out);
}

void replay_free(struct replay_outcome *out)
{
    sim_schedule_free(&out->schedule);
}
