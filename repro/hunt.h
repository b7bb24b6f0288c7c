// SPDX-License-Identifier: Apache-2.0
//
// The pipeline of a hunt in one process: executions over workloads, strategies and seeds; each new
// signature is replayed, minimized and handed on as a case. Saving, output and several processes
// are the caller's business (ci/gauntlet).
#pragma once

#include "repro/case.h"
#include "repro/minimize.h"

// Met on real threads first, with this seed: then again in `met` of `of` executions with it.
struct native_seen {
    uint64_t seed;
    uint32_t met, of; // of 0: it was not
};

struct hunt_find {
    struct repro_case c; // released after the callback
    uint64_t executions; // of this process until it was first met
    double seconds;
    uint64_t minimizing; // executions spent on making it small
    size_t choices_before;
    uint32_t operations; // of the minimized program
    char strategy[16];
    char message[768]; // the oracle's words
    bool replayed;     // twice, with the same signature; if not, c is as found
    struct native_seen seen;
};

struct hunt_stats {
    uint64_t executions, points, limited; // limited: ended by the limit of points
    uint64_t hits;                        // executions with any finding
    uint64_t finds;                       // different signatures
    double seconds;
};

struct hunt_params {
    struct workload *const *workloads;
    uint32_t nworkloads;
    const char *const *strategies; // by the engine's names
    uint32_t nstrategies;
    enum sim_memory memories[SIM_MEMORIES]; // slices take them in turn
    uint32_t nmemories;
    enum sim_faults_allowed faults; // in every fourth execution
    uint64_t seed;
    uint32_t part, parts; // this process takes every parts-th slice, from `part`
    uint64_t executions;  // limit; 0: none
    double seconds;       // limit; 0: none
    bool stop_at_first;
    // nworkloads rows of sim_coverage()->cells, zeroed by the caller, where executions of each
    // workload count what they meet; NULL: none. Those that only make a finding small do not.
    uint64_t *coverage;
    bool adaptive;        // half of the slices go where new things are met (repro/turns.h)
    const char *found_by; // command line for the case's `found`
    const volatile sig_atomic_t *stop;
    bool (*known)(const char *signature,
                  void *arg); // already saved: not minimized again; may be NULL
    void (*find)(struct hunt_find *f, void *arg);
    void (*progress)(const struct hunt_stats *s, void *arg); // every now and then; may be NULL
    void *arg;
};

// Runs until a limit is reached, *stop is set, or the first find when so asked.
void hunt(const struct hunt_params *params, struct hunt_stats *stats);
// From a raw finding of an execution of `t` to the case, which p->find gets; of `f` the caller has
// set executions, seconds and strategy. Of `p` it needs seed, found_by, stop, known, find and arg.
void hunt_pursue(const struct hunt_params *p, struct hunt_find *f, const struct trial *t,
                 const struct sim_result *r);
