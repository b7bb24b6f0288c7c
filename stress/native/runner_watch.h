// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a child, and whether it hangs.
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

// SIGCHLD, SIGINT and SIGTERM are blocked from here on, the last two set *stop; *before is the mask
// that there was.
void watch_init(volatile bool *stop, sigset_t *before);
// Waits for the child's end, at most for that time. False: it is not over, or this process is to
// stop.
bool watch_for(pid_t pid, double seconds, int *status);
// Likewise, until it hangs: it is not over after `seconds`, and has either used the processor for
// that long, or sleeps. A child that only waits for a processor has ten times as long.
bool watch(pid_t pid, double seconds, int *status);
