// SPDX-License-Identifier: Apache-2.0
//
// What the parts of `audit` share. The audit's plan is a function of its seed: slices of
// executions, each with one memory model, workload and strategy, as a hunt's. A slice is run twice,
// once as planned in this process, once in a *way* that must make no difference. What is compared
// is a digest of each execution; only those that differ are run again with the event log, and the
// two logs are compared line by line.
//
// audit_slice.c runs slices in this process, audit_child.c in others, audit.c compares and tells.
#pragma once

#include "repro/trial.h"

enum { AUDIT_SLICE = 32, AUDIT_FRAMES = 6 };

enum audit_way {
    AUDIT_AGAIN,  // from the slice's beginning, in this process
    AUDIT_TRACE,  // the same, with the event log
    AUDIT_REPLAY, // from the recorded choices, in this process
    // in a fresh process:
    AUDIT_CASE,   // from the recorded choices, written and read as cases
    AUDIT_RANDOM, // address randomisation on
    AUDIT_FIXED,  // and off
    AUDIT_PADDED, // the stack begins elsewhere: larger environment and arguments
    AUDIT_O0,     // the engine compiled without optimisation
    AUDIT_WAYS
};

struct audit_way_info {
    const char *name, *summary;
    bool child;
};
extern const struct audit_way_info audit_ways[AUDIT_WAYS];

struct audit_plan {
    struct workload *const *workloads;
    char *const *paths; // of their files
    uint32_t nworkloads;
    uint32_t *share; // owned; of each workload, in slices: audit_plan_share
    uint64_t seed;
    bool left_out[AUDIT_WAYS]; // cannot be had here, or not asked for; not all
};

// What the executions of a slice have in common.
struct audit_turn {
    uint64_t seed, slice;
    enum sim_memory memory;
    bool frozen;
    struct workload *w;
    const char *path;     // of its file
    const char *strategy; // of the engine's, or "bytes": drawn as a fuzzer's input
    enum audit_way way;
};

struct audit_digest {
    bool there;       // this execution was run: not all schedules can be written as a case
    uint64_t events;  // the engine's hash over all points
    uint64_t globals; // the program's, at the end
    uint64_t end;     // outcome, finding, output, choices: as texts, the same in all processes
    uint64_t points;
};

// Executions of one slice, run one way. Zero it but for the first three; audit_run_free releases.
struct audit_run {
    bool trace;    // with the event log, all
    bool log;      // ends after the execution `last`, whose log is kept
    uint32_t last; // executions up to this one
    struct audit_digest digest[AUDIT_SLICE];
    struct sim_schedule schedule[AUDIT_SLICE]; // the choices, when run as planned
    char *text;                                // log: a line each event (audit_slice.c)
    size_t bytes;
};
void audit_run_free(struct audit_run *r);

// Runs each workload once to see how long it is: the plan has each for about as many points as any
// other, not for as many executions. False when there is no memory; ends with audit_plan_free.
bool audit_plan_share(struct audit_plan *p);
void audit_plan_free(struct audit_plan *p);
struct audit_turn audit_turn(const struct audit_plan *p, uint64_t slice);
enum sim_faults_allowed audit_faults(uint32_t execution);
// What of them differs, as far as that must be the same this way; NULL: nothing.
const char *audit_compare(const struct audit_digest *a, const struct audit_digest *b,
                          enum audit_way way);

// As planned, from the slice's beginning.
void audit_run_planned(const struct audit_turn *t, struct audit_run *r);
// From the choices of `from`. Where it was run just before: nothing is begun anew.
void audit_run_replayed(const struct audit_turn *t, const struct audit_run *from,
                        struct audit_run *r);
// In a fresh process: the turn's way. False when that process did not do its part; after one line,
// unless the audit was stopped.
bool audit_run_child(const struct audit_turn *t, const struct audit_run *from, struct audit_run *r);
// Whether children of this way can be had; else why not.
bool audit_way_possible(enum audit_way way, char *why, size_t bytes);
// This process is such a one, and what it then does; `argv` begins with the subcommand.
bool audit_is_child(int argc, char **argv);
int audit_child(char **argv);
// One execution of the turn with this strategy, into r->digest[i] and, where it is asked for, the
// log. For audit_child.c.
void audit_execute(const struct audit_turn *t, struct audit_run *r, uint32_t i, struct trial *trial,
                   struct sim_strategy *strategy);
