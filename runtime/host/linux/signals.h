// SPDX-License-Identifier: Apache-2.0
//
// Handlers of the linux host, as the kernel knows them.
#pragma once

#include <signal.h>
#include <stdint.h>

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

// The action from now on, unless `now` is NULL; *before: the one of before, unless NULL.
void linux_action(int sig, const struct kernel_sigaction *now, struct kernel_sigaction *before);
// The same for a handler of ours: on the signal stack, with all signals blocked.
void linux_handle(int sig, void (*handler)(int, siginfo_t *, void *), unsigned long flags,
                  struct kernel_sigaction *before);
