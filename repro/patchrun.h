// SPDX-License-Identifier: Apache-2.0
//
// Runs the programs that building takes, and keeps what they say.
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct command {
    const char **argv; // owned; NULL-terminated; the texts are the caller's
    size_t argc, cap;
    const char *dir;   // folder to run in
    const char *input; // file for standard input, or NULL for none
    const char *log;   // file for all output
    pid_t pid;         // while running, else 0
};

void command_add(struct command *c, const char *arg);
// Starts it. Returns 0, or -errno.
int command_start(struct command *c);
// Waits for a command that was started. Returns its exit status, or -1 when a signal ended it.
int command_wait(struct command *c);
void command_free(struct command *c);
// start and wait; -1 also when it cannot be started.
int command_run(struct command *c);
