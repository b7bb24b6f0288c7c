// SPDX-License-Identifier: Apache-2.0
//
// See canary.h: programs that break a rule of the collector, and for `barrier` and `gc-live` beside
// them others that come as near to that as is allowed.

#include "stress/sim/canary/canary.h"

#include "runtime/gc/cycle.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/mem/special.h"
#include "runtime/rt_heap.h"
#include "runtime/sched/sched.h"

struct node {
    rt_ptr next;
    uint64_t word;
};
RT_TYPE(node_type, struct node, RT_AT(struct node, next));

// barrier ---------------------------------------------------------------------------------

// `black` comes to refer to `white` while marking, and the store tells nobody.
static struct node *black, *white, *between;

static void mark(struct node *n)
{
    struct mspan *s = span_of((uintptr_t)n);
    span_mark(s, span_index(s, (uintptr_t)n));
}

static void unmark(struct node *n)
{
    struct mspan *s = span_of((uintptr_t)n);
    uint32_t i = span_index(s, (uintptr_t)n);
    uint64_t bits = load_relaxed(&s->mark_bits[i / 64]);
    store_relaxed(&s->mark_bits[i / 64], bits & ~(UINT64_C(1) << i % 64));
}

static void marks_while_stopped(void (*stores)(void))
{
    black = rt_new(&node_type);
    between = rt_new(&node_type);
    white = rt_new(&node_type);
    stop_the_world(STW_DEBUG);
    store_relaxed(&gc.phase, GC_MARK);
    mark(black);
    stores();
    store_relaxed(&gc.phase, GC_MARK_TERMINATION);
    unmark(black), unmark(between), unmark(white); // nobody sweeps
    store_relaxed(&gc.phase, GC_OFF);
    start_the_world(0);
}

static void store_to_black(void)
{
    store_release(&black->next, white);
}

static void nothing_protects(void *unused)
{
    (void)unused;
    marks_while_stopped(store_to_black);
}

// A grey object that refers to it along another white one.
static void store_protected(void)
{
    struct wbbuf *b = &allp[1]->wbbuf;
    store_release(&between->next, white);
    b->pointer[b->n++] = (uintptr_t)between;
    store_to_black();
    b->n = 0;
    mark(between);
    mark(white);
}

static void grey_protects(void *unused)
{
    (void)unused;
    marks_while_stopped(store_protected);
}

// The one between does not refer to it: it is grey for nothing.
static void store_beside_grey(void)
{
    struct wbbuf *b = &allp[1]->wbbuf;
    b->pointer[b->n++] = (uintptr_t)between;
    store_to_black();
}

static void grey_protects_another(void *unused)
{
    (void)unused;
    marks_while_stopped(store_beside_grey);
}

// gc-live ---------------------------------------------------------------------------------

static void grow_past_trigger(void)
{
    store_relaxed(&heap.live, pacer_trigger());
}

static void grow_up_to_trigger(void)
{
    store_relaxed(&heap.live, pacer_trigger() - 1);
}

static void leave_roots(void)
{
    store_relaxed(&cycle.roots, load_relaxed(&cycle.next_root) + 1);
    store_relaxed(&gc.phase, GC_MARK);
}

static void leave_phase(void)
{
    store_relaxed(&gc.phase, GC_MARK);
}

// Roots are left for less than somebody who looks for them may take; then all is marked, and one
// who marks has not said so yet.
static void mark_in_time(void)
{
    add_relaxed(&cycle.marking, 1);
    leave_roots();
    host_spin(5000);
    store_relaxed(&cycle.roots, load_relaxed(&cycle.next_root));
    host_spin(50000);
    store_relaxed(&gc.phase, GC_OFF);
    sub_relaxed(&cycle.marking, 1);
}

// Other oracles ---------------------------------------------------------------------------

static void overfill_buffer(void)
{
    allp[1]->wbbuf.n = WBBUF_ENTRIES + 1;
}

// Swept by nobody who counts.
static void sweep_uncounted(void)
{
    struct mspan *s = span_of((uintptr_t)black);
    add_relaxed(&heap.unswept, 1);
    store_relaxed(&s->sweepgen, load_relaxed(&heap.sweepgen) - 1);
    sub_relaxed(&heap.unswept, 1);
}

static void give_root(void)
{
    store_relaxed(&cycle.roots, load_relaxed(&cycle.next_root) + 1);
    store_relaxed(&gc.phase, GC_MARK);
    add_relaxed(&cycle.next_root, 1);
}

// After a cycle that has ended just now. A goroutine of the program may begin another one.
static void begins_again(bool system)
{
    rt_new(&node_type);
    rt_gc();
    stop_the_world(STW_DEBUG);
    rt_self()->system = system;
    store_relaxed(&gc.phase, GC_MARK);
    store_relaxed(&gc.phase, GC_MARK_TERMINATION);
    store_relaxed(&gc.phase, GC_OFF);
    rt_self()->system = false;
    start_the_world(0);
}

static void forced_too_early(void *unused)
{
    (void)unused;
    begins_again(true);
}

static void begun_again(void *unused)
{
    (void)unused;
    begins_again(false);
}

static struct special waiting;

static void leave_finalizer(void)
{
    finalizer_queue.first = &waiting;
    finalizer_queue.parked = true;
}

// After a cycle: workers, sweeper and helper are there and wait.
#define BROKEN(name, fn)                                                                           \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        rt_new(&node_type);                                                                        \
        rt_gc();                                                                                   \
        canary_breaks_while_all_sleep(fn);                                                         \
    }
BROKEN(past_trigger, grow_past_trigger)
BROKEN(up_to_trigger, grow_up_to_trigger)
BROKEN(grey_left, leave_roots)
BROKEN(phase_left, leave_phase)
BROKEN(marked_in_time, mark_in_time)
BROKEN(buffer_overfilled, overfill_buffer)
BROKEN(root_given_uncounted, give_root)
BROKEN(finalizer_left, leave_finalizer)

static void swept_uncounted(void *unused)
{
    (void)unused;
    black = rt_new(&node_type);
    canary_breaks_while_all_sleep(sweep_uncounted);
}

const struct canary canaries_collector[] = {
    {"a store without barrier", "barrier", "that nothing protects", nothing_protects},
    {"a store without barrier, protected", NULL, NULL, grey_protects},
    {"a store without barrier beside grey", "barrier", "that nothing protects",
     grey_protects_another},
    {"the heap past its trigger", "gc-live", "past its trigger and no collection", past_trigger},
    {"the heap up to its trigger", NULL, NULL, up_to_trigger},
    {"roots left", "gc-live", "something to mark beside an idle p", grey_left},
    {"the phase left", "gc-live", "all is marked and nobody ends the phase", phase_left},
    {"marked in time", NULL, NULL, marked_in_time},
    {"a barrier buffer overfilled", "invariant", "more entries than room", buffer_overfilled},
    {"a collection forced too early", "gc-live", "forced before it is time", forced_too_early},
    {"a collection soon after another", NULL, NULL, begun_again},
    {"a root given to who is not counted", "invariant", "does not count as marking",
     root_given_uncounted},
    {"a finalizer left", "lost-wake", "finalizers are to run", finalizer_left},
    {"a span swept uncounted", "heap", "more spans are being swept than", swept_uncounted},
    {0},
};
