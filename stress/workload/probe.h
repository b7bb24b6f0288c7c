// SPDX-License-Identifier: Apache-2.0
//
// What a running workload tells the personality it runs in: which goroutine executes which
// operation. The engine names actors with it; the native hosts' versions are empty (probe_none.c).
#pragma once

#include <stdint.h>

// A number for an actor name, the same for the same name in the whole process. 0 is never returned.
uint32_t probe_actor(const char *name);
// The calling goroutine is `actor`, and its operation `op` begins now: index in its body, and in
// the upper 16 bits the iteration of the loops around it. A goroutine begins each such number once.
void probe_op(uint32_t actor, uint32_t op);
