// SPDX-License-Identifier: Apache-2.0
//
// Runs one workload on real threads: run_native FILE [TIMES]. Every execution is a process of its
// own, because the runtime ends the process that it runs in; the first one that fails decides the
// exit status.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress/workload/interp.h"
#include "stress/workload/probe.h"

static int run_once(struct workload *w)
{
    int status;
    pid_t child = fork();

    if (child < 0) {
        perror("fork");
        return 2;
    }
    if (child == 0) {
        workload_main(w);
        _exit(3);
    }
    if (waitpid(child, &status, 0) < 0)
        return 2;
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: %s\n", w->name, strsignal(WTERMSIG(status)));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    char error[512];
    long times = argc > 2 ? strtol(argv[2], NULL, 10) : 1;

    if (argc < 2 || argc > 3 || times < 1) {
        fprintf(stderr, "usage: run_native FILE [TIMES]\n");
        return 2;
    }
    struct workload *w = workload_read(argv[1], error, sizeof error);
    if (w == NULL) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    workload_name_actors(w, probe_actor);
    for (long i = 0; i < times; i++) {
        int status = run_once(w);

        if (status != 0) {
            fprintf(stderr, "%s: execution %ld of %ld ended with status %d\n", argv[1], i + 1,
                    times, status);
            return status;
        }
    }
    workload_free(w);
    return 0;
}
