// SPDX-License-Identifier: Apache-2.0
//
// The pacer: how large the heap may become (goal), at which size a collection begins (trigger), and
// what a byte allocated meanwhile costs (ratio).
//
// The goal is what the last cycle has marked, plus `percent` of it; less, if the memory limit asks
// for that. The trigger is as far below as it takes to mark before the goal is reached, measured
// in the last cycle: bytes allocated for each byte scanned; at least at 70 and at most at 95
// percent of the way to the goal. The ratio is what is left to scan over what is left to allocate,
// revised as both go on: if a cycle has more to scan than the last one, the rest is taken to be the
// whole heap.
//
#include "runtime/base/throw.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/fraction.h"
#include "runtime/mem/scavenge.h"
#include "runtime/sched/sched.h"

enum { TRIGGER_MIN_PERCENT = 70, TRIGGER_MAX_PERCENT = 95 };

static struct {
    struct mutex lock;
    _Alignas(8) atomic_i32 percent;       // written under lock, hint without; negative: no goal
    int64_t limit;                        // lock; bytes
    uint64_t marked;                      // lock; by the last cycle
    uint64_t expected;                    // lock; bytes that the last cycle has scanned
    uint64_t live_at_start;               // lock; of the present cycle
    uint64_t cost;                        // lock; bytes allocated per byte scanned, fraction
    _Alignas(8) atomic_u64 goal, trigger; // written under lock; hints without
    // The ratio both ways, fractions. Written under lock; relaxed, and not of one moment: a wrong
    // price of some bytes.
    _Alignas(8) atomic_u64 work_per_byte, bytes_per_work;
} pacer;

void pacer_init(void)
{
    mutex_init(&pacer.lock, RANK_GC_PACER);
    store_relaxed(&pacer.percent, 100);
    pacer.limit = INT64_MAX;
    store_relaxed(&pacer.goal, GC_HEAP_MIN_BYTES);
    store_relaxed(&pacer.trigger, GC_HEAP_MIN_BYTES / 100 * TRIGGER_MIN_PERCENT);
}

// Goal and trigger ------------------------------------------------------------------------------

static uint64_t percent_goal_locked(void)
{
    int32_t percent = load_relaxed(&pacer.percent);
    if (percent < 0)
        return UINT64_MAX;
    uint64_t more = at_most(pacer.marked, BYTES_MAX) / 100 * (uint64_t)percent;
    uint64_t min = (uint64_t)GC_HEAP_MIN_BYTES * (uint64_t)percent / 100;
    return at_least(pacer.marked + more, min);
}

// What spans take beyond what lives in them counts against the limit.
static uint64_t limit_goal_locked(void)
{
    if (pacer.limit == INT64_MAX)
        return UINT64_MAX;
    uint64_t spans = load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES;
    uint64_t beyond = spans > pacer.marked ? spans - pacer.marked : 0;
    uint64_t limit = (uint64_t)pacer.limit;
    return limit > beyond ? limit - beyond : 0;
}

// A limit below what is reached cannot be kept, nor 0 percent: some room is left in any case, so
// that a collection does not follow another without end.
static void set_goal_locked(void)
{
    uint64_t goal = at_most(percent_goal_locked(), limit_goal_locked());
    goal = at_least(goal, pacer.marked + at_least(pacer.marked / 16, GC_HEAP_MIN_BYTES / 16));
    store_relaxed(&pacer.goal, goal);
    if (goal == UINT64_MAX) {
        store_relaxed(&pacer.trigger, goal);
        return;
    }
    uint64_t from = at_most(pacer.marked, goal), way = goal - from;
    uint64_t runway = times(pacer.expected, pacer.cost);
    uint64_t trigger = goal - at_most(runway, way);
    trigger = at_most(trigger, from + way / 100 * TRIGGER_MAX_PERCENT);
    trigger = at_least(trigger, from + way / 100 * TRIGGER_MIN_PERCENT);
    store_relaxed(&pacer.trigger, trigger);
}

uint64_t pacer_trigger(void)
{
    return load_relaxed(&pacer.trigger);
}

uint64_t gc_goal(void)
{
    return load_relaxed(&pacer.goal);
}

bool pacer_off(void)
{
    return load_relaxed(&pacer.percent) < 0;
}

// While marking ---------------------------------------------------------------------------------

static void revise_locked(void)
{
    uint64_t scanned = load_relaxed(&cycle.scanned), live = load_relaxed(&heap.live);
    uint64_t goal = at_most(load_relaxed(&pacer.goal), BYTES_MAX);
    uint64_t work = pacer.expected;
    if (scanned >= work) {
        work = at_least(live, scanned + scanned / 8);
        goal = at_most(goal / 10 * 11, BYTES_MAX); // nobody could have known
    }
    uint64_t left = at_least(work - at_most(scanned, work), 1);
    uint64_t room = goal > live ? goal - live : 1;
    store_relaxed(&pacer.work_per_byte, fraction_of(left, room));
    store_relaxed(&pacer.bytes_per_work, fraction_of(room, left));
}

void pacer_revise(void)
{
    lock(&pacer.lock);
    revise_locked();
    unlock(&pacer.lock);
}

void pacer_begin_stw(void)
{
    lock(&pacer.lock);
    pacer.live_at_start = load_relaxed(&heap.live);
    pacer.expected = at_least(pacer.expected, 1);
    revise_locked();
    unlock(&pacer.lock);
}

// How far the heap has grown beyond what it was to reach.
static void count_overshoot(uint64_t live, uint64_t goal)
{
    uint64_t permil = live > goal ? (live - goal) / at_least(goal / 1000, 1) : 0;
    if (permil > load_relaxed(&gc_counts.overshoot_permil))
        store_relaxed(&gc_counts.overshoot_permil, permil);
}

// How much may stay open: what spans take now, when they take most, in proportion to the goal of
// the next cycle; at least that goal, at most the limit. 0: all. As in Go.
static uint64_t retain_locked(uint64_t goal_before)
{
    uint64_t goal = load_relaxed(&pacer.goal), limit = (uint64_t)pacer.limit;
    if (goal == UINT64_MAX)
        return 0;
    uint64_t spans = load_relaxed(&heap.pages_in_use) * HEAP_PAGE_BYTES;
    uint64_t more = fraction_of(at_most(goal, BYTES_MAX), goal_before);
    uint64_t keep = at_least(times(spans, more), goal);
    return at_most(keep, limit - limit / 10);
}

void pacer_end_stw(uint64_t live, uint64_t marked)
{
    lock(&pacer.lock);
    uint64_t scanned = load_relaxed(&cycle.scanned);
    uint64_t allocated = live > pacer.live_at_start ? live - pacer.live_at_start : 0;
    count_overshoot(live, load_relaxed(&pacer.goal));
    pacer.cost = (pacer.cost + fraction_of(allocated, scanned)) / 2;
    pacer.expected = scanned;
    pacer.marked = marked;
    uint64_t before = load_relaxed(&pacer.goal);
    set_goal_locked();
    uint64_t keep = retain_locked(before);
    unlock(&pacer.lock);
    heap_set_retained_goal(keep);
}

// Without a goal what somebody has paid too much may be more than there can be.
uint64_t pacer_work_of(uint64_t bytes)
{
    return times(at_most(bytes, BYTES_MAX), load_relaxed(&pacer.work_per_byte));
}

uint64_t pacer_bytes_of(uint64_t work)
{
    return times(work, load_relaxed(&pacer.bytes_per_work));
}

// The public face -------------------------------------------------------------------------------

static void changed_locked(void)
{
    set_goal_locked();
    if (load_relaxed(&gc.phase) == GC_MARK)
        revise_locked();
}

int32_t rt_set_gc_percent(int32_t percent)
{
    lock(&pacer.lock);
    int32_t before = load_relaxed(&pacer.percent);
    store_relaxed(&pacer.percent, percent < 0 ? -1 : percent);
    changed_locked();
    unlock(&pacer.lock);
    gc_heap_grown(); // it may be time now
    return before;
}

int64_t rt_set_memory_limit(int64_t bytes)
{
    lock(&pacer.lock);
    int64_t before = pacer.limit;
    if (bytes >= 0) {
        pacer.limit = bytes;
        changed_locked();
    }
    unlock(&pacer.lock);
    gc_heap_grown();
    return before;
}
