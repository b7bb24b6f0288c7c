// SPDX-License-Identifier: Apache-2.0
//
// Stacks as roots: any word that looks like the address of an object, also into its middle, is
// taken for one. What is looked at: all from the saved stack pointer up to the stack's end, where
// arch_mcall and g0_wait have put the registers that frames may hold, too; of a goroutine in a
// system call, whose frame below the saved stack pointer is gone, the registers of when it went in
// (struct g). The goroutine stands still, but in a system call its C code runs on: it is at work
// below, and what it takes out of registers and frames above meanwhile it has had before.
//
// The words are another goroutine's: read without instrumentation, as nothing orders them but the
// scan bit, and what a system call does not even that.
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/gc/check.h"
#include "runtime/gc/cycle.h"
#include "runtime/sched/sched.h"

struct candidate {
    const uintptr_t *at; // the end: none
    uintptr_t value;
};

SAN_UNINSTRUMENTED_BEGIN

// The first word of [from, end) that is an address of the heap.
static __attribute__((noinline)) struct candidate
next_candidate(const uintptr_t *from, const uintptr_t *end, uintptr_t base, uintptr_t bytes)
{
    for (; from < end; from++) {
        uintptr_t value = *(const volatile uintptr_t *)from;
        if (value - base < bytes)
            return (struct candidate){from, value};
    }
    return (struct candidate){end, 0};
}

SAN_UNINSTRUMENTED_END

static inline __attribute__((always_inline)) void
each_word(const void *from, const void *end, void (*visit)(void *, uintptr_t, uintptr_t), void *arg)
{
    uintptr_t base = heap.base, bytes = heap.end - heap.base;
    for (struct candidate c = next_candidate(from, end, base, bytes); c.at != end;
         c = next_candidate(c.at + 1, end, base, bytes))
        visit(arg, (uintptr_t)c.at, c.value);
}

static const void *frames_of(const struct g *gp, uint32_t status)
{
    return status == G_SYSCALL ? gp->syscall_sp : gp->sched.sp;
}

static inline __attribute__((always_inline)) void
each_root(struct g *gp, uint32_t status, void (*visit)(void *, uintptr_t, uintptr_t), void *arg)
{
    if (status == G_SYSCALL)
        each_word(&gp->syscall_saved, &gp->syscall_saved + 1, visit, arg);
    const void *sp = frames_of(gp, status);
    rt_assert((uintptr_t)sp > gp->stack.lo && (uintptr_t)sp < gp->stack.hi);
    each_word(sp, (const void *)gp->stack.hi, visit, arg);
}

static void grey(void *w, uintptr_t slot, uintptr_t value)
{
    (void)slot;
    gc_grey(w, value);
}

// Whether it has frames below those that are saved: in a system call, or on g0. Who waits keeps its
// m while its state is locked; one that is runnable may be given one any moment.
static bool on_m(const struct g *gp, uint32_t status)
{
    return status == G_SYSCALL || (status == G_WAITING && gp->m != NULL);
}

void stack_scan(struct p *pp, struct g *gp, uint32_t status)
{
    each_root(gp, status, grey, &pp->gcw);
    pp->gcw.scanned += gp->stack.hi - (uintptr_t)frames_of(gp, status);
    if (!on_m(gp, status))
        stack_shrink(pp, gp);
}

// What a goroutine holds that has not run yet is certain.
void stack_check(struct g *gp, uint32_t status)
{
    const char *first = (const char *)gp->stack.hi - ARCH_FIRST_FRAME_BYTES;
    bool fresh = frames_of(gp, status) == first;
    each_root(gp, status, fresh ? check_word : check_chance, NULL);
}
