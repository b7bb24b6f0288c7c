// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the model share. It is built once per size of the runtime.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Asks a function of the runtime that only looks: its hooks do nothing meanwhile.
#define MODEL_QUIETLY(expression)                                                                  \
    ({                                                                                             \
        sim.running = false;                                                                       \
        __typeof__(expression) value_ = (expression);                                              \
        sim.running = true;                                                                        \
        value_;                                                                                    \
    })

// model.c
const char *model_status_name(uint32_t status); // of a g
// A finding of a stable point; `what` is the signature.
void model_stable_report(const char *oracle, const char *what, int64_t jump_ns);
// Appends each goroutine that is alive, with its state.
void model_list_goroutines(char *buf, size_t bytes);

// model_counts.c: the oracle `invariant`
void model_check_lists(void);  // cheap; whenever another thread runs
void model_check_stable(void); // all; at a stable point

// model_coverage.c
const struct sim_coverage *model_coverage(void);
void model_cover(uint32_t from, uint32_t to); // a change of state; while sim_cover is set

// model_heap.c: the oracles `heap` and `accounting`, and how others look at spans
struct mspan;
void model_check_heap(void);
void model_unswept_changed(uint64_t left);  // heap.unswept is `left` now
struct mspan *model_span_of(uint64_t addr); // in use; or NULL
bool model_is_pointer(uint64_t word);       // of the heap
uint64_t model_span_used(const struct mspan *s,
                         uint32_t word); // slots that hold objects: a bit each
static inline uint32_t model_span_index(uint64_t base, uint32_t elem_bytes, uint64_t addr)
{
    return elem_bytes == 0 ? 0 : (uint32_t)((addr - base) / elem_bytes); // not the runtime's way
}

// The object that holds the address.
struct model_object {
    uint64_t base, bytes;
    bool marked, pointers;
};
bool model_object_at(uint64_t addr, struct model_object *o);

// model_mark.c: the oracle `gc-lost`
void model_phase_changed(uint32_t from, uint32_t to);
void model_freed(uint64_t object, uint64_t bytes);
// Whether `object` is reached from that address along objects that are not marked.
bool model_reaches(uint64_t from, uint64_t object);

// model_gc.c: the oracles `barrier` and `gc-live`, and what waits for the collector
void model_pointer_stored(uint64_t slot, uint64_t value); // in the heap
void model_check_collector(int64_t jump_ns);              // at a stable point
void model_cycle_begins(void);                            // the phase has become GC_MARK
void model_root_given(uint32_t old, uint32_t now);        // cycle.next_root has changed

// model_chan.c: the runtime's half of the oracle `chan`
void model_check_chans(void); // whenever another thread runs
void model_check_waits(void); // nobody can run, nothing is due: who waits for what is there

// model_net.c: the oracle `netpoll`, and `timer` where it is about heaps
struct g;
void model_net_begin(void);                   // of an execution
void model_check_net(int64_t jump_ns);        // at a stable point
void model_check_fired(void);                 // whenever another thread runs
void model_woken_from_io(const struct g *gp); // it becomes runnable

// model_preempt.c: the oracle `preempt`
void model_preempt_begin(void); // of an execution
void model_computes(void);      // as sim_model.computes

// model_imbalance.c: the oracle `imbalance`; in timed executions
void model_imbalance_begin(void); // of an execution
void model_imbalance_status(const struct g *gp, uint32_t from, uint32_t to);
void model_imbalance_safepoint(uint32_t asked); // sched.safepoint is `asked` now
void model_imbalance_stable(int64_t jump_ns);   // at a stable point

// model_names.c: as sim_address_name; false for what is no word of the runtime
bool model_name(uint64_t addr, char *buf, size_t bytes);
const char *model_span_name(const struct mspan *s, char *buf, size_t bytes); // "span 48 scan"
const char *model_value(uint64_t addr, uint64_t value);                      // as sim_word_value
