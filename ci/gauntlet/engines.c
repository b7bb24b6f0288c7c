// SPDX-License-Identifier: Apache-2.0
//
// Fuzzing engines as processes: see engines.h. An engine that ends is started again: libFuzzer ends
// at each crash, by design. One that executes nothing for half a minute is killed first. One that
// fails some times in a row without having executed anything is given up, with its last words.
#include "ci/gauntlet/engines.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/patchbuild.h"

enum { FAILURES = 3, SHARE_S = 5, STOP_TENTHS = 80, ARGS = 40 };
static const double hang_s = 30, share_s = SHARE_S;

static bool is_afl(const struct engine *e)
{
    return strcmp(e->kind, "afl") == 0;
}

static bool leave_out(struct engine *e, const char *reason)
{
    e->over = true;
    snprintf(e->reason, sizeof e->reason, "%s", reason);
    return true;
}

// The program of the engine, with the patch in it.
static bool find_binary(struct engine *e, const char *patch)
{
    const char *folder = getenv("GAUNTLET_FUZZ");
    char path[PATH_MAX], error[PATH_MAX + 512];

    if (folder != NULL)
        snprintf(path, sizeof path, "%s/%s/%s_fuzz.%s", folder, e->target, e->target, e->kind);
    else
        snprintf(path, sizeof path, "%s/bazel-bin/fuzz/%s/%s_fuzz.%s", command_root(), e->target,
                 e->target, e->kind);
    if (is_afl(e) && access("/usr/bin/afl-fuzz", X_OK) != 0)
        return !leave_out(e, "AFL++ is not installed: apt-get install afl++");
    if (access(path, X_OK) != 0) {
        snprintf(error, sizeof error, "%s is not built: bazel build //fuzz/%s:all_engines",
                 command_relative(path), e->target);
        return !leave_out(e, error);
    }
    if (patch == NULL) {
        snprintf(e->binary, sizeof e->binary, "%s", path);
        return true;
    }
    strncat(path, ".kit", sizeof path - strlen(path) - 1);
    if (patchbuild_cached_kit(patch, path, false, e->binary, sizeof e->binary, error,
                              sizeof error) != 0)
        return !leave_out(e, error);
    return true;
}

bool engines_add(struct engines *s, const char *kind, const char *target, const char *state_root,
                 const char *patch)
{
    char error[PATH_MAX + 256];

    if (s->n == ENGINES_MAX)
        return false;
    struct engine *e = &s->e[s->n++];
    *e = (struct engine){.kind = kind};
    snprintf(e->target, sizeof e->target, "%s", target);
    if (!find_binary(e, patch))
        return true;
    if (!engine_state(e, state_root, patch, error, sizeof error))
        return leave_out(e, error);
    snprintf(e->seeds, sizeof e->seeds, "%s/fuzz/%s/corpus", command_root(), target);
    snprintf(e->dictionary, sizeof e->dictionary, "%s/fuzz/%s/%s.dict", command_root(), target,
             target);
    if (access(e->dictionary, F_OK) != 0) {
        e->dictionary[0] = 0;
    } else if (!engine_dictionary_ok(e->dictionary)) {
        fprintf(stderr, "gauntlet: %s is no dictionary; %s goes on without\n",
                command_relative(e->dictionary), kind);
        e->dictionary[0] = 0;
    }
    return true;
}

// Starting ---------------------------------------------------------------------------------

struct args {
    char *v[ARGS];
    uint32_t n;
};

static void add(struct args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    if (a->n + 1 < ARGS && vasprintf(&a->v[a->n], format, list) >= 0)
        a->v[++a->n] = NULL;
    va_end(list);
}

static void libfuzzer_args(const struct engine *e, uint64_t seed, struct args *a)
{
    add(a, "%s", e->binary);
    add(a, "-seed=%u", (unsigned)(seed + e->restarts) % 1000000000 + 1);
    add(a, "-artifact_prefix=%s/artifacts/", e->state);
    add(a, "-max_len=65536");
    add(a, "-len_control=0");
    add(a, "-reload=%d", SHARE_S);
    add(a, "-timeout=20");
    add(a, "-verbosity=0");
    add(a, "%s/corpus", e->state);
    if (engine_files(e->seeds) > 0)
        add(a, "%s", e->seeds);
}

// AFL++ gives up without seeds. What libFuzzer finds lies beside its own folder as if another AFL++
// had found it (engine_share): -F, which reads foreign folders, comes only with -M, which takes
// inputs in the order of their age.
static void afl_args(const struct engine *e, uint64_t seed, struct args *a)
{
    char corpus[PATH_MAX + 16];

    snprintf(corpus, sizeof corpus, "%s/corpus", e->state);
    add(a, "/usr/bin/afl-fuzz");
    add(a, "-S");
    add(a, "main");
    add(a, "-i");
    add(a, "%s", engine_files(e->seeds) > 0 ? e->seeds : corpus);
    add(a, "-o");
    add(a, "%s/afl", e->state);
    add(a, "-s");
    add(a, "%u", (unsigned)(seed % 1000000000));
    add(a, "-t");
    add(a, "2000");
    add(a, "--");
    add(a, "%s", e->binary);
}

static void set_environment(const struct engine *e)
{
    char text[PATH_MAX + 64];

    snprintf(text, sizeof text, "%s/known", e->state);
    setenv("GAUNTLET_KNOWN", text, 1);
    snprintf(text, sizeof text, "%s/%s.beat", e->state, e->kind);
    setenv("GAUNTLET_BEAT", text, 1);
    setenv("FUZZER_DICTIONARY_PATH", e->dictionary, 1);
    unsetenv("ASAN_OPTIONS");
    unsetenv("TSAN_OPTIONS");
    unsetenv("UBSAN_OPTIONS");
    if (!is_afl(e))
        return;
    snprintf(text, sizeof text, "%s/artifacts", e->state);
    setenv("GAUNTLET_CRASHES", text, 1);
    const char *folder = getenv("GAUNTLET_FUZZ");
    if (folder != NULL)
        snprintf(text, sizeof text, "%s/program/mutator_afl.so", folder);
    else
        snprintf(text, sizeof text, "%s/bazel-bin/fuzz/program/mutator_afl.so", command_root());
    setenv("AFL_CUSTOM_MUTATOR_LIBRARY", text, 1);
    static const char *const on[] = {
        "AFL_CUSTOM_MUTATOR_ONLY", "AFL_DISABLE_TRIM", "AFL_NO_UI",
        "AFL_TRY_AFFINITY",        "AFL_SKIP_CPUFREQ", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES",
        "AFL_IGNORE_PROBLEMS",     "AFL_AUTORESUME"};
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++)
        setenv(on[i], "1", 1);
    setenv("AFL_SYNC_TIME", "1", 1); // minute
}

static _Noreturn void become(const struct engine *e, uint64_t seed)
{
    struct args a = {0};
    char log[PATH_MAX + 64];

    setpgid(0, 0); // Ctrl-C is this program's business
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(log, sizeof log, "%s/%s.log", e->state, e->kind);
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666), null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(fd >= 0 ? fd : null, 1);
    dup2(fd >= 0 ? fd : null, 2);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    set_environment(e);
    if (is_afl(e))
        afl_args(e, seed, &a);
    else
        libfuzzer_args(e, seed, &a);
    execv(a.v[0], a.v);
    _exit(127);
}

static void start(struct engines *s, struct engine *e, double now)
{
    fflush(NULL);
    e->before += e->beat->executions;
    e->beat->executions = 0;
    e->seen = 0;
    e->started = e->moved = now;
    e->pid = fork();
    if (e->pid == 0)
        become(e, s->seed);
    if (e->pid < 0) {
        e->pid = 0;
        leave_out(e, strerror(errno));
        return;
    }
    setpgid(e->pid, e->pid);
}

void engines_start(struct engines *s, double now)
{
    s->synced = now;
    for (uint32_t i = 0; i < s->n; i++)
        if (!s->e[i].over)
            start(s, &s->e[i], now);
}

// Watching ---------------------------------------------------------------------------------

static void ended(struct engines *s, struct engine *e, int status, double now)
{
    char words[ENGINE_REASON_BYTES - 64];
    bool executed = e->beat->executions > 0;

    e->pid = 0;
    e->failures = executed ? 0 : e->failures + 1;
    if (e->failures == FAILURES) {
        e->before += e->beat->executions;
        e->beat->executions = 0;
        engine_last_words(e, words, sizeof words);
        snprintf(e->reason, sizeof e->reason, "given up after %d starts (%s %d) %s", FAILURES,
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), words);
        e->over = true;
        return;
    }
    e->restarts++;
    start(s, e, now);
}

static void watch(struct engines *s, struct engine *e, double now)
{
    int status;

    if (e->pid == 0)
        return;
    if (e->beat->executions != e->seen) {
        e->seen = e->beat->executions;
        e->moved = now;
    } else if (now - e->moved > hang_s) {
        e->hangs++;
        e->moved = now;
        kill(-e->pid, SIGKILL);
    }
    if (waitpid(e->pid, &status, WNOHANG) == e->pid) {
        kill(-e->pid, SIGKILL); // what it has left behind
        ended(s, e, status, now);
    }
}

void engines_poll(struct engines *s, double now)
{
    bool share = now - s->synced > share_s;

    for (uint32_t i = 0; i < s->n; i++) {
        watch(s, &s->e[i], now);
        if (share && is_afl(&s->e[i]) && s->e[i].beat != NULL)
            engine_share(&s->e[i]);
    }
    if (share)
        s->synced = now;
}

bool engines_alive(const struct engines *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (!s->e[i].over)
            return true;
    return false;
}

static uint64_t executions(const struct engine *e)
{
    return e->before + (e->beat != NULL ? e->beat->executions : 0);
}

uint64_t engines_executions(const struct engines *s)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < s->n; i++)
        n += executions(&s->e[i]);
    return n;
}

struct engine *engines_crash(struct engines *s, char path[PATH_MAX])
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->e[i].beat != NULL && engine_next_crash(&s->e[i], path))
            return &s->e[i];
    return NULL;
}

void engines_handled(struct engine *e, const char *path)
{
    char **more = reallocarray(e->handled, e->nhandled + 1, sizeof *more);

    e->crashes++;
    if (more != NULL)
        e->handled = more;
    if (more != NULL && (more[e->nhandled] = strdup(path)) != NULL)
        e->nhandled++;
    engine_note(e, "handled", path);
}

void engines_know(struct engines *s, const char *signature)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->e[i].beat != NULL && !engine_noted(&s->e[i], "known", signature))
            engine_note(&s->e[i], "known", signature);
}

// Stopping ---------------------------------------------------------------------------------

static void stop(struct engine *e)
{
    const struct timespec tenth = {0, 100 * 1000 * 1000};

    if (e->pid == 0)
        return;
    kill(-e->pid, SIGTERM);
    for (int i = 0; i < STOP_TENTHS; i++) {
        if (waitpid(e->pid, NULL, WNOHANG) == e->pid) {
            kill(-e->pid, SIGKILL);
            e->pid = 0;
            return;
        }
        nanosleep(&tenth, NULL);
    }
    kill(-e->pid, SIGKILL);
    TEMP_FAILURE_RETRY(waitpid(e->pid, NULL, 0));
    e->pid = 0;
}

void engines_stop(struct engines *s, bool minimize)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->e[i].pid != 0)
            kill(-s->e[i].pid, SIGTERM);
    for (uint32_t i = 0; i < s->n; i++) {
        struct engine *e = &s->e[i];

        stop(e);
        if (e->beat != NULL && is_afl(e))
            engine_share(e);
    }
    for (uint32_t i = 0; i < s->n && minimize; i++)
        if (s->e[i].beat != NULL && !is_afl(&s->e[i]) && !s->e[i].over)
            engine_minimize(&s->e[i]);
}

void engines_tell(const struct engines *s, FILE *out)
{
    char corpus[PATH_MAX + 16];

    for (uint32_t i = 0; i < s->n; i++) {
        const struct engine *e = &s->e[i];

        fprintf(out, "%s on %s: ", e->kind, e->target);
        if (e->beat == NULL) {
            fprintf(out, "skipped: %s\n", e->reason);
            continue;
        }
        snprintf(corpus, sizeof corpus, "%s/corpus", e->state);
        fprintf(out,
                "%llu execution%s, %u crash file%s, %u start%s again, %u hang%s; corpus %u in %s\n",
                (unsigned long long)executions(e), command_s(executions(e)), e->crashes,
                command_s(e->crashes), e->restarts, command_s(e->restarts), e->hangs,
                command_s(e->hangs), engine_files(corpus), corpus);
        if (e->reason[0] != 0)
            fprintf(out, "  %s\n", e->reason);
    }
    if (s->unreproduced > 0)
        fprintf(out, "%u crash file%s found nothing when run again in this program\n",
                s->unreproduced, command_s(s->unreproduced));
}

cJSON *engines_json(const struct engines *s)
{
    cJSON *list = cJSON_CreateArray();

    for (uint32_t i = 0; i < s->n; i++) {
        const struct engine *e = &s->e[i];
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "engine", e->kind);
        cJSON_AddStringToObject(o, "target", e->target);
        cJSON_AddNumberToObject(o, "executions", (double)executions(e));
        cJSON_AddNumberToObject(o, "crashes", e->crashes);
        cJSON_AddNumberToObject(o, "restarts", e->restarts);
        cJSON_AddNumberToObject(o, "hangs", e->hangs);
        if (e->reason[0] != 0)
            cJSON_AddStringToObject(o, "reason", e->reason);
        else
            cJSON_AddNullToObject(o, "reason");
        cJSON_AddItemToArray(list, o);
    }
    return list;
}
