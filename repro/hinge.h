// SPDX-License-Identifier: Apache-2.0
//
// The nearest execution that does not meet a finding: it differs from the one that does in exactly
// one choice, on which the bug hinges.
#pragma once

#include "repro/trial.h"

enum hinge_kind {
    HINGE_NONE,    // none was found
    HINGE_LATER,   // the choice is taken some points later
    HINGE_EARLIER, // or earlier
    HINGE_CALM,    // the answer is the calm one: nobody is interrupted, the first in line follows
};

// What the engine calls the event's word and values, "" where it knows no name. Of what exists in
// one execution only it does so as long as that is the last one.
struct hinge_names {
    char word[64], before[48], after[48];
};

// The same operation in both; `what` is NULL where it does not happen.
struct hinge_difference {
    struct sim_event failing, passing;
    struct hinge_names names; // of passing
};

enum { HINGE_DIFFERENCES = 3 };

struct hinge {
    enum hinge_kind kind;
    size_t choice;           // index in the schedule
    uint32_t points;         // by how many points it is moved
    struct sim_event passed; // the operation that it is moved over; `what` NULL: none
    struct hinge_difference difference[HINGE_DIFFERENCES]; // what follows from it, in order
    uint32_t differences;
    uint64_t executions;
};

// `schedule`: choices that lead to the finding with this signature, all of them taken.
void hinge_find(struct trial *t, const struct sim_schedule *schedule, const char *signature,
                struct hinge *h);
