// SPDX-License-Identifier: Apache-2.0
//
// One hunt as the command runs it: in this process or in several, with findings saved and told.
// Only hunt.c calls it; bank and bench start `gauntlet hunt` as a process of its own, because each
// of their hunts needs another program.
#pragma once

#include <cjson/cJSON.h>

#include "repro/hunt.h"
#include "repro/store.h"

enum { SESSION_JOBS = 64 };
struct native_find;

struct session {
    struct hunt_params params; // callbacks are set by session_run
    uint32_t jobs;             // of this program; 0: engines alone
    struct engines *engines;   // beside them; NULL: none
    struct native *native;     // likewise; its jobs are jobs of the hunt
    const char *out;           // folder for cases
    const char *patch;         // kept beside the case, which is then `fixed`; or NULL
    bool confirm;              // new cases are tried on real threads, if there is a runner
    bool json;
    bool progress;   // line on standard error
    cJSON *findings; // array, when json
    // Results.
    struct hunt_stats stats;
    uint32_t finds; // different signatures
    bool unsaved;   // a case could not be written; it went to standard error
    bool died;      // a job ended unexpectedly
    char *met[256]; // signatures told
};

// Runs the hunt to its end; findings are told on standard output (or noted in s->findings).
void session_run(struct session *s);
// Takes one finding: dedupes, saves, tells. For jobs.c.
void session_find(struct session *s, struct hunt_find *f);
// Likewise, of one that is no case.
void session_native(struct session *s, const struct native_find *f);
void session_progress(struct session *s, const struct hunt_stats *stats);
// Runs the hunt in s->jobs processes; returns when all have ended.
void session_jobs(struct session *s);

// For who tells of a finding: whether it is new in this hunt, which counts it; what real threads
// say of it; the progress line off the terminal.
bool session_first(struct session *s, const char *signature);
void session_note_seen(cJSON *o, const struct native_seen *seen);
void session_clear_progress(const struct session *s);
