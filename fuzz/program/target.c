// SPDX-License-Identifier: Apache-2.0
//
// The target of all folders that run whole workloads: one execution of the input's program by its
// plan, under the engine with every oracle. A finding is told and ends the process, as engines want
// it; what may be the program's own fault is none, and neither is one whose signature stands in
// the file that GAUNTLET_KNOWN names: a hunt knows it already.
#include "repro/input.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/engines/afl_counters.h"
#include "fuzz/program/beat.h"
#include "fuzz/program/feedback.h"

enum { POINTS = 2000, COLLECTION_POINTS = 2500, COLLECTIONS = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#pragma weak afl_counters_crash

static struct beat *watched;

static struct beat *find_beat(void)
{
    static struct beat nobody;
    const char *path = getenv("GAUNTLET_BEAT");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p =
        fd >= 0 ? mmap(NULL, sizeof nobody, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd >= 0)
        close(fd);
    return p != MAP_FAILED ? p : &nobody;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    trial_init();
    feedback_begin();
    watched = find_beat();
    return 0;
}

static bool known(const char *signature)
{
    const char *path = getenv("GAUNTLET_KNOWN");
    FILE *f = path != NULL ? fopen(path, "r") : NULL;
    char line[1024];
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        found = strcmp(line, signature) == 0;
    }
    if (f != NULL)
        fclose(f);
    return found;
}

// Where it is cut: what is left would be time in which several others run. Collections are long.
static uint32_t points_for(const struct workload *w)
{
    uint32_t collections = 0;

    for (uint32_t i = 0; i < w->ops && collections < COLLECTIONS; i++)
        collections += w->op[i].kind == WL_GC || w->op[i].kind == WL_MEMLIMIT;
    return POINTS + collections * COLLECTION_POINTS;
}

static uint32_t hash(const char *text)
{
    uint32_t h = 0x811c9dc5;

    while (*text)
        h = (h ^ (uint8_t)*text++) * 0x01000193;
    return h;
}

// AFL++ leaves out seeds that crash and keeps no crash file of them: in the folder of
// GAUNTLET_CRASHES the first input with each signature is put down. It appears whole.
static void keep(const char *signature, const uint8_t *data, size_t n)
{
    const char *folder = getenv("GAUNTLET_CRASHES");
    char path[PATH_MAX], new[PATH_MAX];

    if (folder == NULL ||
        snprintf(path, sizeof path, "%s/told-%08x", folder, hash(signature)) >= PATH_MAX ||
        snprintf(new, sizeof new, "%s/.told", folder) >= PATH_MAX || access(path, F_OK) == 0)
        return;
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    bool whole = write(fd, data, n) == (ssize_t)n;
    if (close(fd) == 0 && whole)
        rename(new, path);
}

static void tell(const struct sim_finding *f, const uint8_t *data, size_t n)
{
    if (n <= sizeof watched->crash) {
        memcpy(watched->crash, data, n);
        watched->crash_bytes = n;
    }
    fprintf(stderr, "FOUND  %s\n       %s\n", f->signature, f->message);
    keep(f->signature, data, n);
    if (afl_counters_crash != NULL)
        afl_counters_crash(hash(f->signature));
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct input in;
    static struct trial trial;
    static pid_t self;
    struct text_error err;

    if (self != getpid()) { // libFuzzer has taken the signals, a fork has lost the timer
        self = getpid();
        sim_catch_signals();
    }
    watched->executions++;
    if (!input_decode(&in, data, n, &err) || in.program.prod)
        return -1;
    input_begin(&trial, &in);
    trial.cut = points_for(&in.program);
    feedback_clear();
    const struct sim_result *r = trial_run(&trial, sim_strategy_plan(&in.plan), 0, false);
    feedback_take();
    if (r->outcome == SIM_FOUND && !input_is_at_fault(&in, &r->finding) &&
        !known(r->finding.signature))
        tell(&r->finding, data, n);
    return 0;
}
