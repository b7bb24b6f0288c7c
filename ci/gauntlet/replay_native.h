// SPDX-License-Identifier: Apache-2.0
//
// A case on real threads under ThreadSanitizer, which are held in the order of its replay
// (stress/native/gates.h).
#pragma once

#include "ci/gauntlet/command.h"

enum confirm_verdict {
    CONFIRM_CONFIRMED,   // ThreadSanitizer reports the case's signature
    CONFIRM_REPRODUCED,  // no report, but the order came about, and then the bug: all threads sleep
                         // for good where the case says so, or the runtime gives up with its words
    CONFIRM_OTHER,       // the order came about, and ThreadSanitizer reports another race
    CONFIRM_NOTHING,     // the order came about, and nothing was seen
    CONFIRM_NOT_REACHED, // it did not come about
    CONFIRM_NOT_TRIED,   // no runner, or no order
    CONFIRM_VERDICTS
};

struct confirm_outcome {
    enum confirm_verdict verdict;
    uint32_t tries;   // until then
    uint32_t reached; // of these, the whole order came about
    char gate[1024];  // of the last try that did not get through: which gate was never filled
    char saw[512];    // what was seen: a signature, a hang, ... or why nothing was tried
    char *report;     // owned: the report, with both stacks; or NULL
    double seconds;
};

const char *confirm_verdict_name(enum confirm_verdict verdict);
// Tries up to `times` times to confirm a case that replays here with `schedule`; `patch`: what is
// in this runtime, or NULL.
void confirm_try(struct repro_case *c, const struct sim_schedule *schedule, const char *patch,
                 uint32_t times, struct confirm_outcome *out);
void confirm_free(struct confirm_outcome *out);
// Adds the outcome's keys to an object.
void confirm_json(const struct confirm_outcome *out, cJSON *object);
