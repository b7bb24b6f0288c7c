// SPDX-License-Identifier: Apache-2.0
//
// What ThreadSanitizer reports in an execution, and how much of it an execution was. The execution
// is a child process that may die at any moment: it writes into memory that it shares with its
// parent (reports_capture.c), which makes findings of it (reports.c) with the words that the engine
// uses, so that a bug found both ways is one finding.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPORTS_MAX = 32, // of one execution; what comes after is counted
    REPORT_FRAMES = 24,
    REPORT_TYPE_BYTES = 48,
    REPORT_SIGNATURE_BYTES = 512,
    // Of ThreadSanitizer's 255 slots. Above, it takes slots from others, whose races it then
    // misses: such an execution tells nothing of races.
    REPORT_ACTORS_MAX = 200,
};

struct report_access {
    uint64_t addr;
    uint32_t bytes;
    int32_t tid; // ThreadSanitizer's number of the thread or goroutine
    bool write, atomic;
    uint64_t pc[REPORT_FRAMES]; // innermost first, 0 behind the last
};

struct report {
    char type[REPORT_TYPE_BYTES]; // "data-race" ...
    uint32_t accesses;            // 0 to 2
    struct report_access access[2];
};

// Shared by parent and child; written by the child alone, cleared by the parent between executions.
struct execution {
    _Atomic uint32_t reports; // relaxed; those below REPORTS_MAX are filled in, by one thread at a
                              // time; read when the child is gone
    _Atomic uint32_t fibers;  // goroutines with a stack, the most at one time
    _Atomic uint32_t threads; // m's that were started
    struct report report[REPORTS_MAX];
};

// Where the child writes, from now on. NULL, as at first: nowhere.
void reports_capture(struct execution *to);

// "race: ..." as the engine says it; or, and false, "tsan: TYPE" of what is no race.
bool report_signature(const struct report *r, char signature[REPORT_SIGNATURE_BYTES]);
// The report for people: both accesses with their stacks. The caller frees it.
char *report_text(const struct report *r);
// Whether races can be judged by an execution with so many goroutines and threads.
bool execution_shows_races(const struct execution *x);
