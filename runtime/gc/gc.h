// SPDX-License-Identifier: Apache-2.0
//
// The collector: concurrent, tri-colour, not moving. White: not marked. Grey: marked, and in a work
// buffer, a p's barrier buffer, or a stack or root that is still to be scanned. Black: marked and
// scanned. Weak tri-colour invariant: a white object that a black one refers to is protected by a
// grey one that reaches it through white ones.
//
// The barrier is hybrid (deletion and insertion; A. Clements, R. Hudson, "Proposal: Eliminate STW
// stack re-scanning", 2016): before *slot = value it shades what *slot refers to and `value`.
// Stacks are scanned once, one goroutine at a time, and are black from then on; objects are
// allocated black while marking; who starts a goroutine shades its argument.
//
// One cycle: sweep termination (stopped) - mark, with barrier, workers and assists - mark
// termination (stopped) - sweep. Phase, barrier and blackening change with the world stopped.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/atomic.h"
#include "runtime/rt_heap.h"

struct g;
struct m;
struct p;

enum gc_phase { GC_OFF, GC_MARK, GC_MARK_TERMINATION };
extern struct gc_state {
    _Alignas(8) atomic_u32 phase;   // written with the world stopped
    _Alignas(8) atomic_u32 blacken; // likewise: workers and assists may mark
    _Alignas(8) atomic_u32 cycles;  // ... begun
} gc;

enum gc_trigger_kind { GC_TRIGGER_HEAP, GC_TRIGGER_TIME, GC_TRIGGER_CYCLE };
struct gc_trigger {
    enum gc_trigger_kind kind;
    int64_t now;    // TIME
    uint32_t cycle; // CYCLE: wanted is a cycle of at least that number
};
// Whether it calls for a collection at this moment; asked again before one starts.
bool gc_trigger_test(const struct gc_trigger *t);
// Whether what rt_register_globals was told of includes the slot.
bool gc_is_global(const rt_ptr *slot);
// Starts a collection if the trigger still holds. By a goroutine, with no lock held.
void gc_start(const struct gc_trigger *t);

// The heap size that marking should be done at. For statistics.
uint64_t gc_goal(void);

void gc_init(void);   // schedinit
void gc_enable(void); // the main goroutine, before the program: helpers run from here on

// For the allocator --------------------------------------------------------------------------

// An object was allocated while the phase is not GC_OFF: it becomes black.
void gc_mark_new(uintptr_t object);
// `bytes` were allocated by the calling goroutine: pays debt by marking, or waits for others' work.
void gc_assist(struct g *gp, size_t bytes);
// Before a span of `bytes` is taken: sweeps in proportion.
void gc_sweep_credit(size_t bytes);
// An object becomes grey unless it is marked: a weak handle makes it reached. While marking.
void gc_shade(uintptr_t object);
// What an object refers to becomes grey, not itself: it has got a finalizer. On g0, while
// marking.
void gc_scan_object(uintptr_t object);
// Fills in what the collector knows: next_gc and what follows it. World stopped.
struct rt_mem_stats;
void gc_read_stats(struct rt_mem_stats *stats);
// heap.live has changed by much (a span was taken up, a large object): starts a cycle if it is
// time, and gives way if that is asked. By a goroutine.
void gc_heap_grown(void);

// For channels --------------------------------------------------------------------------------

// One object of the type is copied to or from a goroutine's stack, which may be another's: what is
// copied is shaded, because that stack may have been scanned. Locks may be held.
void gc_move_to_stack(const struct rt_type *type, void *to, const void *from);
// An object on a stack, or in the heap, becomes zero; what it referred to there is shaded.
void gc_clear(const struct rt_type *type, void *object);
// As rt_write_ptr, without the check for escapes: of the runtime's own records.
void gc_store(rt_ptr *slot, void *value);

// For the scheduler ---------------------------------------------------------------------------

// A worker that should run on pp now: made runnable for the caller alone. NULL: none.
struct g *gc_find_worker(struct p *pp, int64_t now);
// The same when pp has nothing else to do.
struct g *gc_find_idle_worker(struct p *pp);
bool gc_idle_work(void); // whether that would find something
// A goroutine is about to start: its argument is shaded. On g0, before it is anybody's.
void gc_start_goroutine(void *arg);
void gc_end_goroutine(struct g *gp); // assist credit goes back
void gc_sysmon(int64_t now);         // forces a collection that is overdue
int64_t gc_forced_at(void);          // when one will be, 0: never
void gc_p_init(struct p *pp);        // a p is made
void gc_p_flush(struct p *pp);       // a p is destroyed: its buffers go to everybody
