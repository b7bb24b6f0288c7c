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
    PD_TABLES = 16384,                  // of 16 descriptors each
    POLL_EVENTS = 64,                   // that the host tells of at a time; at least 2
    SYSMON_MIN_NS = 20 * 1000,          // what sysmon sleeps at first
    SYSMON_MAX_NS = 10 * 1000 * 1000,   // and at most, while somebody runs
    RUNNEXT_WAIT_NS = 3000,             // before a thief takes what stands in front of a running p
    SYSMON_EAGER = 50,                  // looks with nothing to do before it sleeps longer
    SYSMON_POLL_NS = 10 * 1000 * 1000,  // sysmon looks at descriptors when nobody has for so long
    SYSMON_SLICE_NS = 10 * 1000 * 1000, // a goroutine that ran so long is asked to give way
    SYSMON_ASK_AGAIN_NS = 1000 * 1000,  // ... and again, if it has not
    WORLD_ASK_AGAIN_NS = 100 * 1000,    // between two requests to stop
    MUTEX_SPINS = 4,                    // tries before sleeping ...
    MUTEX_RELAXES = 30,                 // ... with so many host_relax between
    SUDOG_CACHE = 128,                  // unused sudogs that a p keeps
    SEMTABLE = 256,                     // lists of goroutines that wait for locks of the program
    SYNC_SPINS = 4,                     // tries of such a lock before waiting ...
    SYNC_RELAXES = 30,                  // ... with so many host_relax between
    SYNC_STARVING_NS = 1000 * 1000,     // who waits longer for a mutex gets it handed over
    DEFER_INLINE = 4,                   // deferred calls of an rt_call that cost no memory
    HEAP_PAGE_BYTES = 8 << 10,          // spans are whole pages
    HEAP_RESERVE_LOG2 = 38,             // address space; halved until it is granted
    HEAP_RESERVE_LOG2_MIN = 26,         // ... down to that
    HEAP_ARENA_BYTES = 64 << 20,        // the heap grows by that
    HEAP_CHUNK_PAGES = 512,             // of a leaf of the page tree; multiple of 64
    HEAP_BLOCK_PAGES = 64,              // opened, given back, cached by a p at a time; power of two
    HEAP_CACHED_RUN_PAGES = 16,         // shorter runs come from a p's cache of pages
    SPAN_RECORD_BATCH = 8,              // span records that a p takes at a time
    ALLSPANS_INITIAL = 512,             // records of all spans before their array grows
    REFILL_SWEEPS = 100,                // spans swept for a refill before it takes a new one
    WORKBUF_BYTES = 2048,               // of grey objects that a p hands on at once
    WORKBUF_BATCH = 32,                 // made at a time
    WBBUF_ENTRIES = 512,                // pointers that stores have shaded, kept by a p; even
    OBLET_BYTES = 128 << 10,            // of a large object that are scanned at once
    ROOT_WORDS = 2048,                  // of globals in a root job
    ROOT_SPANS = 512,                   // of which special records are looked at in one
    GC_CREDIT_BYTES = 8 << 10,          // scanned before it is credited, and others are looked for
    GC_OVER_ASSIST_BYTES = 64 << 10,    // scanned at least by who owes
    GC_WORKER_PERCENT = 25,             // of p's that mark in the background
    GC_HEAP_MIN_BYTES = 4 << 20,        // goal of small heaps, at 100 percent
    GC_SWEEP_YIELD = 10,                // spans that the sweeper sweeps at a time
    FORCEGC_PERIOD_MS = 2 * 60 * 1000,  // without a collection, until one is forced
    HEAP_HOLES_MAX = 16 << 10,        // closed runs of blocks inside the heap: mappings are limited
    SCAVENGE_BYTES = 8 << 20,         // given back at a time, by the background ...
    SCAVENGE_REST = 10,               // ... which then rests so many times as long
    SCAVENGE_REST_MIN_NS = 50 * 1000, // at least
};
