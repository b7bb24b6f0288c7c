// SPDX-License-Identifier: Apache-2.0
//
// Samples of one figure. A measurement is repeated in short slices, because machines are noisy: the
// median is the figure, best and worst say how noisy it was. Programs that measure (native.c,
// litmus.c, peer/peer.go) print them as lines that the command reads back: name, unit and the
// samples, separated by blanks. Rejected: the mean, which one disturbed slice moves.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLES_MAX = 1024 };

struct samples {
    char name[96];
    char unit[16];
    uint32_t n;
    double v[SAMPLES_MAX];
};

// Beyond SAMPLES_MAX they are dropped.
void samples_add(struct samples *s, double value);
// All three need at least one sample.
double samples_median(const struct samples *s);
double samples_least(const struct samples *s);
double samples_most(const struct samples *s);

void samples_print(const struct samples *s);
// False for a line of another form; *s is then not usable.
bool samples_parse(const char *line, struct samples *s);

// How to repeat. The slice is a wish: it ends with the batch of operations that crosses it.
struct slices {
    double seconds;
    uint32_t n;
};

// From the arguments SECONDS COUNT of a measuring program; ends it with status 2 when they are bad.
struct slices slices_of_arguments(int argc, char **argv);
// Seconds of the real clock, monotonic.
double slices_now(void);
// Seconds of processor time of this process: for what runs on one core, never sleeps, and shall not
// be charged for what others do with that core. Looking costs a system call.
double slices_cpu(void);
