// SPDX-License-Identifier: Apache-2.0
//
// The order in which a case comes about, as text for the program that brings it about on real
// threads (stress/native/gates.h). One thing a line, fields apart by tabs:
//
//     gauntlet order 1
//     helper THREAD               does not come back from its sleep when the order is over
//     site RANK FUNCTION TEXT     numbered from 0, in the order of these lines; FUNCTION may be
//                                 empty: a place outside the program
//     p THREAD SITE               it is at this place, and does what is there
//     r THREAD                    it goes on: it has begun, waited or given way
//     a THREAD VALUE              what the host says to it
//     s THREAD CALLED             a signal comes to it
//     end
//
// Threads are numbered by birth.
#pragma once

#include "repro/replay.h"

// Executes a schedule of this binary once more and writes its order. False when that does not end
// with a finding, or the order is longer than can be kept.
bool native_order(struct repro_case *c, const struct sim_schedule *schedule, FILE *out);
