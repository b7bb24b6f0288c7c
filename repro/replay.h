// SPDX-License-Identifier: Apache-2.0
//
// Replays a case and says with a grade how well it went.
#pragma once

#include <signal.h>

#include "repro/case.h"

enum replay_grade {
    REPLAY_EXACT,          // same signature, every choice taken at its place
    REPLAY_DRIFTED,        // same signature, although some choice's place was not met
    REPLAY_UNREACHABLE,    // other outcome; `detail` names the first choice whose place was not met
    REPLAY_NOT_REPRODUCED, // other outcome, although every choice was taken
    REPLAY_GRADES
};

struct replay_outcome {
    enum replay_grade grade;
    uint32_t times, reproduced; // times: fewer than asked when stopped
    char signature[512];        // of what was found last, or ""
    char message[768];          // the same for people
    char detail[2600];          // why it is not exact, or ""
    uint64_t points;            // of the last execution
};

const char *replay_grade_name(enum replay_grade grade);
// Replays `times` times, or at least once until *stop (may be NULL) is set; the grade is the worst.
// The case's workload gets its actors named.
void replay_case(struct repro_case *c, uint32_t times, const volatile sig_atomic_t *stop,
                 struct replay_outcome *out);
