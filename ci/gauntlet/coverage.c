// SPDX-License-Identifier: Apache-2.0
//
// The matrix as a table: rows are the first three axes, columns the others. Each cell is one
// character, the number of digits of its count, so that a screen shows all and the holes stand out.
#include "ci/gauntlet/coverage.h"

#include <stdlib.h>

#include "ci/gauntlet/command.h"
#include "repro/coverage.h"

enum { ROW_AXES = 3 };

uint64_t *coverage_new(uint32_t nworkloads)
{
    sim_use_runtime(); // the matrix is the model's; the engine starts later, in each job its own
    uint64_t *counts = calloc((size_t)nworkloads * sim_coverage()->cells, sizeof *counts);

    if (counts == NULL)
        exit(command_fail("no memory for the coverage"));
    return counts;
}

static uint64_t count_of(const struct hunt_params *p, uint32_t cell)
{
    uint64_t n = 0;

    for (uint32_t w = 0; w < p->nworkloads; w++)
        n += p->coverage[(size_t)w * sim_coverage()->cells + cell];
    return n;
}

// Digits of the count; a point: a hole; nothing: impossible; `!`: impossible, and met.
static char mark(const struct hunt_params *p, uint32_t cell)
{
    uint64_t n = count_of(p, cell);
    const char *why = sim_coverage()->impossible(cell);
    char digits = '0';

    if (n == 0)
        return why != NULL ? ' ' : '.';
    for (; n > 0; n /= 10)
        digits++;
    return why != NULL ? '!' : digits > '9' ? '9' : digits;
}

// Digit of `cell` on that axis.
static uint32_t digit(uint32_t cell, uint32_t axis)
{
    const struct sim_coverage *c = sim_coverage();

    for (uint32_t i = c->axes; --i > axis;)
        cell /= c->axis[i].n;
    return cell % c->axis[axis].n;
}

// Cells of a row.
static uint32_t columns(void)
{
    const struct sim_coverage *c = sim_coverage();
    uint32_t n = 1;

    for (uint32_t i = ROW_AXES; i < c->axes; i++)
        n *= c->axis[i].n;
    return n;
}

// One line for each column axis: its values where they begin.
static void print_head(FILE *out)
{
    const struct sim_coverage *c = sim_coverage();
    uint32_t n = columns(), each = n;

    for (uint32_t axis = ROW_AXES; axis < c->axes; axis++) {
        each /= c->axis[axis].n;
        fprintf(out, "  %35s  ", c->axis[axis].name);
        for (uint32_t at = 0; at < n; at += each) {
            int width = (int)(each * 3);

            fprintf(out, "%-*.*s", width, width - 1, c->axis[axis].values[digit(at, axis)]);
        }
        fputc('\n', out);
    }
}

static bool worth_a_row(const struct hunt_params *p, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (mark(p, first + i) != ' ')
            return true;
    return false;
}

static void print_rows(const struct hunt_params *p, FILE *out)
{
    const struct sim_coverage *c = sim_coverage();
    uint32_t n = columns();

    for (uint32_t first = 0; first < c->cells; first += n) {
        if (!worth_a_row(p, first, n))
            continue;
        fprintf(out, "  %-21s %-8s %-5s ", c->axis[0].values[digit(first, 0)],
                c->axis[1].values[digit(first, 1)], c->axis[2].values[digit(first, 2)]);
        for (uint32_t i = 0; i < n; i++)
            fprintf(out, " %c ", mark(p, first + i));
        fputc('\n', out);
    }
}

void coverage_print(const struct hunt_params *p, FILE *out)
{
    struct coverage_sum sum = coverage_add_up(p->coverage, p->nworkloads);

    fprintf(out,
            "\ncoverage: %u cells met, %u holes (.), %u impossible and not met (blank)%s\n"
            "a cell says how many digits its count has\n\n",
            sum.met, sum.holes, sum.impossible,
            sum.strange ? "; impossible ones were met (!)" : "");
    print_head(out);
    print_rows(p, out);
    fprintf(out, "\n  %5s %5s  workload\n", "cells", "alone");
    for (uint32_t w = 0; w < p->nworkloads; w++) {
        uint32_t met, alone;

        coverage_share(p->coverage, p->nworkloads, w, &met, &alone);
        fprintf(out, "  %5u %5u  %s\n", met, alone, p->workloads[w]->name);
    }
    fputc('\n', out);
}

static cJSON *json_cells(const struct hunt_params *p)
{
    const struct sim_coverage *c = sim_coverage();
    cJSON *cells = cJSON_CreateArray();

    for (uint32_t cell = 0; cell < c->cells; cell++) {
        uint64_t n = count_of(p, cell);
        const char *why = c->impossible(cell);

        if (n == 0 && why != NULL)
            continue;
        cJSON *o = cJSON_CreateObject();
        for (uint32_t i = 0; i < c->axes; i++)
            cJSON_AddStringToObject(o, c->axis[i].name, c->axis[i].values[digit(cell, i)]);
        cJSON_AddNumberToObject(o, "count", (double)n);
        if (why != NULL)
            cJSON_AddStringToObject(o, "impossible", why);
        cJSON_AddItemToArray(cells, o);
    }
    return cells;
}

cJSON *coverage_json(const struct hunt_params *p)
{
    struct coverage_sum sum = coverage_add_up(p->coverage, p->nworkloads);
    cJSON *o = cJSON_CreateObject(), *workloads = cJSON_CreateArray();

    cJSON_AddNumberToObject(o, "met", sum.met);
    cJSON_AddNumberToObject(o, "holes", sum.holes);
    cJSON_AddNumberToObject(o, "impossible", sum.impossible);
    cJSON_AddNumberToObject(o, "impossible_met", sum.strange);
    for (uint32_t w = 0; w < p->nworkloads; w++) {
        cJSON *one = cJSON_CreateObject();
        uint32_t met, alone;

        coverage_share(p->coverage, p->nworkloads, w, &met, &alone);
        cJSON_AddStringToObject(one, "workload", p->workloads[w]->name);
        cJSON_AddNumberToObject(one, "met", met);
        cJSON_AddNumberToObject(one, "alone", alone);
        cJSON_AddItemToArray(workloads, one);
    }
    cJSON_AddItemToObject(o, "workloads", workloads);
    cJSON_AddItemToObject(o, "cells", json_cells(p)); // those met, and the holes: count 0
    return o;
}
