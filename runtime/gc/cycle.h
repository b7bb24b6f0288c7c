// SPDX-License-Identifier: Apache-2.0
//
// Inside of the collector: what its files share. Nothing outside of runtime/gc/ includes it, but
// for tests.
#pragma once

#include "runtime/gc/gc.h"
#include "runtime/gc/work.h"
#include "runtime/mem/mheap.h"
#include "runtime/sched/gqueue.h"
#include "runtime/sync/sema.h"

struct gc_worker;

extern struct gc_cycle {
    // Grey objects that are everybody's, and buffers without any.
    struct lfstack full, empty;
    _Alignas(8) atomic_u64 bytes_marked; // relaxed; exact with the world stopped, after a flush
    _Alignas(8) atomic_u64 scanned;      // bytes; relaxed: for the pacer
    // Workers and assists that mark now. Who takes it to zero and finds nothing left thinks that
    // marking is done. acq_rel: pairs [cycle.marking], who sees zero sees what they have handed on.
    _Alignas(8) atomic_u32 marking;
    _Alignas(8) atomic_u32 next_root; // the next root job; relaxed: it hands out numbers only
    _Alignas(8) atomic_u32 roots;     // relaxed; their number: const while marking, and a p is held

    struct sema start_sema; // who starts a cycle
    struct sema done_sema;  // who ends marking

    struct mutex lock;
    struct gqueue assists;         // lock; wait for credit
    _Alignas(8) atomic_i64 credit; // bytes that workers have scanned and nobody has spent. Added to
                                   // under lock, taken from without
    struct gqueue waiting;         // lock; wait for marking to end
    _Alignas(8) atomic_u32 marked; // written under lock; the last cycle whose marking has ended

    struct lfstack workers;              // that have nothing to do
    uint32_t nworkers;                   // start_sema; ever made
    _Alignas(8) atomic_i32 dedicated;    // p's that may still be given to a worker
    _Alignas(8) atomic_u32 share_permil; // const while marking; of a p's time: fractional workers
    int64_t mark_begin;                  // const while marking
} cycle;

// stats.c: since the start; relaxed
extern struct gc_counts {
    _Alignas(8) atomic_u64 pause_ns;         // the world was stopped, or being stopped
    _Alignas(8) atomic_u64 pause[RT_PAUSES]; // the latest ones; written with .stops
    _Alignas(8) atomic_u64 stops;            // ... their number
    _Alignas(8) atomic_u64 mark_ns;          // workers and assists marked
    _Alignas(8) atomic_u64 assist_ns;        // of that: assists
    _Alignas(8) atomic_u64 assisted;         // bytes scanned by assists
    _Alignas(8) atomic_u64 overshoot_permil; // of the goal, at worst: see pacer_end_stw
    _Alignas(8) atomic_i64 last_end;         // when the last cycle's marking ended
    _Alignas(8) atomic_u32 by_hand;          // cycles asked for by rt_gc
    int64_t begin;                           // const after gc_init
} gc_counts;
void gc_paused(int64_t begin);

// roots.c, stack.c
void roots_prepare_stw(void); // cuts them into jobs
bool root_next(uint32_t *job);
bool roots_left(void);
void root_mark(struct p *pp, uint32_t job);
void roots_check(void);
// What gp's stack and registers hold is marked, and the stack shrunk; gp stands still in `status`.
void stack_scan(struct p *pp, struct g *gp, uint32_t status);
void stack_check(struct g *gp, uint32_t status);

// mark.c
// The object that holds addr, if one does; for words met by chance too.
void gc_grey(struct gcwork *w, uintptr_t addr);
// Marks words that are pointers without doubt or by chance.
void scan_object(struct gcwork *w, uintptr_t object);
uint64_t span_object_bytes(const struct mspan *s);
// Whether there is anything to mark: with everybody, or in pp's own buffers. pp may be NULL.
bool gc_work_available(const struct p *pp);
enum drain_how {
    DRAIN_UNTIL_PREEMPT = 1, // gives way whenever that is asked; else only at safe points
    DRAIN_IDLE = 2,          // gives way to any goroutine
    DRAIN_FRACTIONAL = 4,    // ... when the share of time is used up
};
// On g0, the goroutine counts as waiting. Ends when nothing is left or it gives way.
void gc_drain(struct p *pp, uint32_t how);
// The same for at least so many bytes, for an assist: returns how many it has scanned.
uint64_t gc_drain_bytes(struct p *pp, uint64_t bytes);

// barrier.c. On g0, by who holds the p or with the world stopped.
void wbbuf_flush(struct p *pp);
void barrier_set_stw(bool marking);

// worker.c
void gc_start_workers(void); // start_sema
void gc_workers_share_stw(void);
bool gc_fractional_over(struct p *pp);
// What w has given to everybody since the last call finds somebody. On g0, no lock held.
void gc_enlist_worker(struct gcwork *w);

// cycle.c
// Around marking by workers and assists. The second hands on what is left; true: nothing is, by the
// looks of it, and the caller calls gc_mark_done.
void gc_marking_begin(void);
bool gc_marking_end(struct p *pp);
void gc_mark_done(void); // by a goroutine that found nothing left
void gc_flush_p(struct p *pp);

// assist.c
void assist_credit(uint64_t bytes); // workers have scanned so much
void assists_wake_stw(void);

// pacer.c
void pacer_init(void);
void pacer_begin_stw(void);
void pacer_end_stw(uint64_t live, uint64_t marked); // heap.live before, bytes marked
void pacer_revise(void);
uint64_t pacer_trigger(void);
bool pacer_off(void);                   // percent is negative
uint64_t pacer_work_of(uint64_t bytes); // to scan for so much allocated
uint64_t pacer_bytes_of(uint64_t work); // to allocate for so much scanned

// sweep.c
size_t gc_sweep_one(void); // counted
void sweeper_start(void);
void sweeper_wake(void);
void sweep_pace_stw(void);

// forcegc.c
void forcegc_start(void);
void forcegc_put_off(int64_t now); // a collection has ended

// check.c
void check_mark_stw(void);
