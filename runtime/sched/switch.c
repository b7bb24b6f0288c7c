// SPDX-License-Identifier: Apache-2.0
//
// Switching between a goroutine and the g0 of its m, with what sanitizers must be told around it.
// Everything between san_switch and the change of the stack pointer is uninstrumented: an
// instrumented access in between would be booked on the wrong stack.
//
// A g0 runs from its base anew after every mcall, so the frames that stood on it are abandoned
// when it resumes a goroutine; its shadow call depth goes back to the base at the same moment.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"

// Called by arch_mcall.
void mcall_on_g0(struct g *gp, void (*fn)(struct g *));
void mcall_returned(void);

SAN_UNINSTRUMENTED_BEGIN

// Saves the calling goroutine and runs fn(gp) on g0; fn never returns. mcall returns when somebody
// resumes gp with gogo, perhaps on another m.
__attribute__((noinline)) void mcall(void (*fn)(struct g *))
{
    struct g *gp = getg();
    struct g *g0 = gp->m->g0;
    rt_assert(gp != g0);
    san_switch(g0->fiber);
    arch_mcall(&gp->sched, g0, g0->sched.sp, fn, gp);
}

void mcall_on_g0(struct g *gp, void (*fn)(struct g *))
{
    // from here on gp may be published
    san_context_saved(&gp->sched);
    fn(gp);
}

void mcall_returned(void)
{
    rt_throw("mcall: the function returned");
}

// The same for a goroutine that will not resume: its frames are no longer anyone's.
void mcall_abandon(void (*fn)(struct g *))
{
    san_depth_restore(0);
    mcall(fn);
    rt_throw("mcall: a dead goroutine was resumed");
}

// Resumes gp, which this m has made its own, where it was saved. On g0. Does not return; see
// context.h why it is not declared so.
void gogo(struct g *gp)
{
    struct g *g0 = gp->m->g0;
    rt_assert((uintptr_t)gp->sched.sp > gp->stack.lo && (uintptr_t)gp->sched.sp < gp->stack.hi);
    san_context_loaded(&gp->sched);
    san_depth_restore(g0->san_base);
    san_switch(gp->fiber);
    san_acquire(&sched.safepoint); // what was done while it stood still
    arch_gogo(&gp->sched, gp);
}

struct systemstack_call {
    void (*fn)(void *);
    void *arg;
    struct g *gp;
};

static void systemstack_on_g0(void *call)
{
    struct systemstack_call *c = call;
    c->fn(c->arg);
    san_switch(c->gp->fiber);
}

// Runs fn(arg) on g0 and returns; fn may not schedule. On g0 already: a plain call.
__attribute__((noinline)) void systemstack(void (*fn)(void *), void *arg)
{
    struct g *gp = getg();
    struct g *g0 = gp->m->g0;
    if (gp == g0) {
        fn(arg);
        return;
    }
    struct systemstack_call call = {fn, arg, gp};
    san_switch(g0->fiber);
    arch_systemstack(g0, g0->sched.sp, systemstack_on_g0, &call, gp);
}

// Begins to use the rest of the calling thread's stack as its g0 stack.
_Noreturn void g0_enter(void (*fn)(void))
{
    struct g *g0 = getg();
    g0->fiber = san_fiber_current();
    g0->san_base = san_depth();
    arch_g0_enter(&g0->sched, fn);
}

SAN_UNINSTRUMENTED_END
