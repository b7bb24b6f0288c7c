// SPDX-License-Identifier: Apache-2.0
//
// Coverage of instrumented objects for AFL++: see afl_counters.c. Programs of other engines do not
// have it, so whoever calls it refers to it weakly.
#pragma once

#include <stdint.h>

// The execution ends with a crash (abort) that is the same as every other with this number. To
// AFL++ two crashes are the same when they have the same coverage: this takes its place.
void afl_counters_crash(uint32_t number);
