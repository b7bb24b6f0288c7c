// SPDX-License-Identifier: Apache-2.0
//
// Goroutines that only wait: made until all are parked, released until all have ended. By one
// goroutine a p, so that both phases may use them all.
#pragma once

#include <stddef.h>

#include "runtime/rt.h"

// How many, and what they ask for. Once, before the runtime starts or in its main goroutine. False:
// there is no memory for their handles.
bool parking_init(size_t n, const struct rt_go_attr *attr);
// Both by the main goroutine, one after the other. Return what the phase took, in seconds of the
// real clock.
double parking_make(void);
double parking_release(void);
