// SPDX-License-Identifier: Apache-2.0
//
// The second opinion: the litmus programs, the very same objects, on real threads under
// compiler-rt's ThreadSanitizer. For each program it must report a race, or must stay silent, as
// the engine does; where it is known to be wrong the table of holes says so, and it must be wrong.
//
// Each program runs in a process of its own, round after round until ThreadSanitizer speaks. What
// is not about races (deadlocks, livelocks, crashes) is left out: it is the engine's alone.

#include "stress/sim/litmus/tso.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/sched/death.h"

// Rounds of a program that must be reported, and of one that must not. What a race is missed in
// goes on until its reader has met the writer, for else nothing was to be reported.
enum { REPORTED = 66, NOT_MET = 3, ROUNDS = 20000, SILENT_ROUNDS = 50, THREADS = 4 };

// What compiler-rt 19 does not know of C11. A report where the engine has none is a false one; no
// report where the engine has one is a race missed.
static const struct hole {
    const char *program, *why;
} holes[] = {
    {"message passing, fences", "free-standing fences are not modelled: false report"},
    {"release sequence, ended",
     "a relaxed store leaves the clock of the release before it: race missed"},
};

static const char *hole_of(const char *name)
{
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++)
        if (strcmp(holes[i].program, name) == 0)
            return holes[i].why;
    return NULL;
}

extern char __start_rt_bss[], __stop_rt_bss[];

static const struct litmus *program;
static atomic_uint arrived; // relaxed: the threads meet, and nothing is ordered by it

static void *thread_main(void *fn)
{
    void (*body)(void *);
    memcpy(&body, fn, sizeof body);
    atomic_fetch_add_explicit(&arrived, 1, memory_order_relaxed);
    while (atomic_load_explicit(&arrived, memory_order_relaxed) < program->threads)
        sched_yield();
    body(NULL);
    return NULL;
}

static void round_of_threads(void)
{
    pthread_t threads[THREADS];
    memset(__start_rt_bss, 0, (size_t)(__stop_rt_bss - __start_rt_bss));
    atomic_store_explicit(&arrived, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < program->threads; i++)
        if (pthread_create(&threads[i], NULL, thread_main, (void *)(uintptr_t)&program->fn[i]) != 0)
            abort();
    for (uint32_t i = 0; i < program->threads; i++)
        pthread_join(threads[i], NULL);
}

// The child -------------------------------------------------------------------------------

static const struct litmus *program_of(const char *name)
{
    for (const struct litmus *l = litmus_programs; l->name; l++)
        if (strcmp(l->name, name) == 0)
            return l;
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++)
        if (strcmp(l->program.name, name) == 0)
            return &l->program;
    abort();
}

static int child_main(const char *name, int rounds)
{
    program = program_of(name);
    const bool missed = hole_of(name) && program->expect;
    bool met = false;
    for (int i = 0; i < rounds && !(missed && met); i++) {
        round_of_threads();
        met |= litmus_seen != 0;
    }
    return missed && !met ? NOT_MET : 0;
}

static char *self;
static char child_name[64], child_rounds[16];

static void child(void)
{
    char *argv[] = {self, child_name, child_rounds, NULL};
    setenv("TSAN_OPTIONS", "exitcode=66:symbolize=0:halt_on_error=1:atexit_sleep_ms=0", 1);
    execv(self, argv);
    _exit(127);
}

// The verdicts ----------------------------------------------------------------------------

static bool judge(const struct litmus *l)
{
    static char text[65536];
    const char *hole = hole_of(l->name);
    bool engine = l->expect != NULL, must = engine != (hole != NULL);
    snprintf(child_name, sizeof child_name, "%s", l->name);
    snprintf(child_rounds, sizeof child_rounds, "%d", must || hole ? ROUNDS : SILENT_ROUNDS);
    int status = death_of(child, text, sizeof text);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool race = code == REPORTED && strstr(text, "ThreadSanitizer: data race") != NULL;
    bool ok = must ? race : code == 0;
    printf("%-4s %-36s engine: %-6s  ThreadSanitizer: %-6s %s\n", ok ? "ok" : "BAD", l->name,
           engine ? "race" : "silent", race ? "race" : "silent", hole ? hole : "");
    if (!ok)
        printf("expected %s, status %#x\n%s\n", must ? "a race" : "silence", (unsigned)status,
               text);
    return ok;
}

static bool about_races(const struct litmus *l)
{
    return l->threads > 1 && (l->expect == NULL || strcmp(l->expect, "race") == 0);
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 3)
        return child_main(argv[1], atoi(argv[2]));
    setlinebuf(stdout);
    bool ok = true;
    for (const struct litmus *l = litmus_programs; l->name; l++)
        ok &= !about_races(l) || judge(l);
    for (const struct tso_litmus *l = tso_programs; l->program.name; l++)
        ok &= !about_races(&l->program) || judge(&l->program);
    return ok ? 0 : 1;
}
