// SPDX-License-Identifier: Apache-2.0
//
// Edits of workloads: drop a goroutine, a loop with its content, a loop around its content, one
// operation; fewer instances or iterations; fewer p's. An edit marks operations; one pass then
// drops them, removes goroutines that nobody starts any more, and derives the rest anew
// (workload_finish decides whether the result still is a program).
#include "repro/edit.h"

#include <stdlib.h>
#include <string.h>

enum { KIND_BODY, KIND_BLOCK, KIND_LOOP, KIND_OP, KIND_ONE, KIND_LESS, KIND_PROCS, KINDS };

struct editor {
    struct workload *w;        // result
    const struct workload *of; // as it was
    bool drop[WL_OPS];
    bool drop_body[WL_BODIES];
    uint32_t
        moved[WL_OPS]; // index in its body after the edit; of a dropped one: that of its successor
};

uint32_t edit_count(const struct workload *w)
{
    return w->bodies + (KIND_PROCS - KIND_BLOCK) * w->ops + 1;
}

static uint32_t body_of(const struct workload *w, uint32_t op)
{
    uint32_t b = 0;

    while (op >= w->body[b].first + w->body[b].count)
        b++;
    return b;
}

static bool mark_loop(struct editor *e, uint32_t op, bool with_content)
{
    const struct workload *w = e->of;
    uint32_t end;

    if (w->op[op].kind != WL_LOOP)
        return false;
    end = w->body[body_of(w, op)].first + w->op[op].at;
    e->drop[op] = e->drop[end] = true;
    for (uint32_t i = op; with_content && i < end; i++)
        e->drop[i] = true;
    return true;
}

static bool lower_number(struct editor *e, uint32_t op, bool to_one)
{
    struct wl_op *o = &e->w->op[op];

    if ((o->kind != WL_GO && o->kind != WL_LOOP) || o->number < 2 || (to_one && o->number == 2))
        return false;
    o->number = to_one ? 1 : o->number - 1;
    return true;
}

static bool mark(struct editor *e, uint32_t edit)
{
    const struct workload *w = e->of;

    if (edit < w->bodies) {
        e->drop_body[edit] = true;
        return edit != w->main_body;
    }
    edit -= w->bodies;
    uint32_t kind = KIND_BLOCK + edit / (w->ops ? w->ops : 1);
    uint32_t op = w->ops ? edit % w->ops : 0;
    if (kind >= KIND_PROCS) {
        e->w->procs--;
        return e->w->procs > 0;
    }
    switch (kind) {
    case KIND_BLOCK:
        return mark_loop(e, op, true);
    case KIND_LOOP:
        return mark_loop(e, op, false);
    case KIND_OP:
        e->drop[op] = true;
        return w->op[op].kind != WL_LOOP && w->op[op].kind != WL_END;
    case KIND_ONE:
        return lower_number(e, op, true);
    default:
        return lower_number(e, op, false);
    }
}

// Goroutines that main does not reach by `go` are dropped, with what speaks of them.
static void drop_unreached(struct editor *e)
{
    const struct workload *w = e->of;
    bool reached[WL_BODIES] = {false}, more = true;

    reached[w->main_body] = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < w->ops; i++) {
            const struct wl_op *op = &w->op[i];

            if (!wl_starts(op->kind) || e->drop[i] || e->drop_body[op->a] || reached[op->a] ||
                !reached[body_of(w, i)])
                continue;
            reached[op->a] = more = true;
        }
    }
    for (uint32_t b = 0; b < w->bodies; b++)
        e->drop_body[b] = !reached[b];
    for (uint32_t i = 0; i < w->ops; i++) {
        const struct wl_op *op = &w->op[i];

        if (e->drop_body[body_of(w, i)] || (wl_names_body(op->kind) && e->drop_body[op->a]))
            e->drop[i] = true;
    }
}

static void compact(struct editor *e)
{
    const struct workload *of = e->of;
    struct workload *w = e->w;
    uint32_t renamed[WL_BODIES], bodies = 0, ops = 0;

    for (uint32_t b = 0; b < of->bodies; b++) {
        uint32_t first = ops;

        for (uint32_t k = 0; k < of->body[b].count; k++) {
            uint32_t i = of->body[b].first + k;

            e->moved[i] = ops - first;
            if (!e->drop[i])
                w->op[ops++] = w->op[i];
        }
        renamed[b] = bodies;
        if (e->drop_body[b])
            continue;
        w->body[bodies] = of->body[b];
        w->body[bodies].first = first;
        w->body[bodies++].count = ops - first;
    }
    w->bodies = bodies;
    w->ops = ops;
    for (uint32_t i = 0; i < ops; i++)
        if (wl_names_body(w->op[i].kind))
            w->op[i].a = renamed[w->op[i].a];
}

static bool in_loop(const struct workload *w, uint32_t body, uint32_t index)
{
    for (uint32_t i = 0; i < w->body[body].count; i++) {
        const struct wl_op *op = &w->op[w->body[body].first + i];

        if (op->kind == WL_LOOP && i < index && index <= op->at)
            return true;
    }
    return false;
}

// False when the choice's goroutine is gone.
static bool move_choice(const struct editor *e, struct sim_choice *c)
{
    const char *name = sim_name(c->after ? c->after : c->actor);
    int32_t old = workload_instance_find(e->of, name), now = workload_instance_find(e->w, name);

    if (old < 0)
        return true; // a thread that ran no goroutine yet
    if (now < 0)
        return false;
    const struct wl_body *body = &e->of->body[e->of->instance[old].body];
    uint32_t index = wl_op_index(c->op), iteration = wl_op_iteration(c->op), to;
    uint32_t body_now = e->w->instance[now].body;
    to = index < body->count ? e->moved[body->first + index] : e->w->body[body_now].count;
    c->op = wl_op_number(to, in_loop(e->w, body_now, to) ? iteration : 0);
    return true;
}

struct workload *edit_apply(const struct workload *w, uint32_t edit,
                            const struct sim_schedule *from, struct sim_schedule *schedule)
{
    struct editor *e = calloc(1, sizeof *e);
    struct workload *result = NULL;
    struct text_error err;

    *schedule = (struct sim_schedule){0};
    if (e == NULL)
        return NULL;
    e->of = w;
    e->w = workload_copy(w);
    if (e->w != NULL && mark(e, edit)) {
        drop_unreached(e);
        compact(e);
        if (workload_finish(e->w, &err)) {
            result = e->w;
            for (size_t i = 0; i < from->n; i++) {
                struct sim_choice c = from->v[i];

                if (move_choice(e, &c))
                    sim_schedule_push(schedule, &c);
            }
        }
    }
    if (result == NULL)
        workload_free(e->w);
    free(e);
    return result;
}
