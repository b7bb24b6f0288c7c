// SPDX-License-Identifier: Apache-2.0
//
// Goroutines that only wait: made, all parked, released one by one, ended. What they take of time
// and memory, page tables included. Usage: parked [N [PROCS [STACK_BYTES]]] (100000 on 2 p's with
// stacks of the default size). Prints one figure a line.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"

static size_t n = 100000;        // const after main
static struct rt_go_attr attr;   // const after main
static struct g **goroutine;     // each written by its maker
static struct g *main_goroutine; // const after run
static atomic_u64 arrived;       // in this phase; the last one wakes main

static void arrive(void)
{
    if (add_acq_rel(&arrived, 1) + 1 == n) // pairs [parked.arrived]
        rt_ready(main_goroutine);
}

static void wait_for_all(void)
{
    while (load_acquire(&arrived) != n) // pairs [parked.arrived]
        rt_park();
}

static void parked(void *arg)
{
    (void)arg;
    arrive();
    rt_park();
    arrive();
}

// A p's share of goroutine[].
struct share {
    size_t from, to;
};

static void make(void *share)
{
    const struct share *s = share;
    for (size_t i = s->from; i < s->to; i++)
        goroutine[i] = rt_go_with(&attr, parked, NULL);
}

static void release(void *share)
{
    const struct share *s = share;
    for (size_t i = s->from; i < s->to; i++)
        rt_ready(goroutine[i]);
}

// Runs fn for all shares, one goroutine a p, and waits until n have arrived. Returns seconds.
static double phase(void (*fn)(void *))
{
    enum { SHARES_MAX = 64 };
    static struct share share[SHARES_MAX];
    size_t shares = (size_t)rt_procs() < SHARES_MAX ? (size_t)rt_procs() : SHARES_MAX;
    store_relaxed(&arrived, 0);
    int64_t begin = host_nanotime();
    for (size_t i = 0; i < shares; i++) {
        share[i] = (struct share){i * n / shares, (i + 1) * n / shares};
        rt_go(fn, &share[i]);
    }
    wait_for_all();
    return (double)(host_nanotime() - begin) * 1e-9;
}

static void print_memory(const char *when)
{
    static const char *const fields[] = {"VmRSS:", "VmPTE:"};
    char line[256];
    uint64_t sum = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (f == NULL)
        return;
    while (fgets(line, sizeof(line), f) != NULL) {
        for (size_t i = 0; i < 2; i++) {
            if (strncmp(line, fields[i], 6) != 0)
                continue;
            uint64_t kib = strtoull(line + 6, NULL, 10);
            printf("%s %.*s MiB %" PRIu64 "\n", when, 5, fields[i], kib >> 10);
            sum += kib;
        }
    }
    fclose(f);
    printf("%s together MiB %" PRIu64 "\n", when, sum >> 10);
}

static void run(void *arg)
{
    (void)arg;
    main_goroutine = rt_self();
    printf("goroutines %zu, p's %d\n", n, rt_procs());
    double make_seconds = phase(make);
    printf("made s %.3f\n", make_seconds);
    print_memory("parked");
    double release_seconds = phase(release);
    printf("released s %.3f\n", release_seconds);
    printf("together s %.3f\n", make_seconds + release_seconds);
    print_memory("released");
    fflush(stdout);
}

static size_t argument(int argc, char **argv, int i, size_t otherwise)
{
    if (i >= argc)
        return otherwise;
    char *end;
    size_t v = strtoull(argv[i], &end, 10);
    if (*end != 0 || argv[i][0] == '-' || argv[i][0] == 0) {
        fprintf(stderr, "usage: parked [N [PROCS [STACK_BYTES]]]\n");
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    n = argument(argc, argv, 1, n);
    struct rt_config config = {.procs = (int32_t)argument(argc, argv, 2, 2)};
    attr.stack_bytes = argument(argc, argv, 3, 0);
    goroutine = calloc(n + 1, sizeof(*goroutine));
    if (n == 0 || goroutine == NULL)
        return 2;
    rt_main(&config, run, NULL);
}
