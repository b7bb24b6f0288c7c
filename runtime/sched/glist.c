// SPDX-License-Identifier: Apache-2.0
//
// Making g's and keeping the dead ones. A g is never freed: its memory stays a g, so that a stale
// handle reads a status and not garbage. Dead g's wait on their p, with the stack they had if it is
// of the default class; too many on one p go to a global list, half of them at a time. Those for
// which GFREE_STACKS_MAX are there already give up their stacks.
#include "runtime/base/throw.h"
#include "runtime/base/san.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

struct allgs allgs;

static void allgadd(struct g *gp)
{
    lock(&sched.allgs_lock);
    uint32_t n = load_relaxed(&allgs.n);
    if (n == sched.allgs_cap) {
        uint32_t cap = n == 0 ? ALLGS_INITIAL : 2 * n;
        struct g **v = persistent_alloc(cap * sizeof(struct g *), _Alignof(struct g *));
        struct g **old = load_relaxed(&allgs.v);
        for (uint32_t i = 0; i < n; i++)
            v[i] = old[i];
        // the old array stays for who reads it
        store_release(&allgs.v, v); // pairs [allgs.v]
        sched.allgs_cap = cap;
    }
    load_relaxed(&allgs.v)[n] = gp;
    store_release(&allgs.n, n + 1); // pairs [allgs.n]
    unlock(&sched.allgs_lock);
}

// The g0 of a new m; its stack is the thread's.
struct g *malg_g0(void)
{
    struct g *gp = persistent_alloc(sizeof(*gp), _Alignof(struct g));
    store_relaxed(&gp->status, G_IDLE);
    return gp;
}

// A dead g without a stack, known to allgs.
struct g *g_new(struct p *pp)
{
    (void)pp;
    struct g *gp = persistent_alloc(sizeof(*gp), _Alignof(struct g));
    gp->fiber = san_fiber_create();
    store_relaxed(&gp->status, G_IDLE);
    casgstatus(gp, G_IDLE, G_DEAD);
    allgadd(gp);
    return gp;
}

static void gfree_push(struct g **list, struct g *gp)
{
    gp->schedlink = *list;
    *list = gp;
}

static struct g *gfree_pop(struct g **list)
{
    struct g *gp = *list;
    *list = gp->schedlink;
    gp->schedlink = NULL;
    return gp;
}

void gstack_set(struct p *pp, struct g *gp, uint32_t class)
{
    if (gp->stack.hi == 0 || gp->stack.class != class) {
        if (gp->stack.hi != 0)
            stackfree(pp, &gp->stack);
        gp->stack = stackalloc(pp, class);
    }
    store_relaxed(&gp->stackguard, gp->stack.lo);
}

void gfree_release_stacks(struct p *pp)
{
    lock(&sched.gfree_lock);
    for (struct g *gp = sched.gfree; gp != NULL; gp = gp->schedlink) {
        if (gp->stack.hi != 0)
            stackfree(pp, &gp->stack);
    }
    unlock(&sched.gfree_lock);
}

// Moves dead g's to the global list until pp keeps `left`. Those beyond a limit give up their
// stacks.
static void gf_to_global(struct p *pp, uint32_t left)
{
    lock(&sched.gfree_lock);
    uint32_t moved = 0;
    for (; pp->ngfree > left; pp->ngfree--, moved++) {
        struct g *gp = gfree_pop(&pp->gfree);
        if (load_relaxed(&sched.ngfree) + moved >= GFREE_STACKS_MAX && gp->stack.hi != 0)
            stackfree(pp, &gp->stack);
        gfree_push(&sched.gfree, gp);
    }
    store_relaxed(&sched.ngfree, load_relaxed(&sched.ngfree) + moved);
    unlock(&sched.gfree_lock);
}

void gfput(struct p *pp, struct g *gp)
{
    rt_assert(readgstatus(gp) == G_DEAD);
    if (gp->stack.class != stack_class(STACK_BYTES))
        stackfree(pp, &gp->stack);
    else
        stack_shrink(pp, gp);
    gfree_push(&pp->gfree, gp);
    pp->ngfree++;
    if (pp->ngfree >= GFREE_LOCAL_MAX)
        gf_to_global(pp, GFREE_LOCAL_MAX / 2);
}

// Of a p that is no more.
void gfpurge(struct p *pp)
{
    gf_to_global(pp, 0);
}

struct g *gfget(struct p *pp)
{
    if (pp->gfree == NULL && load_relaxed(&sched.ngfree) != 0) {
        lock(&sched.gfree_lock);
        uint32_t moved = 0;
        for (; sched.gfree != NULL && pp->ngfree < GFREE_LOCAL_MAX / 2; pp->ngfree++, moved++)
            gfree_push(&pp->gfree, gfree_pop(&sched.gfree));
        store_relaxed(&sched.ngfree, load_relaxed(&sched.ngfree) - moved);
        unlock(&sched.gfree_lock);
    }
    if (pp->gfree == NULL)
        return NULL;
    rt_assert(pp->ngfree > 0);
    pp->ngfree--;
    return gfree_pop(&pp->gfree);
}
