// SPDX-License-Identifier: Apache-2.0
//
// The schedules near that of a case: first the same choices at the places that are most like their
// own, then, by chance, choices moved, dropped and added, and other ways to go on after some of
// them.
#pragma once

#include "repro/signature.h"
#include "repro/trial.h"

struct near {
    const struct repro_case *c;
    struct trial *t;
    uint64_t points; // limit, in all
    const volatile sig_atomic_t *stop;
    uint64_t executions; // so far
    // What was found last: released by near_free.
    struct sim_schedule schedule;
    struct sim_finding finding;
    size_t unmet;    // index of the first choice that no place was found for, or c->choices
    bool unmet_lost; // its place does not exist; else it exists, and is not reached
};

void near_begin(struct near *n, const struct repro_case *c, struct trial *t,
                const volatile sig_atomic_t *stop);
// Takes the choices at their own places or at like ones. True when that meets the bug of the case.
bool near_anchor(struct near *n);
// Goes on at random for `executions`, from the best that near_anchor has left.
bool near_search(struct near *n, uint32_t executions, uint64_t seed);
void near_free(struct near *n);
