// SPDX-License-Identifier: Apache-2.0
//
// What the collector has cost, for rt_read_mem_stats.
#include "runtime/gc/cycle.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

struct gc_counts gc_counts;

void gc_paused(int64_t begin)
{
    uint64_t ns = (uint64_t)(host_nanotime() - begin);
    add_relaxed(&gc_counts.pause_ns, ns);
    store_relaxed(&gc_counts.pause[add_relaxed(&gc_counts.stops, 1) % RT_PAUSES], ns);
}

void gc_read_stats(struct rt_mem_stats *stats)
{
    stats->next_gc = gc_goal();
    stats->last_gc = load_relaxed(&gc_counts.last_end);
    stats->pause_total_ns = load_relaxed(&gc_counts.pause_ns);
    stats->num_pauses = load_relaxed(&gc_counts.stops);
    for (int i = 0; i < RT_PAUSES; i++)
        stats->pause_ns[i] = load_relaxed(&gc_counts.pause[i]);
    stats->gc_assist_ns = load_relaxed(&gc_counts.assist_ns);
    stats->gc_overshoot_worst = (double)load_relaxed(&gc_counts.overshoot_permil) / 1000;
    stats->num_gc = load_relaxed(&cycle.marked);
    stats->num_forced_gc = load_relaxed(&gc_counts.by_hand);
    uint64_t procs = (uint64_t)nprocs, since = (uint64_t)(host_nanotime() - gc_counts.begin);
    uint64_t used = load_relaxed(&gc_counts.mark_ns) + procs * stats->pause_total_ns;
    stats->gc_cpu_fraction = since != 0 ? (double)used / (double)(since * procs) : 0;
}
