// SPDX-License-Identifier: Apache-2.0
//
// Replays a case and says with a grade how well it went. When the program has changed since the
// case was written, its choices are anchored anew; when that does not do, the neighbourhood of the
// schedule is searched. Nothing but the signature decides whether the bug is there.
#pragma once

#include <signal.h>

#include "repro/case.h"

enum replay_grade {
    REPLAY_EXACT,          // same signature, every choice taken at its place
    REPLAY_DRIFTED,        // the same bug, with choices anchored anew or left out, or a new text in
                           // the signature
    REPLAY_SEARCHED,       // the same bug, found again in the neighbourhood of the schedule
    REPLAY_UNREACHABLE,    // not found; `detail` names the first choice that has no place any more
    REPLAY_NOT_REPRODUCED, // not found, although every choice has a place
    REPLAY_GRADES
};

enum { REPLAY_SEARCH = 20000 };

struct replay_params {
    uint32_t times;
    uint32_t search;                   // executions to spend on the neighbourhood; 0: do not search
    uint64_t seed;                     // of the search
    const volatile sig_atomic_t *stop; // may be NULL
};

struct replay_outcome {
    enum replay_grade grade;
    uint32_t times, reproduced; // times: fewer than asked when stopped
    uint64_t schedules;         // tried in the neighbourhood, anchoring included
    char signature[512];        // of what was found, or of what came instead, or ""
    char word[CASE_WORD_BYTES]; // of that, as in the case
    char message[768];          // the same for people
    char detail[2600];          // why it is not exact, or ""
    uint64_t points;            // of the last execution
    // that reproduces, in terms of this binary; replay_free releases it
    struct sim_schedule schedule;
};

const char *replay_grade_name(enum replay_grade grade);
// Replays at least once, until *stop is set. The case's workload gets its actors named.
void replay_case(struct repro_case *c, const struct replay_params *params,
                 struct replay_outcome *out);
void replay_free(struct replay_outcome *out);
