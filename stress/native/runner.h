// SPDX-License-Identifier: Apache-2.0
//
// One execution of a workload on real threads, as a child process: whatever becomes of it, its
// parent goes on.
#pragma once

#include "stress/native/reports.h"
#include "stress/workload/text.h"

enum { RUN_SAID_BYTES = 64 << 10 };

enum run_end {
    RUN_ENDED,   // with status 0
    RUN_CRASHED, // by a signal, another status, or words of the runtime or of ThreadSanitizer
    RUN_HUNG,    // not within the time that it had; it was asked what it does, then killed
    RUN_STOPPED, // *stop
    RUN_FAILED,  // no child could be started
};

struct run {
    enum run_end end;
    char signature[REPORT_SIGNATURE_BYTES]; // RUN_CRASHED, RUN_HUNG
    char said[RUN_SAID_BYTES];              // what it wrote to standard error, cut
};

struct run_params {
    struct workload *w;
    uint64_t seed;          // of the runtime's random numbers and of the layer
    double hang;            // seconds
    struct execution *seen; // cleared first
    const volatile bool *stop;
};

// SIGCHLD, SIGINT and SIGTERM are blocked from here on; the last two set *stop.
void run_init(volatile bool *stop);
void run_once(const struct run_params *p, struct run *r);

// What goes between the runtime and ThreadSanitizer, in the child, before anything runs there: a
// library that is linked in says so. runner_layer_none.c: nothing.
void layer_begin(uint64_t seed);
