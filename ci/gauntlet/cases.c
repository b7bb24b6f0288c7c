// SPDX-License-Identifier: Apache-2.0
//
// gauntlet cases: the saved cases, each in four lines: status and name; signature; its size and how
// it was found; how it did when it was last replayed. With --replay each is replayed first, in a
// process of its own, because each needs a program of its own.
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

struct listing {
    const char *dir;
    cJSON *json; // NULL: text
    bool named;  // dir was typed: it must be there
    bool replay;
    uint32_t cases, bad;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct listing *l = state->input;

    switch (key) {
    case 'o':
        l->dir = command_folder("--out", arg);
        l->named = true;
        return 0;
    case 'r':
        l->replay = true;
        return 0;
    case 'j':
        l->json = cJSON_CreateArray();
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected '%s'", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// .../NAME/case -> NAME
static void case_id(const char *file, char *id, size_t bytes)
{
    const char *end = strrchr(file, '/'), *begin = end;

    while (begin > file && begin[-1] != '/')
        begin--;
    snprintf(id, bytes, "%.*s", (int)(end - begin), begin);
}

static void replay_one(const char *file)
{
    char *argv[] = {(char[]){"replay"}, (char[]){"--json"}, (char *)(uintptr_t)file, NULL};

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(EXIT_USAGE);
        _exit(command_replay(3, argv));
    }
    if (child > 0)
        TEMP_FAILURE_RETRY(waitpid(child, NULL, 0));
}

static bool list_one(const char *file, void *arg)
{
    struct listing *l = arg;
    struct repro_case c;
    char error[STORE_PATH_BYTES + 512], id[256], patch[STORE_PATH_BYTES], last[128];

    if (!case_read(&c, file, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        l->bad++;
        return true;
    }
    l->cases++;
    case_id(file, id, sizeof id);
    if (l->replay)
        replay_one(file);
    bool replayed = command_last_result(file, last, sizeof last);
    if (l->json != NULL) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "id", id);
        cJSON_AddStringToObject(o, "status", c.fixed ? "fixed" : "open");
        cJSON_AddStringToObject(o, "oracle", c.oracle);
        cJSON_AddStringToObject(o, "signature", c.signature);
        cJSON_AddStringToObject(o, "case", file);
        cJSON_AddBoolToObject(o, "patch", command_case_patch(file, patch));
        cJSON_AddNumberToObject(o, "choices", (double)c.choices);
        cJSON_AddNumberToObject(o, "operations", c.program->ops);
        cJSON_AddStringToObject(o, "found", c.found);
        if (replayed)
            cJSON_AddStringToObject(o, "last", last);
        else
            cJSON_AddNullToObject(o, "last");
        cJSON_AddItemToArray(l->json, o);
    } else {
        printf("%-5s  %s\n       %s\n       %zu choice%s, %u operation%s, %s sizes; found by %s\n"
               "       last replay: %s\n",
               c.fixed ? "fixed" : "open", id, c.signature, c.choices, command_s(c.choices),
               c.program->ops, command_s(c.program->ops), c.program->prod ? "prod" : "tiny",
               c.found, replayed ? last : "none here");
    }
    case_free(&c);
    return !command_stopped;
}

int command_cases(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "DIR", 0, "Folder with the cases (default repro/cases)", 0},
        {"replay", 'r', 0, 0, "Replay each, then list", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options, parse, "", "Lists the saved cases, and how each did when it was last replayed.",
        0,       0,     0};
    char dir[STORE_PATH_BYTES];
    struct listing l = {.dir = dir};

    snprintf(dir, sizeof dir, "%s/repro/cases", command_root());
    command_parse(&argp, argc, argv, &l);
    DIR *there = opendir(l.dir);
    if (there != NULL)
        closedir(there);
    else if (l.named || errno != ENOENT)
        return command_fail("%s: %s", l.dir, strerror(errno));
    store_each(l.dir, list_one, &l);
    if (l.json != NULL) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddItemToObject(o, "cases", l.json);
        command_print_json(o);
    } else if (l.cases == 0) {
        printf("no cases in %s\n", command_relative(l.dir));
    }
    return l.bad ? EXIT_USAGE : EXIT_NOTHING;
}
