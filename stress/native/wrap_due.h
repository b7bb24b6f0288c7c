// SPDX-License-Identifier: Apache-2.0
//
// What the layer looks at in the runtime, unseen: for each size a library of its own.
#pragma once

#include <stdint.h>

// When the first timer of all p's is due; 0: there is none.
int64_t wrap_due_ns(void);
