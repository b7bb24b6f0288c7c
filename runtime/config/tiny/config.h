// SPDX-License-Identifier: Apache-2.0
//
// Sizes and periods for simulation: rings of four slots, every third tick the global queue, few
// pages. Same names as config/prod/config.h, which says what each is.
#pragma once

enum {
    PROCS_MAX = 16,
    M_MAX = 48,
    RUNQ_SIZE = 4,
    SCHED_TICK_GLOBAL = 3,
    GFREE_LOCAL_MAX = 4,
    GOID_BATCH = 2,
    ALLGS_INITIAL = 8,
    TIMERS_INITIAL = 4,
    EVENT_RING = 64,
    STACK_BYTES = 64 << 10,
    STACK_MIN_BYTES = 16 << 10,
    STACK_MAX_BYTES = 1 << 30,
    STACK_INITIAL_BYTES = 8 << 10,
    STACK_KEEP_BYTES = 8 << 10,
    STACK_GUARD_BYTES = 4 << 10,
    STACK_ARENA = 16,
    STACK_ARENA_BYTES = 2 << 20,
    STACK_REGION_BYTES = 4 << 20,
    STACK_CACHE_MAX = 2,
    GFREE_STACKS_MAX = 4,
    GSIGNAL_BYTES = 32 << 10,
    G0_STACK_BYTES = 256 << 10,
    PERSISTENT_BYTES = 64 << 10,
    PERSISTENT_COMMIT = 4 << 10,
    SYSMON_MIN_NS = 20 * 1000,
    SYSMON_MAX_NS = 80 * 1000,
    SYSMON_EAGER = 4,
    SYSMON_SLICE_NS = 60 * 1000,
    WORLD_ASK_AGAIN_NS = 20 * 1000,
    MUTEX_SPINS = 1,
    MUTEX_RELAXES = 1,
};
