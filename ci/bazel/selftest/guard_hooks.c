// SPDX-License-Identifier: Apache-2.0
//
// See guard_hooks.h. Compiled without any flavour: a hook that were instrumented would call itself.
#include "ci/bazel/selftest/guard_hooks.h"

#include <stdint.h>

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

static unsigned announced, last;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    for (uint32_t *guard = start; guard < stop; guard++) {
        if (*guard == 0)
            *guard = ++announced;
    }
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    last = *guard;
}

unsigned guard_hooks_announced(void)
{
    return announced;
}

unsigned guard_hooks_take_last(void)
{
    unsigned result = last;

    last = 0;
    return result;
}
