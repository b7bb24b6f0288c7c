// SPDX-License-Identifier: Apache-2.0
//
// The text form of inputs: see input.h. Line oriented, as cases are, and as strict: what is printed
// is accepted and printed the same.
#include "repro/input.h"

#include <stdlib.h>
#include <string.h>

static const char *const walk_names[SIM_WALKS] = {"calm", "random", "priorities"};
static const char *const edit_names[SIM_EDITS] = {"run", "answer", "hold", "drain"};
static const char *const fault_names[] = {"off", "mild", "all"};

void input_print(const struct input *in, FILE *out)
{
    fprintf(out, "gauntlet input %d\nmemory %s\n", INPUT_VERSION, sim_memory_names[in->memory]);
    if (in->frozen)
        fputs("sysmon frozen\n", out);
    if (in->faults != SIM_FAULTS_OFF)
        fprintf(out, "faults %s\n", fault_names[in->faults]);
    if (in->vouched)
        fputs("vouched\n", out);
    fputs("program\n", out);
    workload_print(&in->program, out, "  ");
    fputs("plan\n", out);
    for (uint32_t i = 0; i < in->plan.edits; i++) {
        const struct sim_edit *e = &in->plan.edit[i];

        fprintf(out, "  %s %u after %u points", edit_names[e->kind], e->value, e->gap);
        if (e->quiet > 0)
            fprintf(out, ", alone for %u", e->quiet);
        fputc('\n', out);
    }
    for (uint32_t i = 0; i < in->plan.legs; i++) {
        const struct sim_leg *l = &in->plan.leg[i];

        fprintf(out, "  %s", walk_names[l->walk]);
        if (l->walk != SIM_WALK_CALM)
            fprintf(out, " %u", l->seed);
        if (l->points > 0)
            fprintf(out, " for %u points", l->points);
        fputc('\n', out);
    }
}

// The next word must be this one.
static bool expect(struct scan *s, const char *text)
{
    uint32_t col = scan_col(s);
    struct word w;

    return (scan_word(s, &w) && word_is(&w, text)) || scan_fail(s, col, "'%s' expected", text);
}

static bool number(struct scan *s, uint64_t max, uint32_t *out)
{
    uint32_t col = scan_col(s);
    struct word w;
    uint64_t value;

    if (!scan_word(s, &w) || !word_number(&w, max, &value))
        return scan_fail(s, col, "number up to %llu expected", (unsigned long long)max);
    *out = (uint32_t)value;
    return true;
}

static bool parse_edit(struct scan *s, struct sim_plan *plan, enum sim_edit_kind kind)
{
    struct sim_edit e = {.kind = kind};
    struct word w;

    if (plan->edits == SIM_PLAN_EDITS_MAX || plan->legs > 0)
        return scan_fail(s, 1, "too many choices, or one behind a walk");
    if (!number(s, SIM_PLAN_VALUES - 1, &e.value) || !expect(s, "after") ||
        !number(s, SIM_PLAN_POINTS, &e.gap))
        return false;
    uint32_t col = scan_col(s);
    if (!scan_word(s, &w))
        return scan_fail(s, col, "'points' expected");
    if (word_is(&w, "points,")) {
        if (!expect(s, "alone") || !expect(s, "for") || !number(s, SIM_PLAN_POINTS, &e.quiet))
            return false;
        if (e.quiet == 0)
            return scan_fail(s, col, "alone for 0 points");
    } else if (!word_is(&w, "points")) {
        return scan_fail(s, col, "'points' expected");
    }
    plan->edit[plan->edits++] = e;
    return scan_eol(s);
}

static bool parse_leg(struct scan *s, struct sim_plan *plan, enum sim_walk walk)
{
    struct sim_leg l = {.walk = walk};
    struct word w;

    if (plan->legs == SIM_LEGS_MAX)
        return scan_fail(s, 1, "more than %d walks", SIM_LEGS_MAX);
    if (plan->legs > 0 && plan->leg[plan->legs - 1].points == 0)
        return scan_fail(s, 1, "a walk behind one without end");
    if (walk != SIM_WALK_CALM && !number(s, UINT32_MAX, &l.seed))
        return false;
    uint32_t col = scan_col(s);
    if (scan_word(s, &w)) {
        if (!word_is(&w, "for"))
            return scan_fail(s, col, "'for' expected");
        if (!number(s, SIM_PLAN_POINTS, &l.points) || !expect(s, "points"))
            return false;
        if (l.points == 0)
            return scan_fail(s, col, "a walk for 0 points");
    } else if (walk == SIM_WALK_CALM) {
        return scan_fail(s, col, "without a walk it is calm to the end");
    }
    plan->leg[plan->legs++] = l;
    return scan_eol(s);
}

static bool parse_plan_line(struct scan *s, struct sim_plan *plan)
{
    struct word w = {0};

    scan_word(s, &w);
    for (uint32_t i = 0; i < SIM_EDITS; i++)
        if (word_is(&w, edit_names[i]))
            return parse_edit(s, plan, (enum sim_edit_kind)i);
    for (uint32_t i = 0; i < SIM_WALKS; i++)
        if (word_is(&w, walk_names[i]))
            return parse_leg(s, plan, (enum sim_walk)i);
    return scan_fail(s, w.col, "neither a choice nor a walk: '%.*s'", word_width(&w), w.s);
}

static bool parse_plan(struct scan *s, struct sim_plan *plan)
{
    plan->legs = plan->edits = 0;
    while (scan_line(s))
        if (!parse_plan_line(s, plan))
            return false;
    if (plan->legs > 0 && plan->leg[plan->legs - 1].points != 0)
        return scan_fail(s, 1, "the last walk has no end");
    return true;
}

// Settings in the order in which they are printed.
static bool parse_settings(struct scan *s, struct input *in)
{
    struct word w = {0};
    bool more = scan_line(s) && expect(s, "memory");

    if (!more)
        return scan_fail(s, 1, "'memory' expected");
    char name[16] = "";
    if (!scan_word(s, &w) || !word_copy(&w, name, sizeof name) ||
        !sim_memory_by_name(name, &in->memory) || in->memory > SIM_TSO)
        return scan_fail(s, w.col, "memory: sc or tso expected");
    in->frozen = in->vouched = false;
    in->faults = SIM_FAULTS_OFF;
    for (int stage = 0; scan_eol(s) && scan_line(s);) {
        if (!scan_word(s, &w))
            return false;
        if (word_is(&w, "program"))
            return scan_eol(s);
        if (stage < 1 && word_is(&w, "sysmon")) {
            if (!expect(s, "frozen"))
                return false;
            in->frozen = true;
            stage = 1;
        } else if (stage < 2 && word_is(&w, "faults")) {
            in->faults = scan_word(s, &w) && word_is(&w, "mild") ? SIM_FAULTS_MILD
                         : word_is(&w, "all")                    ? SIM_FAULTS_ALL
                                                                 : SIM_FAULTS_OFF;
            if (in->faults == SIM_FAULTS_OFF)
                return scan_fail(s, w.col, "faults: mild or all expected");
            stage = 2;
        } else if (stage < 3 && word_is(&w, "vouched")) {
            in->vouched = true;
            stage = 3;
        } else {
            return scan_fail(s, w.col, "'program' expected");
        }
    }
    return scan_fail(s, 1, "'program' expected");
}

// The lines up to `plan` are the program.
static bool parse_program(struct scan *s, struct input *in)
{
    const char *begin = s->next;
    uint32_t first_line = s->line + 1;

    while (scan_line(s)) {
        struct word w;

        if (!scan_word(s, &w) || w.col != 1)
            continue;
        if (!word_is(&w, "plan") || !scan_eol(s))
            break;
        struct workload *p = workload_parse(begin, (size_t)(s->begin - begin), first_line, s->err);
        if (p == NULL)
            return false;
        workload_assign(&in->program, p);
        workload_free(p);
        return true;
    }
    return scan_fail(s, 1, "'plan' expected");
}

bool input_parse(struct input *in, const char *text, size_t n, struct text_error *err)
{
    struct scan s;

    *err = (struct text_error){0};
    if (!text_acceptable(text, n, INPUT_TEXT_BYTES, err))
        return false;
    scan_begin(&s, text, n, 1, err);
    if (!scan_line(&s) || !expect(&s, "gauntlet") || !expect(&s, "input") || !expect(&s, "1") ||
        !scan_eol(&s))
        return scan_fail(&s, 1, "the first line must be 'gauntlet input %d'", INPUT_VERSION);
    return parse_settings(&s, in) && parse_program(&s, in) && parse_plan(&s, &in->plan);
}
