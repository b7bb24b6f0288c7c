// SPDX-License-Identifier: Apache-2.0
//
// The parser of case files. The order of the lines is fixed, so "unknown", "twice" and "missing"
// are one question: is this the line that must stand here? Errors name line and column of the first
// deviation. Nothing is kept of a file that is refused.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "repro/case.h"

struct parser {
    struct scan s;
    struct repro_case *c;
};

// The next line must begin with `key`; what follows stays to be read.
static bool expect_key(struct parser *p, const char *key)
{
    struct word w;

    if (!scan_line(&p->s))
        return scan_fail(&p->s, 1, "truncated: '%s' is missing", key);
    scan_word(&p->s, &w);
    if (!word_is(&w, key))
        return scan_fail(&p->s, w.col, "'%s' expected here, not '%.*s'", key, word_width(&w), w.s);
    return true;
}

static bool rest_of_line(struct parser *p, const char *key, char *to, size_t bytes)
{
    struct word w;
    uint32_t col = scan_col(&p->s);

    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, col, "%s: text expected", key);
    w.n = (uint32_t)(p->s.eol - w.s);
    while (w.s[w.n - 1] == ' ' || w.s[w.n - 1] == '\t')
        w.n--;
    if (!word_copy(&w, to, bytes))
        return scan_fail(&p->s, w.col, "%s: longer than %zu bytes", key, bytes - 1);
    return true;
}

static bool one_of(struct parser *p, const char *key, const char *a, const char *b, bool *is_b)
{
    struct word w;

    if (!expect_key(p, key))
        return false;
    if (!scan_word(&p->s, &w) || !(word_is(&w, a) || word_is(&w, b)))
        return scan_fail(&p->s, w.col, "%s: %s or %s expected", key, a, b);
    *is_b = !word_is(&w, a);
    return scan_eol(&p->s);
}

static bool parse_version(struct parser *p)
{
    struct word w;
    uint64_t version;

    if (!scan_line(&p->s) || !scan_word(&p->s, &w) || !word_is(&w, "gauntlet") ||
        !scan_word(&p->s, &w) || !word_is(&w, "case") || !scan_word(&p->s, &w) ||
        !word_number(&w, 1000000, &version) || version == 0)
        return scan_fail(&p->s, 1, "not a case: the first line must be 'gauntlet case %d'",
                         CASE_VERSION);
    if (version > CASE_VERSION)
        return scan_fail(&p->s, w.col,
                         "case format %u is newer: this gauntlet reads up to %d; take a newer one",
                         (unsigned)version, CASE_VERSION);
    return scan_eol(&p->s);
}

static bool parse_oracle(struct parser *p)
{
    struct word w;

    if (!expect_key(p, "oracle"))
        return false;
    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, w.col, "oracle: name expected");
    for (const char *const *name = sim_oracle_names(); *name != NULL; name++)
        if (word_is(&w, *name) && word_copy(&w, p->c->oracle, sizeof p->c->oracle))
            return scan_eol(&p->s);
    return scan_fail(&p->s, w.col, "oracle: '%.*s' is not known", word_width(&w), w.s);
}

// The oracle stands at the start of the signature as well; what compares signatures relies on it.
static bool parse_signature(struct parser *p)
{
    struct repro_case *c = p->c;
    size_t n = strlen(c->oracle);

    if (!expect_key(p, "signature"))
        return false;
    const char *text = p->s.at;
    if (!rest_of_line(p, "signature", c->signature, sizeof c->signature))
        return false;
    while (*text == ' ' || *text == '\t')
        text++;
    if (strncmp(c->signature, c->oracle, n) == 0 && strncmp(c->signature + n, ": ", 2) == 0)
        return true;
    p->s.at = text;
    return scan_fail(&p->s, scan_col(&p->s),
                     "contradiction: the oracle is '%s', but the signature does not begin with "
                     "'%s: '",
                     c->oracle, c->oracle);
}

// The one line that may be missing.
static bool parse_word(struct parser *p)
{
    struct scan mark = p->s;
    struct word w;

    if (!scan_line(&p->s) || !scan_word(&p->s, &w) || !word_is(&w, "word")) {
        p->s = mark;
        return true;
    }
    return rest_of_line(p, "word", p->c->word, sizeof p->c->word);
}

// The program's lines are those that are indented; they go to the workload parser as they are.
static bool parse_program(struct parser *p, bool prod)
{
    const char *begin, *end;
    uint32_t first_line;

    if (!expect_key(p, "program") || !scan_eol(&p->s))
        return false;
    begin = p->s.next;
    first_line = p->s.line + 1;
    for (end = begin; end < p->s.end && (*end == ' ' || *end == '\t');) {
        const char *newline = memchr(end, '\n', (size_t)(p->s.end - end));
        end = newline ? newline + 1 : p->s.end;
    }
    p->c->program = workload_parse(begin, (size_t)(end - begin), first_line, p->s.err);
    if (p->c->program == NULL)
        return false;
    for (const char *at = begin; at < end; at++)
        p->s.line += *at == '\n';
    p->s.next = end;
    if (p->c->program->prod != prod)
        return scan_fail(&p->s, 1, "contradiction: the case has %s sizes and its program %s",
                         prod ? "prod" : "tiny", prod ? "tiny" : "prod");
    return true;
}

// Choices ----------------------------------------------------------------------------------

static bool parse_actor_name(struct parser *p, const struct word *w, char *to)
{
    for (uint32_t i = 0; i < w->n; i++) {
        char c = w->s[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '#' || c == '.' || c == '-'))
            return scan_fail(&p->s, w->col, "'%.*s' is not the name of an actor", word_width(w),
                             w->s);
    }
    if (w->n == 0 || !word_copy(w, to, CASE_NAME_BYTES))
        return scan_fail(&p->s, w->col, "name of an actor expected, of at most %d bytes",
                         CASE_NAME_BYTES - 1);
    return true;
}

// ACTOR[:OP[.ITERATION]]
static bool parse_actor_op(struct parser *p, const struct word *w, char *name, uint32_t *op)
{
    const char *colon = memchr(w->s, ':', w->n);
    struct word actor = *w, index, iteration;
    uint64_t i = 0, k = 1;

    if (colon != NULL)
        actor.n = (uint32_t)(colon - w->s);
    if (!parse_actor_name(p, &actor, name))
        return false;
    *op = 0;
    if (colon == NULL)
        return true;
    index = (struct word){colon + 1, w->n - actor.n - 1, w->col + actor.n + 1};
    const char *dot = memchr(index.s, '.', index.n);
    if (dot != NULL) {
        iteration = (struct word){dot + 1, (uint32_t)(index.s + index.n - dot - 1), index.col};
        index.n = (uint32_t)(dot - index.s);
        if (!word_number(&iteration, WL_ITERATIONS, &k) || k < 2)
            return scan_fail(&p->s, w->col, "'%.*s': iteration from 2 expected", word_width(w),
                             w->s);
    }
    if (!word_number(&index, WL_OPS, &i))
        return scan_fail(&p->s, w->col, "'%.*s': number of an operation expected", word_width(w),
                         w->s);
    *op = wl_op_number((uint32_t)i, (uint32_t)k - 1);
    return true;
}

static bool expect_word(struct parser *p, const char *text)
{
    struct word w;

    if (!scan_word(&p->s, &w) || !word_is(&w, text))
        return scan_fail(&p->s, w.col, "'%s' expected", text);
    return true;
}

static bool parse_quoted(struct parser *p, char **out)
{
    struct scan *s = &p->s;
    char text[CASE_SITE_TEXT_BYTES];
    size_t n = 0;

    while (s->at < s->eol && *s->at == ' ')
        s->at++;
    uint32_t col = scan_col(s);
    if (s->at == s->eol || *s->at++ != '"')
        return scan_fail(s, col, "text of a source line in quotes expected");
    while (s->at < s->eol && *s->at != '"') {
        if (*s->at == '\\' && ++s->at == s->eol)
            break;
        if (n == sizeof text - 1)
            return scan_fail(s, col, "text longer than %zu bytes", sizeof text - 1);
        text[n++] = *s->at++;
    }
    if (s->at == s->eol)
        return scan_fail(s, col, "quote without end");
    s->at++;
    text[n] = 0;
    *out = strdup(text);
    return *out != NULL || scan_fail(s, col, "out of memory");
}

static bool parse_site(struct parser *p, struct case_choice *c)
{
    char function[CASE_FUNCTION_BYTES];
    struct word w;
    uint64_t rank = 0;

    if (!expect_word(p, "at"))
        return false;
    if (!scan_word(&p->s, &w) || !word_copy(&w, function, sizeof function))
        return scan_fail(&p->s, w.col, "function expected, of at most %d bytes",
                         CASE_FUNCTION_BYTES - 1);
    c->function = strdup(function);
    if (c->function == NULL)
        return scan_fail(&p->s, w.col, "out of memory");
    if (!parse_quoted(p, &c->text))
        return false;
    if (scan_word(&p->s, &w) && w.s[0] == '#') {
        struct word digits = {w.s + 1, w.n - 1, w.col + 1};
        if (word_number(&digits, 10000, &rank)) {
            c->rank = (uint32_t)rank;
            return true;
        }
    }
    return scan_fail(&p->s, w.col, "rank expected, such as #0");
}

static bool parse_kind(struct parser *p, enum sim_kind *kind)
{
    struct word w;

    if (scan_word(&p->s, &w))
        for (*kind = 0; *kind < SIM_KINDS; ++*kind)
            if (word_is(&w, case_kind_names[*kind]))
                break;
    if (w.n == 0 || *kind == SIM_KINDS)
        return scan_fail(&p->s, w.col, "run, next, random, fault, hold or drain expected");
    if ((*kind == SIM_HOLD || *kind == SIM_DRAIN) && p->c->memory != SIM_TSO)
        return scan_fail(&p->s, w.col, "contradiction: nothing is held under memory sc");
    return true;
}

static bool parse_fault(struct parser *p, const struct word *w, char *name)
{
    if (word_copy(w, name, CASE_NAME_BYTES) && sim_fault_find(name) != SIM_FAULT_NONE)
        return true;
    return scan_fail(&p->s, w->col, "'%.*s' is not the name of a fault", word_width(w), w->s);
}

static bool parse_value(struct parser *p, struct case_choice *c)
{
    struct word w;
    uint64_t number;

    if (!parse_kind(p, &c->kind))
        return false;
    if (c->kind == SIM_HOLD) {
        c->number = 1;
        return scan_eol(&p->s);
    }
    if (!scan_word(&p->s, &w))
        return scan_fail(&p->s, w.col, "value expected");
    if (c->kind == SIM_FAULT)
        return parse_fault(p, &w, c->name) && scan_eol(&p->s);
    if (sim_names_thread(c->kind))
        return parse_actor_name(p, &w, c->name) && scan_eol(&p->s);
    if (!word_number(&w, SIM_RANDOM_VALUES - 1, &number))
        return scan_fail(&p->s, w.col, "'%.*s' is not a number up to %d", word_width(&w), w.s,
                         SIM_RANDOM_VALUES - 1);
    c->number = (uint32_t)number;
    return scan_eol(&p->s);
}

static bool parse_visit(struct parser *p, struct case_choice *c)
{
    struct word w;
    uint64_t visit;

    if (!expect_word(p, "visit"))
        return false;
    if (scan_word(&p->s, &w) && w.s[w.n - 1] == ':') {
        struct word digits = {w.s, w.n - 1, w.col};
        if (word_number(&digits, UINT32_MAX, &visit) && visit > 0) {
            c->visit = (uint32_t)visit;
            return true;
        }
    }
    return scan_fail(&p->s, w.col, "number of the visit and ':' expected");
}

// Takes the next word if it is `text`.
static bool next_is(struct parser *p, struct word *w, const char *text)
{
    const char *mark = p->s.at;

    if (scan_word(&p->s, w) && word_is(w, text))
        return true;
    p->s.at = mark;
    return false;
}

static bool parse_choice(struct parser *p, struct case_choice *c)
{
    struct word w;
    uint64_t turn;

    if (!scan_word(&p->s, &w) || !parse_actor_op(p, &w, c->actor, &c->op))
        return false;
    bool has_op = memchr(w.s, ':', w.n) != NULL;
    if (next_is(p, &w, "after")) {
        if (has_op)
            return scan_fail(&p->s, w.col,
                             "contradiction: the operation belongs to the goroutine after 'after'");
        if (!scan_word(&p->s, &w))
            return scan_fail(&p->s, w.col, "goroutine expected");
        if (!parse_actor_op(p, &w, c->after, &c->op))
            return false;
        c->turn = 1;
    }
    if (next_is(p, &w, "turn")) {
        if (!scan_word(&p->s, &w) || !word_number(&w, UINT32_MAX, &turn))
            return scan_fail(&p->s, w.col, "turn: number expected");
        c->turn = (uint32_t)turn;
    }
    return parse_site(p, c) && parse_visit(p, c) && parse_value(p, c);
}

static bool same_place(const struct case_choice *a, const struct case_choice *b)
{
    return a->visit == b->visit && a->op == b->op && a->kind == b->kind && a->turn == b->turn &&
           a->rank == b->rank && strcmp(a->actor, b->actor) == 0 &&
           strcmp(a->after, b->after) == 0 && strcmp(a->function, b->function) == 0 &&
           strcmp(a->text, b->text) == 0;
}

// An execution comes to a place once, so of two choices there one could never be taken; only stores
// may drain there one after the other.
static bool first_at_its_place(struct parser *p, uint32_t col)
{
    const struct repro_case *c = p->c;

    if (c->choice[c->choices - 1].kind == SIM_DRAIN)
        return true;
    for (size_t i = 0; i + 1 < c->choices; i++)
        if (same_place(&c->choice[i], &c->choice[c->choices - 1]))
            return scan_fail(&p->s, col, "the place of choice %zu for the second time", i + 1);
    return true;
}

static bool parse_choices(struct parser *p)
{
    struct repro_case *c = p->c;

    if (!expect_key(p, "choices") || !scan_eol(&p->s))
        return false;
    while (scan_line(&p->s)) {
        if (p->s.at == p->s.begin)
            return scan_fail(&p->s, 1, "choices are indented; nothing follows them");
        if (c->choices == CASE_CHOICES)
            return scan_fail(&p->s, 1, "more than %d choices", CASE_CHOICES);
        if (c->choices == c->capacity) {
            size_t capacity = c->capacity ? 2 * c->capacity : 16;
            void *grown = realloc(c->choice, capacity * sizeof *c->choice);
            if (grown == NULL)
                return scan_fail(&p->s, 1, "out of memory");
            c->choice = grown;
            c->capacity = capacity;
        }
        c->choice[c->choices] = (struct case_choice){0};
        uint32_t col = scan_col(&p->s);
        if (!parse_choice(p, &c->choice[c->choices++]) || !first_at_its_place(p, col))
            return false;
    }
    return true;
}

static bool parse_memory(struct parser *p)
{
    char name[16] = "";
    struct word w;

    if (!expect_key(p, "memory"))
        return false;
    if (!scan_word(&p->s, &w) || !word_copy(&w, name, sizeof name) ||
        !sim_memory_by_name(name, &p->c->memory))
        return scan_fail(&p->s, w.col, "memory: sc, tso or timed expected");
    return scan_eol(&p->s);
}

static bool parse_header(struct parser *p, bool *prod)
{
    struct repro_case *c = p->c;

    if (!parse_version(p) || !one_of(p, "status", "open", "fixed", &c->fixed) || !parse_oracle(p) ||
        !parse_signature(p) || !parse_word(p))
        return false;
    if (!one_of(p, "sizes", "tiny", "prod", prod) || !parse_memory(p))
        return false;
    const struct scan mark = p->s;
    c->frozen = expect_key(p, "sysmon");
    if (!c->frozen)
        p->s = mark; // a line that may be absent
    else if (!expect_word(p, "frozen") || !scan_eol(&p->s))
        return false;
    return expect_key(p, "found") && rest_of_line(p, "found", c->found, sizeof c->found);
}

bool case_parse(struct repro_case *c, const char *text, size_t n, struct text_error *err)
{
    struct parser p = {.c = c};
    bool prod;

    *c = (struct repro_case){0};
    if (!text_acceptable(text, n, CASE_BYTES, err))
        return false;
    scan_begin(&p.s, text, n, 1, err);
    if (parse_header(&p, &prod) && parse_program(&p, prod) && parse_choices(&p))
        return true;
    case_free(c);
    return false;
}

bool case_read(struct repro_case *c, const char *path, char *error, size_t bytes)
{
    struct text_error err;
    struct stat st;
    char file[4096];
    size_t n;

    snprintf(file, sizeof file, "%s%s", path,
             stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? "/case" : "");
    char *text = text_read_file(file, CASE_BYTES, &n, error, bytes);
    if (text == NULL)
        return false;
    bool ok = case_parse(c, text, n, &err);
    free(text);
    if (!ok)
        snprintf(error, bytes, "%s:%u:%u: %s", file, err.line, err.col, err.message);
    return ok;
}
