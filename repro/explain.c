// SPDX-License-Identifier: Apache-2.0
//
// A case as a story: what is wrong, the program, the interleaving, the stacks of what the oracle
// saw, and the hinge. See explain_view.h for the parts.
#include "repro/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "repro/explain_view.h"
#include "repro/replay.h"
#include "repro/signature.h"

enum { ROWS = 60, ROWS_LEAST = 12, HINGE_LINES = 10, SEARCH = 2000 };

static void print_head(const struct view *v, const struct replay_outcome *found, bool same)
{
    const struct repro_case *c = v->c;

    fprintf(v->out, "%s%s%s\n", paint(v, BOLD), c->signature, paint(v, PLAIN));
    fprintf(v->out, "  %s, %s sizes, memory %s%s, %zu choice%s, %" PRIu64 " points\n",
            c->fixed ? "fixed (needs its patch)" : "open", c->program->prod ? "prod" : "tiny",
            sim_memory_names[c->memory], c->frozen ? ", sysmon frozen" : "", c->choices,
            c->choices == 1 ? "" : "s", v->r->points);
    if (found->grade != REPLAY_EXACT)
        fprintf(v->out, "  %s%s%s: %s\n", paint(v, RED), replay_grade_name(found->grade),
                paint(v, PLAIN),
                found->detail[0] ? found->detail : "not with the choices as they are written");
    if (!same)
        fprintf(v->out, "  %sThis is not what happened here: %s%s\n", paint(v, RED),
                v->r->outcome == SIM_FOUND ? v->r->finding.signature : "nothing was found",
                paint(v, PLAIN));
    if (v->r->outcome == SIM_FOUND)
        fprintf(v->out, "  %s\n", v->r->finding.message);
    fputc('\n', v->out);
    workload_print(c->program, v->out, "  ");
}

static size_t rows_left(const struct view *v, const struct explain_options *options)
{
    size_t rows = options->rows ? options->rows : ROWS;
    size_t used = 8 + v->c->program->ops + v->c->program->bodies + view_place_lines(v);

    used += v->r->outcome == SIM_FOUND ? HINGE_LINES : 0;
    return rows > used + ROWS_LEAST ? rows - used : ROWS_LEAST;
}

static void show(struct view *v, const struct hinge *h, const struct explain_options *options,
                 const struct replay_outcome *found, bool same)
{
    view_weigh(v);
    print_head(v, found, same);
    view_timeline(v, options->full ? 0 : view_cut(v, rows_left(v, options)));
    if (v->r->outcome == SIM_FOUND)
        view_places(v, options->full);
    view_hinge(v, h);
}

bool explain(struct repro_case *c, const struct explain_options *options, FILE *out)
{
    struct view v = {.c = c, .colour = options->colour, .out = out};
    struct replay_outcome found;
    struct trial t = {.memory = c->memory, .frozen = c->frozen};
    struct hinge h = {.kind = HINGE_NONE};

    // as it can be had in this program: a case that has drifted is shown as it comes about now
    replay_case(c, &(struct replay_params){.times = 1, .search = SEARCH, .seed = 1}, &found);
    struct sim_schedule *schedule = &found.schedule;
    trial_begin(&t, c->program);
    const struct sim_result *r = trial_run(&t, sim_strategy_replay(schedule), 0, false);
    if (r->outcome == SIM_FOUND) {
        char signature[sizeof r->finding.signature];
        memcpy(signature, r->finding.signature, sizeof signature);
        sim_schedule_copy(schedule, &r->schedule); // those that were taken
        hinge_find(&t, schedule, signature, &h);
    }
    v.r = trial_run(&t, sim_strategy_replay(schedule), 0, true);
    v.e = sim_trace(&v.n);
    v.left_lying = strcmp(c->oracle, "conserve") == 0 || strcmp(c->oracle, "lost-wake") == 0;
    v.weight = calloc(v.n + 1, sizeof *v.weight);
    view_learn_values(&v.meanings, v.e, v.n);
    bool same = signature_compare(c, v.r) != SIGNATURE_OTHER;
    if (v.weight != NULL)
        show(&v, &h, options, &found, same);
    free(v.weight);
    view_forget_values(&v.meanings);
    replay_free(&found);
    return same;
}
