// SPDX-License-Identifier: Apache-2.0
//
// See runner_watch.h. Time on the clock alone says little on a machine that others use too: what is
// ready to run is asked of the kernel, a few times, since even a runtime without work has a thread
// that wakes up now and then.
#include "stress/native/runner_watch.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { LOOKS = 10, AWAKE_MOST = 2 };
static const double look_s = 0.05, patience = 10;

static volatile bool *stopped;
static sigset_t mine;

void watch_init(volatile bool *stop, sigset_t *before)
{
    stopped = stop;
    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGTERM);
    sigprocmask(SIG_BLOCK, &mine, before);
}

static double clock_of(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0)
        return 0;
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

bool watch_for(pid_t pid, double seconds, int *status)
{
    double until = clock_of(CLOCK_MONOTONIC) + seconds;

    for (;;) {
        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        double left = until - clock_of(CLOCK_MONOTONIC);
        if (left <= 0 || *stopped)
            return false;
        struct timespec ts = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        int sig = sigtimedwait(&mine, NULL, &ts);
        if (sig == SIGINT || sig == SIGTERM)
            *stopped = true;
    }
}

// Processor time of the child.
static double used(pid_t pid)
{
    clockid_t id;

    return clock_getcpuclockid(pid, &id) == 0 ? clock_of(id) : 0;
}

// The state of a thread as /proc has it, behind its name in parentheses; 0: it has ended.
static char state_of(pid_t pid, const char *thread)
{
    char path[64], line[256];
    const char *at = NULL;

    snprintf(path, sizeof path, "/proc/%d/task/%.16s/stat", (int)pid, thread);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    if (fgets(line, sizeof line, f) != NULL)
        at = strrchr(line, ')');
    fclose(f);
    return at != NULL && at[1] == ' ' ? at[2] : 0;
}

static bool awake(pid_t pid)
{
    char path[64];
    bool any = false;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        any |= e->d_name[0] != '.' && state_of(pid, e->d_name) == 'R';
    closedir(d);
    return any;
}

// Looks some times; true when it has ended meanwhile. *sleeps: nobody was ready but now and then.
static bool look(pid_t pid, bool *sleeps, int *status)
{
    int times = 0;

    for (int i = 0; i < LOOKS; i++) {
        times += awake(pid);
        if (watch_for(pid, look_s, status))
            return true;
    }
    *sleeps = times <= AWAKE_MOST;
    return false;
}

bool watch(pid_t pid, double seconds, int *status)
{
    double last = clock_of(CLOCK_MONOTONIC) + patience * seconds;
    bool sleeps = false;

    if (watch_for(pid, seconds, status))
        return true;
    while (!*stopped && !sleeps && used(pid) < seconds && clock_of(CLOCK_MONOTONIC) < last)
        if (look(pid, &sleeps, status))
            return true;
    return false;
}
