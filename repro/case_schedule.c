// SPDX-License-Identifier: Apache-2.0
//
// Between a case's choices, which have names, and a schedule of this binary. Apart from the text
// of a case, which needs no engine.
#include "repro/case.h"

#include <stdlib.h>
#include <string.h>

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
