// SPDX-License-Identifier: Apache-2.0
//
// What `gauntlet steal` measures: steal.c has options, table and JSON, steal_runs.c the runs,
// steal_picture.c the picture.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "stress/bench/steal_load.h"

struct steal_asked {
    uint64_t seed, requests_a_second, goroutines;
    double busy;    // share of the p's that requests keep busy
    double seconds; // of the window
};

struct steal_run {
    const char *host; // "native", "sim"
    int32_t procs;
    double seconds;
    double mean, above_pct, below_pct, cv; // goroutines run, by p
    uint64_t attempts, successes, stolen;
    uint64_t handed_out, refused, overflows, sleeps;
    double p50_ns, p95_ns, p99_ns, latency_mean_ns; // from ready to running
    double transfers, invalidations;                // cache lines, for each goroutine run; sim only
    bool stopped;                                   // before its time
    uint32_t (*requests)[STEAL_SLOTS];              // [procs]; owned
};

// False after one line on standard error: it could not be measured. Standard error has a progress
// line when it is a terminal.
bool steal_native(const struct steal_asked *asked, int32_t procs, struct steal_run *run);
bool steal_simulated(const struct steal_asked *asked, int32_t procs, struct steal_run *run);
void steal_run_free(struct steal_run *run);

// Heat maps of all runs, p by time, as SVG.
void steal_picture(FILE *out, const struct steal_run *runs, uint32_t n);
