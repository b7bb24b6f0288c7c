// SPDX-License-Identifier: Apache-2.0
//
// Marking: white objects become grey when somebody meets a pointer to them, black when they are
// scanned. Heap objects are scanned by their pointer bits, everything else word by word (stack.c).
// Slots are read as programs read them: a pointer that is seen leads to an object that is whole.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/scan.h"
#include "runtime/sched/sched.h"

uint64_t span_object_bytes(const struct mspan *s)
{
    return s->elem_bytes != 0 ? s->elem_bytes : s->npages * HEAP_PAGE_BYTES;
}

void gc_grey(struct gcwork *w, uintptr_t addr)
{
    struct object o;
    if (!object_find(&o, addr) || !span_mark(o.span, o.index))
        return;
    w->bytes_marked += span_object_bytes(o.span);
    if (!span_noscan(o.span))
        gcw_put(w, span_object(o.span, o.index));
}

static void grey(void *w, uintptr_t slot, uintptr_t value)
{
    (void)slot;
    gc_grey(w, value);
}

// A large object comes in pieces: its first one puts the others into the buffers.
void scan_object(struct gcwork *w, uintptr_t object)
{
    const struct mspan *s = span_of(object);
    if (span_noscan(s)) // of a finalizer
        return;
    uintptr_t end = object + s->elem_bytes;
    if (s->elem_bytes == 0) {
        end = s->limit;
        if (object == s->base) {
            for (uintptr_t piece = object + OBLET_BYTES; piece < end; piece += OBLET_BYTES)
                gcw_put(w, piece);
        }
        if (end - object > OBLET_BYTES)
            end = object + OBLET_BYTES;
    }
    each_pointer(object, end, grey, w);
    w->scanned += end - object;
}

// While marking, what is new is black: nothing white is in it, and what comes to be is shaded.
void gc_mark_new(uintptr_t object)
{
    struct mspan *s = span_of(object);
    struct gcwork *w = &getg()->m->p->gcw;
    if (span_mark(s, span_index(s, object)))
        w->bytes_marked += span_object_bytes(s);
}

// Draining ------------------------------------------------------------------------------------

bool gc_work_available(const struct p *pp)
{
    return (pp != NULL && !gcw_empty(&pp->gcw)) || !lfstack_empty(&cycle.full) || roots_left();
}

// Not by a drain: counted here and now.
void gc_scan_object(uintptr_t object)
{
    struct gcwork *w = &getg()->m->p->gcw;
    scan_object(w, object);
    add_relaxed(&cycle.scanned, w->scanned);
    w->scanned = 0;
}

static bool asked_to_stop(const struct p *pp, const struct g *gp, bool until_preempt)
{
    if (until_preempt && load_relaxed(&gp->stackguard) >= STACK_PREEMPT)
        return true;
    uint32_t asked = load_relaxed(&sched.safepoint);
    return asked != 0 &&
           ((asked & SAFEPOINT_STOP) != 0 || load_relaxed(&pp->run_safe_point_fn) != 0);
}

static void flush_scanned(struct gcwork *w)
{
    add_relaxed(&cycle.scanned, w->scanned);
    assist_credit(w->scanned);
    w->scanned = 0;
}

// Other goroutines want to run, or this one has used its share.
static bool others_first(struct p *pp, uint32_t how)
{
    if ((how & DRAIN_IDLE) != 0)
        return !runqempty(pp) || load_relaxed(&sched.runqsize) != 0;
    return (how & DRAIN_FRACTIONAL) != 0 && gc_fractional_over(pp);
}

// The next grey object, 0: none is left that this p could find.
static uintptr_t next_grey(struct p *pp)
{
    if (lfstack_empty(&cycle.full))
        gcw_balance(&pp->gcw);
    gc_enlist_worker(&pp->gcw);
    uintptr_t object = gcw_get(&pp->gcw);
    if (object == 0) {
        // what stores have shaded is grey too
        wbbuf_flush(pp);
        object = gcw_get(&pp->gcw);
    }
    return object;
}

void gc_drain(struct p *pp, uint32_t how)
{
    struct gcwork *w = &pp->gcw;
    struct g *gp = getg()->m->curg;
    bool until_preempt = (how & DRAIN_UNTIL_PREEMPT) != 0;
    uint32_t job;
    while (!asked_to_stop(pp, gp, until_preempt) && root_next(&job)) {
        root_mark(pp, job);
        if (w->scanned >= GC_CREDIT_BYTES)
            flush_scanned(w);
        if (others_first(pp, how))
            break;
    }
    while (!asked_to_stop(pp, gp, until_preempt)) {
        uintptr_t object = next_grey(pp);
        if (object == 0)
            break;
        scan_object(w, object);
        if (w->scanned < GC_CREDIT_BYTES)
            continue;
        flush_scanned(w);
        if (others_first(pp, how))
            break;
    }
    if (w->scanned != 0)
        flush_scanned(w);
}

uint64_t gc_drain_bytes(struct p *pp, uint64_t bytes)
{
    struct gcwork *w = &pp->gcw;
    struct g *gp = getg()->m->curg;
    rt_assert(w->scanned == 0);
    while (w->scanned < bytes && !asked_to_stop(pp, gp, true)) {
        uintptr_t object = next_grey(pp);
        uint32_t job;
        if (object != 0)
            scan_object(w, object);
        else if (root_next(&job))
            root_mark(pp, job);
        else
            break;
    }
    uint64_t done = w->scanned;
    add_relaxed(&cycle.scanned, done);
    w->scanned = 0;
    return done;
}
