// SPDX-License-Identifier: Apache-2.0
//
// The number of p's goes up and down under load: procs_storm_test [SECONDS [SEED]]. Run natively
// and under ThreadSanitizer, where it must be silent.
#include <stdlib.h>

#include "runtime/sched/storm.h"

static int64_t end; // const after main

static bool time_is_up(void)
{
    return host_nanotime() >= end;
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 2;
    if (argc > 3 || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "usage: procs_storm_test [SECONDS [SEED]]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : host_random();
    printf("%s %ld %llu\n", argv[0], seconds, (unsigned long long)seed);
    fflush(stdout);
    end = host_nanotime() + seconds * 1000000000;
    storm_weather(seed, time_is_up);
}
