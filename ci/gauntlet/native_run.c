// SPDX-License-Identifier: Apache-2.0
//
// The runner of stress/native as a process: found, started, heard. See native.h. Of one that dies,
// what it had said counts.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/native.h"
#include "repro/patchbuild.h"

enum { ARGS = 16, ARG_BYTES = 64, HANG_S = 20, POLL_MS = 100, ANSWER_BYTES = 64 << 20 };

bool native_set(struct native *n, const char *patch)
{
    const char *folder = getenv("GAUNTLET_NATIVE");
    const char *given = getenv("GAUNTLET_RUNNER"); // with the patch in it
    char path[PATH_MAX], error[PATH_MAX + 512];

    *n = (struct native){0};
    if (given != NULL) {
        snprintf(n->runner, sizeof n->runner, "%s", given);
        return true;
    }
    if (folder != NULL)
        snprintf(path, sizeof path, "%s/runner_%s", folder, command_sizes);
    else
        snprintf(path, sizeof path, "%s/bazel-bin/stress/native/runner_%s", command_root(),
                 command_sizes);
    if (access(path, X_OK) != 0) {
        snprintf(n->reason, sizeof n->reason,
                 "its runner is not built: bazel build //stress/native:runner_%s", command_sizes);
        return false;
    }
    if (patch == NULL) {
        snprintf(n->runner, sizeof n->runner, "%s", path);
        return true;
    }
    strncat(path, ".kit", sizeof path - strlen(path) - 1);
    if (patchbuild_cached_kit(patch, path, false, n->runner, sizeof n->runner, error,
                              sizeof error) == 0)
        return true;
    snprintf(n->reason, sizeof n->reason, "%s", error);
    return false;
}

// Arguments ------------------------------------------------------------------------------------

struct args {
    char text[ARGS][ARG_BYTES];
    const char *v[ARGS + 1];
    uint32_t n;
};

static void add(struct args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(a->text[a->n], ARG_BYTES, format, list);
    va_end(list);
    a->v[a->n] = a->text[a->n];
    a->n++;
}

static void set_args(const struct native *n, const struct native_request *r, struct args *a)
{
    a->v[a->n++] = n->runner;
    add(a, "--seed=%llu", (unsigned long long)r->seed);
    add(a, "--hang=%d", HANG_S);
    if (r->executions > 0)
        add(a, "--executions=%llu", (unsigned long long)r->executions);
    if (r->seconds > 0)
        add(a, "--for=%.3f", r->seconds);
    if (r->same)
        add(a, "--same");
    add(a, "--");
    a->v[a->n++] = r->file;
    a->v[a->n] = NULL;
}

static _Noreturn void become(const struct args *a, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(out, 1);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    unsetenv("TSAN_OPTIONS"); // the runner has its own
    execv(a->v[0], (char *const *)(uintptr_t)a->v);
    _exit(127);
}

// What it says ----------------------------------------------------------------------------------

struct heard {
    char *text;
    size_t n, capacity;
};

static bool room(struct heard *h)
{
    if (h->capacity - h->n >= 4096)
        return true;
    size_t capacity = h->capacity ? 2 * h->capacity : 16384;
    char *grown = capacity <= ANSWER_BYTES ? realloc(h->text, capacity) : NULL;
    if (grown == NULL)
        return false;
    h->text = grown;
    h->capacity = capacity;
    return true;
}

// Until it ends; told to when this process is.
static void hear(int fd, pid_t pid, struct heard *h)
{
    bool told = false;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, POLL_MS);

        if (command_stopped && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
        if (ready <= 0)
            continue;
        ssize_t k = room(h) ? read(fd, h->text + h->n, h->capacity - h->n) : 0;
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return;
        h->n += (size_t)k;
    }
}

static void take_event(struct native_answer *a, cJSON *event)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(event, "event"));

    if (name != NULL && strcmp(name, "finding") == 0) {
        cJSON_AddItemToArray(a->findings, event);
    } else if (name != NULL && strcmp(name, "end") == 0) {
        cJSON_Delete(a->end);
        a->end = event;
    } else {
        cJSON_Delete(event);
    }
}

static void parse(const struct heard *h, struct native_answer *a)
{
    const char *at = h->text, *end = h->text + h->n;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL)
            return; // half a line of one that died
        cJSON *event = cJSON_ParseWithLength(at, (size_t)(newline - at));
        if (event != NULL)
            take_event(a, event);
        at = newline + 1;
    }
}

void native_run(const struct native *n, const struct native_request *r, struct native_answer *a)
{
    struct args args = {.n = 0};
    struct heard h = {0};
    int fds[2];

    *a = (struct native_answer){.findings = cJSON_CreateArray(), .status = 127 << 8};
    set_args(n, r, &args);
    if (pipe(fds) != 0)
        return;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        become(&args, fds[1]);
    }
    close(fds[1]);
    if (pid > 0) {
        hear(fds[0], pid, &h);
        TEMP_FAILURE_RETRY(waitpid(pid, &a->status, 0));
    }
    close(fds[0]);
    parse(&h, a);
    free(h.text);
}

void native_answer_free(struct native_answer *a)
{
    cJSON_Delete(a->findings);
    cJSON_Delete(a->end);
}
