// SPDX-License-Identifier: Apache-2.0
//
// What a running workload tells the personality it runs in: which goroutine executes which
// operation, and what it holds. The engine names actors with it; the native hosts' versions are
// empty (probe_none.c).
#pragma once

#include <stdint.h>

// A number for an actor name, the same for the same name in the whole process. 0 is never returned.
uint32_t probe_actor(const char *name);
// The calling goroutine is `actor`, and its operation `op` begins now: index in its body, and in
// the upper 16 bits the iteration of the loops around it. A goroutine begins each such number once.
void probe_op(uint32_t actor, uint32_t op);
// From now on the calling goroutine's references to objects lie in refs[0] to refs[n - 1], words of
// its stack that it keeps up to date; n == 0: it has none any more.
void probe_refs(void *const *refs, uint32_t n);
// So do n words among the program's globals, for ever.
void probe_globals(const void *words, uint32_t n);
