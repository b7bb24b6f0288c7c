// SPDX-License-Identifier: Apache-2.0
//
// Goroutines that only wait: made, all parked, released one by one, ended. What they take of time
// and memory, page tables included. Usage: parked [N [PROCS [STACK_BYTES]]] (100000 on 2 p's with
// stacks of the default size). Prints one figure a line.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/rt.h"
#include "stress/bench/parking.h"

static size_t n = 100000; // const after main

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
    printf("goroutines %zu, p's %d\n", n, rt_procs());
    double make_seconds = parking_make();
    printf("made s %.3f\n", make_seconds);
    print_memory("parked");
    double release_seconds = parking_release();
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
    struct rt_go_attr attr = {.stack_bytes = argument(argc, argv, 3, 0)};
    if (n == 0 || !parking_init(n, &attr))
        return 2;
    rt_main(&config, run, NULL);
}
