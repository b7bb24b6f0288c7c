// SPDX-License-Identifier: Apache-2.0
//
// Bytes to program and back: see binary.h. Every number is checked against the bound that the
// parser of texts has for it; what they mean together is workload_finish's business, as there.
#include "stress/workload/binary.h"

#include <string.h>

static const uint64_t duration_max_ns = 10ull * 1000 * 1000 * 1000;

// Bytes ------------------------------------------------------------------------------------

static uint64_t broken(struct bytes_in *in, const char *error)
{
    if (in->error == NULL)
        in->error = error;
    in->at = in->end;
    return 0;
}

uint8_t get_u8(struct bytes_in *in)
{
    if (in->at == in->end)
        return (uint8_t)broken(in, "the bytes end early");
    return *in->at++;
}

uint64_t get_number(struct bytes_in *in)
{
    uint64_t value = 0;

    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t b = get_u8(in);
        uint64_t bits = b & 0x7f;

        if (shift == 63 && bits > 1)
            break;
        value |= bits << shift;
        if (b & 0x80)
            continue;
        // one form for each number
        return b == 0 && shift > 0 ? broken(in, "a number has zeros in front") : value;
    }
    return broken(in, "a number has more than 64 bits");
}

void put_u8(struct bytes_out *out, uint8_t value)
{
    if (out->at == out->end)
        out->full = true;
    else
        *out->at++ = value;
}

void put_number(struct bytes_out *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_u8(out, (uint8_t)(value | 0x80));
    put_u8(out, (uint8_t)value);
}

// Names ------------------------------------------------------------------------------------

// The table that an argument names something of, or WL_TABLES.
static enum wl_table table_of(enum wl_arg arg)
{
    switch (arg) {
    case WL_ARG_VARIABLE:
        return WL_VARIABLE;
    case WL_ARG_REF:
        return WL_REF;
    case WL_ARG_GLOBAL:
        return WL_GLOBAL_NAME;
    case WL_ARG_WEAK:
        return WL_WEAK_NAME;
    case WL_ARG_CHANNEL:
        return WL_CHAN_NAME;
    case WL_ARG_LOCK:
        return WL_LOCK_NAME;
    case WL_ARG_TIMER:
        return WL_TIMER_NAME;
    case WL_ARG_PIPE:
    case WL_ARG_OTHER:
        return WL_PIPE_NAME;
    default:
        return WL_TABLES;
    }
}

static uint32_t most_names(enum wl_table table)
{
    return table == WL_REF ? WL_REFS : WL_NAMES;
}

// Where the operation keeps an argument that is a name; `refs`: references before it.
static uint32_t *name_of(struct wl_op *op, enum wl_arg arg, uint32_t *refs)
{
    if (arg == WL_ARG_REF)
        return &op->ref[(*refs)++];
    if (arg == WL_ARG_OTHER || (arg == WL_ARG_VARIABLE && op->kind == WL_ONCE))
        return &op->b;
    return &op->a;
}

void workload_number_names(struct workload *w)
{
    static struct wl_names old[WL_TABLES];
    uint32_t to[WL_TABLES][WL_NAMES]; // + 1

    memcpy(old, w->names, sizeof old);
    memset(to, 0, sizeof to);
    for (uint32_t t = 0; t < WL_TABLES; t++)
        w->names[t].n = 0;
    for (uint32_t i = 0; i < w->ops; i++) {
        struct wl_op *op = &w->op[i];
        for (uint32_t k = 0, refs = 0; k < WL_ARGS; k++) {
            enum wl_table t = table_of(wl_op_info[op->kind].arg[k]);
            if (t == WL_TABLES)
                continue;
            uint32_t *name = name_of(op, wl_op_info[op->kind].arg[k], &refs);
            if (to[t][*name] == 0) {
                memcpy(w->names[t].name[w->names[t].n], old[t].name[*name], WL_NAME_BYTES);
                to[t][*name] = ++w->names[t].n;
            }
            *name = to[t][*name] - 1;
        }
    }
}

static void set_name(char *name, char letter, uint32_t number)
{
    uint32_t n = 0;

    name[n++] = letter;
    if (number >= 10)
        name[n++] = (char)('0' + number / 10);
    name[n++] = (char)('0' + number % 10);
    memset(name + n, 0, WL_NAME_BYTES - n);
}

static const char letters[WL_TABLES + 1] = "vrgwcltp";
static const char plain_name[WL_NAME_BYTES] = "fuzzed", main_name[WL_NAME_BYTES] = "main";

static void plain_body_name(const struct workload *w, uint32_t body, char *name)
{
    if (body == w->main_body)
        memcpy(name, main_name, WL_NAME_BYTES);
    else
        set_name(name, 'b', body + (body < w->main_body));
}

void workload_plain_names(struct workload *w)
{
    memcpy(w->name, plain_name, sizeof w->name);
    for (uint32_t b = 0; b < w->bodies; b++)
        plain_body_name(w, b, w->body[b].name);
    for (uint32_t t = 0; t < WL_TABLES; t++)
        for (uint32_t i = 0; i < w->names[t].n; i++)
            set_name(w->names[t].name[i], letters[t], i);
}

static bool has_plain_names(const struct workload *w)
{
    char name[WL_NAME_BYTES];
    bool plain = strcmp(w->name, plain_name) == 0;

    for (uint32_t b = 0; b < w->bodies && plain; b++) {
        plain_body_name(w, b, name);
        plain = strcmp(w->body[b].name, name) == 0;
    }
    for (uint32_t t = 0; t < WL_TABLES; t++) {
        for (uint32_t i = 0; i < w->names[t].n && plain; i++) {
            set_name(name, letters[t], i);
            plain = strcmp(w->names[t].name[i], name) == 0;
        }
    }
    return plain;
}

static void put_name(struct bytes_out *out, const char *name)
{
    size_t n = strlen(name);

    put_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        put_u8(out, (uint8_t)name[i]);
}

static void get_name(struct bytes_in *in, char *name)
{
    uint8_t n = get_u8(in);

    if (n == 0 || n >= WL_NAME_BYTES) {
        broken(in, "a name is empty or too long");
        return;
    }
    memset(name, 0, WL_NAME_BYTES);
    for (uint32_t i = 0; i < n; i++)
        name[i] = (char)get_u8(in);
    if (in->error == NULL && (strlen(name) != n || !workload_is_name(name)))
        broken(in, "a name has other characters than names have");
}

static bool differ(const char (*names)[WL_NAME_BYTES], uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return false;
    return true;
}

static void get_names(struct bytes_in *in, struct workload *w)
{
    char bodies[WL_BODIES][WL_NAME_BYTES];

    get_name(in, w->name);
    for (uint32_t b = 0; b < w->bodies; b++) {
        char *name = w->body[b].name;

        get_name(in, name);
        memcpy(bodies[b], name, WL_NAME_BYTES);
        if (in->error == NULL && (strcmp(name, main_name) == 0) != (b == w->main_body))
            broken(in, "main is called otherwise, or another one main");
        if (in->error == NULL && workload_is_thread_name(name))
            broken(in, "a goroutine has the name of a thread");
    }
    if (in->error == NULL && !differ(bodies, w->bodies))
        broken(in, "two goroutines have one name");
    for (uint32_t t = 0; t < WL_TABLES; t++) {
        for (uint32_t i = 0; i < w->names[t].n; i++)
            get_name(in, w->names[t].name[i]);
        if (in->error == NULL && !differ(w->names[t].name, w->names[t].n))
            broken(in, "two things have one name");
    }
    if (in->error == NULL && has_plain_names(w))
        broken(in, "the names are there, and need not be");
}

// Operations -------------------------------------------------------------------------------

// Numbers that an argument can have.
static void bounds(enum wl_arg arg, uint64_t *min, uint64_t *max)
{
    *min = 0;
    switch (arg) {
    case WL_ARG_INSTANCE:
    case WL_ARG_BODY:
    case WL_ARG_COUNT:
        *min = 1;
        *max = WL_INSTANCES;
        break;
    case WL_ARG_TIMES:
        *min = 1;
        *max = WL_ITERATIONS;
        break;
    case WL_ARG_DURATION:
        *max = duration_max_ns;
        break;
    case WL_ARG_PROCS:
        *min = 1;
        *max = WL_PROCS;
        break;
    case WL_ARG_ROOM:
        *max = WL_ROOM;
        break;
    case WL_ARG_CALLS:
        *min = 1;
        *max = WL_CALLS;
        break;
    case WL_ARG_SLOTS:
        *max = WL_SLOTS;
        break;
    case WL_ARG_SLOT:
        *max = WL_SLOTS - 1;
        break;
    case WL_ARG_BYTES:
        *min = WL_BIG_LEAST;
        *max = WL_BIG_BYTES;
        break;
    case WL_ARG_LIMIT: // + 1
        *max = (uint64_t)WL_LIMIT + 1;
        break;
    default: // WL_ARG_VALUE
        *max = INT64_MAX;
        break;
    }
}

static void put_op(const struct wl_op *op, struct bytes_out *out)
{
    struct wl_op copy = *op;

    put_u8(out, (uint8_t)op->kind);
    for (uint32_t k = 0, refs = 0; k < WL_ARGS; k++) {
        enum wl_arg arg = wl_op_info[op->kind].arg[k];

        if (arg == WL_ARG_NONE)
            continue;
        if (table_of(arg) != WL_TABLES) {
            put_u8(out, (uint8_t)*name_of(&copy, arg, &refs));
            continue;
        }
        if (arg == WL_ARG_BODY || arg == WL_ARG_INSTANCE || arg == WL_ARG_STEP)
            put_u8(out, (uint8_t)op->a);
        if (arg != WL_ARG_BODY && arg != WL_ARG_STEP)
            put_number(out, (uint64_t)op->number + (arg == WL_ARG_LIMIT));
    }
}

static void get_name_number(struct bytes_in *in, struct workload *w, enum wl_table table,
                            uint32_t *out)
{
    uint32_t *n = &w->names[table].n;

    *out = get_u8(in);
    if (in->error == NULL && (*out > *n || *out >= most_names(table)))
        broken(in, "names are not numbered in the order of their use");
    else if (in->error == NULL && *out == *n)
        ++*n;
}

static void get_op(struct bytes_in *in, struct workload *w, struct wl_op *op)
{
    uint32_t kind = get_u8(in);

    if (kind >= WL_KINDS) {
        broken(in, "there is no such operation");
        return;
    }
    *op = (struct wl_op){.kind = (enum wl_kind)kind};
    for (uint32_t k = 0, refs = 0; k < WL_ARGS && in->error == NULL; k++) {
        enum wl_arg arg = wl_op_info[kind].arg[k];
        uint64_t min, max, value = 1;

        if (arg == WL_ARG_NONE)
            continue;
        if (table_of(arg) != WL_TABLES) {
            get_name_number(in, w, table_of(arg), name_of(op, arg, &refs));
            continue;
        }
        if (arg == WL_ARG_STEP) {
            op->a = get_u8(in);
            if (op->a >= WL_STEPS)
                broken(in, "there is no such step");
            continue;
        }
        if (arg == WL_ARG_BODY || arg == WL_ARG_INSTANCE) {
            op->a = get_u8(in);
            if (op->a >= w->bodies)
                broken(in, "there is no such goroutine");
        }
        if (arg != WL_ARG_BODY)
            value = get_number(in);
        bounds(arg, &min, &max);
        if (in->error == NULL && (value < min || value > max))
            broken(in, "a number is out of its bounds");
        op->number = (int64_t)value - (arg == WL_ARG_LIMIT);
    }
}

// Programs ---------------------------------------------------------------------------------

size_t workload_encode(const struct workload *w, uint8_t *to, size_t room)
{
    struct bytes_out out = {.at = to, .end = to + room};
    bool named = !has_plain_names(w);

    put_u8(&out, WL_BINARY_VERSION);
    put_u8(&out,
           (uint8_t)((w->prod ? WL_BINARY_PROD : 0) | (w->sysmon_needed ? WL_BINARY_SYSMON : 0) |
                     (named ? WL_BINARY_NAMED : 0)));
    put_u8(&out, (uint8_t)w->procs);
    put_u8(&out, (uint8_t)w->bodies);
    put_u8(&out, (uint8_t)w->main_body);
    for (uint32_t b = 0; b < w->bodies; b++) {
        put_number(&out, w->body[b].count);
        for (uint32_t i = 0; i < w->body[b].count; i++)
            put_op(&w->op[w->body[b].first + i], &out);
    }
    if (named) {
        put_name(&out, w->name);
        for (uint32_t b = 0; b < w->bodies; b++)
            put_name(&out, w->body[b].name);
        for (uint32_t t = 0; t < WL_TABLES; t++)
            for (uint32_t i = 0; i < w->names[t].n; i++)
                put_name(&out, w->names[t].name[i]);
    }
    return out.full ? 0 : (size_t)(out.at - to);
}

static bool get_head(struct bytes_in *in, struct workload *w)
{
    if (get_u8(in) != WL_BINARY_VERSION)
        broken(in, "not a program, or of another version");
    uint8_t settings = get_u8(in);
    if (settings & ~(WL_BINARY_PROD | WL_BINARY_SYSMON | WL_BINARY_NAMED))
        broken(in, "unknown settings");
    w->prod = (settings & WL_BINARY_PROD) != 0;
    w->sysmon_needed = (settings & WL_BINARY_SYSMON) != 0;
    w->procs = get_u8(in);
    if (w->procs == 0 || w->procs > (w->prod ? WL_PROCS : WL_PROCS_TINY))
        broken(in, "too many p's, or none");
    w->bodies = get_u8(in);
    w->main_body = get_u8(in);
    if (w->bodies > WL_BODIES || w->main_body >= w->bodies)
        broken(in, "too many goroutines, or none");
    return (settings & WL_BINARY_NAMED) != 0;
}

static bool refuse(const struct workload *w, const char *reason, struct text_error *err)
{
    *err = (struct text_error){.line = w->ops + 1, .col = 1};
    snprintf(err->message, sizeof err->message, "%s", reason);
    return false;
}

bool workload_decode(struct workload *w, const uint8_t *data, size_t n, struct text_error *err)
{
    struct bytes_in in = {.at = data, .end = data + n};

    w->ops = w->bodies = 0;
    for (uint32_t t = 0; t < WL_TABLES; t++)
        w->names[t].n = 0;
    if (n > WL_BINARY_BYTES)
        broken(&in, "too many bytes");
    bool named = get_head(&in, w);
    for (uint32_t b = 0; b < w->bodies && in.error == NULL; b++) {
        uint64_t count = get_number(&in);

        if (count > WL_OPS - w->ops)
            broken(&in, "too many operations");
        w->body[b] = (struct wl_body){.first = w->ops, .count = (uint32_t)count};
        for (uint64_t i = 0; i < count && in.error == NULL; i++)
            get_op(&in, w, &w->op[w->ops++]);
    }
    if (in.error == NULL && named)
        get_names(&in, w);
    else if (in.error == NULL)
        workload_plain_names(w);
    if (in.error == NULL && in.at != in.end)
        broken(&in, "bytes are left over");
    if (in.error != NULL)
        return refuse(w, in.error, err);
    return workload_finish(w, err);
}
