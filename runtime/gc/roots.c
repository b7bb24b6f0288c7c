// SPDX-License-Identifier: Apache-2.0
//
// Where marking starts: registered globals, special records of spans, timers, stacks. Cut into jobs
// with the world stopped, done by whoever marks, each once. What comes after that need not be among
// them: new goroutines begin with an argument that is shaded, new globals and specials shade what
// they hold, and so do timers that enter a heap, or leave one that nobody has looked at yet.
#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/check.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/fraction.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

enum { GLOBALS_INITIAL = 16 };

// At most ROOT_WORDS of one registration.
struct globals {
    rt_ptr *slots;
    size_t n;
};

static struct {
    struct mutex lock;
    ATOMIC_PTR(struct globals) v; // written under lock; release pairs [globals.v]
    _Alignas(8) atomic_u32 n;     // written under lock; release pairs [globals.n]: who sees it
                                  // sees array and entries
    uint32_t cap;                 // lock
} globals = {.lock = MUTEX_INIT(RANK_GLOBALS)};

// Const while marking. Numbers of jobs, in this order; behind the spans one for finalizers that are
// about to run and dead g's.
static struct {
    uint32_t globals, spans, heaps, stacks; // heaps: of timers
    struct mspan **allspans;                // entries below nspans stay, also when the array grows
    size_t nspans;
} jobs;

// Globals ---------------------------------------------------------------------------------------

static bool overlap(const struct globals *a, const rt_ptr *slots, size_t n)
{
    return slots < a->slots + a->n && a->slots < slots + n;
}

static void add_locked(rt_ptr *slots, size_t words)
{
    uint32_t n = load_relaxed(&globals.n);
    if (n == globals.cap) {
        uint32_t cap = n == 0 ? GLOBALS_INITIAL : 2 * n;
        struct globals *v = persistent_alloc(cap * sizeof(*v), _Alignof(struct globals));
        const struct globals *old = load_relaxed(&globals.v);
        for (uint32_t i = 0; i < n; i++)
            v[i] = old[i];
        // the old array stays for who reads it
        store_release(&globals.v, v); // pairs [globals.v]
        globals.cap = cap;
    }
    load_relaxed(&globals.v)[n] = (struct globals){slots, words};
    store_release(&globals.n, n + 1); // pairs [globals.n]
}

static bool overlaps_others(const rt_ptr *slots, size_t words)
{
    uint32_t n = load_acquire(&globals.n);              // pairs [globals.n]
    const struct globals *v = load_acquire(&globals.v); // pairs [globals.v]
    for (uint32_t i = 0; i < n; i++) {
        if (overlap(&v[i], slots, words))
            return true;
    }
    return false;
}

bool gc_is_global(const rt_ptr *slot)
{
    return overlaps_others(slot, 1);
}

void rt_register_globals(rt_ptr *slots, size_t n)
{
    uintptr_t end;
    if (slots == NULL || (uintptr_t)slots % sizeof(*slots) != 0 ||
        __builtin_mul_overflow(n, sizeof(*slots), &end) ||
        __builtin_add_overflow((uintptr_t)slots, end, &end))
        rt_fatal("runtime: rt_register_globals: not words of the program");
    lock(&globals.lock);
    if (overlaps_others(slots, n))
        rt_fatal("runtime: rt_register_globals: registered twice");
    for (size_t i = 0; i < n; i += ROOT_WORDS)
        add_locked(slots + i, n - i < ROOT_WORDS ? n - i : ROOT_WORDS);
    unlock(&globals.lock);
    // what they hold already may not have been seen by a marker
    for (size_t i = 0; i < n && load_relaxed(&gc.phase) != GC_OFF; i++)
        gc_shade((uintptr_t)rt_load_ptr(&slots[i]));
}

static inline __attribute__((always_inline)) void
each_global(uint32_t job, void (*visit)(void *, uintptr_t, uintptr_t), void *arg)
{
    const struct globals *g = &load_acquire(&globals.v)[job]; // pairs [globals.v]
    for (size_t i = 0; i < g->n; i++) {
        uintptr_t value = (uintptr_t)rt_load_ptr(&g->slots[i]);
        if (value != 0)
            visit(arg, (uintptr_t)&g->slots[i], value);
    }
}

static void grey(void *w, uintptr_t slot, uintptr_t value)
{
    (void)slot;
    gc_grey(w, value);
}

// Jobs ------------------------------------------------------------------------------------------

void roots_prepare_stw(void)
{
    jobs.globals = load_acquire(&globals.n); // pairs [globals.n]
    jobs.stacks = load_acquire(&allgs.n);    // pairs [allgs.n]
    jobs.allspans = heap.allspans;
    jobs.nspans = heap.nallspans;
    jobs.spans = (uint32_t)((jobs.nspans + ROOT_SPANS - 1) / ROOT_SPANS);
    jobs.heaps = (uint32_t)nprocs;
    store_relaxed(&cycle.roots, jobs.globals + jobs.spans + 1 + jobs.heaps + jobs.stacks);
    store_relaxed(&cycle.next_root, 0);
}

bool roots_left(void)
{
    uint32_t next = load_relaxed(&cycle.next_root);
    return next < load_relaxed(&cycle.roots);
}

bool root_next(uint32_t *job)
{
    if (!roots_left())
        return false;
    *job = add_relaxed(&cycle.next_root, 1);
    return *job < load_relaxed(&cycle.roots);
}

static struct g *g_of(uint32_t index)
{
    return load_acquire(&allgs.v)[index]; // pairs [allgs.v]
}

static void mark_stack(struct p *pp, struct g *gp)
{
    struct suspended s = suspendg(gp);
    if (!s.dead)
        stack_scan(pp, gp, s.status);
    resumeg(&s);
}

static void special_scan(void *w, uintptr_t object)
{
    scan_object(w, object);
}

static void special_mark(void *w, uintptr_t object)
{
    gc_grey(w, object);
}

static void mark_specials(struct gcwork *w, size_t job)
{
    struct special_roots to = {special_scan, special_mark, w};
    size_t end = at_most((job + 1) * ROOT_SPANS, jobs.nspans);
    for (size_t i = job * ROOT_SPANS; i < end; i++)
        specials_mark_span(jobs.allspans[i], &to);
}

static void timer_mark(void *w, uintptr_t word)
{
    gc_grey(w, word);
}

void root_mark(struct p *pp, uint32_t job)
{
    if (job < jobs.globals) {
        each_global(job, grey, &pp->gcw);
        pp->gcw.scanned += ROOT_WORDS * sizeof(rt_ptr);
        return;
    }
    job -= jobs.globals;
    if (job < jobs.spans) {
        mark_specials(&pp->gcw, job);
    } else if (job == jobs.spans) {
        struct special_roots to = {special_scan, special_mark, &pp->gcw};
        finalizers_mark_queued(&to);
        gfree_release_stacks(pp);
    } else if (job - jobs.spans - 1 < jobs.heaps) {
        timers_each(allp[job - jobs.spans - 1], timer_mark, &pp->gcw);
    } else {
        mark_stack(pp, g_of(job - jobs.spans - 1 - jobs.heaps));
    }
}

static void special_check(void *unused, uintptr_t object)
{
    check_pointer(unused, 0, object);
}

static void timer_check(void *unused, uintptr_t word)
{
    check_word(unused, 0, word);
}

// World stopped, on g0, the caller's goroutine counts as waiting.
void roots_check(void)
{
    uint32_t n = load_acquire(&globals.n); // pairs [globals.n]
    for (uint32_t i = 0; i < n; i++)
        each_global(i, check_pointer, NULL);
    struct special_roots to = {check_inside, special_check, NULL};
    specials_mark_roots(&to);
    for (int32_t i = 0; i < nprocs; i++)
        timers_each(allp[i], timer_check, NULL);
    n = load_acquire(&allgs.n); // pairs [allgs.n]
    for (uint32_t i = 0; i < n; i++) {
        struct suspended s = suspendg(g_of(i));
        if (!s.dead)
            stack_check(s.gp, s.status);
        resumeg(&s);
    }
}
