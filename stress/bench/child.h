// SPDX-License-Identifier: Apache-2.0
//
// Runs another program and keeps what it prints.
#pragma once

#include <stdio.h>

// Standard output of `argv` (looked for in PATH when its name holds no '/'), cut after a MiB; to be
// freed. *status is its exit status, 127 when it could not be started. NULL, with errno set, when
// it ended in another way or there was no process for it. Its standard error goes to `errors`;
// NULL: to ours.
char *child_output(char *const argv[], int *status, FILE *errors);
// Copies what was written to `errors` to standard error.
void child_tell(FILE *errors);
