// SPDX-License-Identifier: Apache-2.0
//
// Small programs that state what the engine must find and what it must not: each is compiled with
// the runtime's instrumentation and run by engine_test.c. `expect` names the oracle that must
// report in some schedule; NULL: no schedule may be reported.
#pragma once

#include <stdint.h>

struct litmus {
    const char *name;
    const char *expect;
    uint32_t threads;
    void (*fn[4])(void *);
};

extern uint32_t litmus_seen;

// Two programs that agree on the first reservation and differ in what they commit of it: the first
// writes to its second page, the second must fault there, whatever ran before.
extern const struct litmus litmus_commits_both, litmus_commits_one;
// Many operations, each soon done: long, not stuck.
extern const struct litmus litmus_long;
// One thread sleeps, another waits for it in a loop of loads; a third one is there for a while.
extern const struct litmus litmus_waits_for_sleeper;

// Programs of one thread that call the engine in each way there is, then say how many words below
// their stack pointers have been changed by that. NULL-terminated by name.
extern const struct litmus litmus_hooks[];
extern uint32_t litmus_words_below;
// An atomic store to address 0.
extern const struct litmus litmus_fills_null;

// One thread that waits for what a helper brings after 20 µs, one that does not wait. The helper is
// started with the address of litmus_helper.
extern uint8_t litmus_helper;
extern const struct litmus litmus_waits_for_help, litmus_needs_no_help;

// Threads that never wait (orders.c). All operations are on one word, but in `one and late` the
// second thread has twenty on a word of its own before that. The last is long.
extern const struct litmus litmus_three_and_three, litmus_child_and_three, litmus_one_and_five,
    litmus_one_and_twenty, litmus_one_and_late, litmus_many;

// NULL-terminated by name.
extern const struct litmus litmus_programs[];

// Programs with a heap (heap.c), likewise.
extern const struct litmus litmus_heap_programs[];

// The store-buffer program of two threads and seven operations that `gauntlet bench` runs.
extern const struct litmus litmus_store_buffer;
// Values of the store-buffer program's last execution: r0 + 2 * r1.
uint32_t litmus_store_buffer_outcome(void);
