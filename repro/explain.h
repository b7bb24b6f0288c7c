// SPDX-License-Identifier: Apache-2.0
//
// Shows how a case comes about: the execution as a timeline with a lane per thread, the choices
// marked, the places of the finding with their stacks.
#pragma once

#include "repro/case.h"

struct explain_options {
    bool full;     // every event, not only those that matter
    bool colour;   // terminal colours
    uint32_t rows; // about as many lines in all, when not full; 0: 60
};

// Replays the case with the event log on and prints. True when the case's signature was met; else
// what was met is shown in the same way.
bool explain(struct repro_case *c, const struct explain_options *options, FILE *out);
