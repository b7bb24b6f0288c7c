// SPDX-License-Identifier: Apache-2.0
//
// What every host must do, as claims that can fail: the same list runs under each host. Claims
// call nothing but host.h and atomics, wait without wall clock, and report by return value.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct host_claim {
    const char *name;
    bool (*holds)(void);
};

extern const struct host_claim host_claims[];
extern const size_t host_nclaims;

// Runs all claims, writes a line for each that does not hold, returns how many those are.
int host_contract(void);
