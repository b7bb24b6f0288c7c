// SPDX-License-Identifier: Apache-2.0
//
// The partial order of an execution so far (Mazurkiewicz, 1977) as one number. Two operations
// depend on each other when one thread does them, when they concern the same eight bytes and one
// may change them, or when they are host calls that share something (enum pending_call). Executions
// that differ only in the order of others get the same number, and lead to the same state.
//
// What the program does between two points needs no place in it: plain accesses that conflict are
// ordered by operations on words, or are a race and end the execution.
//
// It also learns which words threads share, over all executions of a search.
#pragma once

#include "stress/sim/strategy/strategy.h"

struct order_word;

struct partial_order {
    uint64_t number;                 // of the order; a sum, so that it does not depend on the way
    uint64_t chain[SIM_THREADS_MAX]; // number of the thread's last operation
    struct order_word *words;
    uint32_t stamp, used; // of this execution
    // all executions of a search
    struct order_shared {
        uint64_t *v; // a hash table, 0: free
        uint32_t n, cap;
    } shared;       // words that threads share, as far as known when this pass began
    uint32_t fresh; // words found to be shared since then
};

// Before a search.
void order_forget(struct partial_order *o);
// Before an execution.
void order_begin(struct partial_order *o);
// Words found to be shared count from now on; false when there are none.
bool order_learn(struct partial_order *o);
// The running thread does `pending` now. `sharing`: an access says something about who shares.
void order_step(struct partial_order *o, uint64_t pending, bool sharing);
// Others may do something that does not commute with it.
bool order_concerns_others(const struct partial_order *o, uint64_t pending);
