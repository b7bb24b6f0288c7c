// SPDX-License-Identifier: Apache-2.0
//
// See operations.h.
#include "stress/bench/operations.h"

#include <stdio.h>

const struct clock clock_cpu_ns = {slices_cpu, "ns", 1e9};
const struct clock clock_cpu_ms = {slices_cpu, "ms", 1e3};
const struct clock clock_wall_ns = {slices_now, "ns", 1e9};
const struct clock clock_wall_us = {slices_now, "us", 1e6};
const struct clock clock_wall_ms = {slices_now, "ms", 1e3};

static struct samples begin_samples(const char *name, const char *unit)
{
    struct samples s = {.n = 0};

    snprintf(s.name, sizeof s.name, "%s", name);
    snprintf(s.unit, sizeof s.unit, "%s", unit);
    return s;
}

// Of so many batches.
static double figure(const struct operation *op, double seconds, uint64_t batches)
{
    return seconds * op->clock->per_second / (double)(batches * (uint64_t)op->count);
}

// Goroutines and queues are made once: the first batch is a figure of its own, or none.
static void warm_up(const struct operation *op)
{
    static struct samples s;
    double begin = op->clock->now();

    op->batch();
    if (op->first == NULL)
        return;
    s = begin_samples(op->first, op->clock->unit);
    samples_add(&s, figure(op, op->clock->now() - begin, 1));
    samples_print(&s);
}

static void measure(const struct operation *op, const struct slices *slices)
{
    static struct samples s;

    if (op->prepare != NULL)
        op->prepare();
    warm_up(op);
    s = begin_samples(op->name, op->clock->unit);
    for (uint32_t i = 0; i < slices->n; i++) {
        double begin = op->clock->now(), seconds;
        uint64_t batches = 0;

        do {
            op->batch();
            batches++;
            seconds = op->clock->now() - begin;
        } while (seconds < slices->seconds);
        samples_add(&s, figure(op, seconds, batches));
    }
    if (op->clear != NULL)
        op->clear();
    samples_print(&s);
}

void operations_run(const struct operation *operations, size_t n, const struct slices *slices)
{
    for (size_t i = 0; i < n; i++)
        measure(&operations[i], slices);
}
