// SPDX-License-Identifier: Apache-2.0
//
// Nothing between the runtime and ThreadSanitizer: see runner.h.
#include "stress/native/runner.h"

void layer_begin(uint64_t seed)
{
    (void)seed;
}
