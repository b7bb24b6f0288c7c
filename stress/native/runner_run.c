// SPDX-License-Identifier: Apache-2.0
//
// One execution: see runner.h. The child's words go to a file in memory, which never blocks it. A
// child that takes too long gets SIGQUIT first, to which the runtime answers with its state.
//
// The signature of a crash is made of the words that the engine would have got: the text of
// host_abort, or for a fault the function that it was in.
#include "stress/native/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/native/runner_watch.h"
#include "stress/sim/sites.h"
#include "stress/workload/interp.h"

static const double last_words_s = 2;

static volatile bool *stopped;
static sigset_t before; // signals that the child waits for as this process did at first

void run_init(volatile bool *stop)
{
    stopped = stop;
    watch_init(stop, &before);
}

// The child -----------------------------------------------------------------------------------

static _Noreturn void child(const struct run_params *p, int err)
{
    const struct rlimit no_core = {0, 0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); // Ctrl-C is the parent's business
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(err, 1);
    dup2(err, 2);
    sigprocmask(SIG_SETMASK, &before, NULL);
    reports_capture(p->seen);
    layer_begin(p->seed);
    workload_main(p->w);
    _exit(3);
}

// The parent ----------------------------------------------------------------------------------

static void read_said(int fd, char said[RUN_SAID_BYTES])
{
    size_t n = 0;

    for (ssize_t k; n + 1 < RUN_SAID_BYTES; n += (size_t)k) {
        k = pread(fd, said + n, RUN_SAID_BYTES - 1 - n, (off_t)n);
        if (k <= 0)
            break;
    }
    said[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (said[i] == 0)
            said[i] = '?';
}

// What follows `prefix` at the beginning of a line, or NULL.
static const char *line_after(const char *said, const char *prefix)
{
    const char *at = said;

    while ((at = strstr(at, prefix)) != NULL) {
        if (at == said || at[-1] == '\n')
            return at + strlen(prefix);
        at++;
    }
    return NULL;
}

static void crash_signature(const struct run_params *p, struct run *r, int status)
{
    static const char *const prefixes[] = {"runtime: throw: ", "fatal error: "};
    const char *words = NULL, *fault = strstr(r->said, "ThreadSanitizer:DEADLYSIGNAL");
    uint64_t pc = 0;
    char text[256];

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0] && words == NULL; i++)
        words = line_after(r->said, prefixes[i]);
    if (words == NULL && fault == NULL && (words = strstr(r->said, "ThreadSanitizer: ")) == NULL)
        words = line_after(r->said, "runtime: ");
    if (fault != NULL && strstr(fault, "(pc 0x") != NULL)
        pc = strtoull(strstr(fault, "(pc 0x") + 4, NULL, 16);
    if (words != NULL)
        snprintf(text, sizeof text, "%.*s", (int)strcspn(words, "\n"), words);
    else if (fault != NULL)
        snprintf(text, sizeof text, "Segmentation fault in %s", sim_pc_function(pc));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "%s", sigdescr_np(WTERMSIG(status)));
    else
        snprintf(text, sizeof text, "%s: status %d", p->w->name, WEXITSTATUS(status));
    sim_crash_signature(r->signature, sizeof r->signature, text);
}

static void judge(const struct run_params *p, struct run *r, pid_t pid, int err)
{
    int status = 0;
    bool gone = watch(pid, p->hang, &status);

    if (gone)
        r->end = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? RUN_ENDED : RUN_CRASHED;
    else
        r->end = *stopped ? RUN_STOPPED : RUN_HUNG;
    if (r->end == RUN_HUNG) {
        kill(pid, SIGQUIT);
        gone = watch_for(pid, last_words_s, &status);
        snprintf(r->signature, sizeof r->signature, "hang: %s", p->w->name);
    }
    if (!gone) {
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    read_said(err, r->said);
    if (r->end == RUN_CRASHED)
        crash_signature(p, r, status);
}

void run_once(const struct run_params *p, struct run *r)
{
    int err = memfd_create("said", MFD_CLOEXEC);

    memset(r, 0, sizeof *r);
    memset(p->seen, 0, sizeof *p->seen);
    fflush(NULL);
    pid_t pid = err < 0 ? -1 : fork();
    if (pid == 0)
        child(p, err);
    if (pid < 0) {
        snprintf(r->said, sizeof r->said, "%s", strerror(errno));
        r->end = RUN_FAILED;
    } else {
        judge(p, r, pid, err);
    }
    if (err >= 0)
        close(err);
}
