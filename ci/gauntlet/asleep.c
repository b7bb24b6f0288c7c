// SPDX-License-Identifier: Apache-2.0
//
// See asleep.h. /proc/PID/task/TID/syscall has the number of the system call that a sleeping thread
// is in, and its arguments.
#include "ci/gauntlet/asleep.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

enum thread_state { AWAKE, ASLEEP, TSAN };

static FILE *open_of(pid_t pid, const char *tid, const char *what)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/%d/task/%.16s/%s", (int)pid, tid, what);
    return fopen(path, "re");
}

static enum thread_state state_of(pid_t pid, const char *tid)
{
    FILE *f = open_of(pid, tid, "syscall");
    long number = -1;
    uint64_t a[5];

    if (f == NULL)
        return AWAKE;
    int n = fscanf(f, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &number,
                   &a[0], &a[1], &a[2], &a[3], &a[4]);
    fclose(f);
    if (n != 6) // "running", or in no system call
        return AWAKE;
    switch (number) {
    case SYS_futex:
        return ((int)a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT && a[3] == 0 ? ASLEEP : AWAKE;
    case SYS_epoll_pwait:
        return (int32_t)a[3] < 0 ? ASLEEP : AWAKE;
    case SYS_epoll_pwait2:
        return a[3] == 0 ? ASLEEP : AWAKE;
    case SYS_nanosleep: // nobody else: the host sleeps by clock_nanosleep
        return TSAN;
    default:
        return AWAKE;
    }
}

static uint64_t switches_of(pid_t pid, const char *tid)
{
    FILE *f = open_of(pid, tid, "status");
    char line[128];
    uint64_t sum = 0;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "ctxt_switches:");
        if (at != NULL)
            sum += strtoull(at + strlen("ctxt_switches:"), NULL, 10);
    }
    if (f != NULL)
        fclose(f);
    return sum;
}

bool asleep_for_good(struct asleep *a, pid_t pid)
{
    char path[64];
    uint64_t switches = 0;
    uint32_t asleep = 0, awake = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        enum thread_state state = state_of(pid, e->d_name);
        asleep += state == ASLEEP;
        awake += state == AWAKE;
        if (state == ASLEEP)
            switches += switches_of(pid, e->d_name);
    }
    closedir(d);
    bool still = asleep > 0 && awake == 0 && switches == a->switches;
    a->switches = switches;
    return still;
}
