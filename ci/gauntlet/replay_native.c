// SPDX-License-Identifier: Apache-2.0
//
// Tries of a case on real threads: see replay_native.h. Each is a process of the runner, which
// leaves what came of the order in a file that both have mapped, and what is reported on its
// standard output.
#include "ci/gauntlet/replay_native.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/asleep.h"
#include "ci/gauntlet/native.h"
#include "repro/native_order.h"
#include "repro/patchtree.h"
#include "stress/native/gates.h"

// AFTER: to end after the order; LOST: after it was left.
enum { LOOK_MS = 20, ASLEEP_LOOKS = 25, AFTER_MS = 10000, LOST_MS = 1000 };

struct tries {
    struct confirm_outcome *out;
    const struct repro_case *c;
    char runner[STORE_PATH_BYTES];
    char folder[64], order[96], outcome[96], workload[96], said[96];
    struct gates_outcome *gates; // shared
    bool useless;                // the next try will be like the last, and long
};

const char *confirm_verdict_name(enum confirm_verdict verdict)
{
    static const char *const names[CONFIRM_VERDICTS] = {
        "confirmed", "reproduced without report", "another report", "nothing seen", "not reached",
        "not tried"};

    return names[verdict];
}

// Runner and order ----------------------------------------------------------------------------

static bool find_runner(struct tries *t, const char *patch)
{
    static struct native n; // large

    if (!native_set(&n, patch)) {
        snprintf(t->out->saw, sizeof t->out->saw, "%s", n.reason);
        return false;
    }
    snprintf(t->runner, sizeof t->runner, "%s", n.runner);
    return true;
}

static bool make_files(struct tries *t, struct repro_case *c, const struct sim_schedule *schedule)
{
    snprintf(t->folder, sizeof t->folder, "/tmp/gauntlet-native-XXXXXX");
    if (mkdtemp(t->folder) == NULL) {
        t->folder[0] = 0;
        snprintf(t->out->saw, sizeof t->out->saw, "/tmp: %s", strerror(errno));
        return false;
    }
    snprintf(t->order, sizeof t->order, "%s/order", t->folder);
    snprintf(t->outcome, sizeof t->outcome, "%s.outcome", t->order);
    snprintf(t->workload, sizeof t->workload, "%s/workload", t->folder);
    snprintf(t->said, sizeof t->said, "%s/said", t->folder);
    FILE *order = fopen(t->order, "w"), *workload = fopen(t->workload, "w");
    bool good = order != NULL && workload != NULL;
    if (good && !native_order(c, schedule, order))
        good = snprintf(t->out->saw, sizeof t->out->saw, "the case has no order to follow") < 0;
    if (workload != NULL)
        workload_print(c->program, workload, "");
    good &= order != NULL && fclose(order) == 0;
    good &= workload != NULL && fclose(workload) == 0;
    int fd = open(t->outcome, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    good = good && fd >= 0 && ftruncate(fd, sizeof *t->gates) == 0;
    void *p =
        good ? mmap(NULL, sizeof *t->gates, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    t->gates = p != MAP_FAILED ? p : NULL;
    if (t->gates == NULL && t->out->saw[0] == 0)
        snprintf(t->out->saw, sizeof t->out->saw, "%s: %s", t->folder, strerror(errno));
    return t->gates != NULL;
}

// One try -------------------------------------------------------------------------------------

static pid_t start(const struct tries *t, uint32_t number)
{
    char seed[16];
    char *const argv[] = {(char *)(uintptr_t)t->runner,
                          (char *)(uintptr_t)t->workload,
                          "--executions=1",
                          "--hang=120",
                          "--seed",
                          seed,
                          NULL};

    snprintf(seed, sizeof seed, "%u", number);
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setenv("GAUNTLET_ORDER", t->order, 1);
    int fd = open(t->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, 1) < 0)
        _exit(127);
    execv(t->runner, argv);
    _exit(127);
}

// The whole order, also when the execution ended before its last thread came to another place.
static bool has_passed(const struct gates_outcome *g)
{
    uint32_t state = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);

    return state == GATES_PASSED || (state == GATES_CLOSED && g->step == g->steps);
}

static bool has_strayed(const struct gates_outcome *g)
{
    return __atomic_load_n(&g->state, __ATOMIC_ACQUIRE) > GATES_PASSED;
}

enum after { ENDS, SLEEPS, GOES_ON };

// Waits for the runner, and says what the execution does after the whole order: it ends; all its
// threads sleep for good; it goes on, and is ended. One that has left the order is ended soon.
static enum after wait_or_hang(const struct tries *t, pid_t pid)
{
    const struct timespec look = {0, LOOK_MS * 1000000L};
    struct asleep a = {0};
    uint32_t looks = 0, passed = 0, lost = 0;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        nanosleep(&look, NULL);
        passed += has_passed(t->gates);
        lost += has_strayed(t->gates);
        looks = passed > 0 && asleep_for_good(&a, (pid_t)t->gates->pid) ? looks + 1 : 0;
        if (looks < ASLEEP_LOOKS && passed < AFTER_MS / LOOK_MS && lost < LOST_MS / LOOK_MS &&
            !command_stopped)
            continue;
        kill(pid, SIGTERM);
        waitpid(pid, &status, 0);
        return looks >= ASLEEP_LOOKS ? SLEEPS : lost > 0 ? ENDS : GOES_ON;
    }
    return ENDS;
}

static bool hang_is_the_bug(const char *oracle)
{
    static const char *const waits[] = {"lost-wake", "deadlock", "livelock",
                                        "timer",     "netpoll",  "gc-live"};

    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        if (strcmp(waits[i], oracle) == 0)
            return true;
    return false;
}

// The runtime has seen for itself that nobody can go on.
static bool gives_up(const char *oracle, const char *signature)
{
    static const char words[] = "crash: all goroutines are asleep";

    return hang_is_the_bug(oracle) && strncmp(signature, words, sizeof words - 1) == 0;
}

static void take_signature(struct confirm_outcome *out, const struct repro_case *c,
                           const char *signature, bool passed)
{
    if (strcmp(signature, c->signature) == 0)
        out->verdict = strcmp(c->oracle, "race") == 0 ? CONFIRM_CONFIRMED : CONFIRM_REPRODUCED;
    else if (passed && gives_up(c->oracle, signature))
        out->verdict = CONFIRM_REPRODUCED;
    else if (passed && strncmp(signature, "race: ", strlen("race: ")) == 0)
        out->verdict = CONFIRM_OTHER;
    else if (out->saw[0] != 0)
        return;
    snprintf(out->saw, sizeof out->saw, "%s", signature);
}

static void take_event(struct confirm_outcome *out, const struct repro_case *c, const cJSON *event,
                       bool passed)
{
    const char *report = cJSON_GetStringValue(cJSON_GetObjectItem(event, "report"));
    const cJSON *item;

    if (report != NULL) {
        free(out->report);
        out->report = strdup(report);
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(event, "signatures"))
    {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(item, "signature"));
        if (text != NULL && out->verdict != CONFIRM_CONFIRMED)
            take_signature(out, c, text, passed);
    }
}

static void take_said(struct tries *t, bool passed)
{
    char *text = tree_read(t->said), *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        cJSON *o = cJSON_Parse(line);
        take_event(t->out, t->c, o, passed);
        cJSON_Delete(o);
    }
    free(text);
}

static void tell_place(FILE *f, const struct gates_place *p)
{
    static const char *const kinds[] = {"at its end", "after its wait or its beginning",
                                        "at an answer of the host", "at a signal"};

    if (p->kind == GATES_POINT && p->function[0] != 0)
        fprintf(f, "thread %u at %s \"%s\" #%u", p->thread, p->function, p->text, p->rank);
    else
        fprintf(f, "thread %u %s", p->thread, kinds[p->kind < 4 ? p->kind : 0]);
}

static void tell_gate(struct tries *t)
{
    const struct gates_outcome *g = t->gates;
    struct confirm_outcome *out = t->out;
    FILE *f = fmemopen(out->gate, sizeof out->gate, "w");

    if (f == NULL)
        return;
    if (g->state <= GATES_CLOSED) {
        fprintf(f, "the end came after %u of %u steps", g->step, g->steps);
    } else {
        fprintf(f, "step %u of %u: ", g->step + 1, g->steps);
        tell_place(f, &g->due);
        fprintf(f, g->state == GATES_STRAYED ? " was due, and came: " : " did not come");
        if (g->state == GATES_STRAYED)
            tell_place(f, &g->came);
    }
    fclose(f);
    out->gate[sizeof out->gate - 1] = 0;
}

// All threads sleep, and the first of them wakes later than the first timer is due.
static bool timer_is_lost(const struct tries *t)
{
    const struct gates_outcome *g = t->gates;
    const int64_t late_ns = 10000; // as the engine has it
    bool lost = g->state == GATES_PASSED && g->all_asleep && g->due_ns != 0 &&
                g->wakes_ns - late_ns > g->due_ns;

    if (!lost)
        return false;
    int n = snprintf(t->out->saw, sizeof t->out->saw,
                     "every thread sleeps, a timer is due at %lld ns, and ", (long long)g->due_ns);
    if (g->wakes_ns == INT64_MAX)
        snprintf(t->out->saw + n, sizeof t->out->saw - (size_t)n, "none of them ever wakes");
    else
        snprintf(t->out->saw + n, sizeof t->out->saw - (size_t)n, "the first wakes at %lld ns",
                 (long long)g->wakes_ns);
    return true;
}

static void look_without_report(struct tries *t, enum after after)
{
    struct confirm_outcome *out = t->out;

    if (timer_is_lost(t)) {
        if (strcmp(t->c->oracle, "lost-wake") == 0 || strcmp(t->c->oracle, "timer") == 0)
            out->verdict = CONFIRM_REPRODUCED;
    } else if (after == GOES_ON) {
        snprintf(out->saw, sizeof out->saw, "it is not over %d s after the order", AFTER_MS / 1000);
        if (strcmp(t->c->oracle, "livelock") == 0)
            out->verdict = CONFIRM_REPRODUCED;
    } else if (after == SLEEPS) {
        snprintf(out->saw, sizeof out->saw, "every thread sleeps, and nothing is due to wake one");
        if (hang_is_the_bug(t->c->oracle))
            out->verdict = CONFIRM_REPRODUCED;
    }
}

static void try_once(struct tries *t, uint32_t number)
{
    struct confirm_outcome *out = t->out;

    memset(t->gates, 0, sizeof *t->gates);
    out->tries = number;
    pid_t pid = start(t, number);
    if (pid < 0)
        return;
    enum after after = wait_or_hang(t, pid);
    bool passed = has_passed(t->gates);
    out->reached += passed;
    if (!passed)
        tell_gate(t);
    take_said(t, passed);
    if (out->verdict < CONFIRM_OTHER)
        return;
    if (passed && out->verdict > CONFIRM_NOTHING)
        out->verdict = CONFIRM_NOTHING;
    look_without_report(t, after);
    t->useless = after != ENDS;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void confirm_try(struct repro_case *c, const struct sim_schedule *schedule, const char *patch,
                 uint32_t times, struct confirm_outcome *out)
{
    struct tries t = {.out = out, .c = c};
    double begin = now();

    *out = (struct confirm_outcome){.verdict = CONFIRM_NOT_TRIED};
    if (c->memory != SIM_SC) {
        snprintf(out->saw, sizeof out->saw,
                 "an order in which stores wait in buffers cannot be followed");
    } else if (find_runner(&t, patch) && make_files(&t, c, schedule)) {
        out->verdict = CONFIRM_NOT_REACHED;
        while (out->tries < times && out->verdict >= CONFIRM_OTHER && !t.useless &&
               !command_stopped)
            try_once(&t, out->tries + 1);
    }
    if (t.gates != NULL)
        munmap(t.gates, sizeof *t.gates);
    if (t.folder[0] != 0 && getenv("GAUNTLET_KEEP") == NULL)
        tree_remove(t.folder);
    out->seconds = now() - begin;
}

void confirm_free(struct confirm_outcome *out)
{
    free(out->report);
    out->report = NULL;
}

void confirm_json(const struct confirm_outcome *out, cJSON *o)
{
    cJSON_AddStringToObject(o, "verdict", confirm_verdict_name(out->verdict));
    if (out->verdict == CONFIRM_NOT_TRIED)
        cJSON_AddNullToObject(o, "confirmed");
    else
        cJSON_AddBoolToObject(o, "confirmed", out->verdict == CONFIRM_CONFIRMED);
    cJSON_AddNumberToObject(o, "tries", out->tries);
    cJSON_AddNumberToObject(o, "reached", out->reached);
    cJSON_AddStringToObject(o, "gate", out->gate);
    cJSON_AddStringToObject(o, "saw", out->saw);
    cJSON_AddStringToObject(o, "report", out->report ? out->report : "");
    cJSON_AddNumberToObject(o, "seconds", out->seconds);
}
