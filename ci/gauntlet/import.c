// SPDX-License-Identifier: Apache-2.0
//
// gauntlet import: the crash file of a fuzzing engine, run again in this program, which is linked
// from the same objects; its finding goes the way of any other (replay, minimize, save).
#include "ci/gauntlet/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/session.h"
#include "repro/input.h"

static bool read_input(const char *path, struct input *in, char *error, size_t bytes)
{
    struct text_error err;
    size_t n;
    char *data = text_read_file(path, INPUT_TEXT_BYTES, &n, error, bytes);

    if (data == NULL)
        return false;
    bool text = input_is_text((uint8_t *)data, n);
    bool ok = input_decode(in, (uint8_t *)data, n, &err);
    if (!ok && text)
        snprintf(error, bytes, "%s:%u:%u: %s", path, err.line, err.col, err.message);
    else if (!ok)
        snprintf(error, bytes, "%s: no input of the fuzz targets: %s", path, err.message);
    free(data);
    return ok;
}

enum import_result import_file(const char *path, const char *engine, uint64_t executions,
                               double seconds, const struct hunt_params *p, char *error,
                               size_t bytes)
{
    static struct input in;
    struct trial trial;
    struct hunt_find f = {.executions = executions, .seconds = seconds};

    if (!read_input(path, &in, error, bytes))
        return IMPORT_REFUSED;
    snprintf(f.strategy, sizeof f.strategy, "%s", engine);
    input_begin(&trial, &in);
    const struct sim_result *r = trial_run(&trial, sim_strategy_plan(&in.plan), 0, false);
    if (r->outcome != SIM_FOUND || input_is_at_fault(&in, &r->finding))
        return IMPORT_NOTHING;
    hunt_pursue(p, &f, &trial, r);
    return IMPORT_FOUND;
}

// The command ------------------------------------------------------------------------------

enum { OPT_TEXT = 256 };

struct options {
    const char *out, *patch, *file;
    bool text, json;
};

static const struct argp_option options[] = {
    {"patch", 'p', "FILE", 0, "The runtime has this diff applied; the case is kept as fixed", 0},
    {"out", 'o', "DIR", 0, "Folder for cases (default repro/cases of the checkout)", 0},
    {"text", OPT_TEXT, 0, 0, "Only print the input as text; such a text can be imported, too", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'p':
        o->patch = arg;
        return 0;
    case 'o':
        o->out = command_folder("--out", arg);
        return 0;
    case OPT_TEXT:
        o->text = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file != NULL)
            argp_error(state, "unexpected '%s'", arg);
        o->file = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "FILE expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool is_known(const char *signature, void *arg)
{
    struct session *s = arg;
    char path[STORE_PATH_BYTES];

    return store_find(s->out, signature, s->patch, path);
}

static void on_find(struct hunt_find *f, void *arg)
{
    session_find(arg, f);
}

static void print_json(struct session *s, const struct options *o)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "file", o->file);
    cJSON_AddStringToObject(object, "commit", command_commit());
    cJSON_AddItemToObject(object, "findings", s->findings);
    command_print_json(object);
}

static int run(struct options *o)
{
    char error[STORE_PATH_BYTES + 512], found_by[CASE_COMMAND_BYTES];
    char *name = command_public(o->file);
    struct session s = {.out = o->out, .patch = o->patch, .json = o->json};

    snprintf(found_by, sizeof found_by, "import %s", name ? name : "?");
    free(name);
    s.findings = o->json ? cJSON_CreateArray() : NULL;
    s.params = (struct hunt_params){.found_by = found_by,
                                    .seed = 1,
                                    .stop = &command_stopped,
                                    .known = is_known,
                                    .find = on_find,
                                    .arg = &s};
    trial_init();
    enum import_result result = import_file(o->file, "plan", 1, 0, &s.params, error, sizeof error);
    if (result == IMPORT_REFUSED)
        return command_fail("%s", error);
    if (o->json)
        print_json(&s, o);
    else if (result == IMPORT_NOTHING)
        printf("%s: nothing is found in this tree\n", o->file);
    if (s.unsaved)
        return EXIT_USAGE;
    return result == IMPORT_FOUND ? EXIT_NOTHING : EXIT_FINDINGS;
}

int command_import(int argc, char **argv)
{
    static const struct argp argp = {options,
                                     parse,
                                     "FILE",
                                     "Makes a case of a crash file of libFuzzer or AFL++ (fuzz "
                                     "targets that run workloads). Exit "
                                     "status 0 when it finds something here, 1 when it does not.",
                                     0,
                                     0,
                                     0};
    static struct input in;
    char out[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 512];
    struct options o = {.out = out};

    snprintf(out, sizeof out, "%s/repro/cases", command_root());
    command_parse(&argp, argc, argv, &o);
    if (!read_input(o.file, &in, error, sizeof error))
        return command_fail("%s", error);
    if (o.text) {
        input_print(&in, stdout);
        return fflush(stdout) == 0 ? EXIT_NOTHING : EXIT_USAGE;
    }
    int status = o.patch != NULL ? command_check_patch(in.program.prod, o.patch) : 0;
    if (status == 0 && !store_writable(o.out, error, sizeof error))
        status = command_fail("cases cannot be saved: %s (--out names another folder)", error);
    if (status == 0)
        status = command_become(in.program.prod, o.patch, argv);
    return status == 0 ? run(&o) : status;
}
