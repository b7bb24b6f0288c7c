// SPDX-License-Identifier: Apache-2.0
//
// rt_call, deferred calls, panics. All records of a goroutine lie on its own stack and belong to it
// alone: a scope for each rt_call that has not ended, a panic for each that goes on. Deferred calls
// stand in blocks: the first is part of the scope, further ones are objects of the heap that it
// refers to, so what they keep is kept by the stack.
//
// A panic does not unwind. It calls what the scopes have deferred, innermost first, on top of where
// it arose; g.scopes is the scope whose turn it is, so that scopes that deferred calls make stand
// inside of it. When one recovers, the panic jumps to that scope's rt_call (arch_jump), which goes
// on with the deferred calls that are left and returns. rt_goexit is a panic that cannot be
// recovered, and ends the goroutine behind the last scope.
//
// A newer panic that comes to a scope where an older one stands has left that one's frames behind:
// the older is aborted and goes with the newer. An aborted rt_goexit begins again where the newer
// was recovered.
//
// After a jump the sanitizer's call depth is put back; frames between have no end.
#include "runtime/rt_panic.h"

#include "config.h"
#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/sched/sched.h"

struct deferred {
    void (*fn)(void *);
    rt_ptr arg;
};
struct defer_block {
    rt_ptr older; // a full one; or NULL
    struct deferred call[DEFER_INLINE];
};
RT_TYPE(defer_block_type, struct defer_block,
        UINT64_C(0x5555555555555555) & ((UINT64_C(2) << 2 * DEFER_INLINE) - 1));

struct scope {
    struct arch_catch at;
    size_t san_depth;
    struct scope *outer;
    void (*fn)(void *);
    void *arg;
    bool goexit; // was aborted by the panic that has been recovered here
    uint32_t n;  // deferred calls in `newest`
    struct defer_block *newest;
    struct defer_block first;
};

struct panic {
    struct panic *older;
    const char *text; // NULL: rt_goexit
    void *value;
    struct scope *scope; // whose deferred calls it runs
    bool recovered, aborted;
};

// Deferred calls --------------------------------------------------------------------------------

void rt_defer(void (*fn)(void *), void *arg)
{
    struct scope *s = getg()->scopes;
    if (s == NULL)
        rt_fatal("rt_defer: outside of rt_call");
    if (s->n == DEFER_INLINE) {
        struct defer_block *b = rt_new(&defer_block_type);
        gc_store(&b->older, s->newest);
        s->newest = b;
        s->n = 0;
    }
    struct deferred *d = &s->newest->call[s->n];
    d->fn = fn;
    gc_store(&d->arg, arg);
    s->n++;
}

// Calls the last one; false when there is none.
static bool call_deferred(struct scope *s)
{
    if (s->n == 0) {
        struct defer_block *older = rt_load_ptr(&s->newest->older);
        if (older == NULL)
            return false;
        s->newest = older;
        s->n = DEFER_INLINE;
    }
    struct deferred *d = &s->newest->call[--s->n];
    void *arg = rt_load_ptr(&d->arg);
    gc_store(&d->arg, NULL);
    d->fn(arg);
    return true;
}

static void call_all_deferred(void *scope)
{
    while (call_deferred(scope))
        ;
}

// Scopes ----------------------------------------------------------------------------------------

static void scope_run(void *scope)
{
    struct scope *s = scope;
    s->fn(s->arg);
    call_all_deferred(s);
}

static void goexit_again(void *scope)
{
    (void)scope;
    rt_goexit();
}

bool rt_call(void (*fn)(void *), void *arg)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    // all of it: what another frame has left there might look like an object to the collector
    struct scope s = {
        .outer = gp->scopes,
        .fn = fn,
        .arg = arg,
        .san_depth = san_depth(),
    };
    s.newest = &s.first;
    gp->scopes = &s;
    // each catch holds while its function runs, deferred calls too
    bool returned = arch_catch(&s.at, scope_run, &s) == 0, whole = returned;
    while (!returned)
        returned = arch_catch(&s.at, s.goexit ? goexit_again : call_all_deferred, &s) == 0;
    gp->scopes = s.outer;
    return whole;
}

// No hooks between the change of the call depth and the jump.
SAN_UNINSTRUMENTED static _Noreturn void jump(struct scope *s)
{
    san_depth_restore(s->san_depth);
    arch_jump(&s->at);
}

// Panics ----------------------------------------------------------------------------------------

// p was recovered in s: it is over, and with it the panics that it has aborted.
static _Noreturn void land(struct g *gp, struct panic *p, struct scope *s)
{
    struct panic *q = p->older;
    for (; q != NULL && q->aborted; q = q->older)
        s->goexit |= q->text == NULL;
    gp->panics = q;
    jump(s);
}

static void abort_older(struct panic *p)
{
    for (struct panic *q = p->older; q != NULL; q = q->older)
        q->aborted |= q->scope == p->scope;
}

// Goes through all scopes; returns when none is left.
static void go_through(struct g *gp, struct panic *p)
{
    p->older = gp->panics;
    gp->panics = p;
    for (struct scope *s = gp->scopes; s != NULL; s = gp->scopes) {
        p->scope = s;
        abort_older(p);
        while (call_deferred(s)) {
            if (p->recovered)
                land(gp, p, s);
        }
        gp->scopes = s->outer;
    }
}

static void print_older(const struct panic *p)
{
    if (p == NULL)
        return;
    print_older(p->older);
    print_line(p->text != NULL ? "panic: " : "rt_goexit", p->text != NULL ? p->text : "");
}

static _Noreturn void die(const struct g *gp, const struct panic *p)
{
    struct print out;
    print_older(p->older);
    print_begin(&out);
    print_str(&out, "goroutine ");
    print_dec(&out, (int64_t)gp->goid);
    print_str(&out, " fn=");
    print_hex(&out, (uint64_t)(uintptr_t)gp->fn);
    print_str(&out, " started at pc=");
    print_hex(&out, (uint64_t)(uintptr_t)gp->from);
    print_flush(&out);
    print_begin(&out);
    print_str(&out, "panic: ");
    print_str(&out, p->text);
    rt_fatal(print_text(&out));
}

_Noreturn void rt_panic_with(const char *text, void *value)
{
    struct g *gp = getg();
    rt_assert(text != NULL);
    if (gp != gp->m->curg)
        rt_throw(text); // on g0 there is nothing to go back to
    rt_assert(gp->m->held.n == 0);
    struct panic p = {.text = text, .value = value};
    go_through(gp, &p);
    die(gp, &p);
}

_Noreturn void rt_panic(const char *text)
{
    rt_panic_with(text, NULL);
}

bool rt_recover(struct rt_recovered *what)
{
    struct g *gp = getg();
    struct panic *p = gp->panics;
    if (p == NULL || p->text == NULL || p->recovered || p->scope != gp->scopes)
        return false;
    p->recovered = true;
    if (what != NULL)
        *what = (struct rt_recovered){p->text, p->value};
    return true;
}

_Noreturn void rt_goexit(void)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    struct panic p = {.text = NULL};
    go_through(gp, &p);
    gp->panics = NULL;
    goexit();
}
