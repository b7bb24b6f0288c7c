// SPDX-License-Identifier: Apache-2.0
//
// Weak handles. An object has at most one handle, which lives as long as the object does, and
// longer while it is referred to. To that end it is a root of every cycle; of the one during which
// it is made, by being shaded. Making the object reached again meets the collector in two places:
//
// - Its span is not swept yet: the object may be about to end. Who asks sweeps the span first, or
//   waits for who does; then the handle says the truth. Whether the handle still has the object is
//   read again under the lock of the object's span, under which a sweep clears it: while it has,
//   the span is the object's, and is not given to others.
// - Marking is under way, and the object may be white: it is shaded. No preemption point stands
//   between the two and the caller, so no cycle begins or ends there.
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/mem/mcentral.h"
#include "runtime/mem/special.h"
#include "runtime/mem/sweep.h"
#include "runtime/sched/sched.h"

struct weak_call {
    uintptr_t object;
    struct rt_weak *weak; // a new one, for the object if it has none; then the object's
    bool only_look;
};

static void find_or_add(void *call)
{
    struct weak_call *c = call;
    struct mspan *s = span_of(c->object);
    struct special *unused = c->only_look ? NULL : special_new(SPECIAL_WEAK, c->object);
    lock(&s->special_lock);
    struct special *sp = special_find_locked(s, c->object, SPECIAL_WEAK);
    if (sp == NULL && !c->only_look) {
        sp = unused;
        unused = NULL;
        sp->weak = c->weak;
        store_relaxed(&sp->weak->object, c->object);
        special_insert_locked(s, sp);
    }
    c->weak = sp != NULL ? sp->weak : NULL;
    unlock(&s->special_lock);
    // the span's specials may have been looked at by now, and a new handle be older than the cycle
    if (!c->only_look && load_relaxed(&gc.phase) != GC_OFF)
        gc_shade((uintptr_t)c->weak);
    if (unused != NULL)
        special_delete(unused);
}

struct rt_weak *rt_weak_new(void *object)
{
    uintptr_t addr = (uintptr_t)object;
    struct mspan *s = span_of(addr);
    uint32_t index = s != NULL ? span_index(s, addr) : 0;
    if (s != NULL)
        span_ensure_swept(s); // what is asked next changes in a sweep
    if (s == NULL || !span_is_object(s, index) || span_object(s, index) != addr)
        rt_fatal("runtime: rt_weak_new: not the beginning of an object");
    if (s->class >> 1 == SIZECLASS_TINY)
        rt_fatal("runtime: rt_weak_new: the object may share its block with others");
    struct weak_call call = {.object = addr, .only_look = true};
    systemstack(find_or_add, &call);
    if (call.weak == NULL) {
        call = (struct weak_call){.object = addr, .weak = rt_new_bytes(sizeof(struct rt_weak))};
        systemstack(find_or_add, &call);
    }
    rt_keep_alive(object);
    return call.weak;
}

struct get_call {
    struct rt_weak *weak;
    uintptr_t object;
};

static void get_on_g0(void *call)
{
    struct get_call *c = call;
    struct mspan *s = span_of(load_relaxed(&c->weak->object));
    if (s == NULL)
        return;
    uint32_t sweepgen = load_relaxed(&heap.sweepgen);
    bool claimed = false;
    lock(&s->special_lock);
    bool has = load_relaxed(&c->weak->object) != 0;
    if (has && load_acquire(&s->sweepgen) != sweepgen) // pairs [mspan.sweepgen]
        claimed = mcentral_claim(s);
    unlock(&s->special_lock);
    if (!has)
        return;
    if (claimed)
        span_sweep(s, false);
    while (load_acquire(&s->sweepgen) != sweepgen) // pairs [mspan.sweepgen]
        host_relax();
    c->object = load_relaxed(&c->weak->object);
    if (c->object != 0 && load_relaxed(&gc.phase) != GC_OFF)
        gc_shade(c->object);
}

void *rt_weak_get(struct rt_weak *weak)
{
    struct get_call call = {weak, 0};
    systemstack(get_on_g0, &call);
    rt_keep_alive(weak);
    return (void *)call.object;
}
