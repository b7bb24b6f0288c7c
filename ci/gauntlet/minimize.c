// SPDX-License-Identifier: Apache-2.0
//
// gauntlet minimize: makes a saved case smaller in place. The file is replaced only by a case that
// replays.
#include "repro/minimize.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/one_case.h"

struct options {
    struct one_case of;
    uint64_t executions, seed;
};

static const struct argp_option options[] = {
    {"executions", 'e', "N", 0, "Spend at most N executions (default 60000)", 0},
    {"seed", 's', "S", 0, "Of the short searches in smaller programs (default 1)", 0},
    ONE_CASE_OPTIONS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'e':
        o->executions = command_number("--executions", arg, UINT64_MAX);
        return 0;
    case 's':
        o->seed = command_number("--seed", arg, UINT64_MAX);
        return 0;
    default:
        return one_case_parse(key, arg, state, &o->of);
    }
}

struct sizes {
    size_t choices;
    uint32_t operations;
};

static void report(const struct options *o, const char *path, struct sizes before,
                   struct sizes after, uint64_t executions)
{
    if (!o->of.json) {
        printf("%s: %zu choice%s, now %zu; %u operation%s, now %u; %llu execution%s\n",
               command_relative(path), before.choices, command_s(before.choices), after.choices,
               before.operations, command_s(before.operations), after.operations,
               (unsigned long long)executions, command_s(executions));
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "case", path);
    cJSON_AddNumberToObject(object, "choices_before", (double)before.choices);
    cJSON_AddNumberToObject(object, "choices", (double)after.choices);
    cJSON_AddNumberToObject(object, "operations_before", before.operations);
    cJSON_AddNumberToObject(object, "operations", after.operations);
    cJSON_AddNumberToObject(object, "executions", (double)executions);
    command_print_json(object);
}

static int shrink(const struct options *o, struct repro_case *c, const char *path)
{
    struct minimize_limits limits = minimize_limits_default(o->seed);
    struct sizes before = {c->choices, c->program->ops}, after;
    struct repro r = {.w = c->program, .memory = c->memory, .frozen = c->frozen};
    char error[STORE_PATH_BYTES + 256];
    uint64_t executions;
    size_t missing;

    if (o->executions > 0)
        limits.executions = o->executions;
    limits.stop = &command_stopped;
    memcpy(r.oracle, c->oracle, sizeof r.oracle);
    memcpy(r.signature, c->signature, sizeof r.signature);
    case_schedule(c, &r.schedule, &missing);
    bool ok = minimize(&r, &limits, &executions) && repro_replays(&r, 2) &&
              case_set_choices(c, &r.schedule);
    c->program = r.w;
    r.w = NULL;
    repro_free(&r);
    if (!ok)
        return command_fail("%s: does not reproduce, so it cannot be made smaller", path),
               EXIT_FINDINGS;
    after = (struct sizes){c->choices, c->program->ops};
    if ((after.choices < before.choices || after.operations < before.operations) &&
        !store_replace(c, path, error, sizeof error))
        return command_fail("%s", error);
    report(o, path, before, after, executions);
    return EXIT_NOTHING;
}

int command_minimize(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "CASE",
        "Makes a case smaller: fewer choices, a shorter program. Replaces the case file "
        "when that succeeds.",
        0,
        0,
        0};
    struct options o = {.seed = 1};
    struct repro_case c;
    char path[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    int status = one_case_begin(&o.of, argv, &c, path);
    if (status != 0)
        return status;
    status = shrink(&o, &c, path);
    case_free(&c);
    return status;
}
