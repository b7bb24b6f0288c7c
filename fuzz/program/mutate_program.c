// SPDX-License-Identifier: Apache-2.0
//
// Mutations of a program: operations are inserted, moved, repeated, retargeted, taken away and put
// into loops; goroutines are added. An edit may leave no program (a goroutine that nobody starts, a
// permit for one that is not there): workload_finish says so, and mutate.c tries another.
#include "fuzz/program/mutate.h"

#include <string.h>

#include "stress/workload/binary.h"

// Programs stay small: what many operations do, few do with more schedules.
enum { OPS_MAX = 48, INSTANCES_MAX = 12, NAMES_MAX = 4, BODIES_MAX = 8, STEPS_MAX = 200 };

static struct wl_op *ops_of(struct workload *w, uint32_t body)
{
    return &w->op[w->body[body].first];
}

static void insert_op(struct workload *w, uint32_t body, uint32_t at, const struct wl_op *op)
{
    uint32_t index = w->body[body].first + at;

    memmove(&w->op[index + 1], &w->op[index], (w->ops - index) * sizeof *op);
    w->op[index] = *op;
    w->ops++;
    w->body[body].count++;
    for (uint32_t b = 0; b < w->bodies; b++)
        w->body[b].first += b > body;
}

static void remove_op(struct workload *w, uint32_t body, uint32_t at)
{
    uint32_t index = w->body[body].first + at;

    memmove(&w->op[index], &w->op[index + 1], (w->ops - index - 1) * sizeof w->op[0]);
    w->ops--;
    w->body[body].count--;
    for (uint32_t b = 0; b < w->bodies; b++)
        w->body[b].first -= b > body;
}

// Arguments --------------------------------------------------------------------------------

static int64_t some_duration(struct mutator *m)
{
    static const int64_t ns[] = {1000,   5000,    20000,   40000,   100000,
                                 300000, 1000000, 5000000, 10000000};

    return ns[mutator_below(m, sizeof ns / sizeof ns[0])];
}

static int64_t some_limit(struct mutator *m, enum wl_kind kind)
{
    static const int64_t percent[] = {-1, 0, 10, 100}, bytes[] = {-1, 65536, 262144, 1 << 20};

    return (kind == WL_GCPERCENT ? percent : bytes)[mutator_below(m, 4)];
}

static int64_t some_number(struct mutator *m, enum wl_kind kind, enum wl_arg arg)
{
    static const int64_t sizes[] = {16, 100, 1000, 9000, 40000};

    switch (arg) {
    case WL_ARG_DURATION:
        return some_duration(m);
    case WL_ARG_LIMIT:
        return some_limit(m, kind);
    case WL_ARG_BYTES:
        return sizes[mutator_below(m, 5)];
    case WL_ARG_TIMES:
        return 1 + mutator_below(m, kind == WL_LOOP ? 4 : 30);
    case WL_ARG_ROOM:
    case WL_ARG_SLOT:
        return mutator_below(m, 4);
    case WL_ARG_SLOTS:
        return mutator_below(m, 5);
    default: // how many, p's, a value, calls, the number of an instance
        return 1 + mutator_below(m, mutator_below(m, 4) == 0 ? 6 : 3);
    }
}

static uint32_t other_body(struct mutator *m, const struct workload *w)
{
    uint32_t b = mutator_below(m, w->bodies - 1); // not main

    return b + (b >= w->main_body);
}

static void set_arg(struct mutator *m, const struct workload *w, struct wl_op *op, uint32_t k)
{
    enum wl_arg arg = wl_op_info[op->kind].arg[k];
    uint32_t refs = 0;

    for (uint32_t i = 0; i < k; i++)
        refs += wl_op_info[op->kind].arg[i] == WL_ARG_REF;
    switch (arg) {
    case WL_ARG_NONE:
        break;
    case WL_ARG_BODY:
        op->a = w->bodies > 1 ? other_body(m, w) : 0;
        op->number = 1;
        break;
    case WL_ARG_INSTANCE:
        op->a = mutator_below(m, w->bodies);
        op->number = mutator_below(m, 3) == 0 ? 2 : 1;
        break;
    case WL_ARG_REF:
        op->ref[refs] = mutator_below(m, NAMES_MAX);
        break;
    case WL_ARG_STEP:
        op->a = mutator_below(m, WL_STEPS);
        break;
    case WL_ARG_OTHER:
        op->b = mutator_below(m, NAMES_MAX);
        break;
    case WL_ARG_VARIABLE:
        *(op->kind == WL_ONCE ? &op->b : &op->a) = mutator_below(m, NAMES_MAX);
        break;
    case WL_ARG_GLOBAL:
    case WL_ARG_WEAK:
    case WL_ARG_CHANNEL:
    case WL_ARG_LOCK:
    case WL_ARG_TIMER:
    case WL_ARG_PIPE:
        op->a = mutator_below(m, NAMES_MAX);
        break;
    default:
        op->number = some_number(m, op->kind, arg);
    }
}

static struct wl_op some_op(struct mutator *m, const struct workload *w)
{
    struct wl_op op = {.kind = (enum wl_kind)m->kind[mutator_below(m, m->kinds)]};

    for (uint32_t k = 0; k < WL_ARGS; k++)
        set_arg(m, w, &op, k);
    return op;
}

// Edits ------------------------------------------------------------------------------------

static uint32_t some_body(struct mutator *m, const struct workload *w)
{
    return mutator_below(m, w->bodies);
}

static void insert(struct mutator *m, struct workload *w)
{
    uint32_t b = some_body(m, w), n = 1 + mutator_below(m, 3);

    for (uint32_t i = 0; i < n; i++) {
        struct wl_op op = some_op(m, w);
        insert_op(w, b, mutator_below(m, w->body[b].count + 1), &op);
    }
}

static void take_away(struct mutator *m, struct workload *w)
{
    uint32_t b = some_body(m, w);

    if (w->body[b].count > 0)
        remove_op(w, b, mutator_below(m, w->body[b].count));
}

// To another place, perhaps of another goroutine; or a copy there.
static void move(struct mutator *m, struct workload *w, bool copy)
{
    uint32_t from = some_body(m, w), to = some_body(m, w);

    if (w->body[from].count == 0)
        return;
    uint32_t at = mutator_below(m, w->body[from].count);
    struct wl_op op = ops_of(w, from)[at];
    if (!copy)
        remove_op(w, from, at);
    insert_op(w, to, mutator_below(m, w->body[to].count + 1), &op);
}

static void retarget(struct mutator *m, struct workload *w)
{
    uint32_t b = some_body(m, w);

    if (w->body[b].count > 0)
        set_arg(m, w, &ops_of(w, b)[mutator_below(m, w->body[b].count)], mutator_below(m, WL_ARGS));
}

static void put_into_loop(struct mutator *m, struct workload *w)
{
    uint32_t b = some_body(m, w), from = mutator_below(m, w->body[b].count + 1);
    uint32_t to = from + mutator_below(m, w->body[b].count + 1 - from);
    struct wl_op loop = {.kind = WL_LOOP, .number = 2 + mutator_below(m, 3)},
                 end = {.kind = WL_END};

    insert_op(w, b, to, &end);
    insert_op(w, b, from, &loop);
}

static void add_goroutine(struct mutator *m, struct workload *w)
{
    uint32_t b = w->bodies, starter = some_body(m, w), n = 1 + mutator_below(m, 4);

    if (b == BODIES_MAX)
        return;
    w->body[b] = (struct wl_body){.first = w->ops};
    w->bodies++;
    for (uint32_t i = 0; i < n; i++) {
        struct wl_op op = some_op(m, w);
        insert_op(w, b, i, &op);
    }
    struct wl_op go = {.kind = WL_GO, .a = b, .number = 1 + mutator_below(m, 3)};
    insert_op(w, starter, mutator_below(m, (w->body[starter].count + 2) / 2), &go);
}

// Finish -----------------------------------------------------------------------------------

static bool names_body(const struct wl_op *op)
{
    return wl_names_body(op->kind);
}

// Goroutines that nobody starts any more are taken away, with what names them.
static void forget_body(struct workload *w, uint32_t body)
{
    while (w->body[body].count > 0)
        remove_op(w, body, w->body[body].count - 1);
    for (uint32_t b = 0; b < w->bodies; b++)
        for (uint32_t i = w->body[b].count; i-- > 0;)
            if (names_body(&ops_of(w, b)[i]) && ops_of(w, b)[i].a == body)
                remove_op(w, b, i);
    memmove(&w->body[body], &w->body[body + 1], (w->bodies - body - 1) * sizeof w->body[0]);
    w->bodies--;
    w->main_body -= w->main_body > body;
    for (uint32_t i = 0; i < w->ops; i++)
        if (names_body(&w->op[i]))
            w->op[i].a -= w->op[i].a > body;
}

static void forget_unstarted(struct workload *w)
{
    for (uint32_t b = 0; b < w->bodies; b++) {
        bool started = b == w->main_body;
        for (uint32_t i = 0; i < w->ops; i++)
            started |= wl_starts(w->op[i].kind) && w->op[i].a == b;
        if (started)
            continue;
        forget_body(w, b);
        b = UINT32_MAX; // from the beginning: others may have been started by it alone
    }
}

// Operations that all goroutines together execute; loops multiply.
static uint64_t steps(struct workload *w)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < w->instances; i++) {
        const struct wl_body *body = &w->body[w->instance[i].body];
        uint64_t times = 1;
        for (uint32_t k = 0; k < body->count; k++) {
            const struct wl_op *op = &w->op[body->first + k];
            if (op->kind == WL_LOOP)
                times *= (uint64_t)op->number;
            total += times;
            if (op->kind == WL_END)
                times /= (uint64_t)w->op[body->first + op->at].number;
        }
    }
    return total;
}

static bool finish(struct workload *w)
{
    struct text_error err;

    forget_unstarted(w);
    for (uint32_t i = 0; i < w->ops; i++) // a lock's `once` is always of the same variable
        if (w->op[i].kind == WL_ONCE)
            w->op[i].b = w->op[i].a % NAMES_MAX;
    workload_number_names(w);
    workload_plain_names(w);
    return w->ops <= OPS_MAX && workload_finish(w, &err) && w->instances <= INSTANCES_MAX &&
           steps(w) <= STEPS_MAX;
}

// All names that an edit may use are there until finish.
static void begin(struct workload *w)
{
    for (uint32_t t = 0; t < WL_TABLES; t++)
        if (w->names[t].n < NAMES_MAX)
            w->names[t].n = NAMES_MAX;
}

bool mutate_program(struct mutator *m, struct workload *w)
{
    if (w->ops + 8 > WL_OPS)
        return false;
    begin(w);
    switch (mutator_below(m, 10)) {
    case 0:
    case 1:
    case 2:
        insert(m, w);
        break;
    case 3:
        take_away(m, w);
        break;
    case 4:
    case 5:
        move(m, w, mutator_below(m, 2));
        break;
    case 6:
    case 7:
        retarget(m, w);
        break;
    case 8:
        put_into_loop(m, w);
        break;
    default:
        add_goroutine(m, w);
    }
    return finish(w);
}

// Some operations in a row of a goroutine of the other program; what they name is here by number.
bool splice_program(struct mutator *m, struct workload *w, const struct workload *other)
{
    uint32_t from = some_body(m, other), to = some_body(m, w);
    uint32_t count = other->body[from].count;

    if (count == 0 || w->ops + count > WL_OPS)
        return false;
    begin(w);
    for (uint32_t t = 0; t < WL_TABLES; t++)
        if (w->names[t].n < other->names[t].n)
            w->names[t].n = other->names[t].n;
    uint32_t first = mutator_below(m, count), n = 1 + mutator_below(m, count - first);
    uint32_t at = mutator_below(m, w->body[to].count + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct wl_op op = other->op[other->body[from].first + first + i];
        if (names_body(&op))
            op.a = wl_starts(op.kind) && w->bodies > 1 ? other_body(m, w) : op.a % w->bodies;
        op.fault = NULL;
        if (op.kind != WL_EXPECT)
            insert_op(w, to, at++, &op);
    }
    return finish(w);
}
