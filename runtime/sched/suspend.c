// SPDX-License-Identifier: Apache-2.0
//
// Making a goroutine stand still, whatever it does: as a collector needs it to look at a stack. One
// that does not run is locked in the state that it has by the scan bit. One that runs is asked to
// stop: it goes to G_PREEMPTED by itself, and whoever asked first takes it from there.
//
// From asking to letting go the suspender itself counts as waiting, and works on g0 (g0_wait): two
// that suspend each other, or one that does and one that stops the world, would otherwise wait for
// each other for ever. Each may have locked the other; both let go before they go on.
//
// The request is the cause PREEMPT_STOP in the stack guard. Others may write over it, so it is
// repeated as long as the goroutine runs. Invariant: whoever writes it goes on until it has the
// goroutine or the goroutine has ended, and takes the request back then: none stays behind that
// would stop a goroutine for nobody.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

enum { SUSPEND_RELAXES = 10, SUSPEND_SLEEP_NS = 10000 };

static void take_back_request(struct g *gp)
{
    if (load_relaxed(&gp->stackguard) == STACK_PREEMPT + PREEMPT_STOP)
        store_relaxed(&gp->stackguard, gp->stack.lo);
}

// Its stack is no longer its own, so where the guard belongs cannot be told: 0 asks for nothing. It
// may have begun another life, which then goes on without a guard until somebody asks again.
static void take_back_from_dead(struct g *gp)
{
    uint64_t asked = STACK_PREEMPT + PREEMPT_STOP;
    cas_relaxed(&gp->stackguard, &asked, 0);
}

static void ask(struct g *gp)
{
    if (load_relaxed(&gp->stackguard) != STACK_PREEMPT + PREEMPT_STOP)
        store_relaxed(&gp->stackguard, STACK_PREEMPT + PREEMPT_STOP);
}

// One try; true when s->gp stands still or has ended.
static bool try_suspend(struct suspended *s)
{
    struct g *gp = s->gp;
    uint32_t status = readgstatus(gp);
    switch (status) {
    case G_DEAD:
        s->dead = true;
        take_back_from_dead(gp);
        return true;
    case G_PREEMPTED: {
        // who makes it waiting has it; nobody else knows it
        if (!cas_acq_rel(&gp->status, &status, G_WAITING)) // pairs [g.status]
            return false;
        s->stopped = true;
        s->status = G_WAITING;
        if (!castogscanstatus(gp, G_WAITING))
            return false; // another one has the scan bit; it will let go
        break;
    }
    case G_RUNNABLE:
    case G_SYSCALL:
    case G_WAITING:
        s->status = status;
        if (!castogscanstatus(gp, status))
            return false;
        break;
    case G_RUNNING:
        ask(gp);
        return false;
    default: // being scanned, or on its way from one state to another
        return false;
    }
    take_back_request(gp);
    return true;
}

// It has been asked and has come to no check.
static void sleep_and_interrupt(struct g *gp)
{
    preempt_interrupt_g(gp);
    host_sleep(SUSPEND_SLEEP_NS);
}

// Returns when gp, another goroutine, stands still. On g0, while the caller's own goroutine counts
// as waiting (g0_wait), until resumeg: who wants to move gp on waits for it.
struct suspended suspendg(struct g *gp)
{
    struct suspended s = {.gp = gp};
    for (int tries = 0; !try_suspend(&s); tries++) {
        if (tries < SUSPEND_RELAXES)
            host_relax();
        else
            sleep_and_interrupt(gp); // it computes, or its processor was taken away
    }
    return s;
}

void resumeg(const struct suspended *s)
{
    if (s->dead)
        return;
    casfromgscanstatus(s->gp, s->status);
    if (s->stopped)
        ready(s->gp, true);
}

struct suspend_call {
    struct g *gp;
    void (*fn)(void *);
    void *arg;
    bool done;
};

static void suspend_on_g0(void *call)
{
    struct suspend_call *c = call;
    struct suspended s = suspendg(c->gp);
    if (!s.dead) {
        san_acquire_all();
        c->fn(c->arg);
        san_release_more(&sched.safepoint);
    }
    c->done = !s.dead;
    resumeg(&s);
}

bool rt_debug_suspend(struct g *gp, void (*fn)(void *), void *arg)
{
    rt_assert(gp != getg());
    struct suspend_call call = {gp, fn, arg, false};
    g0_wait(suspend_on_g0, &call, WAIT_OTHERS);
    return call.done;
}
