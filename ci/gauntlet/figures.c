// SPDX-License-Identifier: Apache-2.0
//
// Figures of the engine and of the native runtime. The yardstick of the engine is the workload
// spawn_yield_park, run in this process as a hunt runs it: random walk, all oracles on. The others
// are measured by programs of their own (stress/bench), each of which prints its samples.
//
// A restart is measured apart: an execution right after one of the yardstick, whose thread returns
// at once, so that all it does is to put back what the yardstick has changed and to start and end.
// Rejected: another, empty program (the engine prepares memory anew for each program), and a
// yardstick cut short after a few points (it still pays for starting the runtime).
#include "ci/gauntlet/bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/trial.h"
#include "stress/workload/interp.h"
#include "stress/bench/child.h"

static void samples_row(struct bench *b, const struct samples *s, double least, double most)
{
    static struct figure f;

    f = (struct figure){.samples = *s, .least = least, .most = most};
    b->add(b, &f);
}

// Programs of their own -------------------------------------------------------------------------

// Output of `argv`, which gets the slices' length and number as its last two arguments. NULL when
// it does not work; standard error has then said why, except that an `optional` one may be missing.
static char *measuring_program(struct bench *b, char **argv, bool optional)
{
    char seconds[32], count[16];
    size_t n = 0;
    int status = 0;
    FILE *errors = optional ? tmpfile() : NULL;

    while (argv[n] != NULL)
        n++;
    snprintf(seconds, sizeof seconds, "%.6f", b->slice_seconds);
    snprintf(count, sizeof count, "%u", b->slices);
    argv[n] = seconds;
    argv[n + 1] = count;
    char *text = child_output(argv, &status, errors);
    if (text == NULL)
        command_fail("%s: did not end as it should", argv[0]);
    else if (status == 127 && !optional)
        command_fail("%s: cannot be run; build it with: bazel build //ci/gauntlet", argv[0]);
    else if (status != 0 && status != 127)
        command_fail("%s: ended with status %d", argv[0], status);
    if (status != 0 && status != 127 && errors != NULL)
        child_tell(errors);
    if (errors != NULL)
        fclose(errors);
    if (text != NULL && status == 0)
        return text;
    free(text);
    return NULL;
}

char *bench_program(const char *target, char *path)
{
    ssize_t n = readlink("/proc/self/exe", path, STORE_PATH_BYTES - BENCH_TARGET_BYTES);
    char *slash;

    path[n > 0 ? n : 0] = 0;
    slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, BENCH_TARGET_BYTES, "../../%s", target);
    return path;
}

// Calls `line` for each line of `text` that holds samples, which are `line`'s until it asks for
// others.
static void each_samples(char *text, void (*line)(const struct samples *s, void *arg), void *arg)
{
    static struct samples s;
    char *save = NULL;

    for (char *at = strtok_r(text, "\n", &save); at != NULL; at = strtok_r(NULL, "\n", &save))
        if (samples_parse(at, &s))
            line(&s, arg);
}

// The engine --------------------------------------------------------------------------------------

static void litmus_row(const struct samples *s, void *arg)
{
    samples_row(arg, s, 3e6, 0);
}

static bool bench_litmus(struct bench *b)
{
    char path[STORE_PATH_BYTES];
    char *argv[4] = {bench_program("stress/bench/litmus", path)};

    b->progress(b, "store_buffer");
    char *text = measuring_program(b, argv, false);
    if (text == NULL)
        return false;
    each_samples(text, litmus_row, b);
    free(text);
    return true;
}

struct yardstick {
    const char *name; // of the workload
    struct trial trial;
    uint64_t runs, seed;
    struct samples executions, points, point_ns, restart_us, tso;
};

// The yardstick's program, or, for a restart alone, nothing. One program to the engine: for another
// one it would prepare the memory anew.
static bool only_restart;

static void yardstick_main(void *workload)
{
    if (!only_restart)
        workload_main(workload);
}

// False when the execution found something: then it is the tree that is broken.
static bool run_yardstick(struct yardstick *y)
{
    const struct sim_result *r =
        trial_run(&y->trial, sim_strategy_random(), trial_seed(1, y->seed++), false);

    if (r->outcome == SIM_OK)
        return true;
    command_fail("%s: %s", y->name,
                 r->outcome == SIM_FOUND ? r->finding.signature : "ran into the limit of points");
    return false;
}

// Executions a second, in processor time. 0 after a finding.
static double rate(struct yardstick *y, double slice_seconds)
{
    uint64_t first = y->seed;
    double begin = slices_cpu(), seconds;

    do {
        for (int i = 0; i < 10; i++)
            if (!run_yardstick(y))
                return 0;
        seconds = slices_cpu() - begin;
    } while (seconds < slice_seconds);
    return (double)(y->seed - first) / seconds;
}

// One slice of executions one after the other, in processor time; one of restarts between them,
// each so short that the cheaper real clock has to do.
static bool slice(struct yardstick *y, double slice_seconds)
{
    uint64_t first = y->seed, points = y->trial.points, restarts = 0;
    double executions = rate(y, slice_seconds), restart = 0;

    if (executions <= 0)
        return false;
    double length = (double)(y->trial.points - points) / (double)(y->seed - first);
    double begin = slices_now();
    do {
        if (!run_yardstick(y))
            return false;
        double before = slices_now();
        only_restart = true;
        sim_run(&(struct sim_params){.program = &y->trial.program});
        only_restart = false;
        restart += slices_now() - before;
        restarts++;
    } while (slices_now() - begin < slice_seconds);
    restart /= (double)restarts;
    samples_add(&y->executions, executions);
    samples_add(&y->points, length);
    samples_add(&y->point_ns, (1 / executions - restart) * 1e9 / length);
    samples_add(&y->restart_us, restart * 1e6);
    return true;
}

// What store buffers cost: short turns of both models, one after the other, so that both have the
// same machine.
static bool slice_of_both(struct yardstick *y, double slice_seconds)
{
    const int turns = 10;
    double sum[SIM_MEMORIES] = {0};

    for (int turn = 0; turn < turns; turn++)
        for (int memory = SIM_SC; memory <= SIM_TSO; memory++) {
            y->trial.memory = (enum sim_memory)memory;
            double r = rate(y, slice_seconds / turns);
            if (r <= 0)
                return false;
            sum[memory] += 1 / r;
        }
    y->trial.memory = SIM_SC;
    samples_add(&y->tso, sum[SIM_TSO] / sum[SIM_SC]);
    return true;
}

// NULL: the workload cannot be read, or finds something.
static struct workload *yardstick_begin(struct bench *b, struct yardstick *y)
{
    char path[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 512];

    b->progress(b, y->name);
    snprintf(path, sizeof path, "%s/stress/workload/files/%s.wl", command_root(), y->name);
    struct workload *w = workload_read(path, error, sizeof error);
    if (w == NULL) {
        fprintf(stderr, "%s\n", error);
        return NULL;
    }
    trial_init();
    trial_begin(&y->trial, w);
    y->trial.program.fn[0] = yardstick_main;
    for (int i = 0; i < 100; i++) { // pages are opened, names and stacks met once
        if (!run_yardstick(y)) {
            workload_free(w);
            return NULL;
        }
    }
    return w;
}

static bool bench_yardstick(struct bench *b)
{
    static struct yardstick y = {
        .name = "spawn_yield_park",
        .executions = {.name = "spawn_yield_park.executions", .unit = "1/s"},
        .points = {.name = "spawn_yield_park.points", .unit = "points"},
        .point_ns = {.name = "spawn_yield_park.point", .unit = "ns"},
        .restart_us = {.name = "spawn_yield_park.restart", .unit = "us"},
        .tso = {.name = "spawn_yield_park.tso", .unit = "of sc"},
    };
    struct workload *w = yardstick_begin(b, &y);
    bool ok = w != NULL;

    for (uint32_t i = 0; i < b->slices && ok; i++)
        ok = slice(&y, b->slice_seconds) && slice_of_both(&y, b->slice_seconds);
    workload_free(w);
    samples_row(b, &y.executions, 10000, 0);
    samples_row(b, &y.points, 500, 1500);
    samples_row(b, &y.point_ns, 0, 60);
    samples_row(b, &y.restart_us, 0, 20);
    samples_row(b, &y.tso, 0, 1.4);
    return ok;
}

// What one collection of a small heap costs, with all that looks at heap and collector.
static bool bench_collection(struct bench *b)
{
    static struct yardstick y = {.name = "gc_graph_200",
                                 .executions = {.name = "gc_graph_200.executions", .unit = "1/s"}};
    struct workload *w = yardstick_begin(b, &y);
    bool ok = w != NULL;

    for (uint32_t i = 0; i < b->slices && ok; i++) {
        double executions = rate(&y, b->slice_seconds);

        ok = executions > 0;
        samples_add(&y.executions, executions);
    }
    workload_free(w);
    samples_row(b, &y.executions, 1000, 0);
    return ok;
}

bool bench_engine(struct bench *b)
{
    bool litmus = bench_litmus(b);

    return bench_yardstick(b) && bench_collection(b) && litmus;
}

// The runtime on the machine itself -------------------------------------------------------------

// Goals of rows that have one; in the row's unit.
static const struct {
    const char *name;
    double most;
} goals[] = {
    {"native.gogo_mcall_pair", 10},  {"native.yield", 80},       {"native.spawn_and_finish", 200},
    {"heap.pause_p99", 500},         {"heap.pause_worst", 2000}, {"heap.overshoot_worst", 10},
    {"heap.resident_after_10s", 10},
};

// What was published of comparable runtimes; in the row's unit.
static const struct {
    const char *name;
    double value;
} references[] = {
    {"switch.g_to_g", 32},
    {"switch.g0_to_g", 94},
    {"switch.syscall_entry_and_exit", 187},
};

// Rows of a program of stress/bench that has a peer.
struct measured {
    struct bench *b;
    char peer[48];
    char *peer_text;
};

struct match {
    const char *name;
    double value;
};

static void match_name(const struct samples *s, void *arg)
{
    struct match *m = arg;

    if (strcmp(s->name, m->name) == 0)
        m->value = samples_median(s);
}

static void measured_row(const struct samples *s, void *arg)
{
    static struct figure f;
    const struct measured *n = arg;

    f = (struct figure){.samples = *s};
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
        if (strcmp(s->name, goals[i].name) == 0)
            f.most = goals[i].most;
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
        if (strcmp(s->name, references[i].name) == 0)
            f.reference = references[i].value;
    if (n->peer_text != NULL) {
        struct match m = {.name = f.samples.name};
        char *copy = strdup(n->peer_text);

        each_samples(copy, match_name, &m);
        free(copy);
        f.peer = m.value > 0 ? n->peer : NULL;
        f.peer_value = m.value;
    }
    n->b->add(n->b, &f);
}

// Go's own runtime, where there is a Go. Nothing is said when there is none.
static void ask_peer(struct measured *n, const char *group)
{
    static const char *const sources[] = {"peer", "native", "heap", "sync", "net", "switch"};
    enum { SOURCES = sizeof sources / sizeof sources[0] };
    char path[SOURCES][STORE_PATH_BYTES], name[32];
    char *argv[SOURCES + 6] = {(char[]){"go"}, (char[]){"run"}};

    for (int i = 0; i < SOURCES; i++) {
        snprintf(path[i], sizeof path[i], "%s/stress/bench/peer/%s.go", command_root(), sources[i]);
        argv[2 + i] = path[i];
    }
    snprintf(name, sizeof name, "%s", group);
    argv[2 + SOURCES] = name;
    setenv("GOTOOLCHAIN", "local", 1); // what is there, or nothing
    setenv("GO111MODULE", "off", 1);
    n->peer_text = measuring_program(n->b, argv, true);
    if (n->peer_text != NULL && sscanf(n->peer_text, "peer %47[^\n]", n->peer) == 1)
        return;
    free(n->peer_text);
    n->peer_text = NULL;
}

// Program and peer have the group's name.
static bool bench_measured(struct bench *b, const char *group)
{
    struct measured n = {.b = b};
    char path[STORE_PATH_BYTES], target[BENCH_TARGET_BYTES];
    snprintf(target, sizeof target, "stress/bench/%s", group);
    char *argv[4] = {bench_program(target, path)};

    b->progress(b, group);
    char *text = measuring_program(b, argv, false);
    if (text == NULL)
        return false;
    b->progress(b, "peer");
    ask_peer(&n, group);
    each_samples(text, measured_row, &n);
    free(n.peer_text);
    free(text);
    return true;
}

bool bench_native(struct bench *b)
{
    return bench_measured(b, "native");
}

bool bench_heap(struct bench *b)
{
    return bench_measured(b, "heap");
}

bool bench_sync(struct bench *b)
{
    return bench_measured(b, "sync");
}

bool bench_heap_large(struct bench *b)
{
    return bench_measured(b, "heap_large");
}

bool bench_net(struct bench *b)
{
    return bench_measured(b, "net");
}

bool bench_switch(struct bench *b)
{
    return bench_measured(b, "switch");
}
