// SPDX-License-Identifier: Apache-2.0
//
// See samples.h.
#include "stress/bench/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void samples_add(struct samples *s, double value)
{
    if (s->n < SAMPLES_MAX)
        s->v[s->n++] = value;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double samples_median(const struct samples *s)
{
    double sorted[SAMPLES_MAX];

    memcpy(sorted, s->v, s->n * sizeof sorted[0]);
    qsort(sorted, s->n, sizeof sorted[0], by_value);
    return s->n % 2 ? sorted[s->n / 2] : (sorted[s->n / 2 - 1] + sorted[s->n / 2]) / 2;
}

double samples_least(const struct samples *s)
{
    double least = s->v[0];

    for (uint32_t i = 1; i < s->n; i++)
        least = s->v[i] < least ? s->v[i] : least;
    return least;
}

double samples_most(const struct samples *s)
{
    double most = s->v[0];

    for (uint32_t i = 1; i < s->n; i++)
        most = s->v[i] > most ? s->v[i] : most;
    return most;
}

void samples_print(const struct samples *s)
{
    printf("%s %s", s->name, s->unit);
    for (uint32_t i = 0; i < s->n; i++)
        printf(" %.6g", s->v[i]);
    printf("\n");
    fflush(stdout);
}

bool samples_parse(const char *line, struct samples *s)
{
    int used = 0;
    char *end;

    *s = (struct samples){0};
    if (sscanf(line, "%95s %15s%n", s->name, s->unit, &used) != 2)
        return false;
    for (line += used; *line != 0; line = end) {
        double value = strtod(line, &end);

        if (end == line || (*end != 0 && *end != ' '))
            return false;
        samples_add(s, value);
    }
    return s->n > 0;
}

struct slices slices_of_arguments(int argc, char **argv)
{
    struct slices s = {0};

    if (argc == 3) {
        s.seconds = strtod(argv[1], NULL);
        s.n = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    if (s.seconds > 0 && s.seconds < 3600 && s.n > 0 && s.n <= SAMPLES_MAX)
        return s;
    fprintf(stderr, "usage: %s SECONDS COUNT   (length and number of slices)\n", argv[0]);
    exit(2);
}

static double read_clock(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double slices_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double slices_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
