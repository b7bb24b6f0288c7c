// SPDX-License-Identifier: Apache-2.0
//
// Makes real threads late, by a seed: what happens between two operations once in a million
// executions happens once in a thousand when one of the threads is held up there. Each thread has
// its own stream of decisions, one for each of its places, which depends on the seed and on its
// birth alone: the same seed decides the same, whatever the threads do meanwhile. What
// comes of it still depends on the machine.
//
// After rr's chaos mode (O'Callahan 2016), whose constants it starts from: one thread in ten is
// of low priority (of the first thread, three in ten), priorities are drawn anew from time to time,
// and those of low priority are shut out for windows whose lengths are spread over powers of two.
// rr's windows last from 1 ms to 2 s, for programs that run for minutes; ours from 50 us to 13 ms.
// Time is counted in places here, not by the clock, which no seed controls.
#pragma once

#include "stress/native/wrap.h"

enum perturb_what {
    PERTURB_NOTHING,
    PERTURB_YIELD,   // others go first
    PERTURB_DELAY,   // it is late by `ns`
    PERTURB_SHUT_OUT // the same, for a whole window
};

struct perturb_decision {
    enum perturb_what what;
    int32_t nice; // from now on: 0, or 19 while the thread is of low priority
    int64_t ns;
};

void perturb_begin(uint64_t seed);
bool perturb_on(void);
// What is to happen at the thread's next place.
struct perturb_decision perturb_next(struct wrap_thread *t);
// Decides and does it.
void perturb_point(struct wrap_thread *t);
