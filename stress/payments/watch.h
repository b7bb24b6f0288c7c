// SPDX-License-Identifier: Apache-2.0
//
// What the process holds and the runtime says of itself while the service runs, looked at once a
// second. All of it is the runtime's own account (rt_stats, rt_mem_stats) and the kernel's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "stress/payments/times.h"

struct watch_memory {
    double resident_mib; // of the process, a sanitizer's memory included
    double runtime_mib;  // what the runtime has from the system and has not given back
};

struct watch {
    struct times pauses;    // of the world, for the collector
    uint64_t pauses_missed; // more than the runtime remembers between two looks
    uint64_t pauses_seen;
    uint32_t samples;
    struct watch_memory now, *sample; // the latest; those that count, of malloc
    double load_at_start;
};

void watch_begin(struct watch *w);
// `full`: memory is a sample of what the process holds while it goes on like this.
void watch_look(struct watch *w, bool full);

// The mean over a third of the samples: the first and the last. False: too few.
bool watch_thirds(const struct watch *w, struct watch_memory *first, struct watch_memory *last);
double watch_load(void);      // the machine's, of the last minute
double watch_processor(void); // seconds that the process has used
double watch_waited(void);    // seconds that its threads would have run, but others did

struct watch_steals {
    uint64_t attempts, successes, stolen;
    uint32_t procs;
    double mean;                // goroutines switched to, by a p
    double worst_above_percent; // of the mean
    double worst_below_percent;
    double deviation_percent; // standard deviation, of the mean
};
void watch_count_steals(struct watch_steals *s);
