// SPDX-License-Identifier: Apache-2.0
//
// The thread-local behind getg(). A file of its own, so that no caller can be compiled together
// with it; not instrumented, because all virtual threads of the engine share one copy.
#include "runtime/base/tls.h"

#include "runtime/base/san.h"

_Thread_local struct g *rt_tls_g;

SAN_UNINSTRUMENTED __attribute__((noinline)) struct g *getg(void)
{
    return rt_tls_g;
}

SAN_UNINSTRUMENTED __attribute__((noinline)) void setg(struct g *gp)
{
    rt_tls_g = gp;
}
