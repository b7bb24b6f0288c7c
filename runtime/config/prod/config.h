// SPDX-License-Identifier: Apache-2.0
//
// Sizes and periods of the runtime as programs run it. config/tiny/config.h has the same names with
// small values, so that every edge lies near in simulation. Nothing but sizes and periods.
#pragma once

enum {
    PROCS_MAX = 256,                    // p's
    M_MAX = 10000,                      // threads; more is a fatal error
    RUNQ_SIZE = 256,                    // slots of a p's run queue; power of two
    SCHED_TICK_GLOBAL = 61,             // every so many ticks the global queue is served first
    GFREE_LOCAL_MAX = 64,               // dead g's that a p keeps
    GOID_BATCH = 16,                    // goroutine ids that a p takes at a time
    ALLGS_INITIAL = 1024,               // slots; doubles
    TIMERS_INITIAL = 64,                // slots of a p's timer heap; doubles
    EVENT_RING = 4096,                  // events that a p remembers; power of two
    STACK_BYTES = 1 << 20,              // reserved for a goroutine, unless it asks otherwise
    STACK_MIN_BYTES = 16 << 10,         // smallest reservation; each class is twice the one before
    STACK_MAX_BYTES = 1 << 30,          // largest
    STACK_INITIAL_BYTES = 4096,         // open at first
    STACK_KEEP_BYTES = 32 << 10,        // shrinking leaves so much open
    STACK_GUARD_BYTES = 16 << 10,       // below each reservation, never opened
    STACK_ARENA = 64,                   // stacks reserved at a time, at most 64 ...
    STACK_ARENA_BYTES = 80 << 20,       // ... and not above this, unless it is one
    STACK_REGION_BYTES = 1 << 30,       // at most so much is reserved for arenas to come
    STACK_CACHE_MAX = 32,               // free stacks of a class that a p keeps
    GFREE_STACKS_MAX = 4096,            // dead g's beyond p's lists that keep their stack
    GSIGNAL_BYTES = 32 << 10,           // what signal handlers of the runtime need
    G0_STACK_BYTES = 256 << 10,         // what threads ask of the host
    PERSISTENT_BYTES = 1 << 20,         // reserved at a time
    PERSISTENT_COMMIT = 64 << 10,       // opened at a time
    SYSMON_MIN_NS = 20 * 1000,          // what sysmon sleeps at first
    SYSMON_MAX_NS = 10 * 1000 * 1000,   // and at most, while somebody runs
    SYSMON_EAGER = 50,                  // looks with nothing to do before it sleeps longer
    SYSMON_SLICE_NS = 10 * 1000 * 1000, // a goroutine that ran so long is asked to give way
    WORLD_ASK_AGAIN_NS = 100 * 1000,    // between two requests to stop
    MUTEX_SPINS = 4,                    // tries before sleeping ...
    MUTEX_RELAXES = 30,                 // ... with so many host_relax between
};
