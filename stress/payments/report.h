// SPDX-License-Identifier: Apache-2.0
//
// What a run says at its end, and whether it has reached its targets.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "stress/payments/watch.h"

struct report {
    const char *program;
    double seconds;
    uint32_t clients, rate;
    uint64_t seed;
    uint64_t checks;        // of the graph, all of which it has passed
    int64_t worst_check_ns; // nothing is published meanwhile
    bool stopped;           // by somebody, before its time
    bool untimed;           // times are told, not judged
    bool unweighed;         // so is resident memory
    const struct watch *watch;
};

// One line of how far it is, without an end of line.
void report_progress(const struct report *r, FILE *out);
// The whole, as text or as one JSON object. False: a target is missed.
bool report_end(const struct report *r, bool json);
