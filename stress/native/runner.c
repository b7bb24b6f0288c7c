// SPDX-License-Identifier: Apache-2.0
//
// Runs one workload again and again on real threads under ThreadSanitizer: execution i has the seed
// of the first plus i. Standard output has one JSON object a line, each as soon as it is known, so
// that whoever reads it loses nothing when this process is killed:
//
//     {"event": "finding", oracle, signature, seed, execution, message, report}    first time
//     {"event": "progress", executions, seconds}                                   twice a second
//     {"event": "end", workload, sizes, seed, executions, seconds, goroutines, threads,
//      counts_for_races, signatures: [{oracle, signature, executions}]}
//
// Exit status: 0 nothing found, 1 findings, 2 wrong usage, bad input, no child.
#include "stress/native/runner.h"

#include <argp.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "stress/native/runner_sizes.h"
#include "stress/sim/sites.h"
#include "stress/workload/probe.h"

enum { SIGNATURES = 256 };

struct known {
    const char *oracle;
    char signature[REPORT_SIGNATURE_BYTES];
    uint64_t executions, last; // last: number of the execution that met it, from 1
    bool told;                 // it was the first of an execution
};

struct options {
    const char *file, *until;
    uint64_t executions, seed;
    double seconds, hang;
    bool same, first;
};

struct stress {
    const struct options *o;
    struct workload *w;
    struct execution *seen;
    struct run run;
    struct known known[SIGNATURES];
    uint32_t nknown;
    uint64_t executions;
    uint32_t fibers, threads; // the most of one execution
    bool failed, done;
    double begin, told;
};

static volatile bool stop;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static uint64_t seed_now(const struct stress *s)
{
    return s->o->same ? s->o->seed : s->o->seed + s->executions - 1;
}

// One line; deletes the object.
static void tell(cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);

    printf("%s\n", text ? text : "{}");
    fflush(stdout);
    free(text);
    cJSON_Delete(object);
}

static cJSON *event(const char *name)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "event", name);
    return object;
}

static void add_number(cJSON *object, const char *key, uint64_t number)
{
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    cJSON_AddRawToObject(object, key, text);
}

// Counts it; NULL when there are too many.
static struct known *count(struct stress *s, const char *oracle, const char *signature)
{
    struct known *k = s->known;

    while (k < s->known + s->nknown && strcmp(k->signature, signature) != 0)
        k++;
    if (k == s->known + SIGNATURES)
        return NULL;
    if (k == s->known + s->nknown) {
        *k = (struct known){.oracle = oracle};
        snprintf(k->signature, sizeof k->signature, "%s", signature);
        s->nknown++;
    }
    k->executions += k->last != s->executions;
    k->last = s->executions;
    return k;
}

static bool wanted(const struct stress *s, const char *signature)
{
    return s->o->until != NULL ? strcmp(signature, s->o->until) == 0 : s->o->first;
}

static void tell_finding(const struct stress *s, const struct known *k, const char *message,
                         const char *report)
{
    cJSON *o = event("finding");

    cJSON_AddStringToObject(o, "oracle", k->oracle);
    cJSON_AddStringToObject(o, "signature", k->signature);
    add_number(o, "seed", seed_now(s));
    add_number(o, "execution", s->executions);
    cJSON_AddStringToObject(o, "message", message);
    cJSON_AddStringToObject(o, "report", report);
    tell(o);
}

// The findings of one execution, in their order. As under the engine the first one is it: what
// follows may be its consequence, so it is counted, and told when an execution begins with it.
struct findings {
    struct stress *s;
    struct known *first;
    char message[256];
    FILE *report; // of the first, and what followed
};

static void found(struct findings *f, const char *oracle, const char *signature,
                  const char *message, const char *report)
{
    struct known *k = count(f->s, oracle, signature);

    f->s->done |= wanted(f->s, signature);
    if (f->first == NULL && k != NULL) {
        f->first = k;
        snprintf(f->message, sizeof f->message, "%s", message);
    } else {
        fprintf(f->report, "\nThen: %s\n", signature);
    }
    fputs(report, f->report);
}

static void take_reports(struct findings *f)
{
    const struct execution *seen = f->s->seen;
    char signature[REPORT_SIGNATURE_BYTES], message[128];

    for (uint32_t i = 0; i < seen->reports && i < REPORTS_MAX; i++) {
        const struct report *r = &seen->report[i];
        char *text = report_text(r);
        bool race = report_signature(r, signature);

        snprintf(message, sizeof message, "ThreadSanitizer: %s", r->type);
        found(f, race ? "race" : "tsan", signature, message, text);
        free(text);
    }
}

static void take_end(struct findings *f)
{
    const struct run *run = &f->s->run;
    char message[64];

    if (run->end == RUN_CRASHED) {
        found(f, "crash", run->signature, run->signature + strlen("crash: "), run->said);
    } else if (run->end == RUN_HUNG) {
        snprintf(message, sizeof message, "not over after %g s", f->s->o->hang);
        found(f, "hang", run->signature, message, run->said);
    } else if (run->end == RUN_FAILED) {
        fprintf(stderr, "no execution can be started: %s\n", run->said);
        f->s->failed = true;
    }
}

static void take(struct stress *s)
{
    char *report = NULL;
    size_t bytes = 0;
    struct findings f = {.s = s, .report = open_memstream(&report, &bytes)};

    if (f.report == NULL)
        abort();
    take_reports(&f);
    take_end(&f);
    fclose(f.report);
    if (f.first != NULL && !f.first->told) {
        f.first->told = true;
        tell_finding(s, f.first, f.message, report);
    }
    free(report);
    s->fibers = s->seen->fibers > s->fibers ? s->seen->fibers : s->fibers;
    s->threads = s->seen->threads > s->threads ? s->seen->threads : s->threads;
}

static void tell_progress(struct stress *s)
{
    if (now() - s->told < 0.5)
        return;
    s->told = now();
    cJSON *o = event("progress");
    add_number(o, "executions", s->executions);
    cJSON_AddNumberToObject(o, "seconds", s->told - s->begin);
    tell(o);
}

static void tell_end(const struct stress *s)
{
    cJSON *o = event("end");
    const struct execution most = {.fibers = s->fibers, .threads = s->threads};

    cJSON_AddStringToObject(o, "workload", s->w->name);
    cJSON_AddStringToObject(o, "sizes", runner_sizes);
    add_number(o, "seed", s->o->seed);
    add_number(o, "executions", s->executions);
    cJSON_AddNumberToObject(o, "seconds", now() - s->begin);
    add_number(o, "goroutines", s->fibers);
    add_number(o, "threads", s->threads);
    cJSON_AddBoolToObject(o, "counts_for_races", execution_shows_races(&most));
    cJSON *list = cJSON_AddArrayToObject(o, "signatures");
    for (uint32_t i = 0; i < s->nknown; i++) {
        if (!s->known[i].told && !wanted(s, s->known[i].signature))
            continue;
        cJSON *known = cJSON_CreateObject();
        cJSON_AddStringToObject(known, "oracle", s->known[i].oracle);
        cJSON_AddStringToObject(known, "signature", s->known[i].signature);
        add_number(known, "executions", s->known[i].executions);
        cJSON_AddItemToArray(list, known);
    }
    tell(o);
}

static bool over(const struct stress *s)
{
    const struct options *o = s->o;

    return stop || s->failed || s->done || (o->executions > 0 && s->executions >= o->executions) ||
           (o->seconds > 0 && now() - s->begin >= o->seconds);
}

static void stress(struct stress *s)
{
    struct run_params p = {.w = s->w, .hang = s->o->hang, .seen = s->seen};

    s->begin = s->told = now();
    while (!over(s)) {
        s->executions++;
        p.seed = seed_now(s);
        run_once(&p, &s->run);
        if (s->run.end == RUN_STOPPED)
            s->executions--;
        take(s);
        tell_progress(s);
    }
    tell_end(s);
}

// Options -------------------------------------------------------------------------------------

static const struct argp_option options[] = {
    {"executions", 'e', "N", 0, "End after so many (default 1 without --for)", 0},
    {"for", 'f', "SECONDS", 0, "End after this time", 0},
    {"seed", 's', "S", 0, "Of the first execution; the others count on (default 1)", 0},
    {"same", 'a', 0, 0, "All executions have the same seed", 0},
    {"hang", 'h', "SECONDS", 0, "An execution that takes longer hangs (default 30)", 0},
    {"first", '1', 0, 0, "End with the first finding", 0},
    {"until", 'u', "SIGNATURE", 0, "End with this finding", 0},
    {0},
};

static double seconds_of(struct argp_state *state, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != 0 || !(value > 0) || value > 1e7)
        argp_error(state, "'%s' is no number of seconds", text);
    return value;
}

static uint64_t number_of(struct argp_state *state, const char *text)
{
    char *end;

    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != 0 || errno != 0 || *text == '-')
        argp_error(state, "'%s' is no number", text);
    return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'e':
        o->executions = number_of(state, arg);
        return 0;
    case 'f':
        o->seconds = seconds_of(state, arg);
        return 0;
    case 's':
        o->seed = number_of(state, arg);
        return 0;
    case 'h':
        o->hang = seconds_of(state, arg);
        return 0;
    case 'a':
        o->same = true;
        return 0;
    case '1':
        o->first = true;
        return 0;
    case 'u':
        o->until = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file != NULL)
            argp_error(state, "one workload");
        o->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->file == NULL)
            argp_error(state, "which workload?");
        if (o->executions == 0 && o->seconds <= 0)
            o->executions = 1;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static struct workload *read_input(char *error, size_t bytes)
{
    static char text[WL_TEXT_BYTES + 1];
    size_t n = fread(text, 1, sizeof text, stdin);
    struct text_error err;
    struct workload *w = workload_parse(text, n, 1, &err);

    if (w == NULL)
        snprintf(error, bytes, "standard input:%u:%u: %s", err.line, err.col, err.message);
    return w;
}

static struct workload *workload_of(const char *file)
{
    char error[512];
    struct workload *w = strcmp(file, "-") == 0 ? read_input(error, sizeof error)
                                                : workload_read(file, error, sizeof error);

    if (w == NULL) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    if (strcmp(runner_sizes, "tiny") == 0 && w->procs > WL_PROCS_TINY) {
        fprintf(stderr, "%s: %u p's; with tiny sizes there are at most %d\n", file, w->procs,
                WL_PROCS_TINY);
        exit(2);
    }
    workload_name_actors(w, probe_actor);
    return w;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "WORKLOAD", "Runs a workload on real threads under ThreadSanitizer.",
        0,       0,     0};
    static struct stress s;
    struct options o = {.seed = 1, .hang = 30};

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    s.o = &o;
    s.w = workload_of(o.file);
    sim_sites_load();
    s.seen = mmap(NULL, sizeof *s.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s.seen == MAP_FAILED) {
        perror("runner");
        return 2;
    }
    run_init(&stop);
    stress(&s);
    workload_free(s.w);
    return s.failed ? 2 : s.nknown > 0;
}
