// SPDX-License-Identifier: Apache-2.0
//
// gauntlet bench: measures, and prints each figure beside its goal and its peer. Exit status 1 when
// a goal is missed or a row could not be measured.
#include "ci/gauntlet/bench.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

static const struct group {
    const char *name;
    bool (*run)(struct bench *b);
    bool on_demand; // takes minutes: only when named, or with --long
} groups[] = {
    {"engine", bench_engine, false}, {"native", bench_native, false},
    {"switch", bench_switch, false}, {"sync", bench_sync, false},
    {"heap", bench_heap, false},     {"heap_large", bench_heap_large, true},
    {"net", bench_net, false},       {"http", bench_http, true},
    {"replay", bench_replay, false}, {"bank", bench_bank, true},
};
enum { GROUPS = sizeof groups / sizeof groups[0], REPLAYS = 20, REPLAYS_LONG = 1000, SEEDS = 10 };

struct bench_command {
    struct bench bench; // first: the groups hand it back
    bool wanted[GROUPS], named, at_length, json;
    cJSON *results; // array, when json
    uint32_t rows, bad;
};

static void parse_group(struct bench_command *c, const char *name, struct argp_state *state)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i].name, name) == 0) {
            c->wanted[i] = c->named = true;
            return;
        }
    argp_error(state,
               "'%s' is not a group of figures: engine, native, switch, sync, heap, heap_large, "
               "net, http, replay, bank",
               name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bench_command *c = state->input;

    switch (key) {
    case 'l':
        c->at_length = true;
        return 0;
    case 't':
        c->bench.slice_seconds = command_seconds("--slice", arg);
        return 0;
    case 'n':
        c->bench.slices = (uint32_t)command_number("--slices", arg, SAMPLES_MAX);
        return 0;
    case 'r':
        c->bench.replays = (uint32_t)command_number("--replays", arg, SAMPLES_MAX);
        return 0;
    case 's':
        c->bench.seeds = (uint32_t)command_number("--seeds", arg, SAMPLES_MAX);
        return 0;
    case 'c':
        c->bench.cases = arg;
        return 0;
    case 'j':
        c->json = true;
        return 0;
    case ARGP_KEY_ARG:
        parse_group(c, arg, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool missed(const struct figure *f)
{
    const struct samples *s = &f->samples;

    if (s->n == 0)
        return true;
    double low = f->every ? samples_least(s) : samples_median(s);
    double high = f->every ? samples_most(s) : samples_median(s);
    return (f->least > 0 && low < f->least) || (f->most > 0 && high > f->most);
}

static void add_number(cJSON *o, const char *key, bool known, double value)
{
    if (known)
        cJSON_AddNumberToObject(o, key, value);
    else
        cJSON_AddNullToObject(o, key);
}

static void note(cJSON *results, const struct figure *f)
{
    const struct samples *s = &f->samples;
    cJSON *o = cJSON_CreateObject(), *goal;

    cJSON_AddStringToObject(o, "name", s->name);
    add_number(o, "value", s->n > 0, s->n ? samples_median(s) : 0);
    cJSON_AddStringToObject(o, "unit", s->unit);
    add_number(o, "least", s->n > 0, s->n ? samples_least(s) : 0);
    add_number(o, "most", s->n > 0, s->n ? samples_most(s) : 0);
    cJSON_AddNumberToObject(o, "samples", s->n);
    if (f->least > 0 || f->most > 0) {
        cJSON_AddItemToObject(o, "goal", goal = cJSON_CreateObject());
        add_number(goal, "least", f->least > 0, f->least);
        add_number(goal, "most", f->most > 0, f->most);
    } else {
        cJSON_AddNullToObject(o, "goal");
    }
    cJSON_AddBoolToObject(o, "missed", missed(f));
    if (f->peer != NULL)
        cJSON_AddStringToObject(o, "peer", f->peer);
    else
        cJSON_AddNullToObject(o, "peer");
    add_number(o, "peer_value", f->peer != NULL, f->peer_value);
    add_number(o, "reference", f->reference > 0, f->reference);
    add_number(o, "ratio", f->peer != NULL && s->n > 0,
               s->n ? samples_median(s) / f->peer_value : 0);
    cJSON_AddItemToArray(results, o);
}

// At most four digits that mean something, and no exponent.
static const char *digits(double value, char *text, size_t bytes)
{
    double size = value < 0 ? -value : value;
    int places = size >= 100 ? 0 : size >= 10 ? 1 : 2;

    snprintf(text, bytes, "%.*f", value == (double)(long long)value ? 0 : places, value);
    return text;
}

// The goal in words; "" for none.
static const char *goal_text(const struct figure *f, char *text, size_t bytes)
{
    char a[32], b[32];

    text[0] = 0;
    if (f->least > 0 && f->most > 0)
        snprintf(text, bytes, "%s to %s", digits(f->least, a, sizeof a),
                 digits(f->most, b, sizeof b));
    else if (f->least > 0 || f->most > 0)
        snprintf(text, bytes, "at %s %s", f->least > 0 ? "least" : "most",
                 digits(f->least > 0 ? f->least : f->most, a, sizeof a));
    return text;
}

// Names come last: those of cases and bugs are long.
static void show(const struct figure *f)
{
    const struct samples *s = &f->samples;
    char a[32], b[32], range[80] = "", goal[80];

    if (s->n > 1)
        snprintf(range, sizeof range, "[%s..%s]", digits(samples_least(s), a, sizeof a),
                 digits(samples_most(s), b, sizeof b));
    printf("%10s %-7s %-18s %-17s %-7s %s", s->n ? digits(samples_median(s), a, sizeof a) : "-",
           s->unit, range, goal_text(f, goal, sizeof goal),
           !missed(f) ? ""
           : s->n     ? "MISSED"
                      : "NONE",
           s->name);
    if (f->peer != NULL && s->n > 0)
        printf("  (%s: %s, ratio %.2f)", f->peer, digits(f->peer_value, a, sizeof a),
               samples_median(s) / f->peer_value);
    if (f->reference > 0)
        printf("  (reference %s)", digits(f->reference, a, sizeof a));
    printf("\n");
    fflush(stdout);
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

static void on_row(struct bench *b, const struct figure *f)
{
    struct bench_command *c = (struct bench_command *)b;

    clear_progress();
    c->rows++;
    c->bad += missed(f);
    if (c->json)
        note(c->results, f);
    else
        show(f);
}

static void on_progress(struct bench *b, const char *what)
{
    (void)b;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kmeasuring %s ...", what);
}

// What the figures depend on besides the code.
static void show_machine(void)
{
    double load = 0;

    if (getloadavg(&load, 1) != 1)
        load = 0;
    printf("commit %s, the engine in sizes %s; %ld processors, load %.1f\n", command_commit(),
           command_sizes, sysconf(_SC_NPROCESSORS_ONLN), load);
    printf("%10s %-7s %-18s %-17s\n", "median", "", "[least..most]", "goal");
    fflush(stdout);
}

static bool run_groups(struct bench_command *c)
{
    bool ok = true;

    for (size_t i = 0; i < GROUPS && !command_stopped; i++)
        if (c->named ? c->wanted[i] : c->at_length || !groups[i].on_demand)
            ok &= groups[i].run(&c->bench);
    clear_progress();
    return ok;
}

int command_bench(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"long", 'l', 0, 0, "All groups, and each case replayed 1000 times", 0},
        {"slice", 't', "TIME", 0, "Length of one measurement (default 200ms)", 0},
        {"slices", 'n', "N", 0, "Measurements a figure (default 5)", 0},
        {"replays", 'r', "N", 0, "Fresh processes a case (default 20)", 0},
        {"seeds", 's', "N", 0, "Hunts a known bug (default 10)", 0},
        {"cases", 'c', "DIR", 0, "Cases to replay (default repro/cases)", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "[GROUP...]",
        "Measures the engine, the native scheduler, allocator and collector, timers and "
        "descriptors, the replay of the "
        "saved cases, and (when named, or with --long) a heap of gigabytes, a server under load "
        "and "
        "how surely the known bugs are found: groups engine, native, switch, sync, heap, net, "
        "replay; "
        "heap_large, http, bank. "
        "Median of the samples, least and most in brackets. Exit status 1 when a goal is missed.",
        0,
        0,
        0};
    struct bench_command c = {
        .bench = {.slice_seconds = 0.2, .slices = 5, .seeds = SEEDS, .add = on_row}};
    char cases[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &c);
    snprintf(cases, sizeof cases, "%s/repro/cases", command_root());
    if (c.bench.cases == NULL)
        c.bench.cases = cases;
    if (c.bench.replays == 0)
        c.bench.replays = c.at_length ? REPLAYS_LONG : REPLAYS;
    if (c.bench.slices == 0 || c.bench.seeds == 0)
        return command_fail("--slices, --seeds: at least 1");
    c.bench.progress = on_progress;
    c.results = cJSON_CreateArray();
    if (!c.json)
        show_machine();
    bool ok = run_groups(&c);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "results", c.results);
    if (c.json) {
        command_print_json(object);
    } else {
        printf("%u of %u figures reach their goal%s\n", c.rows - c.bad, c.rows,
               command_stopped ? " (stopped)" : "");
        cJSON_Delete(object);
    }
    return !ok ? EXIT_USAGE : c.bad ? EXIT_FINDINGS : EXIT_NOTHING;
}
