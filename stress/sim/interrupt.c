// SPDX-License-Identifier: Apache-2.0
//
// Signals between the program's threads. A signal is a state of its thread (struct thread.signal)
// and comes at one of the thread's own points, in the hook that it has called: the handler runs
// there, as if the program had been interrupted where the hook returns to. So what runs between two
// points is never interrupted, which nobody could tell from an interruption at one of them.
//
// Calm, a signal comes at the next point: where the thread stands, if another one runs; it ends a
// futex or poll wait. Later than that is a fault, chosen when the signal is sent. The latest is
// when the thread next waits or gives way: who spins for what the handler does must get it.
//
// A call that the handler asks for is made when the hook returns. The hook's frames lie on the
// stack of hooks of this thread, and the goroutine that is called may go on on another.

#include "stress/sim/buffer.h"
#include "stress/sim/entries.h"

#include <errno.h>

SIM_HOOKS(SIM_HOST_ENTRIES)

enum { LATE_POINTS = 16 };

void sim_hook_injects(void); // entries.S

_Static_assert(offsetof(struct thread, injected) == 16, "known to entries.S");

uint64_t host_thread_self(void)
{
    return sim.thread + 1;
}

void host_on_interrupt(void (*(*fn)(const struct host_context *at))(void))
{
    sim.on_interrupt = fn;
}

// Sending ---------------------------------------------------------------------------------

static enum signal_state comes_when(enum sim_fault fault)
{
    return fault == SIM_FAULT_SIGNAL_LATE     ? SIGNAL_AFTER_POINTS
           : fault == SIM_FAULT_SIGNAL_SWITCH ? SIGNAL_AFTER_SWITCH
           : fault == SIM_FAULT_SIGNAL_WAIT   ? SIGNAL_AFTER_WAIT
                                              : SIGNAL_DUE;
}

static void send(struct thread *t, enum signal_state when)
{
    t->signal = when;
    t->signal_points = LATE_POINTS;
    t->signal_fiber = t->fiber;
    if (when == SIGNAL_DUE && (t->state == THREAD_FUTEX || t->state == THREAD_POLL))
        sim_make_ready(t, -EINTR);
    sim.next_stop = 0;
}

static struct thread *living(uint64_t thread)
{
    struct thread *t = thread - 1 < sim.threads ? &sim_threads[thread - 1] : NULL;
    return t && t->state != THREAD_DEAD ? t : NULL;
}

int host_interrupt(uint64_t thread)
{
    static const enum sim_fault faults[] = {SIM_FAULT_NONE, SIM_FAULT_SIGNAL_LATE,
                                            SIM_FAULT_SIGNAL_SWITCH, SIM_FAULT_SIGNAL_WAIT};
    if (sim.in_handler) { // no point of the thread
        if (living(thread))
            send(living(thread), SIGNAL_DUE);
        return living(thread) ? 0 : -ESRCH;
    }
    uint32_t site = HOST_POINT(CALL_SIGNAL);
    struct thread *t = living(thread);
    HOST_TRACE("signal", 0, 0, t ? t->name : 0);
    order_answer(t ? 0 : -ESRCH);
    if (!t)
        return -ESRCH;
    send(t, comes_when(sim_choose_fault(faults, 4, site)));
    sim_take_signal(site, false); // to itself: before the call returns
    return 0;
}

// Coming ----------------------------------------------------------------------------------

static bool is_due(struct thread *t, bool waited)
{
    if (t->injected) // its hook has not returned yet
        return false;
    switch (t->signal) {
    case SIGNAL_AFTER_POINTS:
        return waited || --t->signal_points == 0;
    case SIGNAL_AFTER_SWITCH:
        return waited || t->fiber != t->signal_fiber;
    case SIGNAL_AFTER_WAIT:
        return waited;
    default:
        return true;
    }
}

// An operation of its own, for those who count and order them.
static void step(void *arg)
{
    uint64_t pending = sim.pending;
    (void)arg;
    sim.pending = pending_of_call(CALL_SIGNAL);
    sim.strategy->step(sim.strategy);
    sim.pending = pending;
}

static void (*handle(void))(void)
{
    const struct sim_hook_frame *hook = sim_hook_frame();
    const struct host_context at = {
        .pc = hook->pc, .sp = (uintptr_t)(hook + 1), .fp = (uintptr_t)hook->fp};
    struct sim_hook_frame **interrupted = sim_hook_sp;
    sim_hook_sp = sim_handler_hook_sp;
    sim.in_handler = true;
    void (*call)(void) = sim.on_interrupt(&at);
    sim.in_handler = false;
    sim_hook_sp = interrupted;
    return call;
}

// The return address of the hook that runs: below the frame pointer, or below an argument and what
// aligns it (entries.S).
static void inject(struct thread *t, void (*call)(void))
{
    void **returns = (void **)sim_hook_sp - 2;
    if (*returns == NULL)
        returns -= 2;
    *returns = (void *)(uintptr_t)sim_hook_injects;
    t->injected = call;
}

void sim_signal_pending(uint32_t site, bool waited)
{
    struct thread *t = sim_current;
    if (!is_due(t, waited))
        return;
    t->signal = SIGNAL_NONE;
    if (!sim.on_interrupt)
        return;
    if (sim.held != 0)
        buffer_drain();
    if (sim.strategy->step && !sim.fair)
        sim_enter(step, NULL);
    void (*call)(void) = handle();
    sim_note_value(call != NULL);
    if (unlikely(sim.ordering))
        order_note(SIM_STEP_SIGNAL, SIM_SITE_NONE, call != NULL);
    HOST_TRACE(call ? "interrupted, and called" : "interrupted", 0, 0, 0);
    if (call)
        inject(t, call);
}
