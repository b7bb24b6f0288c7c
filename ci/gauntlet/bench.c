// SPDX-License-Identifier: Apache-2.0
//
// gauntlet bench: runs the table of figures and prints each beside its goal. Exit status 1 when a
// goal is missed.
#include "ci/gauntlet/bench.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/command.h"

struct options {
    const char *only;
    bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->only != NULL)
            argp_error(state, "one NAME at most");
        o->only = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool missed(const struct bench *b, double value)
{
    return b->goal > 0 && (b->more_is_better ? value < b->goal : value > b->goal);
}

static void add(cJSON *results, const struct bench *b, double value)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "name", b->name);
    cJSON_AddNumberToObject(o, "value", value);
    cJSON_AddStringToObject(o, "unit", b->unit);
    if (b->peer != NULL)
        cJSON_AddStringToObject(o, "peer", b->peer);
    else
        cJSON_AddNullToObject(o, "peer");
    if (b->goal > 0) {
        cJSON_AddNumberToObject(o, "peer_value", b->goal);
        cJSON_AddNumberToObject(o, "ratio", value / b->goal);
    } else {
        cJSON_AddNullToObject(o, "peer_value");
        cJSON_AddNullToObject(o, "ratio");
    }
    cJSON_AddItemToArray(results, o);
}

static void show(const struct bench *b, double value)
{
    printf("%-40s %12.6g %-14s", b->name, value, b->unit);
    if (b->goal > 0)
        printf(" %s %g%s%s", b->more_is_better ? "at least" : "at most", b->goal,
               b->peer ? ", " : "", b->peer ? b->peer : "");
    printf("%s\n", missed(b, value) ? "  MISSED" : "");
    fflush(stdout);
}

int command_bench(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options, parse, "[NAME]", "Measures; NAME: only figures whose name holds it.", 0, 0, 0};
    struct options o = {0};
    cJSON *results;
    uint32_t bad = 0, n = 0;

    command_parse(&argp, argc, argv, &o);
    results = cJSON_CreateArray();
    for (size_t i = 0; i < bench_count && !command_stopped; i++) {
        const struct bench *b = &bench_table[i];

        if (o.only != NULL && strstr(b->name, o.only) == NULL)
            continue;
        double value = b->run();
        n++;
        bad += value < 0 || missed(b, value);
        add(results, b, value);
        if (!o.json)
            show(b, value);
    }
    if (n == 0)
        return command_fail("no figure of that name");
    if (o.json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToObject(object, "results", results);
        char *text = cJSON_Print(object);
        puts(text);
        free(text);
        cJSON_Delete(object);
    } else {
        cJSON_Delete(results);
    }
    return bad ? EXIT_FINDINGS : EXIT_NOTHING;
}
