// SPDX-License-Identifier: Apache-2.0
//
// See replay_native_hunt.h.
#include "ci/gauntlet/replay_native_hunt.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/native.h"

enum { ANSWER_BYTES = 1 << 18 };

bool confirm_possible(void)
{
    static struct native n; // large

    return getenv("GAUNTLET_RUNNER") != NULL || native_set(&n, NULL);
}

static _Noreturn void replay(const char *path, int out)
{
    char times[16];
    char *const argv[] = {(char[]){"gauntlet"},    (char[]){"replay"},
                          (char[]){"--native"},    (char[]){"--json"},
                          (char[]){"--times"},     times,
                          (char *)(uintptr_t)path, NULL};

    snprintf(times, sizeof times, "%d", CONFIRM_TRIES);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(out, 1);
    if (freopen("/dev/null", "w", stderr) == NULL)
        _exit(127);
    execv("/proc/self/exe", argv);
    _exit(127);
}

// Reads the child's answer to its end; it is told to stop when this process is.
static void read_answer(int fd, pid_t pid, char *text)
{
    bool told = false;
    size_t n = 0;

    while (n + 1 < ANSWER_BYTES) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (command_stopped && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t k = TEMP_FAILURE_RETRY(read(fd, text + n, ANSWER_BYTES - 1 - n));
        if (k <= 0)
            break;
        n += (size_t)k;
    }
    text[n] = 0;
}

static void take_answer(const char *text, struct confirmed *out)
{
    cJSON *o = cJSON_Parse(text);
    const char *verdict = cJSON_GetStringValue(cJSON_GetObjectItem(o, "verdict"));
    const char *saw = cJSON_GetStringValue(cJSON_GetObjectItem(o, "saw"));
    const char *gate = cJSON_GetStringValue(cJSON_GetObjectItem(o, "gate"));
    const cJSON *confirmed = cJSON_GetObjectItem(o, "confirmed");

    out->tried = cJSON_IsBool(confirmed);
    out->confirmed = cJSON_IsTrue(confirmed);
    out->tries = (uint32_t)cJSON_GetNumberValue(cJSON_GetObjectItem(o, "tries"));
    out->seconds = cJSON_GetNumberValue(cJSON_GetObjectItem(o, "seconds"));
    snprintf(out->verdict, sizeof out->verdict, "%s", verdict ? verdict : "");
    bool reached = cJSON_GetNumberValue(cJSON_GetObjectItem(o, "reached")) > 0;
    snprintf(out->saw, sizeof out->saw, "%s", !reached && gate ? gate : saw ? saw : "");
    cJSON_Delete(o);
}

void confirm_find(const char *path, struct confirmed *out)
{
    char *text = malloc(ANSWER_BYTES);
    int fds[2], status;

    *out = (struct confirmed){.tried = false};
    if (text == NULL || pipe(fds) != 0) {
        free(text);
        return;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        replay(path, fds[1]);
    }
    close(fds[1]);
    if (pid > 0) {
        read_answer(fds[0], pid, text);
        TEMP_FAILURE_RETRY(waitpid(pid, &status, 0));
        take_answer(text, out);
    }
    close(fds[0]);
    free(text);
}

void confirm_note(const struct confirmed *c, cJSON *finding)
{
    if (!c->tried) {
        cJSON_AddNullToObject(finding, "confirmed");
        cJSON_AddNullToObject(finding, "real_threads");
        return;
    }
    cJSON_AddBoolToObject(finding, "confirmed", c->confirmed);
    cJSON *o = cJSON_AddObjectToObject(finding, "real_threads");
    cJSON_AddStringToObject(o, "verdict", c->verdict);
    cJSON_AddNumberToObject(o, "tries", c->tries);
    cJSON_AddStringToObject(o, "saw", c->saw);
    cJSON_AddNumberToObject(o, "seconds", c->seconds);
}
