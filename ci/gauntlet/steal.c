// SPDX-License-Identifier: Apache-2.0
//
// gauntlet steal: how evenly p's run goroutines, how often stealing finds something, how long a
// ready goroutine waits, and how many lines of the cache move, natively and in timed simulation.
// What is measured how stands in docs/scheduler.md. Exit status 0 when all was measured, whatever
// came of it.
#include "ci/gauntlet/steal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

enum {
    RUNS_MAX = 32,
    NATIVE = 1,
    SIM = 2,
    OPT_VIRTUAL = 256,
    OPT_PROCS,
    OPT_RATE,
    OPT_BUSY,
    OPT_SVG,
    OPT_PATCH
};
// What is aimed at, for each p and for all attempts.
static const double aim_deviation_pct = 10, aim_success_pct = 85;

struct steal_command {
    struct steal_asked asked;
    double native_seconds, virtual_seconds;
    int32_t procs[RUNS_MAX];
    uint32_t nprocs, hosts; // hosts: bits
    const char *svg, *patch;
    bool json;
    struct steal_run runs[RUNS_MAX + 1];
    uint32_t n;
};

static void parse_procs(struct argp_state *state, struct steal_command *c, const char *text)
{
    char *list[COMMAND_LIST];
    uint32_t n = 0;

    command_list(state, list, &n, text);
    c->nprocs = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t procs = command_number("--procs", list[i], STEAL_PROCS);

        if (procs == 0 || c->nprocs == RUNS_MAX)
            exit(command_fail("--procs: up to %d numbers from 1 to %d expected", RUNS_MAX,
                              STEAL_PROCS));
        c->procs[c->nprocs++] = (int32_t)procs;
    }
}

static void parse_hosts(struct argp_state *state, struct steal_command *c, const char *text)
{
    char *list[COMMAND_LIST];
    uint32_t n = 0;

    command_list(state, list, &n, text);
    c->hosts = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(list[i], "native") != 0 && strcmp(list[i], "sim") != 0)
            exit(command_fail("--host: '%s' is not known; there are: native sim", list[i]));
        c->hosts |= *list[i] == 'n' ? NATIVE : SIM;
    }
}

static double seconds_of(const char *option, const char *text, double most)
{
    double seconds = command_seconds(option, text);

    if (seconds <= 0 || seconds > most)
        exit(command_fail("%s: more than 0 and at most %.0f s expected", option, most));
    return seconds;
}

static uint64_t positive(const char *option, const char *text, uint64_t most)
{
    uint64_t n = command_number(option, text, most);

    if (n == 0)
        exit(command_fail("%s: at least 1 expected", option));
    return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct steal_command *c = state->input;

    switch (key) {
    case 'f':
        c->native_seconds = seconds_of("--for", arg, 3600);
        return 0;
    case OPT_VIRTUAL:
        c->virtual_seconds = seconds_of("--virtual", arg, 60);
        return 0;
    case OPT_PROCS:
        parse_procs(state, c, arg);
        return 0;
    case 'H':
        parse_hosts(state, c, arg);
        return 0;
    case OPT_RATE:
        c->asked.requests_a_second = positive("--rate", arg, 10000000);
        return 0;
    case OPT_BUSY:
        c->asked.busy = (double)positive("--busy", arg, 99) / 100;
        return 0;
    case 's':
        c->asked.seed = command_number("--seed", arg, UINT64_MAX);
        return 0;
    case OPT_SVG:
        c->svg = arg;
        return 0;
    case OPT_PATCH:
        c->patch = arg;
        return 0;
    case 'j':
        c->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected '%s'", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static double success_pct(const struct steal_run *r)
{
    return r->attempts > 0 ? 100.0 * (double)r->successes / (double)r->attempts : 0;
}

// Output ----------------------------------------------------------------------------------------

static void show_head(const struct steal_command *c)
{
    double load = 0;

    if (getloadavg(&load, 1) != 1)
        load = 0;
    printf("commit %s%s; %ld processors, load %.1f; seed %llu, %llu requests/s, p's %.0f %% busy\n",
           command_commit(), c->patch ? ", patched" : "", sysconf(_SC_NPROCESSORS_ONLN), load,
           (unsigned long long)c->asked.seed, (unsigned long long)c->asked.requests_a_second,
           c->asked.busy * 100);
    printf("%-9s %5s %7s | %9s %7s %7s %6s | %10s %8s | %8s %8s %8s | %6s %6s\n", "", "", "",
           "run by a", "worst", "", "", "steal", "success", "wake p50", "p95", "p99", "lines",
           "inval.");
    printf("%-9s %5s %7s | %9s %7s %7s %6s | %10s %8s | %8s %8s %8s | %6s %6s\n", "host", "p's",
           "seconds", "p, mean", "above", "below", "cv", "attempts", "", "us", "us", "us",
           "/gorout", "/gorout");
    printf("%-9s %5s %7s | %9s %7s %7s %6s | %10s %8s | %8s %8s %8s |\n", "reference", "", "",
           "1250", "+38 %", "-62 %", "", "", "41.7 %", "", "", "");
    fflush(stdout);
}

static const char *missed(const struct steal_run *r)
{
    bool deviates = r->above_pct > aim_deviation_pct || r->below_pct > aim_deviation_pct;
    bool fails = r->attempts > 0 && success_pct(r) < aim_success_pct;

    return deviates && fails ? "  MISSED: both"
           : deviates        ? "  MISSED: deviation"
           : fails           ? "  MISSED: success"
                             : "";
}

static void show(const struct steal_run *r)
{
    char transfers[16] = "", invalidations[16] = "";

    if (strcmp(r->host, "sim") == 0) {
        snprintf(transfers, sizeof transfers, "%.1f", r->transfers);
        snprintf(invalidations, sizeof invalidations, "%.1f", r->invalidations);
    }
    printf("%-9s %5d %7.3g | %9.0f %+5.1f %% %+5.1f %% %6.3f | %10llu %6.1f %% | %8.1f %8.1f %8.1f "
           "| %6s %6s%s%s\n",
           r->host, r->procs, r->seconds, r->mean, r->above_pct, -r->below_pct, r->cv,
           (unsigned long long)r->attempts, success_pct(r), r->p50_ns / 1e3, r->p95_ns / 1e3,
           r->p99_ns / 1e3, transfers, invalidations, missed(r), r->stopped ? " (stopped)" : "");
    fflush(stdout);
}

static cJSON *json_of(const struct steal_run *r)
{
    cJSON *o = cJSON_CreateObject(), *latency = cJSON_CreateObject();
    bool sim = strcmp(r->host, "sim") == 0;

    cJSON_AddStringToObject(o, "host", r->host);
    cJSON_AddNumberToObject(o, "procs", r->procs);
    cJSON_AddNumberToObject(o, "seconds", r->seconds);
    cJSON_AddNumberToObject(o, "goroutines_per_p", r->mean);
    cJSON_AddNumberToObject(o, "worst_above_pct", r->above_pct);
    cJSON_AddNumberToObject(o, "worst_below_pct", r->below_pct);
    cJSON_AddNumberToObject(o, "cv", r->cv);
    cJSON_AddNumberToObject(o, "steal_attempts", (double)r->attempts);
    cJSON_AddNumberToObject(o, "steal_successes", (double)r->successes);
    cJSON_AddNumberToObject(o, "steal_success_pct", success_pct(r));
    cJSON_AddNumberToObject(o, "stolen", (double)r->stolen);
    cJSON_AddItemToObject(o, "wake_latency_ns", latency);
    cJSON_AddNumberToObject(latency, "p50", r->p50_ns);
    cJSON_AddNumberToObject(latency, "p95", r->p95_ns);
    cJSON_AddNumberToObject(latency, "p99", r->p99_ns);
    cJSON_AddNumberToObject(latency, "mean", r->latency_mean_ns);
    if (sim) {
        cJSON_AddNumberToObject(o, "line_transfers_per_goroutine", r->transfers);
        cJSON_AddNumberToObject(o, "line_invalidations_per_goroutine", r->invalidations);
    } else {
        cJSON_AddNullToObject(o, "line_transfers_per_goroutine");
        cJSON_AddNullToObject(o, "line_invalidations_per_goroutine");
    }
    cJSON_AddNumberToObject(o, "requests", (double)r->handed_out);
    cJSON_AddNumberToObject(o, "requests_refused", (double)r->refused);
    cJSON_AddNumberToObject(o, "overflows", (double)r->overflows);
    cJSON_AddNumberToObject(o, "thread_sleeps", (double)r->sleeps);
    cJSON_AddBoolToObject(o, "stopped", r->stopped);
    return o;
}

static void print_json(const struct steal_command *c)
{
    cJSON *object = cJSON_CreateObject(), *runs = cJSON_CreateArray();
    cJSON *reference = cJSON_CreateObject();
    char seed[32];

    snprintf(seed, sizeof seed, "%llu", (unsigned long long)c->asked.seed);
    cJSON_AddRawToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, "commit", command_commit());
    cJSON_AddItemToObject(object, "runs", runs);
    for (uint32_t i = 0; i < c->n; i++)
        cJSON_AddItemToArray(runs, json_of(&c->runs[i]));
    cJSON_AddItemToObject(object, "reference", reference);
    cJSON_AddNumberToObject(reference, "goroutines_per_p", 1250);
    cJSON_AddNumberToObject(reference, "worst_above_pct", 38);
    cJSON_AddNumberToObject(reference, "worst_below_pct", 62);
    cJSON_AddNumberToObject(reference, "steal_success_pct", 41.7);
    cJSON_AddNumberToObject(reference, "steal_success_wanted_pct", aim_success_pct);
    cJSON_AddNumberToObject(reference, "tlb_misses_pct", 32);
    command_print_json(object);
}

// Written beside it and renamed, so that no half picture is left.
static bool save_picture(const struct steal_command *c)
{
    char temporary[STORE_PATH_BYTES];

    if (c->svg == NULL || c->n == 0)
        return true;
    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", c->svg) >= sizeof temporary)
        return command_fail("--svg: the name is too long") == 0;
    FILE *out = fopen(temporary, "w");
    if (out == NULL)
        return command_fail("%s: %s", temporary, strerror(errno)) == 0;
    steal_picture(out, c->runs, c->n);
    bool written = ferror(out) == 0;
    written = fclose(out) == 0 && written;
    if (written && rename(temporary, c->svg) == 0)
        return true;
    command_fail("%s: %s", c->svg, strerror(errno));
    unlink(temporary);
    return false;
}

// Runs ------------------------------------------------------------------------------------------

static bool add_run(struct steal_command *c, bool native, int32_t procs)
{
    struct steal_run *r = &c->runs[c->n];

    if (command_stopped)
        return true;
    c->asked.seconds = native ? c->native_seconds : c->virtual_seconds;
    if (!(native ? steal_native : steal_simulated)(&c->asked, procs, r))
        return command_stopped != 0;
    c->n++;
    if (!c->json)
        show(r);
    return true;
}

static bool run_all(struct steal_command *c)
{
    bool ok = true;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (c->hosts & NATIVE)
        ok = add_run(c, true, (int32_t)(cores < STEAL_PROCS ? cores : STEAL_PROCS));
    if (c->hosts & SIM)
        for (uint32_t i = 0; i < c->nprocs; i++)
            ok &= add_run(c, false, c->procs[i]);
    return ok;
}

static int check(const struct steal_command *c)
{
    if (c->patch != NULL && (c->hosts & NATIVE) != 0)
        return command_fail("--patch: with --host sim only");
    if (c->patch != NULL && command_check_patch(true, c->patch) != 0)
        return EXIT_USAGE;
    if (c->svg != NULL && (*c->svg == 0 || access(c->svg, F_OK) == 0) && access(c->svg, W_OK) != 0)
        return command_fail("--svg: '%s' cannot be written", c->svg);
    return 0;
}

int command_steal(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"for", 'f', "TIME", 0, "How long natively (default 10s)", 0},
        {"virtual", OPT_VIRTUAL, "TIME", 0, "How long in virtual time (default 1s)", 0},
        {"procs", OPT_PROCS, "LIST", 0, "p's to simulate (default 4,16,64,256)", 0},
        {"host", 'H', "LIST", 0, "native, on as many p's as processors; sim (default: both)", 0},
        {"rate", OPT_RATE, "N", 0, "Requests a second (default 100000)", 0},
        {"busy", OPT_BUSY, "PERCENT", 0, "How busy requests keep the p's (default 50)", 0},
        {"seed", 's', "N", 0, "When requests come, and for whom (default 1)", 0},
        {"patch", OPT_PATCH, "FILE", 0, "In a runtime with this diff applied; simulated only", 0},
        {"svg", OPT_SVG, "FILE", 0, "A picture: p by time", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "",
        "Measures stealing under a load of many small requests: goroutines run by each p and how "
        "far the worst deviate from the mean, attempts (one victim looked into) and how many "
        "succeed (at least one goroutine obtained), the time from ready to running, and cache "
        "lines that move from p to p (sim). Beside it the figures of a comparable runtime.",
        0,
        0,
        0};
    static struct steal_command c;

    c = (struct steal_command){.asked = {.seed = 1,
                                         .requests_a_second = 100000,
                                         .goroutines = STEAL_GOROUTINES,
                                         .busy = 0.5},
                               .native_seconds = 10,
                               .virtual_seconds = 1,
                               .procs = {4, 16, 64, 256},
                               .nprocs = 4,
                               .hosts = NATIVE | SIM};
    command_parse(&argp, argc, argv, &c);
    int status = check(&c);
    if (status == 0 && (c.hosts & SIM) != 0)
        status = command_become(true, c.patch, argv);
    if (status != 0)
        return status;
    if (!c.json)
        show_head(&c);
    bool ok = run_all(&c);
    ok = save_picture(&c) && ok;
    if (c.json)
        print_json(&c);
    else
        printf("aims: no p deviates by more than %.0f %% (over 10 s), at least %.0f %% of attempts "
               "succeed; the reference had 32 %% more TLB misses%s\n",
               aim_deviation_pct, aim_success_pct, command_stopped ? " (stopped)" : "");
    for (uint32_t i = 0; i < c.n; i++)
        steal_run_free(&c.runs[i]);
    return ok ? EXIT_NOTHING : EXIT_USAGE;
}
