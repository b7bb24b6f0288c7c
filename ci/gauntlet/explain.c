// SPDX-License-Identifier: Apache-2.0
//
// gauntlet explain: the timeline of a case, in the program that has the case's patch.
#include "repro/explain.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/one_case.h"

struct options {
    struct one_case of;
    bool full;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'f':
        o->full = true;
        return 0;
    default:
        return one_case_parse(key, arg, state, &o->of);
    }
}

static void print_json(const struct repro_case *c, const char *text, bool same)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "signature", c->signature);
    cJSON_AddStringToObject(o, "oracle", c->oracle);
    cJSON_AddBoolToObject(o, "reproduced", same);
    cJSON_AddStringToObject(o, "text", text);
    command_print_json(o);
}

static int show(const struct options *o, struct repro_case *c)
{
    struct explain_options options = {
        .full = o->full, .colour = !o->of.json && isatty(1) && getenv("NO_COLOR") == NULL};
    char *text = NULL;
    size_t n = 0;
    bool same;

    if (!o->of.json)
        return explain(c, &options, stdout) ? EXIT_NOTHING : EXIT_FINDINGS;
    FILE *f = open_memstream(&text, &n);
    same = explain(c, &options, f);
    fclose(f);
    print_json(c, text, same);
    free(text);
    return same ? EXIT_NOTHING : EXIT_FINDINGS;
}

int command_explain(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"full", 'f', 0, 0, "Every event, not only those that matter", 0},
        ONE_CASE_OPTIONS,
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "CASE",
        "Shows how a case comes about: a lane for each thread, the choices marked, both "
        "stacks. Exit status 1 when the case does not reproduce.",
        0,
        0,
        0};
    struct options o = {0};
    struct repro_case c;
    char path[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    int status = one_case_begin(&o.of, argv, &c, path);
    if (status != 0)
        return status;
    status = show(&o, &c);
    case_free(&c);
    return status;
}
