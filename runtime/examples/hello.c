// SPDX-License-Identifier: Apache-2.0
//
// The smallest program: main starts a goroutine that writes a line, and waits for it.
#include <stddef.h>

#include "runtime/host/host.h"
#include "runtime/rt.h"

static void greet(void *main_goroutine)
{
    static const char line[] = "hello from a goroutine\n";
    host_write_err(line, sizeof(line) - 1);
    rt_ready(main_goroutine);
}

static void run(void *arg)
{
    (void)arg;
    rt_go(greet, rt_self());
    rt_park();
}

int main(void)
{
    struct rt_config config = {.procs = 0};
    rt_main(&config, run, NULL);
}
