// SPDX-License-Identifier: Apache-2.0
//
// gauntlet hunt: options, workloads, the first and the last line. The hunt itself is in session.c.
#include "repro/hunt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/coverage.h"
#include "ci/gauntlet/engines.h"
#include "ci/gauntlet/replay_native_hunt.h"
#include "ci/gauntlet/native.h"
#include "ci/gauntlet/session.h"
#include "repro/patchbuild.h"

enum {
    OPT_STOP = 256,
    OPT_JOBS,
    OPT_FAULTS,
    OPT_COVERAGE,
    OPT_EVEN,
    OPT_TARGET,
    OPT_STATE,
    OPT_NO_CONFIRM
};

struct options {
    const char *out, *patch, *time, *state;
    char *engine[COMMAND_LIST], *target[COMMAND_LIST];
    uint32_t nengines, ntargets;
    char *workload[COMMAND_LIST], *strategy[COMMAND_LIST], *oracle[COMMAND_LIST],
        *memory[COMMAND_LIST];
    uint32_t nworkloads, nstrategies, noracles, nmemories, jobs;
    enum sim_faults_allowed faults;
    uint64_t seed, executions;
    double seconds;
    bool seed_given, stop, no_confirm, json, coverage, even;
};

static const struct argp_option options[] = {
    {"for", 'f', "TIME", 0, "How long: 60s (default), 500ms, 10m", 0},
    {"executions", 'e', "N", 0, "At most N executions", 0},
    {"seed", 's', "S", 0, "Same seed, same hunt (default: from the clock)", 0},
    {"strategy", 'S', "LIST", 0,
     "auto (default), random, pct, pct2, pct5 ..., pos, surw, burst, delay, delay4 ..., calm", 0},
    {"faults", OPT_FAULTS, "WHICH", 0,
     "Of the host, in a quarter of the executions: off; mild (default), what a correct program "
     "survives; all, refused threads and memory too",
     0},
    {"oracle", 'O', "LIST", 0, "Only these oracles (default: all)", 0},
    {"workload", 'w', "LIST", 0,
     "Names in stress/workload/files, or files (default: all of that folder that have tiny sizes)",
     0},
    {"patch", 'p', "FILE", 0,
     "Hunt in a runtime with this diff applied; cases are kept as fixed, with the diff", 0},
    {"memory", 'm', "LIST", 0,
     "Memory models: sc, tso (stores wait in buffers, as x86 has them), timed (as sc, and "
     "operations "
     "take time); default sc, both of the first without --workload and --strategy, and timed where "
     "imbalance is the only oracle",
     0},
    {"jobs", OPT_JOBS, "N", 0, "Hunt in N processes, 1 to 64 (default 1)", 0},
    {"out", 'o', "DIR", 0, "Folder for cases (default repro/cases of the checkout)", 0},
    {"engine", 'E', "LIST", 0,
     "sim (default: this program); tsan: workloads on real threads under ThreadSanitizer; "
     "libfuzzer, afl: fuzzing engines; side by side",
     0},
    {"target", OPT_TARGET, "LIST", 0, "Fuzz targets of these engines (default sched)", 0},
    {"state", OPT_STATE, "DIR", 0,
     "Where engines keep corpus and state, to go on next time (default in the cache)", 0},
    {"coverage", OPT_COVERAGE, 0, 0,
     "Tell in which surroundings goroutines changed their state, and in which they never did", 0},
    {"even", OPT_EVEN, 0, 0,
     "The same turns for all (default without --workload and --strategy: half of the time goes "
     "where it has been paying off)",
     0},
    {"no-confirm", OPT_NO_CONFIRM, 0, 0,
     "Do not try new cases on real threads (which is left out where the runner is not built)", 0},
    {"stop-at-first", OPT_STOP, 0, 0, "End with the first finding", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static uint32_t number_of_jobs(const char *text)
{
    struct word w = {text, (uint32_t)strlen(text), 1};
    uint64_t n;

    if (!word_number(&w, SESSION_JOBS, &n) || n == 0)
        exit(command_fail("--jobs: 1 to %d expected", SESSION_JOBS));
    return (uint32_t)n;
}

const char *const hunt_fault_words[] = {"off", "mild", "all", NULL};

static enum sim_faults_allowed which_faults(const char *text)
{
    for (int i = SIM_FAULTS_OFF; i <= SIM_FAULTS_ALL; i++)
        if (strcmp(text, hunt_fault_words[i]) == 0)
            return (enum sim_faults_allowed)i;
    exit(command_fail("--faults: '%s' is not known; there are: off mild all", text));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'f':
        o->seconds = command_seconds("--for", arg);
        o->time = arg;
        return 0;
    case 'e':
        o->executions = command_number("--executions", arg, UINT64_MAX);
        return 0;
    case 's':
        o->seed = command_number("--seed", arg, UINT64_MAX);
        o->seed_given = true;
        return 0;
    case 'S':
        command_list(state, o->strategy, &o->nstrategies, arg);
        return 0;
    case 'O':
        command_list(state, o->oracle, &o->noracles, arg);
        return 0;
    case 'w':
        command_list(state, o->workload, &o->nworkloads, arg);
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 'm':
        command_list(state, o->memory, &o->nmemories, arg);
        return 0;
    case OPT_FAULTS:
        o->faults = which_faults(arg);
        return 0;
    case OPT_JOBS:
        o->jobs = number_of_jobs(arg);
        return 0;
    case 'o':
        o->out = command_folder("--out", arg);
        return 0;
    case 'E':
        command_list(state, o->engine, &o->nengines, arg);
        return 0;
    case OPT_TARGET:
        command_list(state, o->target, &o->ntargets, arg);
        return 0;
    case OPT_STATE:
        o->state = command_folder("--state", arg);
        return 0;
    case OPT_COVERAGE:
        o->coverage = true;
        return 0;
    case OPT_EVEN:
        o->even = true;
        return 0;
    case OPT_NO_CONFIRM:
        o->no_confirm = true;
        return 0;
    case OPT_STOP:
        o->stop = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected '%s'", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// Engine settings --------------------------------------------------------------------------

static int set_strategies(struct options *o, struct hunt_params *p)
{
    // More than half random walk and PCT: alone, the others can need several times as long.
    enum { AUTOMATIC = 10 };
    static const char *const automatic[AUTOMATIC] = {"random", "pct2",  "random", "pos",  "random",
                                                     "pct3",   "burst", "random", "surw", "delay2"};
    static const char *list[COMMAND_LIST * AUTOMATIC];
    uint32_t named = o->nstrategies;

    for (uint32_t i = 0; i < (named ? named : 1); i++) {
        const char *name = named ? o->strategy[i] : "auto";

        if (strcmp(name, "auto") == 0) {
            for (uint32_t k = 0; k < AUTOMATIC; k++)
                list[p->nstrategies++] = automatic[k];
        } else if (sim_strategy_by_name(name) != NULL) {
            list[p->nstrategies++] = name;
        } else {
            return command_fail(
                "--strategy: '%s' is not known; there are: auto random pct pos surw burst delay "
                "calm, and pct and delay with a number up to 16, such as pct2",
                name);
        }
    }
    p->strategies = list;
    return 0;
}

// Whoever names what to hunt with gets it in equal parts.
static bool is_adaptive(const struct options *o)
{
    return !o->even && o->nworkloads == 0 && o->nstrategies == 0;
}

static int set_memories(const struct options *o, struct hunt_params *p)
{
    bool time_alone = o->noracles == 1 && strcmp(o->oracle[0], "imbalance") == 0;

    if (o->nmemories > SIM_MEMORIES)
        return command_fail("--memory: more than %d models", SIM_MEMORIES);
    p->nmemories = o->nmemories ? o->nmemories : is_adaptive(o) && !time_alone ? 2 : 1;
    p->memories[0] = time_alone ? SIM_TIMED : SIM_SC;
    p->memories[1] = SIM_TSO;
    for (uint32_t i = 0; i < o->nmemories; i++)
        if (!sim_memory_by_name(o->memory[i], &p->memories[i]))
            return command_fail("--memory: '%s' is not known; there are: sc tso timed",
                                o->memory[i]);
    return 0;
}

static bool is_timed(const struct hunt_params *p)
{
    for (uint32_t i = 0; i < p->nmemories; i++)
        if (p->memories[i] == SIM_TIMED)
            return true;
    return false;
}

static int set_oracles(const struct options *o)
{
    if (o->noracles == 0)
        return 0;
    for (const char *const *name = sim_oracle_names(); *name != NULL; name++)
        sim_oracle_enable(*name, false);
    for (uint32_t i = 0; i < o->noracles; i++) {
        if (sim_oracle_enable(o->oracle[i], true))
            continue;
        fprintf(stderr, "gauntlet: --oracle: '%s' is not known; there are:", o->oracle[i]);
        for (const char *const *name = sim_oracle_names(); *name != NULL; name++)
            fprintf(stderr, " %s", *name);
        fputc('\n', stderr);
        return EXIT_USAGE;
    }
    return 0;
}

// A fuzzing engine, on all targets.
static int add_fuzzer(const struct options *o, struct session *s, const char *name)
{
    static struct engines engines;
    char cache[PATH_MAX], error[STORE_PATH_BYTES + 256];
    uint32_t ntargets = o->ntargets ? o->ntargets : 1;

    if (o->state == NULL && patchbuild_cache(cache, error, sizeof error) != 0)
        return command_fail("%s", error);
    if (o->state == NULL)
        strncat(cache, "/fuzz", sizeof cache - strlen(cache) - 1);
    s->engines = &engines;
    for (uint32_t k = 0; k < ntargets; k++)
        if (!engines_add(&engines, name, o->ntargets ? o->target[k] : "sched",
                         o->state ? o->state : cache, o->patch))
            return command_fail("--target: too many");
    return 0;
}

static int add_native(struct options *o, struct session *s, const struct command_workloads *w)
{
    static struct native native;

    s->native = &native;
    if (!native_set(&native, o->patch) && o->nengines == 1)
        return command_fail("--engine tsan: %s", native.reason);
    native.path = w->path;
    native.oracle = o->oracle;
    native.noracles = o->noracles;
    return 0;
}

// Engines beside the hunt. *sim: this program hunts as well.
static int set_engines(struct options *o, struct session *s, const struct command_workloads *w,
                       bool *sim)
{
    int status = 0;

    *sim = o->nengines == 0;
    for (uint32_t i = 0; i < o->nengines && status == 0; i++) {
        const char *name = o->engine[i];

        if (strcmp(name, "sim") == 0)
            *sim = true;
        else if (strcmp(name, "tsan") == 0)
            status = add_native(o, s, w);
        else if (strcmp(name, "libfuzzer") == 0 || strcmp(name, "afl") == 0)
            status = add_fuzzer(o, s, name);
        else
            status = command_fail("--engine: '%s' is not known; there are: sim tsan libfuzzer afl",
                                  name);
    }
    return status;
}

// A name that is a file is told as others have it.
static void print_list(FILE *out, const char *option, char *const *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bool file = strchr(list[i], '/') != NULL || access(list[i], F_OK) == 0;
        char *name = file ? command_public(list[i]) : strdup(list[i]);

        fprintf(out, "%s%s%s", i == 0 ? " " : ",", i == 0 ? option : "", i == 0 ? " " : "");
        fputs(name ? name : "?", out);
        free(name);
    }
}

// The command that finds this again, as it was typed but for its order, and for paths outside the
// checkout. What says only how it is told (--json) or where it is kept (--out) is left out.
static void print_command(const struct options *o, FILE *out)
{
    fprintf(out, "hunt --seed %llu", (unsigned long long)o->seed);
    if (o->patch != NULL) {
        char *patch = command_public(o->patch);
        fprintf(out, " --patch %s", patch ? patch : "?");
        free(patch);
    }
    if (o->time != NULL)
        fprintf(out, " --for %s", o->time);
    if (o->executions > 0)
        fprintf(out, " --executions %llu", (unsigned long long)o->executions);
    if (o->nworkloads > 0)
        print_list(out, "--workload", o->workload, o->nworkloads);
    print_list(out, "--engine", o->engine, o->nengines);
    print_list(out, "--target", o->target, o->ntargets);
    print_list(out, "--strategy", o->strategy, o->nstrategies);
    print_list(out, "--memory", o->memory, o->nmemories);
    print_list(out, "--oracle", o->oracle, o->noracles);
    if (o->faults != SIM_FAULTS_MILD)
        fprintf(out, " --faults %s", hunt_fault_words[o->faults]);
    if (o->jobs > 0)
        fprintf(out, " --jobs %u", o->jobs);
    if (o->even)
        fputs(" --even", out);
    if (o->stop)
        fputs(" --stop-at-first", out);
}

static void command_line(const struct options *o, char *text, size_t bytes)
{
    char *whole = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&whole, &n);

    print_command(o, out);
    fclose(out);
    snprintf(text, bytes, "%s", whole);
    if (n >= bytes)
        memcpy(text + bytes - 5, " ...", 5);
    free(whole);
    for (char *c = text; *c;) { // what a case may not hold
        size_t length = (unsigned char)*c < ' ' || *c == 0x7f ? 0 : utf8_character(c, strlen(c));

        if (length == 0)
            *c = '?';
        c += length ? length : 1;
    }
}

// Result -----------------------------------------------------------------------------------

static bool is_first(const char *const *list, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(list[k], list[i]) == 0)
            return false;
    return true;
}

static void first_line(const struct options *o, const struct session *s, uint32_t left_out)
{
    FILE *out = o->json ? stderr : stdout;
    const struct hunt_params *p = &s->params;
    uint32_t different = 0, told = 0;

    for (uint32_t i = 0; i < p->nstrategies; i++)
        different += is_first(p->strategies, i);
    fprintf(out, "seed %llu, commit %s, sizes %s%s; %u workload%s", (unsigned long long)o->seed,
            command_commit(), command_sizes, o->patch ? ", patched" : "", p->nworkloads,
            command_s(p->nworkloads));
    if (left_out > 0)
        fprintf(out, " (%u of other sizes left out)", left_out);
    fprintf(out, ", strateg%s ", different == 1 ? "y" : "ies");
    for (uint32_t i = 0; i < p->nstrategies; i++)
        if (is_first(p->strategies, i))
            fprintf(out, "%s%s", told++ ? ", " : "", p->strategies[i]);
    for (uint32_t i = 0; i < p->nmemories && (o->nmemories > 0 || p->nmemories > 1); i++)
        fprintf(out, "%s%s", i ? ", " : "; memory ", sim_memory_names[p->memories[i]]);
    fputc('\n', out);
    fflush(out);
}

static void print_json(const struct options *o, const struct session *s)
{
    cJSON *object = cJSON_CreateObject();
    char seed[32];

    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    cJSON_AddRawToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, "commit", command_commit());
    cJSON_AddStringToObject(object, "sizes", command_sizes);
    cJSON_AddNumberToObject(object, "executions", (double)s->stats.executions);
    cJSON_AddNumberToObject(object, "points", (double)s->stats.points);
    cJSON_AddNumberToObject(object, "limited", (double)s->stats.limited);
    cJSON_AddNumberToObject(object, "seconds", s->stats.seconds);
    cJSON_AddBoolToObject(object, "stopped", command_stopped != 0);
    cJSON_AddItemToObject(object, "findings", s->findings);
    if (s->engines != NULL || s->native != NULL) {
        cJSON *engines = s->engines != NULL ? engines_json(s->engines) : cJSON_CreateArray();

        if (s->native != NULL)
            cJSON_AddItemToArray(engines, native_json(s));
        cJSON_AddItemToObject(object, "engines", engines);
    }
    if (s->params.coverage != NULL)
        cJSON_AddItemToObject(object, "coverage", coverage_json(&s->params));
    command_print_json(object);
}

static int finish(const struct options *o, const struct session *s)
{
    if (!o->json && s->params.coverage != NULL)
        coverage_print(&s->params, stdout);
    if (o->json)
        print_json(o, s);
    else
        printf("%s%u found in %llu execution%s, %llu point%s, %.1f s%s\n", s->finds ? "\n" : "",
               s->finds, (unsigned long long)s->stats.executions, command_s(s->stats.executions),
               (unsigned long long)s->stats.points, command_s(s->stats.points), s->stats.seconds,
               command_stopped ? " (stopped)" : "");
    if (s->engines != NULL)
        engines_tell(s->engines, o->json ? stderr : stdout);
    if (s->native != NULL)
        native_tell(s, o->json ? stderr : stdout);
    if (s->stats.limited > 0)
        fprintf(stderr, "gauntlet: %llu execution%s cut off at the limit of points\n",
                (unsigned long long)s->stats.limited, s->stats.limited == 1 ? " was" : "s were");
    if (s->died || s->unsaved)
        return EXIT_USAGE;
    return s->finds ? EXIT_FINDINGS : EXIT_NOTHING;
}

// As many jobs of this program and on real threads, where there are both.
static void set_jobs(const struct options *o, struct session *s, bool sim)
{
    bool native = s->native != NULL && s->native->runner[0] != 0;
    uint32_t jobs = o->jobs ? o->jobs : 1, most = sim && native ? SESSION_JOBS / 2 : SESSION_JOBS;

    if (jobs > most)
        jobs = most;
    if (o->executions > 0 && o->executions < jobs) // a job without any would have no limit
        jobs = (uint32_t)o->executions;
    s->jobs = sim ? jobs : 0;
    if (native)
        s->native->jobs = jobs;
}

static void set_limits(struct options *o, struct session *s, char *found_by, bool sim)
{
    if (!o->seed_given) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        o->seed = ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000) % 1000000000;
    }
    command_line(o, found_by, CASE_COMMAND_BYTES);
    s->params.found_by = found_by;
    s->params.seed = o->seed;
    s->params.faults = o->faults;
    s->params.executions = o->executions;
    s->params.seconds = o->seconds > 0 || o->executions > 0 ? o->seconds : 60;
    s->params.adaptive = is_adaptive(o);
    s->params.stop_at_first = o->stop;
    s->params.stop = &command_stopped;
    set_jobs(o, s, sim);
    if (s->engines != NULL)
        s->engines->seed = o->seed;
    s->out = o->out;
    s->patch = o->patch;
    s->confirm = !o->no_confirm && confirm_possible();
    s->json = o->json;
    s->progress = isatty(2);
    s->findings = o->json ? cJSON_CreateArray() : NULL;
}

int command_hunt(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "",
        "Hunts: runs the workloads under many schedules, and makes each finding a small "
        "case that replays. Exit status 1 when something was found.",
        0,
        0,
        0};
    struct command_workloads workloads;
    char out[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 256], found_by[CASE_COMMAND_BYTES];
    struct options o = {.out = out, .faults = SIM_FAULTS_MILD};
    struct session s = {0};
    bool sim;
    int status;

    snprintf(out, sizeof out, "%s/repro/cases", command_root());
    command_parse(&argp, argc, argv, &o);
    status = set_memories(&o, &s.params);
    if (status == 0 &&
        !command_workloads(o.workload, o.nworkloads, is_timed(&s.params), &workloads))
        status = EXIT_USAGE;
    if (status == 0)
        status = set_strategies(&o, &s.params);
    if (status == 0)
        status = set_oracles(&o);
    if (status == 0 && o.patch != NULL) // before anything is written
        status = command_check_patch(workloads.w[0]->prod, o.patch);
    if (status == 0 && !store_writable(o.out, error, sizeof error))
        status = command_fail("cases cannot be saved: %s (--out names another folder)", error);
    if (status == 0)
        status = command_become(workloads.w[0]->prod, o.patch, argv);
    if (status != 0)
        return status;
    s.params.workloads = workloads.w;
    s.params.nworkloads = workloads.n;
    status = set_engines(&o, &s, &workloads, &sim);
    if (status != 0)
        return status;
    set_limits(&o, &s, found_by, sim);
    if (o.coverage)
        s.params.coverage = coverage_new(s.params.nworkloads);
    first_line(&o, &s, workloads.left_out);
    session_run(&s);
    status = finish(&o, &s);
    free(s.params.coverage);
    command_workloads_free(&workloads);
    return status;
}
