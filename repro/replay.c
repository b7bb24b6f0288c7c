// SPDX-License-Identifier: Apache-2.0
//
// Replay of a case: names become a schedule of this binary, the engine takes each choice where its
// place comes up, and what was met is graded. A choice whose source line is gone is not guessed at
// here.
#include "repro/replay.h"

#include <stdlib.h>
#include <string.h>

#include "repro/trial.h"

const char *replay_grade_name(enum replay_grade grade)
{
    static const char *const names[REPLAY_GRADES] = {"exact", "drifted", "unreachable",
                                                     "not reproduced"};

    return names[grade];
}

static void describe_choice(const struct repro_case *c, size_t index, const char *why, char *detail,
                            size_t bytes)
{
    FILE *f = fmemopen(detail, bytes, "w");

    if (f == NULL)
        return;
    fprintf(f, "choice %zu of %zu (", index + 1, c->choices);
    case_print_choice(&c->choice[index], f);
    fprintf(f, "): %s", why);
    fclose(f);
    detail[bytes - 1] = 0;
}

// Position in the case of the n-th choice that has a site in this binary.
static size_t index_in_case(const struct repro_case *c, const struct sim_schedule *schedule,
                            size_t n)
{
    struct repro_case one = *c;
    size_t index = 0;

    for (size_t left = n; index < c->choices; index++) {
        struct sim_schedule s;
        size_t missing;

        one.choice = &c->choice[index];
        one.choices = 1;
        case_schedule(&one, &s, &missing);
        bool present = s.n == 1;
        sim_schedule_free(&s);
        if (present && left-- == 0)
            break;
    }
    return index < c->choices ? index : schedule->n - 1;
}

static enum replay_grade grade_one(struct repro_case *c, struct trial *t,
                                   const struct sim_schedule *schedule, size_t missing,
                                   struct replay_outcome *out)
{
    struct sim_strategy *strategy = sim_strategy_replay(schedule);
    const struct sim_result *r = trial_run(t, strategy, 0, false);
    size_t untaken, taken = sim_replay_taken(strategy, &untaken);
    bool same = trial_found(r, c->signature), complete = true;

    out->points = r->points;
    out->signature[0] = out->message[0] = 0;
    if (r->outcome == SIM_FOUND) {
        memcpy(out->signature, r->finding.signature, sizeof out->signature);
        memcpy(out->message, r->finding.message, sizeof out->message);
    }
    if (missing < c->choices) {
        complete = false;
        describe_choice(c, missing, "this place is not in the program any more", out->detail,
                        sizeof out->detail);
    } else if (taken < schedule->n) {
        complete = false;
        describe_choice(c, index_in_case(c, schedule, untaken), "its place was not reached",
                        out->detail, sizeof out->detail);
    }
    if (same)
        return complete ? REPLAY_EXACT : REPLAY_DRIFTED;
    return complete ? REPLAY_NOT_REPRODUCED : REPLAY_UNREACHABLE;
}

void replay_case(struct repro_case *c, uint32_t times, const volatile sig_atomic_t *stop,
                 struct replay_outcome *out)
{
    struct sim_schedule schedule;
    struct trial t = {.memory = c->memory, .frozen = c->frozen};
    size_t missing;

    *out = (struct replay_outcome){.times = 0};
    trial_begin(&t, c->program);
    case_schedule(c, &schedule, &missing);
    while (out->times < times && (out->times == 0 || stop == NULL || !*stop)) {
        enum replay_grade grade = grade_one(c, &t, &schedule, missing, out);

        out->times++;
        out->reproduced += grade <= REPLAY_DRIFTED;
        if (grade > out->grade)
            out->grade = grade;
    }
    sim_schedule_free(&schedule);
}
