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

// NULL-terminated by name.
extern const struct litmus litmus_programs[];

// The store-buffer program of two threads and seven operations that `gauntlet bench` runs.
extern const struct litmus litmus_store_buffer;
// Values of the store-buffer program's last execution: r0 + 2 * r1.
uint32_t litmus_store_buffer_outcome(void);
