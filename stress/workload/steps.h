// SPDX-License-Identifier: Apache-2.0
//
// Programs in C, for what texts cannot say: what such a program can do is named here, a row each,
// and a workload says `call STEP N`. So a C program is hunted, replayed and minimized as any text
// is: its goroutines and operations have names, and its steps can be taken away one by one.
//
// A step is void step_NAME(uint64_t seed, uint32_t n), run by a goroutine of the workload. It may
// be called by any number of goroutines, any number of times, before and after all others, and
// must come to an end whatever these do or leave out: the program that is left may not be at fault.
// `seed` differs from call to call and does not depend on the schedule. A row is for ever: the
// binary form of workloads counts them.
#pragma once

#include <stdint.h>

// clang-format off
#define WORKLOAD_STEPS(STEP)                                                                       \
    STEP(payments_pay)    /* makes N payments, walks, hands them to the index */                   \
    STEP(payments_client) /* a session of N requests over a connection; one in three drops out */  \
    STEP(payments_serve)  /* serves N connections, one after the other, if they come */            \
    STEP(payments_index)  /* publishes up to N payments of each shard */                           \
    STEP(payments_check)  /* looks at the whole graph, N times */
// clang-format on

#define WL_STEP_CONSTANT(name) WL_STEP_##name,
enum wl_step { WORKLOAD_STEPS(WL_STEP_CONSTANT) WL_STEPS };
#undef WL_STEP_CONSTANT

extern const char *const wl_step_word[WL_STEPS];

#define WL_STEP_FUNCTION(name) void step_##name(uint64_t seed, uint32_t n);
WORKLOAD_STEPS(WL_STEP_FUNCTION)
#undef WL_STEP_FUNCTION
