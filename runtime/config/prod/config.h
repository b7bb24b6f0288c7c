// SPDX-License-Identifier: Apache-2.0
//
// Sizes and periods of the runtime as programs run it. config/tiny/config.h has the same names with
// small values, so that every edge lies near in simulation. Nothing but sizes and periods.
#pragma once

enum {
    PROCS_MAX = 256,              // p's
    M_MAX = 10000,                // threads; more is a fatal error
    RUNQ_SIZE = 256,              // slots of a p's run queue; power of two
    SCHED_TICK_GLOBAL = 61,       // every so many ticks the global queue is served first
    GFREE_LOCAL_MAX = 64,         // dead g's that a p keeps
    GOID_BATCH = 16,              // goroutine ids that a p takes at a time
    ALLGS_INITIAL = 1024,         // slots; doubles
    TIMERS_INITIAL = 64,          // slots of a p's timer heap; doubles
    EVENT_RING = 4096,            // events that a p remembers; power of two
    STACK_BYTES = 64 << 10,       // usable part of a goroutine's stack
    STACK_ARENA = 1024,           // stacks in one reservation
    G0_STACK_BYTES = 256 << 10,   // what threads ask of the host
    PERSISTENT_BYTES = 1 << 20,   // reserved at a time
    PERSISTENT_COMMIT = 64 << 10, // opened at a time
    SYSMON_MIN_NS = 20 * 1000, // what sysmon sleeps at first
    SYSMON_MAX_NS = 10 * 1000 * 1000, // and at most, while somebody runs
    SYSMON_EAGER = 50, // looks with nothing to do before it sleeps longer
    SYSMON_SLICE_NS = 10 * 1000 * 1000, // a goroutine that ran so long is asked to give way
    WORLD_ASK_AGAIN_NS = 100 * 1000, // between two requests to stop
    MUTEX_SPINS = 4,              // tries before sleeping ...
    MUTEX_RELAXES = 30,           // ... with so many host_relax between
};
