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

// Channels. The n-th of the program has been made, with so many slots.
void probe_channel(uint32_t n, const void *channel, uint32_t slots);
enum probe_chan { PROBE_SEND, PROBE_RECV, PROBE_CLOSE };
enum probe_end {
    PROBE_DONE,   // sent, received, closed
    PROBE_NOT,    // without waiting: it could not be done
    PROBE_OTHER,  // of a select: another case was chosen
    PROBE_CLOSED, // nothing was received, or it was refused: the channel is closed
};
// The calling goroutine begins an operation, or a case of a select, on the n-th channel; `value` is
// what it sends. Returns a number for its end.
uint32_t probe_chan_begin(uint32_t n, enum probe_chan what, uint64_t value);
// It has ended; `value` is what was received.
void probe_chan_end(uint32_t number, enum probe_end end, uint64_t value);

// Whoever waits for the condition may go on while *units, which changes under its lock, is not 0.
void probe_condition(const void *cond, const uint64_t *units);
