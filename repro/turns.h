// SPDX-License-Identifier: Apache-2.0
//
// What the executions of a slice have in common: workload, strategy, memory model, sysmon.
//
// An even plan is a function of the number of the slice alone: its digits, from the lowest, are
// memory model, workload and strategy; the rest counts the cycles through all of these. So several
// processes can share one plan.
//
// An adaptive plan has three bandits (bandit.h), one for each of them. What pays is what nobody met
// before in this process: pairs of sites that follow each other in different threads
// (sim_pairs_into), looked for in some executions of each slice, and findings; it costs points.
// First come all workloads once; then every other slice is of an even plan all the same, with
// random walk and PCT alone: feedback can be several times worse than chance, and then costs twice
// the time at most. The plan is a function of the seed and of the part that the process has.
#pragma once

#include "repro/bandit.h"
#include "repro/hunt.h"

enum { TURNS_PAIRS = 1 << 16, TURNS_STRATEGIES = 64 };

struct turn {
    enum sim_memory memory;
    struct workload *w;
    const char *strategy;
    bool frozen; // sysmon: its periodic rescue hides lost wake-ups
    uint32_t arm[3];
};

struct turns {
    const struct hunt_params *p;
    bool adaptive;
    struct bandit workloads, strategies, memories;
    uint32_t nplain, plain[TURNS_STRATEGIES]; // those of the even half
    uint8_t *met, *meets;                     // [TURNS_PAIRS]: before, and in this slice
};

// *p outlives it. An adaptive plan takes memory, and a strategy that is random walk or PCT; without
// either it is even.
void turns_begin(struct turns *t, const struct hunt_params *p);
void turns_end(struct turns *t);
struct turn turns_next(struct turns *t, uint64_t slice);
// Around an execution, the n-th of a slice.
void turns_watch(struct turns *t, uint32_t n);
// The slice is over; what it found and what it took.
void turns_pay(struct turns *t, const struct turn *turn, uint64_t finds, uint64_t points);
