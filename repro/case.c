// SPDX-License-Identifier: Apache-2.0
//
// Case files: printing, and conversion to and from a schedule of this binary. The parser is in
// case_parse.c. Print and parse are inverse to each other (case_test).
#include "repro/case.h"

#include <stdlib.h>
#include <string.h>

const char *const case_kind_names[SIM_KINDS] = {"run", "next", "random", "fault", "hold", "drain"};

static void print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_op(uint32_t op, FILE *out)
{
    fprintf(out, ":%u", wl_op_index(op));
    if (wl_op_iteration(op) > 0)
        fprintf(out, ".%u", wl_op_iteration(op) + 1);
}

// Not printed.
static uint32_t usual_turn(const struct case_choice *c)
{
    return c->after[0] != 0;
}

void case_print_choice(const struct case_choice *c, FILE *out)
{
    fputs(c->actor, out);
    if (c->after[0] == 0) {
        print_op(c->op, out);
    } else {
        fprintf(out, " after %s", c->after);
        print_op(c->op, out);
    }
    if (c->turn != usual_turn(c))
        fprintf(out, " turn %u", c->turn);
    fprintf(out, " at %s ", c->function);
    print_quoted(c->text, out);
    fprintf(out, " #%u visit %u: ", c->rank, c->visit);
    fputs(case_kind_names[c->kind], out);
    if (sim_value_is_name(c->kind))
        fprintf(out, " %s", c->name);
    else if (c->kind != SIM_HOLD)
        fprintf(out, " %u", c->number);
}

void case_print(const struct repro_case *c, FILE *out)
{
    fprintf(out, "gauntlet case %d\n", CASE_VERSION);
    fprintf(out, "status %s\noracle %s\nsignature %s\n", c->fixed ? "fixed" : "open", c->oracle,
            c->signature);
    if (c->word[0] != 0)
        fprintf(out, "word %s\n", c->word);
    fprintf(out, "sizes %s\nmemory %s\n%sfound %s\nprogram\n", c->program->prod ? "prod" : "tiny",
            sim_memory_names[c->memory], c->frozen ? "sysmon frozen\n" : "", c->found);
    workload_print(c->program, out, "  ");
    fputs("choices\n", out);
    for (size_t i = 0; i < c->choices; i++) {
        fputs("  ", out);
        case_print_choice(&c->choice[i], out);
        fputc('\n', out);
    }
}

void case_free(struct repro_case *c)
{
    for (size_t i = 0; i < c->choices; i++) {
        free(c->choice[i].function);
        free(c->choice[i].text);
    }
    free(c->choice);
    workload_free(c->program);
    *c = (struct repro_case){0};
}

// Schedules --------------------------------------------------------------------------------

static bool choice_from(struct case_choice *to, const struct sim_choice *from)
{
    const char *function = "none", *text = "";

    *to = (struct case_choice){
        .kind = from->kind, .op = from->op, .turn = from->turn, .visit = from->visit};
    if (from->site == SIM_SITE_HOST) {
        function = "host";
    } else if (from->site != SIM_SITE_NONE) {
        const struct sim_site *site = sim_site(from->site);
        function = site->function;
        text = site->text;
        to->rank = site->rank;
    }
    snprintf(to->actor, sizeof to->actor, "%s", sim_name(from->actor));
    snprintf(to->after, sizeof to->after, "%s", sim_name(from->after));
    if (sim_value_is_name(from->kind))
        snprintf(to->name, sizeof to->name, "%s", sim_name(from->value));
    else
        to->number = from->value;
    to->function = strdup(function);
    to->text = strdup(text);
    return to->function != NULL && to->text != NULL;
}

bool case_set_choices(struct repro_case *c, const struct sim_schedule *schedule)
{
    for (size_t i = 0; i < c->choices; i++) {
        free(c->choice[i].function);
        free(c->choice[i].text);
    }
    c->choices = 0;
    free(c->choice);
    c->choice = calloc(schedule->n ? schedule->n : 1, sizeof *c->choice);
    c->capacity = schedule->n;
    if (c->choice == NULL || schedule->n > CASE_CHOICES)
        return false;
    for (size_t i = 0; i < schedule->n; i++) {
        c->choices++;
        if (!choice_from(&c->choice[i], &schedule->v[i]))
            return false;
    }
    return true;
}

static bool site_of(const struct case_choice *c, uint32_t *site)
{
    if (c->text[0] == 0 && strcmp(c->function, "host") == 0)
        *site = SIM_SITE_HOST;
    else if (c->text[0] == 0 && strcmp(c->function, "none") == 0)
        *site = SIM_SITE_NONE;
    else
        return (*site = sim_site_find(c->function, c->text, c->rank)) != 0;
    return true;
}

bool case_choice_here(const struct case_choice *from, struct sim_choice *to)
{
    *to = (struct sim_choice){
        .kind = from->kind, .op = from->op, .turn = from->turn, .visit = from->visit};
    to->actor = sim_intern(from->actor);
    to->after = from->after[0] ? sim_intern(from->after) : 0;
    to->value = sim_value_is_name(from->kind) ? sim_intern(from->name) : from->number;
    return site_of(from, &to->site);
}

void case_schedule(const struct repro_case *c, struct sim_schedule *schedule, size_t *missing)
{
    *schedule = (struct sim_schedule){0};
    *missing = c->choices;
    for (size_t i = 0; i < c->choices; i++) {
        struct sim_choice to;

        if (case_choice_here(&c->choice[i], &to))
            sim_schedule_push(schedule, &to);
        else if (*missing == c->choices)
            *missing = i;
    }
}
