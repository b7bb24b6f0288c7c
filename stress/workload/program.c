// SPDX-License-Identifier: Apache-2.0
//
// What a workload means beyond its lines: which loops belong together, which goroutines it starts
// (the instances, breadth first), whether every `ready` has a receiver; and its canonical text.
// Used by the parser and, after every edit, by the minimizer: nothing derived survives an edit.
#include <inttypes.h>
#include <string.h>

#include "stress/workload/text.h"

static bool fail(struct text_error *err, uint32_t line, uint32_t col, const char *message,
                 const char *name)
{
    err->line = line ? line : 1;
    err->col = col ? col : 1;
    snprintf(err->message, sizeof err->message, message,
             name); // NOLINT: literal formats of this file
    return false;
}

static struct wl_op *op_of(struct workload *w, const struct wl_body *body, uint32_t index)
{
    return &w->op[body->first + index];
}

struct cost {
    uint64_t executed, heap_bytes;
};

// What it takes from the heap, at most.
static uint64_t heap_bytes(const struct wl_op *op)
{
    switch (op->kind) {
    case WL_NEW:
        return 8 * (1 + (uint64_t)op->number);
    case WL_BIG:
        return (uint64_t)op->number;
    case WL_TINY:
    case WL_CRUMBS:
        return 16 * (uint64_t)op->number;
    case WL_PASS:
    case WL_WEAK:
        return 64;
    case WL_CHAN:
        return 256 + 24 * (uint64_t)op->number;
    case WL_CALL:
        return WL_STEP_BYTES * (uint64_t)op->number;
    default:
        return 0;
    }
}

// Loops of one body: partners, depth, and how often each operation is executed, of which *cost is
// the sum.
static bool finish_loops(struct workload *w, const struct wl_body *body, struct cost *cost,
                         struct text_error *err)
{
    uint32_t open[WL_DEPTH];
    uint64_t times[WL_DEPTH + 1] = {1};
    uint32_t depth = 0;

    *cost = (struct cost){.executed = 1};
    for (uint32_t i = 0; i < body->count; i++) {
        struct wl_op *op = op_of(w, body, i);

        if (op->kind == WL_LOOP) {
            if (depth == WL_DEPTH)
                return fail(err, op->line, op->col, "loops are nested too deeply in '%s'",
                            body->name);
            times[depth + 1] = times[depth] * (uint64_t)op->number;
            if (times[depth + 1] > WL_ITERATIONS)
                return fail(err, op->line, op->col, "more than 65535 iterations in '%s'",
                            body->name);
            open[depth++] = i;
        } else if (op->kind == WL_END) {
            if (depth == 0)
                return fail(err, op->line, op->col, "end without loop in '%s'", body->name);
            op->at = open[--depth];
            op_of(w, body, op->at)->at = i;
        }
        cost->executed += times[depth];
        cost->heap_bytes += times[depth] * heap_bytes(op);
    }
    if (depth > 0) {
        struct wl_op *op = op_of(w, body, open[depth - 1]);
        return fail(err, op->line, op->col, "loop without end in '%s'", body->name);
    }
    return true;
}

static bool check_places(struct workload *w, uint32_t index, struct text_error *err)
{
    const struct wl_body *body = &w->body[index];
    bool is_main = index == w->main_body;

    for (uint32_t i = 0; i < body->count; i++) {
        const struct wl_op *op = op_of(w, body, i);

        if (op->kind == WL_WAIT && !is_main)
            return fail(err, op->line, op->col, "wait in '%s': only main can wait", body->name);
        if (op->kind == WL_CHAN && !is_main)
            return fail(err, op->line, op->col, "chan in '%s': only main makes channels",
                        body->name);
        if ((op->kind == WL_EXIT || op->kind == WL_GOEXIT) && is_main)
            return fail(err, op->line, op->col, "exit in '%s': main ends with its last operation",
                        body->name);
        if (wl_starts(op->kind) && op->a == w->main_body)
            return fail(err, op->line, op->col, "'%s' cannot be started again",
                        w->body[op->a].name);
    }
    return true;
}

static bool add_instance(struct workload *w, uint32_t parent, const struct wl_op *op,
                         uint32_t *numbers, struct text_error *err)
{
    if (w->instances == WL_INSTANCES)
        return fail(err, op->line, op->col, "more than 512 goroutines are started (here '%s')",
                    w->body[op->a].name);
    w->instance[w->instances++] = (struct wl_instance){.body = op->a, .number = ++numbers[op->a]};
    w->instance[parent].children++;
    return true;
}

static bool starts_any(struct workload *w, const struct wl_body *body, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (wl_starts(op_of(w, body, i)->kind))
            return true;
    return false;
}

// Children of one instance, in the order in which it starts them.
static bool expand(struct workload *w, uint32_t parent, uint32_t from, uint32_t to,
                   uint32_t *numbers, struct text_error *err)
{
    const struct wl_body *body = &w->body[w->instance[parent].body];

    for (uint32_t i = from; i < to; i++) {
        const struct wl_op *op = op_of(w, body, i);

        if (wl_starts(op->kind)) {
            for (int64_t k = 0; k < op->number; k++)
                if (!add_instance(w, parent, op, numbers, err))
                    return false;
        } else if (op->kind == WL_LOOP) {
            if (starts_any(w, body, i + 1, op->at))
                for (int64_t k = 0; k < op->number; k++)
                    if (!expand(w, parent, i + 1, op->at, numbers, err))
                        return false;
            i = op->at;
        }
    }
    return true;
}

static bool finish_instances(struct workload *w, struct text_error *err)
{
    uint32_t numbers[WL_BODIES] = {0};

    numbers[w->main_body] = 1;
    w->instances = 1;
    w->instance[0] = (struct wl_instance){.body = w->main_body, .number = 1};
    for (uint32_t i = 0; i < w->instances; i++) {
        w->instance[i].first_child = w->instances;
        if (!expand(w, i, 0, w->body[w->instance[i].body].count, numbers, err))
            return false;
    }
    for (uint32_t i = 0; i < w->bodies; i++)
        if (numbers[i] == 0)
            return fail(err, w->body[i].line, 1, "goroutine '%s' is never started",
                        w->body[i].name);
    return true;
}

// Who starts a timer is who it gives its permit to.
static void handle_starters(struct workload *w)
{
    for (uint32_t i = 0; i < w->instances; i++) {
        const struct wl_body *body = &w->body[w->instance[i].body];
        for (uint32_t k = 0; k < body->count; k++) {
            enum wl_kind kind = op_of(w, body, k)->kind;
            w->instance[i].handled |= kind == WL_TIMER || kind == WL_TICKER;
        }
    }
}

static bool finish_targets(struct workload *w, struct text_error *err)
{
    size_t used = 0;

    handle_starters(w);

    for (uint32_t i = 0; i < w->ops; i++) {
        struct wl_op *op = &w->op[i];

        if (wl_op_info[op->kind].arg[0] == WL_ARG_INSTANCE) {
            for (op->at = 0; op->at < w->instances; op->at++)
                if (w->instance[op->at].body == op->a && w->instance[op->at].number == op->number)
                    break;
            if (op->at == w->instances)
                return fail(err, op->line, op->col, "fewer instances of '%s' are started",
                            w->body[op->a].name);
            w->instance[op->at].handled = true;
        } else if (op->kind == WL_EXPECT) {
            size_t left = sizeof w->faults - used;
            int n =
                snprintf(w->faults + used, left, "workload: expect %s %" PRId64 " does not hold",
                         w->names[WL_VARIABLE].name[op->a], op->number);
            if (n < 0 || (size_t)n >= left)
                return fail(err, op->line, op->col, "too many expect%s", "");
            op->fault = w->faults + used;
            used += (size_t)n + 1;
        }
    }
    return true;
}

bool workload_finish(struct workload *w, struct text_error *err)
{
    struct cost cost[WL_BODIES], total = {0};

    for (w->main_body = 0; w->main_body < w->bodies; w->main_body++)
        if (strcmp(w->body[w->main_body].name, "main") == 0)
            break;
    if (w->main_body == w->bodies)
        return fail(err, 1, 1, "there is no goroutine '%s'", "main");
    for (uint32_t i = 0; i < w->bodies; i++)
        if (!finish_loops(w, &w->body[i], &cost[i], err) || !check_places(w, i, err))
            return false;
    if (!finish_instances(w, err) || !finish_targets(w, err))
        return false;
    for (uint32_t i = 0; i < w->instances; i++) {
        total.executed += cost[w->instance[i].body].executed;
        total.heap_bytes += cost[w->instance[i].body].heap_bytes;
    }
    if (total.executed > WL_EXECUTED)
        return fail(err, 1, 1, "'%s' would execute more than 1000000 operations", w->name);
    if (total.heap_bytes > WL_HEAP_BYTES)
        return fail(err, 1, 1, "'%s' would allocate more than 4 MiB", w->name);
    return true;
}

// Names ------------------------------------------------------------------------------------

const char *workload_instance_name(const struct workload *w, uint32_t instance, char *buf)
{
    const struct wl_instance *it = &w->instance[instance];

    if (it->number == 1)
        snprintf(buf, WL_INSTANCE_NAME, "%s", w->body[it->body].name);
    else
        snprintf(buf, WL_INSTANCE_NAME, "%s#%u", w->body[it->body].name, it->number);
    return buf;
}

int32_t workload_instance_find(const struct workload *w, const char *name)
{
    char buf[WL_INSTANCE_NAME];

    for (uint32_t i = 0; i < w->instances; i++)
        if (strcmp(workload_instance_name(w, i, buf), name) == 0)
            return (int32_t)i;
    return -1;
}

void workload_name_actors(struct workload *w, uint32_t (*number)(const char *name))
{
    char buf[WL_INSTANCE_NAME];

    for (uint32_t i = 0; i < w->instances; i++)
        w->instance[i].actor = number(workload_instance_name(w, i, buf));
}

// Canonical text ---------------------------------------------------------------------------

static void print_duration(int64_t ns, FILE *out)
{
    if (ns % 1000000000 == 0 && ns > 0)
        fprintf(out, " %" PRId64 "s", ns / 1000000000);
    else if (ns % 1000000 == 0 && ns > 0)
        fprintf(out, " %" PRId64 "ms", ns / 1000000);
    else if (ns % 1000 == 0 && ns > 0)
        fprintf(out, " %" PRId64 "us", ns / 1000);
    else
        fprintf(out, " %" PRId64 "ns", ns);
}

static void print_arg(const struct workload *w, const struct wl_op *op, enum wl_arg kind,
                      uint32_t *refs, FILE *out)
{
    switch (kind) {
    case WL_ARG_NONE:
        break;
    case WL_ARG_BODY:
        fprintf(out, " %s", w->body[op->a].name);
        break;
    case WL_ARG_INSTANCE:
        fprintf(out, " %s", w->body[op->a].name);
        if (op->number > 1)
            fprintf(out, "#%" PRId64, op->number);
        break;
    case WL_ARG_VARIABLE:
        fprintf(out, " %s", w->names[WL_VARIABLE].name[op->kind == WL_ONCE ? op->b : op->a]);
        break;
    case WL_ARG_REF:
        fprintf(out, " %s", w->names[WL_REF].name[op->ref[(*refs)++]]);
        break;
    case WL_ARG_GLOBAL:
        fprintf(out, " %s", w->names[WL_GLOBAL_NAME].name[op->a]);
        break;
    case WL_ARG_WEAK:
        fprintf(out, " %s", w->names[WL_WEAK_NAME].name[op->a]);
        break;
    case WL_ARG_CHANNEL:
        fprintf(out, " %s", w->names[WL_CHAN_NAME].name[op->a]);
        break;
    case WL_ARG_LOCK:
        fprintf(out, " %s", w->names[WL_LOCK_NAME].name[op->a]);
        break;
    case WL_ARG_TIMER:
        fprintf(out, " %s", w->names[WL_TIMER_NAME].name[op->a]);
        break;
    case WL_ARG_PIPE:
        fprintf(out, " %s", w->names[WL_PIPE_NAME].name[op->a]);
        break;
    case WL_ARG_OTHER:
        fprintf(out, " %s", w->names[WL_PIPE_NAME].name[op->b]);
        break;
    case WL_ARG_STEP:
        fprintf(out, " %s", wl_step_word[op->a]);
        break;
    case WL_ARG_LIMIT:
        if (op->number < 0)
            fputs(" off", out);
        else
            fprintf(out, " %" PRId64, op->number);
        break;
    case WL_ARG_DURATION:
        print_duration(op->number, out);
        break;
    case WL_ARG_COUNT:
        if (op->number > 1)
            fprintf(out, " %" PRId64, op->number);
        break;
    case WL_ARG_TIMES:
    case WL_ARG_PROCS:
    case WL_ARG_VALUE:
    case WL_ARG_CALLS:
    case WL_ARG_ROOM:
    case WL_ARG_SLOTS:
    case WL_ARG_SLOT:
    case WL_ARG_BYTES:
        fprintf(out, " %" PRId64, op->number);
        break;
    }
}

void workload_print_op(const struct workload *w, const struct wl_op *op, FILE *out)
{
    fputs(wl_op_info[op->kind].word, out);
    for (uint32_t i = 0, refs = 0; i < WL_ARGS; i++)
        print_arg(w, op, wl_op_info[op->kind].arg[i], &refs, out);
}

void workload_print(const struct workload *w, FILE *out, const char *indent)
{
    fprintf(out, "%sworkload %s\n%sprocs %u\n%ssizes %s\n", indent, w->name, indent, w->procs,
            indent, w->prod ? "prod" : "tiny");
    if (w->sysmon_needed)
        fprintf(out, "%ssysmon needed\n", indent);
    for (uint32_t b = 0; b < w->bodies; b++) {
        int depth = 1;

        fprintf(out, "%sgoroutine %s\n", indent, w->body[b].name);
        for (uint32_t i = 0; i < w->body[b].count; i++) {
            const struct wl_op *op = &w->op[w->body[b].first + i];

            if (op->kind == WL_END)
                depth--;
            fprintf(out, "%s%*s", indent, depth * 4, "");
            workload_print_op(w, op, out);
            fputc('\n', out);
            if (op->kind == WL_LOOP)
                depth++;
        }
    }
}
