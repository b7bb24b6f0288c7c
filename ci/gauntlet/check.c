// SPDX-License-Identifier: Apache-2.0
//
// gauntlet check: all schedules of one workload, bound by bound, and a statement of what that says.
#include "repro/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/session.h"

enum { OPT_BOUND = 'b', OPT_AT = 'a', BOUND_DEFAULT = 2 };

struct options {
    const char *workload, *out, *patch, *time, *at;
    enum sim_memory memory;
    uint32_t bound;
    double seconds;
    bool json;
};

static const struct argp_option options[] = {
    {"bound", OPT_BOUND, "N", 0, "Up to N preemptions (default 2); with tso, held stores count too",
     0},
    {"at", OPT_AT, "PLACE,...", 0,
     "Preempt only before operations in these functions, files or folders (default: anywhere)", 0},
    {"for", 'f', "TIME", 0, "How long at most: 60s, 500ms, 10m (default: until it is done)", 0},
    {"memory", 'm', "MODEL", 0, "sc (default) or tso", 0},
    {"patch", 'p', "FILE", 0, "Check a runtime with this diff applied", 0},
    {"out", 'o', "DIR", 0, "Folder for a case (default repro/cases of the checkout)", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPT_BOUND:
        o->bound = (uint32_t)command_number("--bound", arg, SIM_EXPLORE_BOUND_MAX);
        return 0;
    case OPT_AT:
        o->at = arg;
        return 0;
    case 'f':
        o->seconds = command_seconds("--for", arg);
        o->time = arg;
        return 0;
    case 'm':
        if (!sim_memory_by_name(arg, &o->memory) || o->memory > SIM_TSO)
            exit(command_fail("--memory: '%s' is not known; there are: sc tso", arg));
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 'o':
        o->out = command_folder("--out", arg);
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->workload != NULL)
            argp_error(state, "unexpected '%s'", arg);
        o->workload = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->workload == NULL)
            argp_error(state, "a workload expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// Telling ----------------------------------------------------------------------------------

struct telling {
    const struct options *o;
    const char *name; // of the workload
    struct session session;
    cJSON *bounds;
    struct check_bound last, complete; // complete.done: there is one
};

static void clear_line(const struct telling *t)
{
    if (t->session.progress)
        fputs("\r\033[K", stderr);
}

static void on_progress(const struct check_bound *b, double seconds, void *arg)
{
    const struct telling *t = arg;

    if (!t->session.progress)
        return;
    fprintf(stderr, "\r\033[K%6.1f s  bound %u, pass %u: %llu executions, %llu states", seconds,
            b->bound, b->explored.pass, (unsigned long long)b->explored.executions,
            (unsigned long long)b->explored.states);
    fflush(stderr);
}

static void note_bound(struct telling *t, const struct check_bound *b)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "bound", b->bound);
    cJSON_AddNumberToObject(o, "schedules", (double)b->explored.executions);
    cJSON_AddNumberToObject(o, "left_early", (double)b->explored.met);
    cJSON_AddNumberToObject(o, "cut_off", (double)b->explored.limited);
    cJSON_AddNumberToObject(o, "states", (double)b->explored.states);
    cJSON_AddNumberToObject(o, "passes", b->explored.pass);
    cJSON_AddNumberToObject(o, "executions", (double)b->executions);
    cJSON_AddNumberToObject(o, "points", (double)b->points);
    cJSON_AddNumberToObject(o, "seconds", b->seconds);
    cJSON_AddBoolToObject(o, "done", b->done);
    cJSON_AddBoolToObject(o, "all", b->whole);
    cJSON_AddItemToArray(t->bounds, o);
}

static void on_bound(const struct check_bound *b, void *arg)
{
    struct telling *t = arg;

    t->last = *b;
    if (b->done)
        t->complete = *b;
    clear_line(t);
    if (t->o->json) {
        note_bound(t, b);
        return;
    }
    printf("bound %-3u %9llu schedules (%llu left early), %.1f s%s\n", b->bound,
           (unsigned long long)b->explored.executions, (unsigned long long)b->explored.met,
           b->seconds, b->done ? "" : ", not finished");
    fflush(stdout);
}

static void on_find(struct hunt_find *f, void *arg)
{
    struct telling *t = arg;

    clear_line(t);
    session_find(&t->session, f);
}

static void statement(const struct telling *t, char *text, size_t bytes)
{
    const struct check_bound *c = &t->complete, *last = &t->last;
    char within[320] = "";
    size_t n = 0;

    if (!c->whole)
        n = (size_t)snprintf(within, sizeof within, " with at most %u preemption%s", c->bound,
                             command_s(c->bound));
    if (t->o->at != NULL)
        snprintf(within + n, sizeof within - n, c->whole ? " with preemptions in %s" : " in %s",
                 t->o->at);
    n = 0;
    if (c->done)
        n = (size_t)snprintf(text, bytes, "%s: all schedules%s explored (%llu run), none fails",
                             t->name, within, (unsigned long long)c->explored.executions);
    else
        n = (size_t)snprintf(text, bytes, "%s: no bound explored to its end", t->name);
    if (last->done || t->session.finds > 0)
        return;
    n += (size_t)snprintf(text + n, bytes - n, "; of those with at most %u, %llu run, none fails",
                          last->bound, (unsigned long long)last->explored.executions);
    if (last->explored.limited > 0)
        snprintf(text + n, bytes - n, ", %llu cut off at the limit of points",
                 (unsigned long long)last->explored.limited);
}

static void print_json(const struct telling *t, const struct check_result *r, const char *said)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "workload", t->name);
    cJSON_AddStringToObject(object, "commit", command_commit());
    cJSON_AddStringToObject(object, "memory", sim_memory_names[t->o->memory]);
    if (t->o->at != NULL)
        cJSON_AddStringToObject(object, "at", t->o->at);
    cJSON_AddItemToObject(object, "bounds", t->bounds);
    if (t->complete.done)
        cJSON_AddNumberToObject(object, "complete", t->complete.bound);
    else
        cJSON_AddNullToObject(object, "complete");
    cJSON_AddBoolToObject(object, "all", t->complete.whole);
    cJSON_AddStringToObject(object, "statement", said);
    cJSON_AddNumberToObject(object, "executions", (double)r->executions);
    cJSON_AddNumberToObject(object, "points", (double)r->points);
    cJSON_AddNumberToObject(object, "seconds", r->seconds);
    cJSON_AddBoolToObject(object, "stopped", r->stopped);
    cJSON_AddItemToObject(object, "findings", t->session.findings);
    command_print_json(object);
}

static int finish(const struct telling *t, const struct check_result *r)
{
    char said[768];

    statement(t, said, sizeof said);
    if (t->o->json)
        print_json(t, r, said);
    else
        printf("%s%s%s\n", t->session.finds > 0 ? "\n" : "", said, r->stopped ? " (stopped)" : "");
    if (t->session.unsaved)
        return EXIT_USAGE;
    return t->session.finds > 0 ? EXIT_FINDINGS : EXIT_NOTHING;
}

// Running ----------------------------------------------------------------------------------

static bool on_known(const char *signature, void *arg)
{
    const struct telling *t = arg;
    char path[STORE_PATH_BYTES];

    return store_find(t->o->out, signature, t->o->patch, path);
}

static void command_line(const struct options *o, char *text, size_t bytes)
{
    char *workload = command_public(o->workload),
         *patch = o->patch ? command_public(o->patch) : NULL;

    snprintf(text, bytes, "check %s --bound %u%s%s%s%s%s%s%s%s", workload ? workload : "?",
             o->bound, o->at ? " --at " : "", o->at ? o->at : "",
             o->memory == SIM_SC ? "" : " --memory ",
             o->memory == SIM_SC ? "" : sim_memory_names[o->memory], o->time ? " --for " : "",
             o->time ? o->time : "", patch ? " --patch " : "", patch ? patch : "");
    free(workload);
    free(patch);
}

// Whether the site lies in the file or folder (a part of its path), or a frame is the function.
static bool lies_in(const struct sim_site *s, const char *place, size_t n)
{
    for (const char *part = s->file; part != NULL; part = strchr(part, '/')) {
        part += part[0] == '/';
        if (strncmp(part, place, n) == 0 && (part[n] == '/' || part[n] == 0))
            return true;
    }
    for (const char *frame = s->function; *frame != 0; frame += frame[0] == '<') {
        size_t length = strcspn(frame, "<");

        if (length == n && strncmp(frame, place, n) == 0)
            return true;
        frame += length;
    }
    return false;
}

// The sites in the places of --at, owned by the caller; each place has some, or the program ends.
static bool *find_places(const char *at)
{
    bool *places = calloc(sim_site_count(), sizeof *places);

    for (const char *place = at; places != NULL && *place != 0; place += *place == ',') {
        size_t n = strcspn(place, ",");
        bool any = false;

        for (uint32_t id = SIM_SITE_HOST + 1; id < sim_site_count(); id++) {
            bool in = lies_in(sim_site(id), place, n);
            places[id] |= in;
            any |= in;
        }
        if (!any)
            exit(command_fail("--at: no shared operation lies in '%.*s'", (int)n, place));
        place += n;
    }
    return places;
}

static void run(const struct options *o, struct workload *w, struct telling *t,
                struct check_result *r)
{
    char found_by[CASE_COMMAND_BYTES];
    trial_init(); // it knows the sites
    bool *places = o->at != NULL ? find_places(o->at) : NULL;
    const struct check_params params = {.w = w,
                                        .memory = o->memory,
                                        .bound = o->bound,
                                        .places = places,
                                        .seconds = o->seconds,
                                        .told = on_bound,
                                        .progress = on_progress,
                                        .hunt = {.found_by = found_by,
                                                 .stop = &command_stopped,
                                                 .known = on_known,
                                                 .find = on_find,
                                                 .arg = t}};

    command_line(o, found_by, sizeof found_by);
    fprintf(o->json ? stderr : stdout,
            "%s, commit %s, sizes %s%s, memory %s; sysmon %s, no faults, host_random 0\n", w->name,
            command_commit(), command_sizes, o->patch ? ", patched" : "",
            sim_memory_names[o->memory], w->sysmon_needed ? "ticks" : "frozen");
    fflush(stdout);
    check(&params, r);
    free(places);
}

int command_check(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "WORKLOAD",
        "Runs all schedules of a small workload, first those without a preemption, then those with "
        "one, and so on, and says how far it came. WORKLOAD is a file, or a name in "
        "stress/workload/checks or files. What is claimed exactly: docs/simulation.md. Exit status "
        "1 when something was "
        "found.",
        0,
        0,
        0};
    char out[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 256];
    struct options o = {.out = out, .bound = BOUND_DEFAULT};
    struct check_result result;
    int status = 0;

    snprintf(out, sizeof out, "%s/repro/cases", command_root());
    command_parse(&argp, argc, argv, &o);
    struct workload *w = command_workload(o.workload);
    if (w == NULL)
        return EXIT_USAGE;
    if (o.patch != NULL)
        status = command_check_patch(w->prod, o.patch);
    if (status == 0 && !store_writable(o.out, error, sizeof error))
        status = command_fail("cases cannot be saved: %s (--out names another folder)", error);
    if (status == 0)
        status = command_become(w->prod, o.patch, argv);
    if (status == 0) {
        struct telling t = {.o = &o, .name = w->name};
        t.session = (struct session){.out = o.out,
                                     .patch = o.patch,
                                     .json = o.json,
                                     .progress = isatty(2),
                                     .findings = o.json ? cJSON_CreateArray() : NULL};
        t.bounds = o.json ? cJSON_CreateArray() : NULL;
        run(&o, w, &t, &result);
        status = finish(&t, &result);
    }
    workload_free(w);
    return status;
}
