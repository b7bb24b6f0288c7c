// SPDX-License-Identifier: Apache-2.0
//
// For tests: what the runtime promises, each claim in a process of its own, because rt_main does
// not return. A claim is a main goroutine; one that holds ends with status 0, one that does not
// with a fatal error.
#pragma once

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/rt_heap.h"
#include "runtime/sched/death.h"
#include "runtime/sched/sched.h"

static void (*claim)(void *);
static int32_t claim_procs;
static bool claim_without_gc; // for tests that collect by hand, or count what is there

static inline void claim_main(void *arg)
{
    if (claim_without_gc)
        rt_set_gc_percent(-1);
    claim(arg);
}

static inline void run_claim(void)
{
    struct rt_config config = {.procs = claim_procs};
    rt_main(&config, claim_main, NULL);
}

static inline void holds_on(void (*fn)(void *), int32_t procs, int exit_status)
{
    static char text[16384];
    claim = fn;
    claim_procs = procs;
    int status = death_of(run_claim, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != exit_status)
        fail_msg("procs %d: wait status %#x\n%s", procs, (unsigned)status, text);
}

static inline void holds(void (*fn)(void *))
{
    holds_on(fn, 1, 0);
    holds_on(fn, 3, 0);
}

#define check(c) ((c) ? (void)0 : rt_fatal("check failed: " #c))

// The claim's program dies, and says so.
static inline void dies_saying(void (*fn)(void *), int32_t procs, const char *words)
{
    static char text[16384];
    claim = fn;
    claim_procs = procs;
    int status = death_of(run_claim, text, sizeof(text));
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(text, words) == NULL)
        fail_msg("procs %d: wait status %#x, expected `%s` in\n%s", procs, (unsigned)status, words,
                 text);
}
