// SPDX-License-Identifier: Apache-2.0
//
// Settings of the engine that tests link instead of the real one (fake_engine.c).
#pragma once

#include "repro/case.h"

struct fake {
    enum wl_kind needed[4]; // a choice must be taken at an operation of each of these kinds
    uint32_t nneeded;
    uint32_t procs;      // and there must be this many p's
    uint32_t walk;       // choices of an execution that is no replay
    uint32_t lost_site;  // is not in the program (0: all are)
    bool held;           // and a store must have been held
    bool frozen;         // and helpers must be frozen
    bool flaky;          // every second execution finds nothing
    uint32_t new_pairs;  // programs with so many p's meet a pair that no execution met before
    uint32_t many_pairs; // and those with so many always the same hundred
    const char *symptom;
    uint64_t executions; // counted
};
extern struct fake fake;
