// SPDX-License-Identifier: Apache-2.0
//
// Makes a finding small: fewer choices, then a smaller program, then fewer choices again. Whatever
// is kept has met the same signature in its own replay.
#pragma once

#include "repro/trial.h"

// A finding in terms of this binary. Owned: w and schedule; repro_free releases them.
struct repro {
    struct workload *w;
    enum sim_memory memory;
    bool frozen; // sysmon
    struct sim_schedule schedule;
    char oracle[32], signature[512];
};

void repro_free(struct repro *r);

struct minimize_limits {
    uint64_t executions; // in all
    uint64_t points;     // in all
    uint32_t search;     // executions spent on a smaller program that does not replay at once
    uint64_t seed;
    const volatile sig_atomic_t *stop; // ends early with what it has; may be NULL
};

struct minimize_limits minimize_limits_default(uint64_t seed);
// Replays it as often as asked; true when the signature was met every time.
bool repro_replays(struct repro *r, uint32_t times);
// Fewer choices, in the same program. Nothing changes when it does not replay.
void minimize_choices(struct repro *r, const struct minimize_limits *limits);
// Makes *r smaller in place. False, and *r unchanged, when it does not replay. *spent (may be NULL)
// receives the number of executions.
bool minimize(struct repro *r, const struct minimize_limits *limits, uint64_t *spent);
