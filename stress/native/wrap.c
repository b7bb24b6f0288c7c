// SPDX-License-Identifier: Apache-2.0
//
// Before an operation: see wrap.h. Runs on whatever stack the program is on, a goroutine's too, so
// it is frugal with it; holds no lock when it returns, and none that ThreadSanitizer knows.
#include "stress/native/wrap.h"

#include "stress/native/gates.h"
#include "stress/native/perturb.h"

static _Thread_local struct wrap_thread self;

__attribute__((noinline)) struct wrap_thread *wrap_self(void)
{
    return &self;
}

void wrap_before(enum wrap_kind kind, const volatile void *word, struct wrap_frame *at)
{
    struct wrap_thread *t = wrap_self();

    (void)kind, (void)word;
    t->points++;
    if (gates_closed())
        gates_point(t, GATES_POINT, at);
    else if (perturb_on())
        perturb_point(t);
}

void wrap_injects(void);                         // wrap.S
void (*wrap_injected(uintptr_t *returns))(void); // by it

void wrap_inject(struct wrap_thread *t, struct wrap_frame *at, void (*call)(void))
{
    t->inject = call;
    t->inject_pc = at->pc;
    at->pc = (uintptr_t)wrap_injects;
}

// What is to be called; *returns is where the program goes on afterwards.
void (*wrap_injected(uintptr_t *returns))(void)
{
    struct wrap_thread *t = wrap_self();

    *returns = t->inject_pc;
    return t->inject;
}
