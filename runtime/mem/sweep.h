// SPDX-License-Identifier: Apache-2.0
//
// Sweeping one span, for mem/; see mheap.h for what others call.
#pragma once

#include "runtime/mem/mheap.h"

// Sweeps a span that the caller has claimed. With `keep` it stays the caller's; else it goes to its
// mcentral, or back to the heap when nothing is left in it. On g0.
void span_sweep(struct mspan *s, bool keep);
