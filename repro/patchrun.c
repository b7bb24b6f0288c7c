// SPDX-License-Identifier: Apache-2.0
//
// See patchrun.h. posix_spawn, so that a caller with threads and a large address space pays little;
// no shell is involved: arguments are never interpreted.
#include "repro/patchrun.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void command_add(struct command *c, const char *arg)
{
    if (c->argc + 2 > c->cap) {
        c->cap = c->cap ? c->cap * 2 : 32;
        c->argv = reallocarray(c->argv, c->cap, sizeof *c->argv);
        if (c->argv == NULL)
            abort();
    }
    c->argv[c->argc++] = arg;
    c->argv[c->argc] = NULL;
}

int command_start(struct command *c)
{
    posix_spawn_file_actions_t actions;
    char *const *argv = (char *const *)(const void *)c->argv;
    int result = posix_spawn_file_actions_init(&actions);

    if (result != 0)
        return -result;
    result = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
                                              c->input ? c->input : "/dev/null", O_RDONLY, 0);
    if (result == 0)
        result = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, c->log,
                                                  O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_addchdir_np(&actions, c->dir);
    if (result == 0)
        result = posix_spawnp(&c->pid, c->argv[0], &actions, NULL, argv, environ);
    if (result != 0)
        c->pid = 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    return -result;
}

int command_wait(struct command *c)
{
    int status = 0;

    while (waitpid(c->pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    c->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void command_free(struct command *c)
{
    free(c->argv);
    *c = (struct command){.argv = NULL};
}

int command_run(struct command *c)
{
    return command_start(c) == 0 ? command_wait(c) : -1;
}
