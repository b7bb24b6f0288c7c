// SPDX-License-Identifier: Apache-2.0
//
// What the runner has between runtime and ThreadSanitizer: the wrap layer. The environment says
// what it does, since the runner is a program of few options that others start:
//
//     GAUNTLET_ORDER=FILE    brings about the order in FILE; what comes of it is a struct
//                            gates_outcome in FILE.outcome, which must be there
//     GAUNTLET_PERTURB=off   makes no thread late; else they are, by the seed of the execution
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress/native/gates.h"
#include "stress/native/perturb.h"
#include "stress/native/runner.h"
#include "stress/native/wrap_due.h"

static const int64_t patience_ns = 20000000000;

static _Noreturn void fail(const char *text)
{
    fprintf(stderr, "runner: %s\n", text);
    _exit(2);
}

static struct gates_outcome *share(const char *order)
{
    char path[4096];

    snprintf(path, sizeof path, "%s.outcome", order);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fail("no file for the outcome of the order");
    void *p = mmap(NULL, sizeof(struct gates_outcome), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        fail("the outcome of the order cannot be shared");
    return p;
}

void layer_begin(uint64_t seed)
{
    const char *order = getenv("GAUNTLET_ORDER"), *perturb = getenv("GAUNTLET_PERTURB");
    char error[512];

    wrap_seed(seed);
    if (order != NULL) {
        if (!gates_read(order, error, sizeof error))
            fail(error);
        struct gates_outcome *outcome = share(order);
        outcome->pid = (uint32_t)getpid();
        gates_close(outcome, patience_ns, wrap_due_ns);
    } else if (perturb == NULL || strcmp(perturb, "off") != 0) {
        perturb_begin(seed);
    }
}
