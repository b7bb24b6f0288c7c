// SPDX-License-Identifier: Apache-2.0
//
// A fuzzer's plan: legs of random walks, and edits on top (sim.h). A walk draws by the number of
// the point (and, where several questions come at one point, how many came before): a generator
// that draws in order would give every choice behind an edit another value.
//
// A random leg is the walk of random.c. A leg of priorities is PCT with few changes (pct.c): the
// thread of the highest one runs, and at drawn points the running one falls below all.

#include "stress/sim/strategy/strategy.h"

#include <string.h>

enum { FAULT_SHIFT = 5, HOLD_SHIFT = 4, CHANGE_SHIFTS = 5, CHANGE_SHIFT_LEAST = 5 };

struct plan {
    struct sim_strategy base;
    const struct sim_plan *plan;
    uint32_t leg, edit;
    uint64_t leg_end;  // first point of the next leg
    uint64_t edit_due; // point of the next edit
    uint64_t quiet;    // until this point nobody is made to run
    uint64_t drawn;    // next switch of the leg
    uint32_t shift;    // of the leg: how frequent switches are
    bool walks, priorities;
    uint64_t asked_at; // the point of the last question, and how many came at it
    uint32_t asked;
    uint32_t answers; // edits that wait for a choice about no thread
    uint32_t answer[SIM_PLAN_EDITS_MAX];
    bool run_due;                      // an edit wants to be asked who runs
    uint32_t run_value, drain_value;   // of that edit; of one that drains
    int64_t priority[SIM_THREADS_MAX]; // 0: not drawn yet
    int64_t lowest;
};

static uint64_t leg_seed(const struct plan *p)
{
    return (uint64_t)p->plan->leg[p->leg].seed << 32;
}

// A number that depends on the leg, the point, and which question at it this is.
static uint64_t draw(const struct plan *p, uint64_t point, uint32_t question)
{
    uint64_t state = leg_seed(p) ^ point * 0xd1342543de82ef95u ^ (uint64_t)question << 56;
    return mix(&state);
}

static uint32_t draw_below(const struct plan *p, uint64_t point, uint32_t question, uint64_t n)
{
    return (uint32_t)((draw(p, point, question) >> 32) * n >> 32);
}

enum { QUESTION_GAP = 101, QUESTION_HOLD, QUESTION_LEG };

// From `point` on, the next point at which the leg makes somebody else run.
static uint64_t next_switch(const struct plan *p, uint64_t point)
{
    uint64_t mask = (1u << p->shift) - 1;
    return point + 1 + draw_below(p, point, QUESTION_GAP, 2 * mask + 1);
}

static void begin_leg(struct plan *p, uint64_t point)
{
    const struct sim_plan *plan = p->plan;
    const struct sim_leg *leg = &plan->leg[p->leg];
    bool any = p->leg < plan->legs;

    p->walks = any && leg->walk != SIM_WALK_CALM;
    p->priorities = any && leg->walk == SIM_WALK_PRIORITIES;
    p->leg_end = any && p->leg + 1 < plan->legs ? point + leg->points : UINT64_MAX;
    p->drawn = UINT64_MAX;
    p->base.on_ready = p->priorities;
    if (!p->walks)
        return;
    p->shift = p->priorities ? CHANGE_SHIFT_LEAST + draw_below(p, 0, QUESTION_LEG, CHANGE_SHIFTS)
                             : 1 + draw_below(p, 0, QUESTION_LEG, 7);
    p->drawn = next_switch(p, point);
    if (p->priorities) {
        memset(p->priority, 0, sizeof p->priority);
        p->lowest = 0;
    }
    if (sim.tso)
        p->base.next_hold = point + draw_below(p, point, QUESTION_HOLD, 1u << HOLD_SHIFT);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// When it wants to be asked who runs.
static void set_next_point(struct plan *p)
{
    uint64_t drawn = p->drawn > p->quiet ? p->drawn : p->quiet;
    p->base.next_point = p->run_due ? 0 : least(least(drawn, p->leg_end), p->edit_due);
}

// Edits that are due at this point.
static void take_edits(struct plan *p, uint64_t point)
{
    const struct sim_plan *plan = p->plan;

    while (p->edit < plan->edits && p->edit_due <= point) {
        const struct sim_edit *e = &plan->edit[p->edit++];

        if (e->kind == SIM_EDIT_ANSWER) {
            p->answer[p->answers++] = e->value;
        } else if (e->kind == SIM_EDIT_RUN || !sim.tso) {
            p->run_due = true;
            p->run_value = e->value;
        } else if (e->kind == SIM_EDIT_HOLD) {
            p->base.next_hold = point;
        } else {
            p->base.next_drain = point;
            p->drain_value = e->value;
        }
        if (e->quiet > 0)
            p->quiet = point + e->quiet;
        p->edit_due =
            p->edit < plan->edits ? p->edit_due + 1 + plan->edit[p->edit].gap : UINT64_MAX;
    }
}

static void advance(struct plan *p, uint64_t point)
{
    while (point >= p->leg_end) {
        p->leg++;
        begin_leg(p, p->leg_end);
    }
    take_edits(p, point);
    if (point != p->asked_at) {
        p->asked_at = point;
        p->asked = 0;
    }
    p->asked++;
}

static void plan_begin(struct sim_strategy *s, uint64_t seed)
{
    struct plan *p = (void *)s;
    (void)seed;
    p->leg = p->edit = p->asked = p->answers = 0;
    p->asked_at = p->quiet = 0;
    p->run_due = false;
    p->drain_value = 0;
    p->edit_due = p->plan->edits ? 1 + (uint64_t)p->plan->edit[0].gap : UINT64_MAX;
    begin_leg(p, 0);
    set_next_point(p);
}

// By an edit, by the walk, or the calm one.
static uint32_t value(struct plan *p, const struct sim_point *at)
{
    if (p->answers > 0) {
        uint32_t answer = p->answer[0];
        memmove(p->answer, p->answer + 1, --p->answers * sizeof p->answer[0]);
        return answer % at->n;
    }
    if (!p->walks)
        return 0;
    uint64_t x = draw(p, at->number, p->asked);
    if (at->at.kind == SIM_FAULT && x >> (64 - FAULT_SHIFT) != 0)
        return 0;
    return (uint32_t)((x & UINT32_MAX) * at->n >> 32);
}

static uint32_t hold_or_drain(struct plan *p, const struct sim_point *at)
{
    struct sim_strategy *s = &p->base;
    bool hold = at->at.kind == SIM_HOLD;

    if (!hold && at->number < s->next_drain)
        return 0;
    uint64_t gap = 1 + draw_below(p, at->number, QUESTION_HOLD, 1u << (HOLD_SHIFT + 2));
    if (hold) {
        s->next_hold = p->walks ? at->number + gap : UINT64_MAX;
        if (p->walks && gap % 2)
            s->next_drain = at->number + gap;
        return 1 + p->drain_value % (at->n - 1);
    }
    s->next_drain = UINT64_MAX;
    return 1 + p->drain_value % (at->n - 1);
}

static int64_t priority(struct plan *p, uint32_t thread)
{
    if (p->priority[thread] == 0)
        p->priority[thread] = 1 + (int64_t)(draw(p, thread, QUESTION_LEG) >> 2);
    return p->priority[thread];
}

static uint32_t by_priority(struct plan *p, const struct sim_point *at)
{
    if (at->number >= p->drawn || at->at.kind == SIM_NEXT)
        p->priority[sim.thread] = --p->lowest;
    uint32_t best = 0;
    for (uint32_t i = 1; i < at->n; i++)
        if (priority(p, at->threads[i]) > priority(p, at->threads[best]))
            best = i;
    return best;
}

static uint32_t who_runs(struct plan *p, const struct sim_point *at)
{
    bool run = at->at.kind == SIM_RUN, drawn = at->number >= p->drawn;
    uint32_t answer = 0;

    if (p->run_due) {
        p->run_due = false;
        answer = run ? 1 + p->run_value % (at->n - 1) : p->run_value % at->n;
    } else if (p->walks && (!run || at->number >= p->quiet)) {
        if (p->priorities)
            answer = by_priority(p, at);
        else if (!run)
            answer = draw_below(p, at->number, p->asked, at->n);
        else if (drawn)
            answer = 1 + draw_below(p, at->number, p->asked, at->n - 1);
    }
    if (drawn && p->walks)
        p->drawn = next_switch(p, at->number);
    return answer;
}

static uint32_t plan_choose(struct sim_strategy *s, const struct sim_point *at)
{
    struct plan *p = (void *)s;
    uint32_t answer;

    advance(p, at->number);
    if (at->at.kind == SIM_HOLD || at->at.kind == SIM_DRAIN)
        answer = hold_or_drain(p, at);
    else
        answer = about_who_runs(at) ? who_runs(p, at) : value(p, at);
    set_next_point(p);
    return answer;
}

struct sim_strategy *sim_strategy_plan(const struct sim_plan *plan)
{
    static struct plan p = {.base = {.name = "plan", .begin = plan_begin, .choose = plan_choose}};
    p.plan = plan;
    return &p.base;
}
