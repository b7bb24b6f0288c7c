// SPDX-License-Identifier: Apache-2.0
//
// A goroutine that has the g and the stack of a dead one is another goroutine: what both write
// without order is a race of the program (without arguments), but that both use the stack is none
// (with one). With one p, so that the second is sure to get them.
#include <stdlib.h>

#include "runtime/rt.h"

static int x; // on purpose without protection

static void writes(void *unused)
{
    (void)unused;
    x++;
}

static void uses_its_stack(void *unused)
{
    volatile char frame[2000];

    (void)unused;
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = 1;
}

static void program(void *on_the_stack)
{
    void (*fn)(void *) = on_the_stack != NULL ? uses_its_stack : writes;
    struct g *first = rt_go(fn, NULL);

    rt_sleep(1000000);
    struct g *second = rt_go(fn, NULL);
    rt_sleep(1000000);
    if (first != second)
        abort(); // nothing was tried
}

int main(int argc, char **argv)
{
    const struct rt_config config = {.procs = 1};

    rt_main(&config, program, argc > 1 ? argv : NULL);
}
