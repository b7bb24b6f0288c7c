// SPDX-License-Identifier: Apache-2.0
//
// What a goroutine waits for, in words.
#pragma once

#include "runtime/base/print.h"

struct g;

// "chan send", "select" ...; by the reason alone. "?": there is no such reason.
const char *wait_reason_name(uint32_t reason);
// The reason and on what: `chan receive on "jobs"`, `mutex lock of 0x..., held by goroutine 3`.
// Reads without any lock what others may be writing.
void wait_describe(struct print *out, const struct g *gp);
