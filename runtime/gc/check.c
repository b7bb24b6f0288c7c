// SPDX-License-Identifier: Apache-2.0
//
// The check (rt_heap_debug.check): with the world stopped at the end of marking, what the roots
// reach is gone through once more, and each object on the way must have been marked. It has bits of
// its own, so it looks at marks only to judge them.
//
// Objects and globals are judged strictly, and the first frame of a goroutine that has not run yet.
// Other words of stacks are followed where they lead to marked objects, and not judged: a hole in a
// frame holds what was there long ago, whole or with some bytes written over, and nothing tells it
// from a local. Rejected: clearing stacks below their frames when they are scanned; what is half
// overwritten since refers to a neighbour of the object that it was.
#include "runtime/gc/check.h"

#include <string.h>

#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/scan.h"
#include "runtime/sched/sched.h"

// World stopped.
static struct {
    struct lazy seen;   // a bit for each word of the heap, by object
    struct gcwork work; // seen, still to be followed
} check;

static void open_seen(void)
{
    uint64_t pages = load_acquire(&heap.grown); // pairs [heap.grown]
    if ((check.seen.base == NULL && lazy_reserve(&check.seen, (heap.end - heap.base) / 64) != 0) ||
        lazy_open(&check.seen, pages * HEAP_PAGE_BYTES / 64) != 0)
        rt_fatal("runtime: out of memory: no room to check the heap");
    memset(check.seen.base, 0, check.seen.open);
}

static bool see(uintptr_t object)
{
    uint64_t word = (object - heap.base) / 8, bit = UINT64_C(1) << word % 64;
    uint64_t *seen = (uint64_t *)(void *)check.seen.base + word / 64;
    bool before = (*seen & bit) != 0;
    *seen |= bit;
    return !before;
}

static _Noreturn void report(const char *text, uintptr_t slot, uintptr_t value,
                             const struct object *o)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "gc check: slot ");
    print_hex(&out, slot);
    print_str(&out, " holds ");
    print_hex(&out, value);
    print_str(&out, ": object ");
    print_dec(&out, o->index);
    print_str(&out, " of span ");
    print_hex(&out, o->span->base);
    print_str(&out, ", span class ");
    print_dec(&out, o->span->class);
    print_str(&out, ", bytes ");
    print_dec(&out, (int64_t)span_object_bytes(o->span));
    print_flush(&out);
    rt_throw(text);
}

static void follow(const struct object *o)
{
    uintptr_t object = span_object(o->span, o->index);
    if (see(object) && !span_noscan(o->span))
        gcw_put(&check.work, object);
}

void check_pointer(void *unused, uintptr_t slot, uintptr_t value)
{
    (void)unused;
    struct object o;
    if (!object_find(&o, value)) {
        if (o.span != NULL)
            report("gc check: a reachable slot refers to no object", slot, value, &o);
        return;
    }
    if (!span_is_marked(o.span, o.index))
        report("gc check: a reachable object is not marked", slot, value, &o);
    follow(&o);
}

void check_word(void *unused, uintptr_t slot, uintptr_t value)
{
    struct object o;
    if (object_find(&o, value))
        check_pointer(unused, slot, value);
}

void check_chance(void *unused, uintptr_t slot, uintptr_t value)
{
    (void)unused;
    (void)slot;
    struct object o;
    if (object_find(&o, value) && span_is_marked(o.span, o.index))
        follow(&o);
}

void check_inside(void *unused, uintptr_t object)
{
    const struct mspan *s = span_of(object);
    if (!span_noscan(s))
        each_pointer(object, s->elem_bytes != 0 ? object + s->elem_bytes : s->limit, check_pointer,
                     unused);
}

static void check_on_g0(void *unused)
{
    open_seen();
    roots_check();
    for (uintptr_t at = gcw_get(&check.work); at != 0; at = gcw_get(&check.work))
        check_inside(unused, at);
    gcw_dispose(&check.work);
}

// By the goroutine that has stopped the world: its own stack is a root too.
void check_mark_stw(void)
{
    g0_wait(check_on_g0, NULL, WAIT_OTHERS);
}
