// SPDX-License-Identifier: Apache-2.0
//
// For tests: what a function does to the process that runs it. It runs in a child, so that a
// throw can be asserted.
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs fn in a child and reads its standard error into text[bytes] (terminated, cut). Returns the
// wait status.
static inline int death_of(void (*fn)(void), char *text, size_t bytes)
{
    int fd[2];
    if (pipe(fd) != 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(fd[1], STDERR_FILENO);
        close(fd[0]);
        close(fd[1]);
        fn();
        _exit(0);
    }
    close(fd[1]);
    size_t n = 0;
    for (;;) {
        char rest[256];
        bool full = n + 1 >= bytes;
        ssize_t got = read(fd[0], full ? rest : text + n, full ? sizeof(rest) : bytes - 1 - n);
        if (got <= 0)
            break;
        n += full ? 0 : (size_t)got;
    }
    text[n] = '\0';
    close(fd[0]);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        abort();
    return status;
}

// True when fn aborts with `words` in what it prints.
static inline bool dies_with(void (*fn)(void), const char *words)
{
    static char text[16384];
    int status = death_of(fn, text, sizeof(text));
    bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return aborted && strstr(text, words) != NULL;
}
