// SPDX-License-Identifier: Apache-2.0
//
// Runs another program and keeps what it prints.
#pragma once

#include <stdbool.h>
#include <stdio.h>

// Standard output of `argv` (looked for in PATH when its name holds no '/'), cut after a MiB; to be
// freed. *status is its exit status, 127 when it could not be started. NULL, with errno set, when
// it ended in another way or there was no process for it. Its standard error goes to `errors`;
// NULL: to ours.
char *child_output(char *const argv[], int *status, FILE *errors);
// One that runs beside the caller.
struct child {
    int pid;   // 0: it does not run
    FILE *out; // its standard output
};
// False, with errno set, when there was no process for it; one that cannot be run ends at once,
// with status 127.
bool child_begin(struct child *c, char *const argv[]);
// Sends it the signal, waits for it; its exit status, or negative when it ended in another way.
int child_end(struct child *c, int signal_number);
// Copies what was written to `errors` to standard error.
void child_tell(FILE *errors);
