// SPDX-License-Identifier: Apache-2.0
//
// Mutation of inputs (repro/input.h) that knows what they are: what comes out is always a program
// and a plan. libFuzzer and AFL++ call the same code (mutator_libfuzzer.c, mutator_afl.c).
#pragma once

#include "repro/input.h"

struct mutator {
    uint64_t rng;
    uint32_t kinds; // operations that may be inserted
    uint8_t kind[WL_KINDS];
};

// `dictionary`: file whose quoted words name the operations; NULL, unreadable or without any: all
// but those whose faults are the program's own.
void mutator_begin(struct mutator *m, uint64_t seed, const char *dictionary);
uint32_t mutator_below(struct mutator *m, uint32_t n);
// Changes *in a little. When it changes the program, the voucher goes.
void mutate(struct mutator *m, struct input *in);
// Something of both: *in has the program of one and the plan of the other, or operations of both.
void cross_over(struct mutator *m, struct input *in, const struct input *other);
// A small program to begin with, where there is none.
void mutator_first(struct input *in);

// mutate_plan.c, mutate_program.c: one change. False: *in is not to be used.
void mutate_plan(struct mutator *m, struct input *in);
bool mutate_program(struct mutator *m, struct workload *w);
bool splice_program(struct mutator *m, struct workload *w, const struct workload *other);

// What engines call: bytes of a new input in `to`, or 0 (does not fit).
size_t mutate_bytes(struct mutator *m, const uint8_t *from, size_t n, uint8_t *to, size_t room);
size_t cross_over_bytes(struct mutator *m, const uint8_t *from, size_t n, const uint8_t *other,
                        size_t n_other, uint8_t *to, size_t room);
