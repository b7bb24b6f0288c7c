// SPDX-License-Identifier: Apache-2.0
//
// Preemption by signal, for goroutines that meet no check. Who asks a goroutine to give way
// (preempt.c) poisons its guard as always, and interrupts the thread. The handler looks whether the
// goroutine is at a place where nothing of the runtime or of libc is half done: its program counter
// is in a function that was declared for it (rt_preempt.h). Then it has preempt_take called there,
// as if the code had called it between two instructions; all registers lie on the goroutine's stack
// meanwhile, where the collector looks. Elsewhere nothing happens, and whoever needs it asks again.
//
// The handler reads what belongs to the thread that it interrupts, and writes one atomic word of
// its m. A signal that comes when the thread has gone on to something else is one for nothing.
#include "runtime/base/san.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/stack_grow.h"
#include "runtime/observe/dump.h"
#include "runtime/sched/sched.h"

// Bounds of the section; NULL when the program has no such function.
extern const char __start_rt_preemptible[] __attribute__((weak));
extern const char __stop_rt_preemptible[] __attribute__((weak));

// In the interrupted function, on the goroutine's stack.
static void taken(void)
{
    struct g *gp = getg();
    if (load_relaxed(&gp->stackguard) >= STACK_PREEMPT)
        preempt_take(gp, PREEMPT_AT_SIGNAL);
}

SAN_UNINSTRUMENTED_BEGIN

static bool is_preemptible(uintptr_t pc)
{
    return pc >= (uintptr_t)__start_rt_preemptible && pc < (uintptr_t)__stop_rt_preemptible;
}

static void (*interrupted(const struct host_context *at))(void)
{
    struct g *gp = getg();
    if (gp == NULL || gp->m == NULL)
        return NULL; // no thread of ours, or one that is only coming to be
    struct m *mp = gp->m;
    // first: who asks from here on interrupts anew
    store_relaxed(&mp->interrupting, 0);
    if (mp->curg != gp || mp->p == NULL || mp->held.n != 0)
        return NULL; // on g0, or in a system call
    if (load_relaxed(&gp->stackguard) < STACK_PREEMPT || !is_preemptible(at->pc))
        return NULL;
    if (!stack_reserve(gp, at->sp, HOST_INTERRUPT_BYTES))
        return NULL;
    return taken;
}

SAN_UNINSTRUMENTED_END

void async_init(void)
{
    host_on_interrupt(interrupted);
    host_on_quit(rt_dump_quit);
}

// The m that runs pp, if one does, gets a signal, unless one is on its way.
void preempt_interrupt(struct p *pp)
{
    if (__start_rt_preemptible == NULL ||
        load_acquire(&pp->status) != P_RUNNING) // pairs [p.status]
        return;
    struct m *mp = load_acquire(&pp->runs_on); // pairs [p.runs_on]
    uint32_t none = 0;
    if (mp != NULL && cas_relaxed(&mp->interrupting, &none, 1) &&
        host_interrupt(load_relaxed(&mp->thread)) != 0)
        store_relaxed(&mp->interrupting, 0); // its thread has ended, or has not begun
}

void preempt_interrupt_g(struct g *gp)
{
    if (__start_rt_preemptible == NULL)
        return;
    for (int32_t i = 0; i < nprocs; i++) {
        struct p *pp = allp[i];
        if (p_running_g(load_acquire(&pp->running)) == gp) // pairs [p.running]
            preempt_interrupt(pp);
    }
}
