// SPDX-License-Identifier: Apache-2.0
//
// What a workload cannot say for the lane of programs, each by its argument:
//
//     (none)   a goroutine that has the g and the stack of a dead one is another goroutine: what
//              both write without order is a race of the program
//     stack    that both use the stack is none
//     element  nor is it that a sender writes where the receiver waits for a large element
//
// With one p, so that the second goroutine is sure to get them.
#include <stdlib.h>
#include <string.h>

#include "runtime/rt.h"
#include "runtime/rt_chan.h"

enum { TIMES = 50 };

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

struct element {
    char bytes[64];
};
static const struct rt_type element_type = {.bytes = sizeof(struct element)};

static void sends(void *channel)
{
    const struct element e = {.bytes = {2}};

    rt_chan_send(channel, &e);
}

static void element(void)
{
    struct hchan *c = rt_chan_make(&element_type, 2);
    struct element e;

    rt_go(sends, c);
    memset(&e, 1, sizeof e); // not before what the sender does
    rt_chan_recv(c, &e); // waits, unless the other one came first because this one was preempted
    if (e.bytes[0] != 2)
        abort();
}

static void one_after_the_other(void (*fn)(void *))
{
    struct g *first = rt_go(fn, NULL);

    rt_sleep(1000000);
    struct g *second = rt_go(fn, NULL);
    rt_sleep(1000000);
    if (first != second)
        abort(); // nothing was tried
}

static void program(void *what)
{
    if (what == NULL)
        one_after_the_other(writes);
    else if (strcmp(what, "stack") == 0)
        one_after_the_other(uses_its_stack);
    else
        for (int i = 0; i < TIMES; i++)
            element();
}

int main(int argc, char **argv)
{
    const struct rt_config config = {.procs = 1};

    rt_main(&config, program, argc > 1 ? argv[1] : NULL);
}
