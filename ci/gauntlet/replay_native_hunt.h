// SPDX-License-Identifier: Apache-2.0
//
// A hunt's new case, tried on real threads: by `gauntlet replay --native` as a process of its own,
// so that whatever becomes of it the hunt goes on.
#pragma once

#include "ci/gauntlet/command.h"

enum { CONFIRM_TRIES = 5 }; // what comes about at all nearly always does so at the first

struct confirmed {
    bool tried, confirmed;
    uint32_t tries;
    double seconds;
    char verdict[64], saw[1024]; // as `replay --native` says them; of one not reached, the gate
};

// Whether there is a runner; without one nothing is tried.
bool confirm_possible(void);
// Tries the case in that file, which this program replays.
void confirm_find(const char *path, struct confirmed *out);
// Adds the keys `confirmed` and `real_threads` to a finding; null when nothing was tried.
void confirm_note(const struct confirmed *c, cJSON *finding);
