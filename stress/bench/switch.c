// SPDX-License-Identifier: Apache-2.0
//
// What it costs to go from one stack to another: sizes prod, one p, processor time. Each row is one
// way through the scheduler, from the barest on; peer/switch.go asks Go for those that it offers.
// Prints lines of samples.h.
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/tls.h"
#include "runtime/rt.h"
#include "runtime/sched/sched.h"
#include "stress/bench/operations.h"

enum { BATCH = 10000 };

static struct g *other[2]; // the main goroutine and its partner

static void back(struct g *gp)
{
    gogo(gp);
}

static void to_g0_and_back(void)
{
    for (int i = 0; i < BATCH; i++)
        mcall(back);
}

static void leave(struct m *mp, struct g *gp)
{
    dropg(mp, gp);
    casgstatus(gp, G_RUNNING, G_RUNNABLE);
}

// Directly: no queue, nobody is looked for.
static void to_the_other(struct g *gp)
{
    struct m *mp = getg()->m;
    leave(mp, gp);
    execute(mp, other[gp == other[0]], true);
}

static void hand_over(void *unused)
{
    (void)unused;
    for (;;)
        mcall(to_the_other);
}

// There and back are two.
static void g_to_g(void)
{
    for (int i = 0; i < BATCH / 2; i++)
        mcall(to_the_other);
}

// g0 finds the goroutine in the queue of its p.
static void by_the_queue(struct g *gp)
{
    struct m *mp = getg()->m;
    leave(mp, gp);
    runqput(mp->p, gp, true);
    schedule();
}

static void g0_to_g(void)
{
    for (int i = 0; i < BATCH; i++)
        mcall(by_the_queue);
}

// The p is left behind and got back; no call in between.
static void syscall_entry_and_exit(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_entersyscall();
        rt_exitsyscall();
    }
}

static void syscall_round_trip(void)
{
    for (int i = 0; i < BATCH; i++) {
        rt_entersyscall();
        syscall(SYS_getpid);
        rt_exitsyscall();
    }
}

// What of that is the kernel's.
static void bare_call(void)
{
    for (int i = 0; i < BATCH; i++)
        syscall(SYS_getpid);
}

static const struct operation operations[] = {
    {.name = "switch.g_to_g0_and_back", to_g0_and_back, BATCH, &clock_cpu_ns},
    {.name = "switch.g_to_g", g_to_g, BATCH, &clock_cpu_ns},
    {.name = "switch.g0_to_g", g0_to_g, BATCH, &clock_cpu_ns},
    {.name = "switch.syscall_entry_and_exit", syscall_entry_and_exit, BATCH, &clock_cpu_ns},
    {.name = "switch.syscall_round_trip", syscall_round_trip, BATCH, &clock_cpu_ns},
    {.name = "switch.bare_call", bare_call, BATCH, &clock_cpu_ns},
};

// The partner stands in no queue: only main switches to it.
static void take_off_queue(struct g *gp)
{
    bool inherit_time;
    other[1] = runqget(getg()->m->p, &inherit_time);
    gogo(gp);
}

static void run(void *arg)
{
    other[0] = rt_self();
    rt_go(hand_over, NULL);
    mcall(take_off_queue);
    operations_run(operations, sizeof operations / sizeof operations[0], arg);
}

int main(int argc, char **argv)
{
    struct slices slices = slices_of_arguments(argc, argv);
    struct rt_config config = {.procs = 1};

    rt_main(&config, run, &slices);
}
