// SPDX-License-Identifier: Apache-2.0
//
// Mutations of a plan. A realised prefix is kept by ending the walks at a point and beginning
// another one there; choices are flipped, and one actor is run for a while, by edits.
#include "fuzz/program/mutate.h"

#include <string.h>

enum { POINT_BITS = 12, QUIET_BITS = 9, FLIPS = 3 };

// Log-uniform: small numbers are as likely as large ones.
static uint32_t some(struct mutator *m, uint32_t bits)
{
    return mutator_below(m, 1u << (1 + mutator_below(m, bits)));
}

static struct sim_leg some_walk(struct mutator *m)
{
    return (struct sim_leg){.walk =
                                mutator_below(m, 3) == 0 ? SIM_WALK_PRIORITIES : SIM_WALK_RANDOM,
                            .seed = mutator_below(m, UINT32_MAX)};
}

// The walks up to `point` stay, then comes another.
static void new_tail(struct mutator *m, struct sim_plan *plan, uint32_t point)
{
    uint32_t at = 0, i = 0;

    for (; i < plan->legs && i < SIM_LEGS_MAX - 1; i++) {
        struct sim_leg *l = &plan->leg[i];
        if (l->points == 0 || at + l->points >= point) {
            l->points = point > at ? point - at : 1;
            i++;
            break;
        }
        at += l->points;
    }
    if (plan->legs == 0 && point > 0)
        plan->leg[i++] = (struct sim_leg){.walk = SIM_WALK_CALM, .points = point};
    plan->leg[i++] = some_walk(m);
    plan->legs = i;
}

static void whole_new(struct mutator *m, struct sim_plan *plan)
{
    *plan = (struct sim_plan){0};
    if (mutator_below(m, 2) == 0)
        plan->leg[plan->legs++] =
            (struct sim_leg){.walk = SIM_WALK_CALM, .points = 1 + some(m, POINT_BITS)};
    if (mutator_below(m, 4) != 0)
        plan->leg[plan->legs++] = some_walk(m);
    else
        plan->legs = 0; // calm but for its edits
}

// At an absolute point, in its place among the others.
static void add_edit(struct sim_plan *plan, uint32_t point, struct sim_edit edit)
{
    uint32_t i = 0, at = 0; // the edit before it is due at `at`

    if (plan->edits == SIM_PLAN_EDITS_MAX)
        return;
    while (i < plan->edits && at + plan->edit[i].gap + (i > 0) <= point) {
        at += plan->edit[i].gap + (i > 0);
        i++;
    }
    edit.gap = point - at;
    if (i > 0 && edit.gap > 0)
        edit.gap--;
    if (i < plan->edits) {
        uint32_t next = at + plan->edit[i].gap + (i > 0);
        plan->edit[i].gap = next > point ? next - point - 1 : 0;
    }
    memmove(plan->edit + i + 1, plan->edit + i, (plan->edits - i) * sizeof edit);
    plan->edit[i] = edit;
    plan->edits++;
}

static void remove_edit(struct sim_plan *plan, uint32_t i)
{
    if (i + 1 < plan->edits)
        plan->edit[i + 1].gap += plan->edit[i].gap + 1;
    memmove(plan->edit + i, plan->edit + i + 1, (plan->edits - i - 1) * sizeof plan->edit[0]);
    plan->edits--;
}

static void flip(struct mutator *m, struct input *in)
{
    uint32_t n = 1 + mutator_below(m, FLIPS);

    for (uint32_t i = 0; i < n; i++) {
        bool tso = in->memory == SIM_TSO && mutator_below(m, 2) == 0;
        enum sim_edit_kind kind =
            (enum sim_edit_kind)(mutator_below(m, 4) == 0 ? SIM_EDIT_ANSWER : SIM_EDIT_RUN);
        if (tso)
            kind = mutator_below(m, 2) == 0 ? SIM_EDIT_HOLD : SIM_EDIT_DRAIN;
        add_edit(&in->plan, some(m, POINT_BITS),
                 (struct sim_edit){.kind = kind, .value = mutator_below(m, 8)});
    }
}

static void change_edit(struct mutator *m, struct sim_plan *plan)
{
    struct sim_edit *e = &plan->edit[mutator_below(m, plan->edits)];

    switch (mutator_below(m, 3)) {
    case 0:
        e->value = mutator_below(m, 8);
        break;
    case 1:
        e->gap += some(m, 5);
        break;
    default:
        e->gap -= mutator_below(m, (e->gap < 32 ? e->gap : 32) + 1);
    }
    if (e->gap > SIM_PLAN_POINTS)
        e->gap = SIM_PLAN_POINTS;
}

void mutate_plan(struct mutator *m, struct input *in)
{
    struct sim_plan *plan = &in->plan;
    uint32_t what = mutator_below(m, 10);

    if (plan->edits == 0 && what >= 7)
        what = 3 + mutator_below(m, 3);
    switch (what) {
    case 0:
        whole_new(m, plan);
        break;
    case 1:
    case 2:
        new_tail(m, plan, 1 + some(m, POINT_BITS));
        break;
    case 3:
    case 4:
        flip(m, in);
        break;
    case 5:
    case 6:
        add_edit(plan, some(m, POINT_BITS),
                 (struct sim_edit){.kind = SIM_EDIT_RUN,
                                   .value = mutator_below(m, 8),
                                   .quiet = 1 + some(m, QUIET_BITS)});
        break;
    case 7:
        remove_edit(plan, mutator_below(m, plan->edits));
        break;
    default:
        change_edit(m, plan);
    }
    for (uint32_t i = 0; i < plan->edits; i++) // sums may have grown
        if (plan->edit[i].gap > SIM_PLAN_POINTS)
            plan->edit[i].gap = SIM_PLAN_POINTS;
}
