// SPDX-License-Identifier: Apache-2.0
//
// Counts calls of the trace-pc-guard interface, which AFL++'s runtime implements in a fuzzer.
#pragma once

// Guards announced at start, and the number of the last one that was passed (0: none yet).
unsigned guard_hooks_announced(void);
unsigned guard_hooks_take_last(void);
