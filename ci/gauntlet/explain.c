// SPDX-License-Identifier: Apache-2.0
//
// gauntlet explain: the timeline of a case, in the program that has the case's patch.
#include "repro/explain.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/trial.h"

struct options {
    const char *name;
    bool full, json, trust;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'f':
        o->full = true;
        return 0;
    case 't':
        o->trust = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    default:
        return command_case_argument(key, arg, state, &o->name);
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
        .full = o->full, .colour = !o->json && isatty(1) && getenv("NO_COLOR") == NULL};
    char *text = NULL;
    size_t n = 0;
    bool same;

    if (!o->json)
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
        {"trust-patch", 't', 0, 0, "Use the patch of a case from outside the tree", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
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
    char path[STORE_PATH_BYTES], patch[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    if (!command_case(o.name, &c, path))
        return EXIT_USAGE;
    bool patched = c.fixed && !command_is_patched() && command_case_patch(path, patch);
    if (patched && !command_may_use_patch(patch, o.trust))
        return EXIT_USAGE;
    int status = command_become(c.program->prod, patched ? patch : NULL, argv);
    if (status != 0)
        return status;
    trial_init();
    status = show(&o, &c);
    case_free(&c);
    return status;
}
