// SPDX-License-Identifier: Apache-2.0
//
// Store buffers: memory as x86 has it, total store order (Owens, Sarkar and Sewell, "A better x86
// memory model: x86-TSO", TPHOLs 2009). Each virtual thread has a queue of atomic stores that it
// has made and others do not see yet. A store is held when a choice says so, and drains, oldest
// first, when its own thread does what drains (docs/simulation.md has the rules), or when a choice
// says so. Plain accesses are never held: whoever could see the difference races, and is reported.
//
// Invariants: sim.held is the length of the running thread's queue, sim.holders how many queues are
// not empty; both are 0, and all queues empty, when an execution begins and throughout one under
// sequential consistency, so that a hook pays one test of sim.held. A thread that does not stand in
// line has an empty queue: nothing is held at a stable point.
//
// What has drained cannot be undone, so whatever drains is a scheduling point first: between the
// store and that point others run, and do not see it.
#pragma once

#include "stress/sim/race.h"

void buffer_restart(void);
// The running thread stores (the point has been). True when the store is held; false when it is to
// be done now, all older ones having drained.
bool buffer_store(uint64_t addr, unsigned size, uint64_t value, int order, uint32_t site,
                  uint64_t pc);
// The running thread, which holds stores, loads: true when *value is what its own held store will
// write. Drains what overlaps without being the same word.
bool buffer_load(uint64_t addr, unsigned size, uint64_t *value, uint64_t pc);
// All of the running thread's stores drain. On the program's stack.
void buffer_drain(void);
// The running thread is about to access this plainly: a point, and a drain of what overlaps, if
// anything does.
void buffer_before_plain(uint64_t addr, uint64_t bytes, uint64_t pc);
// The running thread is about to go on on another stack, where accesses come without hooks.
void buffer_before_stack_switch(uint64_t pc);

// For threads.c, on the engine's stack ------------------------------------------------------------
// Another thread runs now.
void buffer_thread_runs(void);
// A point while something is held: choices may drain it.
void buffer_point(uint32_t site);
// The turn of the running thread ends against its will: its stores must not stay for ever.
void buffer_turn_ends(void);
// Of all threads: from here on turns are fair.
void buffer_drain_all_threads(void);
