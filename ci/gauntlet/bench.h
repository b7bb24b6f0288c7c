// SPDX-License-Identifier: Apache-2.0
//
// Figures of `gauntlet bench`: groups of measurements that each hand over rows. bench.c prints a
// row as soon as it is there, beside its goal and its peer. What is measured how stands in
// docs/benchmarks.md.
#pragma once

#include "stress/bench/samples.h"

struct figure {
    struct samples samples; // none: could not be measured; standard error has said why
    double least, most;     // goal, inclusive; 0: no such bound
    bool every;             // each sample must reach it, not just the median
    const char *peer;       // the same thing measured elsewhere, or NULL
    double peer_value;
    double reference; // what was published of a comparable runtime; 0: nothing
};

struct bench {
    double slice_seconds; // length of one measurement, where there are slices
    uint32_t slices;
    uint32_t replays; // fresh processes a case
    uint32_t seeds;   // hunts a known bug
    const char *cases;
    void (*add)(struct bench *b, const struct figure *f);
    void (*progress)(struct bench *b, const char *what);
};

// figures.c: the path of a program that was built with this one: it lies as far from it as its
// target does. `path` has STORE_PATH_BYTES.
enum { BENCH_TARGET_BYTES = 96 };
char *bench_program(const char *target, char *path);

// figures.c. False after one line on standard error: something is broken, not slow.
bool bench_engine(struct bench *b);
bool bench_native(struct bench *b);
bool bench_heap(struct bench *b);
bool bench_heap_large(struct bench *b);
bool bench_sync(struct bench *b);
bool bench_net(struct bench *b);
bool bench_switch(struct bench *b);
// bench_http.c
bool bench_http(struct bench *b);
// bench_cases.c
bool bench_replay(struct bench *b);
bool bench_bank(struct bench *b);
