// SPDX-License-Identifier: Apache-2.0
//
// One run of the load of stress/bench/steal_load.h: natively in a program of its own, whose output
// is read back, or under the engine in a child of this process, which leaves what it counts in
// memory that both have. So a run that goes wrong ends itself alone, and this process is free to
// show how far it has come, and to stop it.
#include "ci/gauntlet/steal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/bench.h"
#include "ci/gauntlet/command.h"
#include "repro/trial.h"
#include "stress/bench/child.h"

enum { WARM_UP_SHARE = 5, SIM_GOROUTINES = 1000, POLL_NS = 50 * 1000 * 1000 };

// The load, and what only runs under the engine have.
struct shared {
    struct steal_load load; // first: at_window gets it
    struct sim_timed before, after;
    bool ended; // by the program itself
};

static void progress(const char *host, int32_t procs, double done)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s, %d p's: %.0f %%", host, procs, done * 100);
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

static void ask(struct steal_load *l, const struct steal_asked *asked, int32_t procs)
{
    l->procs = procs;
    l->goroutines = (uint32_t)asked->goroutines;
    l->requests_a_second = (uint32_t)asked->requests_a_second;
    l->work_ns = (int64_t)(asked->busy * procs * 1e9 / (double)asked->requests_a_second);
    l->window_ns = (int64_t)(asked->seconds * 1e9);
    l->warm_up_ns = l->window_ns / WARM_UP_SHARE;
    l->seed = asked->seed;
}

// What comes of it -----------------------------------------------------------------------------

static void latencies(const struct steal_load *l, struct steal_run *run)
{
    uint64_t of[STEAL_LATENCIES] = {0}, all = 0, seen = 0;
    double sum = 0;

    for (uint32_t k = 0; k < STEAL_LATENCIES; k++) {
        for (int32_t i = 0; i < l->procs; i++)
            of[k] += l->of[i].latency[k];
        all += of[k];
        sum += (double)of[k] * (double)steal_latency_ns(k);
    }
    run->latency_mean_ns = all > 0 ? sum / (double)all : 0;
    for (uint32_t k = 0; k < STEAL_LATENCIES; k++) {
        const uint64_t before = seen;
        const double ns = (double)steal_latency_ns(k);

        seen += of[k];
        if (before * 100 < all * 50 && seen * 100 >= all * 50)
            run->p50_ns = ns;
        if (before * 100 < all * 95 && seen * 100 >= all * 95)
            run->p95_ns = ns;
        if (before * 100 < all * 99 && seen * 100 >= all * 99)
            run->p99_ns = ns;
    }
}

static void deviation(const struct steal_load *l, struct steal_run *run)
{
    double sum = 0, squares = 0, least = INFINITY, most = 0;

    for (int32_t i = 0; i < l->procs; i++) {
        double n = (double)l->of[i].started;

        sum += n;
        squares += n * n;
        least = fmin(least, n);
        most = fmax(most, n);
    }
    run->mean = sum / l->procs;
    if (run->mean <= 0)
        return;
    run->above_pct = (most / run->mean - 1) * 100;
    run->below_pct = (1 - least / run->mean) * 100;
    run->cv = sqrt(fmax(squares / l->procs - run->mean * run->mean, 0)) / run->mean;
}

// False: no memory for it.
static bool evaluate(const struct steal_load *l, struct steal_run *run)
{
    run->seconds = (double)(l->end_ns - l->begin_ns) * 1e-9;
    run->stopped = l->end_ns - l->begin_ns < l->window_ns;
    run->handed_out = l->handed_out;
    run->refused = l->refused;
    run->overflows = l->overflows;
    run->sleeps = l->sleeps;
    run->stolen = l->stolen;
    run->requests = calloc((size_t)l->procs, sizeof *run->requests);
    for (int32_t i = 0; i < l->procs; i++) {
        run->attempts += l->of[i].attempts;
        run->successes += l->of[i].successes;
        if (run->requests != NULL)
            memcpy(run->requests[i], l->of[i].requests, sizeof *run->requests);
    }
    deviation(l, run);
    latencies(l, run);
    return run->requests != NULL;
}

void steal_run_free(struct steal_run *run)
{
    free(run->requests);
    run->requests = NULL;
}

// Natively -------------------------------------------------------------------------------------

static uint64_t number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

static void read_p(const cJSON *object, struct steal_p *p)
{
    const cJSON *item;
    int slot = 0;

    p->started = number_of(object, "started");
    p->attempts = number_of(object, "attempts");
    p->successes = number_of(object, "successes");
    cJSON_ArrayForEach(item,
                       cJSON_GetObjectItemCaseSensitive(object, "requests")) if (slot < STEAL_SLOTS)
        p->requests[slot++] = (uint32_t)item->valuedouble;
}

// What stress/bench/steal has printed.
static bool read_output(const char *text, struct steal_load *l)
{
    cJSON *object = cJSON_Parse(text);
    const cJSON *item;
    int32_t i = 0;

    l->begin_ns = (int64_t)number_of(object, "begin_ns");
    l->end_ns = (int64_t)number_of(object, "end_ns");
    l->handed_out = number_of(object, "handed_out");
    l->refused = number_of(object, "refused");
    l->overflows = number_of(object, "overflows");
    l->sleeps = number_of(object, "sleeps");
    l->stolen = number_of(object, "stolen");
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, "latency"))
    {
        int class = cJSON_GetArrayItem(item, 0) ? cJSON_GetArrayItem(item, 0)->valueint : -1;

        if (class >= 0 && class < STEAL_LATENCIES && cJSON_GetArrayItem(item, 1))
            l->of[0].latency[class] = (uint32_t)cJSON_GetArrayItem(item, 1)->valuedouble;
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, "p")) if (i < l->procs)
        read_p(item, &l->of[i++]);
    cJSON_Delete(object);
    return i == l->procs && l->end_ns > l->begin_ns;
}

// Its standard output, to be freed; NULL, and *status, when it did not end well.
static char *native_output(const struct steal_load *l, char *path, int *status)
{
    char word[6][24];
    char *argv[9] = {path};
    struct child child;
    char *text = NULL;
    size_t bytes = 0;

    snprintf(word[0], sizeof word[0], "%d", l->procs);
    snprintf(word[1], sizeof word[1], "%u", l->goroutines);
    snprintf(word[2], sizeof word[2], "%u", l->requests_a_second);
    snprintf(word[3], sizeof word[3], "%lld", (long long)l->work_ns);
    snprintf(word[4], sizeof word[4], "%lld", (long long)l->warm_up_ns);
    snprintf(word[5], sizeof word[5], "%lld", (long long)l->window_ns);
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)l->seed);
    for (int i = 0; i < 6; i++)
        argv[1 + i] = word[i];
    argv[7] = seed;
    if (!child_begin(&child, argv))
        return NULL;
    ssize_t n = getline(&text, &bytes, child.out);
    if (n < 0 && command_stopped) { // it has been told, too, or is now
        kill(child.pid, SIGTERM);
        clearerr(child.out);
        n = getline(&text, &bytes, child.out);
    }
    *status = child_end(&child, 0);
    if (n >= 0 && *status == 0)
        return text;
    free(text);
    return NULL;
}

bool steal_native(const struct steal_asked *asked, int32_t procs, struct steal_run *run)
{
    struct steal_load *l = calloc(1, sizeof *l);
    char path[STORE_PATH_BYTES];
    int status = 0;
    bool ok = false;

    if (l == NULL)
        return command_fail("no memory for a run") == 0;
    *run = (struct steal_run){.host = "native", .procs = procs};
    ask(l, asked, procs);
    bench_program("stress/bench/steal", path);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "native, %d p's, %.1f s ...", procs,
                (double)(l->warm_up_ns + l->window_ns) / 1e9);
    char *text = native_output(l, path, &status);
    clear_progress();
    if (text == NULL && status == 127)
        command_fail("%s: cannot be run; build it with: bazel build //ci/gauntlet", path);
    else if (text == NULL || !read_output(text, l))
        command_fail("%s: did not end as it should", path);
    else
        ok = evaluate(l, run) || command_fail("no memory for a run") == 0;
    free(text);
    free(l);
    return ok;
}

// Under the engine -----------------------------------------------------------------------------

static void at_window(struct steal_load *load)
{
    struct shared *s = (struct shared *)load;

    *(load->begin_ns == 0 ? &s->before : &s->after) = *sim_timed();
}

// In a process of its own. Does not return.
static void simulate(struct shared *s)
{
    const struct sim_program program = {
        .threads = 1, .id = 1, .fn = {steal_load_start}, .arg = &s->load};

    trial_init();
    s->load.own_p = sim_own_p;
    s->load.at_window = at_window;
    const struct sim_result *r = sim_run(&(struct sim_params){.program = &program,
                                                              .seed = s->load.seed,
                                                              .max_points = UINT32_MAX,
                                                              .cut = true,
                                                              .memory = SIM_TIMED,
                                                              .unwatched = true});
    if (r->outcome == SIM_FOUND)
        fprintf(stderr, "gauntlet: the simulation ended: %s\n", r->finding.message);
    else if (s->load.end_ns == 0)
        fputs("gauntlet: the simulation ran into the limits of the engine\n", stderr);
    s->ended = r->outcome == SIM_OK && s->load.end_ns != 0;
    _exit(0);
}

// Until it ends; shows how far it has come, and passes on that it is to stop.
static bool wait_for(pid_t child, struct shared *s)
{
    const struct timespec nap = {.tv_nsec = POLL_NS};
    const double all = (double)(s->load.warm_up_ns + s->load.window_ns);
    int status;

    for (;;) {
        pid_t pid = waitpid(child, &status, WNOHANG);
        if (pid == child)
            break;
        if (pid < 0 && errno != EINTR)
            return false;
        if (command_stopped)
            store_relaxed(&s->load.stop, 1);
        progress("sim", s->load.procs, (double)load_relaxed(&s->load.done_ns) / all);
        nanosleep(&nap, NULL);
    }
    clear_progress();
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 && s->ended;
}

static bool simulated(struct shared *s, struct steal_run *run)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_IGN); // the parent tells it to stop
        signal(SIGTERM, SIG_DFL);
        simulate(s);
    }
    if (child < 0)
        return command_fail("fork: %s", strerror(errno)) == 0;
    if (!wait_for(child, s))
        return !command_stopped &&
               command_fail("sim, %d p's: could not be measured", run->procs) == 0;
    if (!evaluate(&s->load, run))
        return command_fail("no memory for a run") == 0;
    double goroutines = run->mean * run->procs;
    if (goroutines > 0) {
        run->transfers = (double)(s->after.transfers - s->before.transfers) / goroutines;
        run->invalidations =
            (double)(s->after.invalidations - s->before.invalidations) / goroutines;
    }
    return true;
}

bool steal_simulated(const struct steal_asked *asked, int32_t procs, struct steal_run *run)
{
    struct shared *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (s == MAP_FAILED)
        return command_fail("no memory for a run") == 0;
    *run = (struct steal_run){.host = "sim", .procs = procs};
    ask(&s->load, asked, procs);
    // those that only wait cost the engine memory and change nothing
    if (s->load.goroutines > SIM_GOROUTINES)
        s->load.goroutines = SIM_GOROUTINES;
    bool ok = simulated(s, run);
    munmap(s, sizeof *s);
    return ok;
}
