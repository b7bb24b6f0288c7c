// SPDX-License-Identifier: Apache-2.0
//
// Growing and shrinking of stacks. A stack grows in the fault handler: on the signal stack of the m
// that runs the goroutine, in the middle of the goroutine (or of libc, or of a sanitizer's runtime
// that it has called). So the handler takes no lock, allocates nothing, is uninstrumented, and
// touches only what belongs to the goroutine that runs, its m, and the p that this m holds. Nobody
// else does, and the interrupted code was not in the middle of it: the runtime writes p's and
// events on g0, whose faults are not answered here. Code of the runtime that does so on a
// goroutine's stack may lose an event to a growth, no more.
#include "runtime/mem/stack_grow.h"

#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

enum { FRAMES_PRINTED = 12 };

// Const after stack_grow_init.
static size_t step;

void stack_grow_init(uint32_t step_bytes)
{
    if (step_bytes % HOST_PAGE_BYTES != 0)
        rt_fatal("runtime: rt_config.stack_step_bytes is not a number of pages");
    step = step_bytes;
    host_on_fault(stack_fault);
}

SAN_UNINSTRUMENTED_BEGIN

// By hand: event_record is instrumented where it is inlined.
static void grown(struct p *pp, const struct g *gp)
{
    pp->stats.stack_growths++;
    struct event *e = &pp->events[pp->nevents++ & (EVENT_RING - 1)];
    e->gid_kind = gp->goid << 8 | EV_STACK_GROW;
    e->arg = gp->stack.hi - gp->stack.open;
}

// Opens the stack down to the page of addr at least.
static void grow(struct g *gp, uintptr_t addr)
{
    struct stack *s = &gp->stack;
    size_t room = s->hi - s->lo, open = s->hi - s->open;
    while (s->hi - open > addr)
        open += step != 0 ? step : open;
    if (open > room)
        open = room;
    uintptr_t to = s->hi - open;
    if (host_stack_open((void *)to, s->open - to) != 0)
        host_abort("runtime: out of memory, or of mappings: cannot grow a stack");
    s->open = to;
    if (gp->m->p != NULL) // in a system call it is somebody else's
        grown(gp->m->p, gp);
}

static void print_frame(uint64_t depth, uintptr_t pc)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "    #");
    print_dec(&out, (int64_t)depth);
    print_str(&out, " pc=");
    print_hex(&out, pc);
    print_flush(&out);
}

// By frame pointers, which all code of ours keeps; ends where one leads out of the stack or not
// upwards. Prints the first frames; returns how many there are.
static uint64_t backtrace(const struct stack *s, const struct host_context *at)
{
    uint64_t depth = 0;
    print_frame(depth, at->pc);
    uintptr_t from = s->open, fp = at->fp;
    while (fp >= from && fp <= s->hi - 2 * sizeof(fp) && fp % sizeof(fp) == 0) {
        const uintptr_t *frame = (const uintptr_t *)fp;
        depth++;
        if (depth < FRAMES_PRINTED)
            print_frame(depth, frame[1]);
        from = fp + 1;
        fp = frame[0];
    }
    return depth;
}

static void print_goroutine(const struct g *gp, const struct host_context *at)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "goroutine ");
    print_dec(&out, (int64_t)gp->goid);
    print_str(&out, " [running]: fn=");
    print_hex(&out, (uintptr_t)gp->fn);
    print_str(&out, " stack=[");
    print_hex(&out, gp->stack.lo);
    print_str(&out, ", ");
    print_hex(&out, gp->stack.hi);
    print_str(&out, ") sp=");
    print_hex(&out, at->sp);
    print_flush(&out);
    uint64_t depth = backtrace(&gp->stack, at);
    print_begin(&out);
    print_str(&out, "    depth ");
    print_dec(&out, (int64_t)depth);
    print_flush(&out);
}

static _Noreturn void overflow(const struct g *gp, const struct host_context *at)
{
    static const char text[] = "stack overflow";
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: goroutine stack exceeds ");
    print_dec(&out, (int64_t)(gp->stack.hi - gp->stack.lo));
    print_str(&out, "-byte limit");
    print_flush(&out);
    print_line("fatal error: ", text);
    print_goroutine(gp, at);
    host_crash(text);
}

// What a goroutine touches below its stack pointer is not its stack: a stray pointer. At and above
// it, closed pages are those that it has come to need.
bool stack_fault(uintptr_t addr, const struct host_context *at)
{
    struct g *gp = getg();
    if (gp == NULL || gp->stack.hi == 0 || gp->m == NULL || gp->m->curg != gp)
        return false;
    const struct stack *s = &gp->stack;
    if (at->sp > s->hi || addr >= s->open || addr + ARCH_BELOW_SP < at->sp)
        return false;
    if (addr < s->lo)
        overflow(gp, at);
    grow(gp, addr);
    return true;
}

bool stack_reserve(struct g *gp, uintptr_t sp, size_t bytes)
{
    const struct stack *s = &gp->stack;
    if (sp > s->hi || sp < s->lo + bytes)
        return false;
    if (sp - bytes < s->open)
        grow(gp, sp - bytes);
    return true;
}

SAN_UNINSTRUMENTED_END

// Shrinking -------------------------------------------------------------------------------

void stack_trim(struct p *pp, struct stack *s, size_t keep)
{
    rt_assert(keep % HOST_PAGE_BYTES == 0);
    size_t open = s->hi - s->open;
    if (open <= keep)
        return;
    host_stack_close((void *)s->open, open - keep);
    s->open = s->hi - keep;
    pp->stats.stack_shrinks++;
}

// A suspended goroutine uses what lies above its saved stack pointer; a dead one nothing.
void stack_shrink(struct p *pp, struct g *gp)
{
    struct stack *s = &gp->stack;
    uint32_t status = load_relaxed(&gp->status);
    size_t keep = STACK_KEEP_BYTES;
    if (status != G_DEAD) {
        rt_assert((status & G_SCAN) != 0 || status == G_COPYSTACK);
        size_t used = s->hi - (uintptr_t)gp->sched.sp;
        size_t twice = (2 * used + HOST_PAGE_BYTES - 1) & ~(size_t)(HOST_PAGE_BYTES - 1);
        if (twice > keep)
            keep = twice;
    }
    size_t open = s->hi - s->open;
    if (open <= keep)
        return;
    stack_trim(pp, s, keep);
    event_record(pp, EV_STACK_SHRINK, gp->goid, keep);
}

struct shrink_call {
    struct g *gp;
    bool done;
};

static void shrink_on_g0(void *call)
{
    struct shrink_call *c = call;
    c->done = castogscanstatus(c->gp, G_WAITING);
    if (!c->done)
        return;
    stack_shrink(getg()->m->p, c->gp);
    casfromgscanstatus(c->gp, G_WAITING);
}

bool rt_debug_shrink(struct g *gp)
{
    struct shrink_call call = {.gp = gp, .done = false};
    systemstack(shrink_on_g0, &call);
    return call.done;
}
