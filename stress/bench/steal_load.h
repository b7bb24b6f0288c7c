// SPDX-License-Identifier: Apache-2.0
//
// The load under which `gauntlet steal` looks at the scheduler: goroutines that wait, each for its
// next request, and one that hands requests out at a given rate, as a poller would: it readies
// whom a request is for, all on its own p, and sleeps until the next is due. So whatever other p's
// run they have stolen, or been given by the global queue. Requests come at random (exponential
// gaps), for random goroutines, and take half to one and a half times the mean time.
//
// The same source runs natively and under the engine. What it counts lies in memory of whoever
// starts it: the engine takes that for nobody's, so that counting costs no virtual time and moves
// no cache line.
#pragma once

#include <stdint.h>

#include "runtime/base/atomic.h"

enum {
    STEAL_PROCS = 256,
    STEAL_GOROUTINES = 10000,
    STEAL_SLOTS = 100, // of time, in the picture
    STEAL_SUB = 32,    // latencies: so many classes for each power of two
    STEAL_LATENCIES = 1280,
};

// What one p did in the window of measurement.
struct steal_p {
    _Alignas(64) uint64_t started; // goroutines run; these three by main, at the end
    uint64_t attempts, successes;
    // by whoever holds the p
    uint32_t requests[STEAL_SLOTS];
    uint32_t latency[STEAL_LATENCIES]; // from ready to running
};

struct steal_load {
    // what is asked
    int32_t procs;
    uint32_t goroutines; // to STEAL_GOROUTINES
    uint32_t requests_a_second;
    int64_t work_ns;    // of a request, the mean
    int64_t warm_up_ns; // before the window
    int64_t window_ns;
    uint64_t seed;
    int32_t (*own_p)(void);                     // number of the p that runs the caller
    void (*at_window)(struct steal_load *load); // it begins, it ends; NULL: nobody asks
    atomic_u32 stop;                            // relaxed; by anybody: end the window now
    // what came of it, by main
    _Alignas(8) atomic_i64 done_ns; // relaxed; of warm-up and window, for progress
    int64_t begin_ns, end_ns;       // the window's; 0: not reached
    uint64_t handed_out;            // in the window
    uint64_t refused;               // likewise: no goroutine was idle
    uint64_t overflows, sleeps, stolen;
    struct steal_p of[STEAL_PROCS];
    // the program's own
    struct steal_connection {
        struct g *g;
        _Alignas(8) atomic_u32 busy; // release pairs [steal.busy]
        int64_t ready_ns;            // written before it is readied
        uint64_t random;
    } connection[STEAL_GOROUTINES];
};

// The main goroutine's function; arg: the load.
void steal_load_main(void *load);
// Starts the runtime for it, on the calling thread. Does not return.
void steal_load_start(void *load);
// The least latency of a class.
int64_t steal_latency_ns(uint32_t class);
