// SPDX-License-Identifier: Apache-2.0
//
// The parser of workload text. Accepts nothing it would print differently in meaning, bounds every
// number before it is used, and stops at the first error. The grammar, by line ('#' at the start of
// a word begins a comment):
//
//     workload NAME          first line
//     procs N                at most once each, before the first goroutine
//     sizes tiny | prod
//     sysmon needed
//     goroutine NAME         then its operations, one a line; `main` must be among them
//
// What the lines mean together (loops, instances) is checked by workload_finish.
#include "stress/workload/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFO(constant, word, a, b, c) {#word, {WL_ARG_##a, WL_ARG_##b, WL_ARG_##c}},
const struct wl_op_info wl_op_info[WL_KINDS] = {WORKLOAD_OPS(INFO)};
#undef INFO

#define WORD(name) #name,
const char *const wl_step_word[WL_STEPS] = {WORKLOAD_STEPS(WORD)};
#undef WORD

static const int64_t duration_max_ns = 10LL * 1000 * 1000 * 1000;
static const uint64_t value_max = INT64_MAX;

struct parser {
    struct scan s;
    struct workload *w;
    bool procs_seen, sizes_seen, sysmon_seen;
    uint32_t procs_line, procs_col;
};

static bool name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

// Names like m0 are those of threads, as is sysmon.
static bool thread_like(const struct word *w)
{
    uint64_t number;
    struct word rest = {w->s + 1, w->n - 1, w->col + 1};

    return word_is(w, "sysmon") || (w->s[0] == 'm' && word_number(&rest, UINT64_MAX, &number));
}

static bool parse_name(struct parser *p, struct word *w, char *to, const char *what)
{
    if (!scan_word(&p->s, w))
        return scan_fail(&p->s, scan_col(&p->s), "%s: name expected", what);
    for (uint32_t i = 0; i < w->n; i++)
        if (!name_char(w->s[i], i == 0))
            return scan_fail(&p->s, w->col, "%s: '%.*s' is not a name", what, word_width(w), w->s);
    if (!word_copy(w, to, WL_NAME_BYTES))
        return scan_fail(&p->s, w->col, "%s: name longer than %d", what, WL_NAME_BYTES - 1);
    return true;
}

bool workload_is_name(const char *name)
{
    for (size_t i = 0; name[i] != 0; i++)
        if (!name_char(name[i], i == 0))
            return false;
    return name[0] != 0 && strlen(name) < WL_NAME_BYTES;
}

bool workload_is_thread_name(const char *name)
{
    return thread_like(&(struct word){name, (uint32_t)strlen(name), 1});
}

static uint32_t find_body(const struct workload *w, const char *name)
{
    uint32_t i = 0;

    while (i < w->bodies && strcmp(w->body[i].name, name) != 0)
        i++;
    return i;
}

// Arguments --------------------------------------------------------------------------------

static bool arg_number(struct parser *p, const char *what, uint64_t min, uint64_t max,
                       bool optional, int64_t *out)
{
    struct word w;
    uint64_t value;

    if (!scan_word(&p->s, &w)) {
        if (optional)
            return true;
        return scan_fail(&p->s, scan_col(&p->s), "%s: number expected", what);
    }
    if (!word_number(&w, max, &value) || value < min)
        return scan_fail(&p->s, w.col, "%s: '%.*s' is not a number from %llu to %llu", what,
                         word_width(&w), w.s, (unsigned long long)min, (unsigned long long)max);
    *out = (int64_t)value;
    return true;
}

// A goroutine that may be defined later in the text: until resolve_bodies, `fault` points to its
// name and `a` holds the name's length.
static bool arg_body(struct parser *p, struct wl_op *op, bool with_number)
{
    struct word w, name;
    uint64_t number = 1;

    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, scan_col(&p->s), "%s: goroutine expected",
                         wl_op_info[op->kind].word);
    name = w;
    const char *hash = memchr(w.s, '#', w.n);
    if (hash != NULL && with_number) {
        name.n = (uint32_t)(hash - w.s);
        struct word digits = {hash + 1, w.n - name.n - 1, w.col + name.n + 1};
        if (!word_number(&digits, WL_INSTANCES, &number) || number == 0)
            return scan_fail(&p->s, w.col, "'%.*s': number from 1 to %d expected after '#'",
                             word_width(&w), w.s, WL_INSTANCES);
    }
    char text[WL_NAME_BYTES];
    if (!word_copy(&name, text, sizeof text))
        return scan_fail(&p->s, w.col, "goroutine name longer than %d", WL_NAME_BYTES - 1);
    op->col = w.col;
    op->number = (int64_t)number;
    op->fault = name.s; // until resolve_bodies
    op->a = name.n;
    return true;
}

// A name of that kind, new or not: its number in *out.
static bool arg_name(struct parser *p, enum wl_table table, uint32_t *out)
{
    static const char *const what[WL_TABLES] = {
        [WL_VARIABLE] = "variable",     [WL_REF] = "reference",     [WL_GLOBAL_NAME] = "global",
        [WL_WEAK_NAME] = "weak handle", [WL_CHAN_NAME] = "channel", [WL_LOCK_NAME] = "lock",
        [WL_TIMER_NAME] = "timer",      [WL_PIPE_NAME] = "pipe",
    };
    struct wl_names *names = &p->w->names[table];
    uint32_t most = table == WL_REF ? WL_REFS : WL_NAMES;
    struct word w;
    char name[WL_NAME_BYTES];

    if (!parse_name(p, &w, name, what[table]))
        return false;
    for (*out = 0; *out < names->n; ++*out)
        if (strcmp(names->name[*out], name) == 0)
            return true;
    if (names->n == most)
        return scan_fail(&p->s, w.col, "more than %u %ss", most, what[table]);
    memcpy(names->name[names->n++], name, sizeof name);
    return true;
}

static bool arg_duration(struct parser *p, struct wl_op *op)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    struct word w, digits;
    uint64_t value;

    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, scan_col(&p->s), "duration expected, such as 10us");
    digits = w;
    for (digits.n = 0; digits.n < w.n && w.s[digits.n] >= '0' && w.s[digits.n] <= '9';)
        digits.n++;
    struct word unit = {w.s + digits.n, w.n - digits.n, w.col + digits.n};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!word_is(&unit, units[i].unit))
            continue;
        if (!word_number(&digits, (uint64_t)duration_max_ns / units[i].ns, &value))
            break;
        op->number = (int64_t)(value * units[i].ns);
        return true;
    }
    return scan_fail(&p->s, w.col, "'%.*s' is not a duration up to 10s (ns, us, ms, s)",
                     word_width(&w), w.s);
}

// A number, or `off`.
static bool arg_limit(struct parser *p, const char *what, int64_t *out)
{
    struct word w;
    uint64_t value;

    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, scan_col(&p->s), "%s: number or off expected", what);
    if (word_is(&w, "off")) {
        *out = -1;
        return true;
    }
    if (!word_number(&w, WL_LIMIT, &value))
        return scan_fail(&p->s, w.col, "%s: '%.*s' is neither off nor a number up to %d", what,
                         word_width(&w), w.s, WL_LIMIT);
    *out = (int64_t)value;
    return true;
}

static bool arg_step(struct parser *p, struct wl_op *op)
{
    struct word w;

    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, scan_col(&p->s), "call: step expected");
    for (op->a = 0; op->a < WL_STEPS; op->a++)
        if (word_is(&w, wl_step_word[op->a]))
            return true;
    return scan_fail(&p->s, w.col, "call: there is no step '%.*s'", word_width(&w), w.s);
}

// `refs`: how many references stand before it.
static bool parse_arg(struct parser *p, struct wl_op *op, enum wl_arg kind, uint32_t *refs)
{
    const char *word = wl_op_info[op->kind].word;

    switch (kind) {
    case WL_ARG_NONE:
        return true;
    case WL_ARG_BODY:
        return arg_body(p, op, false);
    case WL_ARG_INSTANCE:
        return arg_body(p, op, true);
    case WL_ARG_VARIABLE:
        return arg_name(p, WL_VARIABLE, op->kind == WL_ONCE ? &op->b : &op->a);
    case WL_ARG_REF:
        return arg_name(p, WL_REF, &op->ref[(*refs)++]);
    case WL_ARG_GLOBAL:
        return arg_name(p, WL_GLOBAL_NAME, &op->a);
    case WL_ARG_WEAK:
        return arg_name(p, WL_WEAK_NAME, &op->a);
    case WL_ARG_CHANNEL:
        return arg_name(p, WL_CHAN_NAME, &op->a);
    case WL_ARG_LOCK:
        return arg_name(p, WL_LOCK_NAME, &op->a);
    case WL_ARG_CALLS:
        return arg_number(p, word, 1, WL_CALLS, false, &op->number);
    case WL_ARG_ROOM:
        return arg_number(p, word, 0, WL_ROOM, false, &op->number);
    case WL_ARG_COUNT:
        op->number = 1;
        return arg_number(p, word, 1, WL_INSTANCES, true, &op->number);
    case WL_ARG_TIMES:
        return arg_number(p, word, 1, WL_ITERATIONS, false, &op->number);
    case WL_ARG_DURATION:
        return arg_duration(p, op);
    case WL_ARG_PROCS:
        return arg_number(p, word, 1, WL_PROCS, false, &op->number);
    case WL_ARG_VALUE:
        op->number = 1;
        return arg_number(p, word, 0, value_max, op->kind != WL_EXPECT, &op->number);
    case WL_ARG_SLOTS:
        return arg_number(p, word, 0, WL_SLOTS, false, &op->number);
    case WL_ARG_SLOT:
        return arg_number(p, word, 0, WL_SLOTS - 1, false, &op->number);
    case WL_ARG_BYTES:
        return arg_number(p, word, WL_BIG_LEAST, WL_BIG_BYTES, false, &op->number);
    case WL_ARG_LIMIT:
        return arg_limit(p, word, &op->number);
    case WL_ARG_TIMER:
        return arg_name(p, WL_TIMER_NAME, &op->a);
    case WL_ARG_PIPE:
        return arg_name(p, WL_PIPE_NAME, &op->a);
    case WL_ARG_OTHER:
        return arg_name(p, WL_PIPE_NAME, &op->b);
    case WL_ARG_STEP:
        return arg_step(p, op);
    }
    return false;
}

// Lines ------------------------------------------------------------------------------------

static bool parse_op(struct parser *p, const struct word *word)
{
    struct workload *w = p->w;
    struct wl_op *op = &w->op[w->ops];
    uint32_t kind = 0;

    while (kind < WL_KINDS && !word_is(word, wl_op_info[kind].word))
        kind++;
    if (kind == WL_KINDS)
        return scan_fail(&p->s, word->col, "unknown operation '%.*s'", word_width(word), word->s);
    if (w->bodies == 0)
        return scan_fail(&p->s, word->col, "operation before the first goroutine");
    if (w->ops == WL_OPS)
        return scan_fail(&p->s, word->col, "more than %d operations", WL_OPS);
    *op = (struct wl_op){.kind = (enum wl_kind)kind, .line = p->s.line, .col = word->col};
    for (uint32_t i = 0, refs = 0; i < WL_ARGS; i++)
        if (!parse_arg(p, op, wl_op_info[kind].arg[i], &refs))
            return false;
    w->ops++;
    w->body[w->bodies - 1].count++;
    return scan_eol(&p->s);
}

static bool parse_goroutine(struct parser *p)
{
    struct workload *w = p->w;
    struct word word;
    char name[WL_NAME_BYTES];

    if (!parse_name(p, &word, name, "goroutine"))
        return false;
    if (thread_like(&word))
        return scan_fail(&p->s, word.col, "goroutine: '%s' is the name of a thread", name);
    if (find_body(w, name) < w->bodies)
        return scan_fail(&p->s, word.col, "goroutine: there are two '%s'", name);
    if (w->bodies == WL_BODIES)
        return scan_fail(&p->s, word.col, "more than %d goroutines", WL_BODIES);
    struct wl_body *body = &w->body[w->bodies++];
    *body = (struct wl_body){.first = w->ops, .line = p->s.line};
    memcpy(body->name, name, sizeof name);
    return scan_eol(&p->s);
}

// The one of two words that is next: *second says whether it is that one.
static bool parse_one_of(struct parser *p, const struct word *setting, const char *a, const char *b,
                         bool *second)
{
    struct word value = {0};
    bool any = scan_word(&p->s, &value);

    *second = any && word_is(&value, b);
    if (any && (*second || word_is(&value, a)))
        return scan_eol(&p->s);
    return scan_fail(&p->s, any ? value.col : scan_col(&p->s), "%.*s: %s%s%s expected",
                     word_width(setting), setting->s, a, strcmp(a, b) ? " or " : "",
                     strcmp(a, b) ? b : "");
}

static bool parse_setting(struct parser *p, const struct word *word)
{
    bool procs = word_is(word, "procs"), sizes = word_is(word, "sizes");
    bool *seen = procs ? &p->procs_seen : sizes ? &p->sizes_seen : &p->sysmon_seen;
    int64_t number = 0;

    if (p->w->bodies > 0)
        return scan_fail(&p->s, word->col, "'%.*s' stands before the first goroutine",
                         word_width(word), word->s);
    if (*seen)
        return scan_fail(&p->s, word->col, "'%.*s' is given twice", word_width(word), word->s);
    *seen = true;
    if (procs) {
        if (!arg_number(p, "procs", 1, WL_PROCS, false, &number))
            return false;
        p->w->procs = (uint32_t)number;
        p->procs_line = p->s.line;
        p->procs_col = word->col;
        return scan_eol(&p->s);
    }
    return sizes ? parse_one_of(p, word, "tiny", "prod", &p->w->prod)
                 : parse_one_of(p, word, "needed", "needed", &p->w->sysmon_needed);
}

static bool parse_line(struct parser *p)
{
    struct word word;

    if (!scan_word(&p->s, &word))
        return true;
    if (p->w->name[0] == 0) {
        if (!word_is(&word, "workload"))
            return scan_fail(&p->s, word.col, "the first line must be 'workload NAME'");
        struct word name;
        return parse_name(p, &name, p->w->name, "workload") && scan_eol(&p->s);
    }
    if (word_is(&word, "procs") || word_is(&word, "sizes") || word_is(&word, "sysmon"))
        return parse_setting(p, &word);
    if (word_is(&word, "goroutine"))
        return parse_goroutine(p);
    return parse_op(p, &word);
}

static bool resolve_bodies(struct parser *p)
{
    struct workload *w = p->w;

    for (uint32_t i = 0; i < w->ops; i++) {
        struct wl_op *op = &w->op[i];
        struct word name = {op->fault, op->a, op->col};
        char text[WL_NAME_BYTES];

        if (op->fault == NULL)
            continue;
        op->fault = NULL;
        word_copy(&name, text, sizeof text);
        op->a = find_body(w, text);
        p->s.line = op->line;
        if (op->a == w->bodies)
            return scan_fail(&p->s, op->col, "there is no goroutine '%s'", text);
    }
    return true;
}

// `sizes` may stand after `procs`, so this is known at the end.
static bool procs_fit(struct parser *p)
{
    if (p->w->prod || p->w->procs <= WL_PROCS_TINY)
        return true;
    p->s.line = p->procs_line;
    return scan_fail(&p->s, p->procs_col, "procs: at most %d with sizes tiny", WL_PROCS_TINY);
}

struct workload *workload_parse(const char *text, size_t n, uint32_t first_line,
                                struct text_error *err)
{
    struct parser p = {.w = calloc(1, sizeof *p.w)};
    bool ok = p.w != NULL;

    *err = (struct text_error){.line = first_line, .col = 1, .message = "out of memory"};
    if (ok) {
        ok = text_acceptable(text, n, WL_TEXT_BYTES, err);
        err->line += ok ? 0 : first_line - 1;
    }
    if (ok) {
        p.w->procs = 2;
        scan_begin(&p.s, text, n, first_line, err);
        p.s.comments = true;
        while (ok && scan_line(&p.s))
            ok = parse_line(&p);
        if (ok && p.w->name[0] == 0)
            ok = scan_fail(&p.s, 1, "the first line must be 'workload NAME'");
        ok = ok && procs_fit(&p) && resolve_bodies(&p) && workload_finish(p.w, err);
    }
    if (ok)
        return p.w;
    workload_free(p.w);
    return NULL;
}

// Files ------------------------------------------------------------------------------------

char *text_read_file(const char *path, size_t limit, size_t *n, char *error, size_t bytes)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); // a pipe does not make it wait
    FILE *f = fd >= 0 ? fdopen(fd, "rb") : NULL;
    char *text = malloc(limit + 2);
    struct stat st;

    if (f == NULL || text == NULL || fstat(fd, &st) != 0) {
        snprintf(error, bytes, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        snprintf(error, bytes, "%s: not a regular file", path);
        goto fail;
    }
    *n = fread(text, 1, limit + 1, f);
    if (ferror(f)) {
        snprintf(error, bytes, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (*n > limit) {
        snprintf(error, bytes, "%s:1:1: too large: at most %zu bytes are read", path, limit);
        goto fail;
    }
    text[*n] = 0;
    fclose(f);
    return text;
fail:
    if (f != NULL)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    free(text);
    return NULL;
}

struct workload *workload_read(const char *path, char *error, size_t bytes)
{
    struct text_error err;
    struct workload *w;
    size_t n;
    char *text = text_read_file(path, WL_TEXT_BYTES, &n, error, bytes);

    if (text == NULL)
        return NULL;
    w = workload_parse(text, n, 1, &err);
    if (w == NULL)
        snprintf(error, bytes, "%s:%u:%u: %s", path, err.line, err.col, err.message);
    free(text);
    return w;
}

void workload_free(struct workload *w)
{
    free(w);
}

void workload_assign(struct workload *to, const struct workload *from)
{
    struct text_error err;

    memcpy(to, from, offsetof(struct workload, body));
    memcpy(to->body, from->body, from->bodies * sizeof from->body[0]);
    to->main_body = from->main_body;
    memcpy(to->op, from->op, from->ops * sizeof from->op[0]);
    for (uint32_t t = 0; t < WL_TABLES; t++) {
        to->names[t].n = from->names[t].n;
        memcpy(to->names[t].name, from->names[t].name, from->names[t].n * WL_NAME_BYTES);
    }
    workload_finish(to, &err); // what is derived, with pointers into itself
}

struct workload *workload_copy(const struct workload *w)
{
    struct workload *copy = malloc(sizeof *copy);
    struct text_error err;

    if (copy == NULL)
        return NULL;
    memcpy(copy, w, sizeof *copy);
    workload_finish(copy, &err); // pointers into itself
    return copy;
}
