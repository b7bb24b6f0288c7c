// SPDX-License-Identifier: Apache-2.0
//
// What a fuzz target and the hunt that watches it share, in a file that GAUNTLET_BEAT names. Its
// room is taken before the engine starts: a crash is kept although the disk is full.
#pragma once

#include <stdint.h>

enum { BEAT_INPUT_BYTES = 64 * 1024 };
struct beat {
    uint64_t executions;  // so far
    uint64_t crash_bytes; // of the input below; 0: none
    uint8_t crash[BEAT_INPUT_BYTES];
};
