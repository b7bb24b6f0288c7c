// SPDX-License-Identifier: Apache-2.0
//
// A job of a hunt on real threads: see native.h. Turn after turn; what is new is repeated, looked
// for under the engine, and sent.
#include "ci/gauntlet/native.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/jobs.h"
#include "ci/gauntlet/session.h"

enum {
    TURN_EXECUTIONS = 1000, // of one turn at most; seeds of turns lie so far apart
    REPEATS = 20,
    SIM_EXECUTIONS = 4096, // in which the engine must meet a finding
    SIGNATURES = 256,
    FAILURES = 3,
};
// start_s: what the runner takes to start.
static const double turn_least_s = 0.1, turn_most_s = 2, start_s = 0.1, repeat_s = 10, sim_s = 10;

struct work {
    struct session *s;
    struct hunt_stats stats;
    char *met[SIGNATURES];
    uint32_t nmet, failures;
    double begin;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

    return text ? text : "";
}

static bool first_time(struct work *w, const char *signature)
{
    for (uint32_t i = 0; i < w->nmet; i++)
        if (strcmp(w->met[i], signature) == 0)
            return false;
    if (w->nmet == SIGNATURES)
        return false;
    w->met[w->nmet] = strdup(signature);
    w->nmet += w->met[w->nmet] != NULL;
    return true;
}

static bool asked_for(const struct native *n, const char *oracle)
{
    for (uint32_t i = 0; i < n->noracles; i++)
        if (strcmp(n->oracle[i], oracle) == 0)
            return true;
    return n->noracles == 0;
}

// The same seed again -----------------------------------------------------------------------

// In how many executions of the run the signature was met.
static uint32_t met_in(const cJSON *end, const char *signature)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItem(end, "signatures"))
    {
        if (strcmp(text_of(item, "signature"), signature) == 0)
            return (uint32_t)number_of(item, "executions");
    }
    return 0;
}

static void repeat(struct work *w, struct native_find *f)
{
    const struct native *n = w->s->native;
    const struct native_request r = {.file = n->path[f->workload],
                                     .seed = f->seen.seed,
                                     .executions = REPEATS,
                                     .seconds = repeat_s,
                                     .same = true};
    struct native_answer a;

    native_run(n, &r, &a);
    f->seen.of = (uint32_t)number_of(a.end, "executions");
    f->seen.met = met_in(a.end, f->signature);
    native_answer_free(&a);
}

// Under the engine --------------------------------------------------------------------------

struct search {
    const struct native_find *wanted;
    const struct session *s;
    volatile sig_atomic_t stop;
    bool found;
};

static bool not_wanted(const char *signature, void *arg)
{
    struct search *search = arg;

    return strcmp(signature, search->wanted->signature) != 0 ||
           search->s->params.known(signature, search->s->params.arg);
}

static void on_sim_find(struct hunt_find *f, void *arg)
{
    struct search *search = arg;

    if (strcmp(f->c.signature, search->wanted->signature) != 0)
        return;
    f->seen = search->wanted->seen;
    f->executions = search->wanted->executions;
    f->seconds = search->wanted->seconds;
    job_send_find(f, NULL);
    search->found = true;
    search->stop = 1;
}

static void on_sim_progress(const struct hunt_stats *stats, void *arg)
{
    struct search *search = arg;

    (void)stats;
    if (command_stopped)
        search->stop = 1;
}

// Whether the engine meets it in that workload; then it has been sent.
static bool engine_finds(struct work *w, const struct native_find *f)
{
    struct search search = {.wanted = f, .s = w->s};
    struct hunt_params p = w->s->params;
    struct hunt_stats stats;

    if (strcmp(f->oracle, "race") != 0 && strcmp(f->oracle, "crash") != 0)
        return false;
    p.workloads = &w->s->params.workloads[f->workload];
    p.nworkloads = 1;
    p.part = 0;
    p.parts = 1;
    p.executions = SIM_EXECUTIONS;
    p.seconds = sim_s;
    p.stop_at_first = false;
    p.adaptive = false;
    p.coverage = NULL;
    p.stop = &search.stop;
    p.known = not_wanted;
    p.find = on_sim_find;
    p.progress = on_sim_progress;
    p.arg = &search;
    hunt(&p, &stats);
    return search.found;
}

// Sending -----------------------------------------------------------------------------------

static void send_row(uint32_t workload, const cJSON *end)
{
    char line[128];
    int n = snprintf(line, sizeof line, "native-row %u %.0f %.0f %.0f %d\n", workload,
                     number_of(end, "executions"), number_of(end, "goroutines"),
                     number_of(end, "threads"),
                     !cJSON_IsTrue(cJSON_GetObjectItem(end, "counts_for_races")));

    job_send(line, (size_t)n);
}

static void send_native(const struct native_find *f)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    fprintf(out, "native-find %u %llu %.6f %u %u %llu %zu %zu %zu %zu\n", f->workload,
            (unsigned long long)f->executions, f->seconds, f->seen.met, f->seen.of,
            (unsigned long long)f->seen.seed, strlen(f->oracle), strlen(f->signature),
            strlen(f->message), strlen(f->report));
    fprintf(out, "%s%s%s%s", f->oracle, f->signature, f->message, f->report);
    fclose(out);
    job_send(text, n);
    free(text);
}

static void pursue(struct work *w, uint32_t workload, uint64_t seed, const cJSON *event)
{
    uint64_t execution = (uint64_t)number_of(event, "execution");
    struct native_find f = {.oracle = text_of(event, "oracle"),
                            .signature = text_of(event, "signature"),
                            .message = text_of(event, "message"),
                            .report = text_of(event, "report"),
                            .workload = workload,
                            .executions = w->stats.executions + execution,
                            .seconds = now() - w->begin,
                            .seen = {.seed = seed + execution - 1}};

    if (command_stopped || !asked_for(w->s->native, f.oracle) || !first_time(w, f.signature))
        return;
    repeat(w, &f);
    if (!engine_finds(w, &f))
        send_native(&f);
}

// Turns -------------------------------------------------------------------------------------

static bool over(const struct work *w)
{
    const struct hunt_params *p = &w->s->params;

    return command_stopped || w->failures == FAILURES ||
           (p->executions > 0 && w->stats.executions >= p->executions) ||
           (p->seconds > 0 && now() - w->begin >= p->seconds);
}

static double between(double least, double v, double most)
{
    return v < least ? least : v > most ? most : v;
}

// How long a turn is: so that each workload of this round gets one, if there is time.
static void set_limits(const struct work *w, uint64_t turn, struct native_request *r)
{
    const struct hunt_params *p = &w->s->params;

    r->executions = TURN_EXECUTIONS;
    r->seconds = turn_most_s;
    if (p->seconds > 0) {
        double left = p->seconds - (now() - w->begin);
        uint64_t turns = p->nworkloads - turn % p->nworkloads;
        double each = left * w->s->native->jobs / (double)turns - start_s;

        r->seconds = between(turn_least_s, each, turn_most_s);
        r->seconds = between(0.01, r->seconds, left > 0.01 ? left : 0.01);
    }
    if (p->executions > 0) {
        uint64_t least = (p->executions + p->nworkloads - 1) / p->nworkloads;
        uint64_t rest = p->executions - w->stats.executions;

        r->executions = least < r->executions ? least : r->executions;
        r->executions = rest < r->executions ? rest : r->executions;
        r->seconds = p->seconds > 0 ? r->seconds : 0;
    }
}

static void run_turn(struct work *w, uint64_t turn)
{
    const struct native *n = w->s->native;
    uint32_t workload = (uint32_t)(turn % w->s->params.nworkloads);
    struct native_request r = {.file = n->path[workload],
                               .seed = w->s->params.seed + turn * TURN_EXECUTIONS};
    struct native_answer a;
    const cJSON *event;

    set_limits(w, turn, &r);
    native_run(n, &r, &a);
    w->failures = a.end != NULL ? 0 : w->failures + 1;
    cJSON_ArrayForEach(event, a.findings) pursue(w, workload, r.seed, event);
    w->stats.executions += (uint64_t)number_of(a.end, "executions");
    w->stats.hits += cJSON_GetArraySize(a.findings) > 0;
    if (a.end != NULL)
        send_row(workload, a.end);
    if (w->failures == FAILURES) {
        char line[128];
        int bytes = snprintf(line, sizeof line, "native-failed %d %d\n", WIFSIGNALED(a.status),
                             WIFSIGNALED(a.status) ? WTERMSIG(a.status) : WEXITSTATUS(a.status));
        job_send(line, (size_t)bytes);
    }
    native_answer_free(&a);
}

void native_job(struct session *s, uint32_t part)
{
    struct work w = {.s = s, .begin = now()};

    trial_init();
    for (uint64_t turn = part; !over(&w); turn += s->native->jobs) {
        run_turn(&w, turn);
        job_send_stats(&w.stats, false);
    }
    job_send_stats(&w.stats, true);
    for (uint32_t i = 0; i < w.nmet; i++)
        free(w.met[i]);
}
