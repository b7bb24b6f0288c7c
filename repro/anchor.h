// SPDX-License-Identifier: Apache-2.0
//
// Where a choice of a case can be taken in a program that has changed since: its own place first,
// then those that are most like it.
#pragma once

#include "repro/case.h"

enum { ANCHOR_PLACES = 32 };

// Places for one choice, the likeliest first. None: nothing in this program is like it.
struct anchor {
    struct sim_choice place[ANCHOR_PLACES];
    uint32_t places;
    bool lost; // its own place does not exist in this program
};

void anchor_choice(const struct case_choice *choice, struct anchor *a);
// The k-th place beside `site` in its file, k = 1, 2 after it, -1, -2 before it; SIM_SITE_NONE when
// there is none.
uint32_t anchor_beside(uint32_t site, int k);
