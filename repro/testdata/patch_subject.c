// SPDX-License-Identifier: Apache-2.0
//
// A small program on the real runtime, for building it again with patches.
#include <stddef.h>

#include "runtime/rt.h"

static void nothing(void *arg)
{
    (void)arg;
}

static void start(void *arg)
{
    (void)rt_go(nothing, arg);
    rt_yield();
}

int main(void)
{
    rt_main(&(struct rt_config){.procs = 1}, start, NULL);
}
