// SPDX-License-Identifier: Apache-2.0
//
// The engine `tsan` of a hunt: workloads on real threads under ThreadSanitizer, by the runner of
// stress/native, whose table of sites gives races the signatures of the engine. It runs in jobs
// of the hunt (jobs.c): native_job is the job, the rest the parent's.
//
// A turn is one workload for a moment, by turns; its first execution has the hunt's seed plus 1000
// times the number of the turn, so a hunt with one workload and the seed of a finding begins with
// that execution. What a job meets first it repeats with the same seed, to tell its rate, and then
// looks for under the engine, in that workload: what is found there becomes a case, as in any
// hunt. The rest is kept as text, with the command that repeats it, in OUT/native/SLUG/.
#pragma once

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>

#include "repro/hunt.h"

struct session;

enum { NATIVE_REASON_BYTES = 256, NATIVE_WORKLOADS = 512 };

// What a workload was on real threads.
struct native_row {
    uint64_t executions;
    uint32_t goroutines, threads; // the most at one time
    bool crash_only;              // too many of them: nothing is said of races
};

struct native {
    char runner[PATH_MAX];
    uint32_t jobs;
    char *const *path; // of the workloads of the hunt, in their order
    char *const *oracle;
    uint32_t noracles;                // 0: all
    char reason[NATIVE_REASON_BYTES]; // why it was left out or given up; "" for neither
    struct native_row row[NATIVE_WORKLOADS];
};

// A finding that the engine did not have.
struct native_find {
    const char *oracle, *signature, *message, *report;
    uint32_t workload;
    uint64_t executions; // of the job until it was met
    double seconds;
    struct native_seen seen;
};

// Finds the runner, with the patch in it; *n is overwritten. False: it cannot run, with a reason.
bool native_set(struct native *n, const char *patch);
// The hunt's part `part` of n->jobs; returns at its limits.
void native_job(struct session *s, uint32_t part);

// One run of the runner.
struct native_request {
    const char *file;
    uint64_t seed, executions; // executions 0: no limit
    double seconds;            // 0: no limit
    bool same;                 // all executions have the seed
};
struct native_answer {
    cJSON *findings; // events, in their order; never NULL
    cJSON *end;      // the last event; NULL: it died
    int status;      // as waitpid has it
};
void native_run(const struct native *n, const struct native_request *r, struct native_answer *a);
void native_answer_free(struct native_answer *a);

// Messages of native_job to the parent, one line each and what it announces (jobs.c).
bool native_take_row(struct native *n, const char *header);
// Bytes used, 0: not whole, negative: none of these.
ssize_t native_take_find(struct session *s, const char *data, size_t n);
void native_tell(const struct session *s, FILE *out);
cJSON *native_json(const struct session *s);
