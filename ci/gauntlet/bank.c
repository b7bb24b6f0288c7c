// SPDX-License-Identifier: Apache-2.0
//
// gauntlet bank: puts every known bug of repro/bank back, one after the other, and hunts it within
// a budget. Each hunt is a process of its own, since each needs another program; its JSON is read
// back. Exit status 0 when all were found.
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

enum { OUTPUT_BYTES = 1 << 20, SLUGS_MAX = 256 };

struct options {
    char *only[SLUGS_MAX];
    uint32_t nonly;
    char *budget, *seed;
    bool json;
};

struct row {
    char slug[256];
    bool found;
    char strategy[32], signature[512];
    double executions, seconds, choices, operations;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'f':
        command_seconds("--for", arg);
        o->budget = arg;
        return 0;
    case 's':
        command_number("--seed", arg, UINT64_MAX);
        o->seed = arg;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->nonly == SLUGS_MAX)
            argp_error(state, "too many names");
        o->only[o->nonly++] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// Standard output of one hunt; NULL when it could not run. *status is its exit status.
static char *hunt_output(const struct options *o, char *patch, char *out, int *status)
{
    char *argv[] = {(char[]){"gauntlet"},
                    (char[]){"hunt"},
                    (char[]){"--patch"},
                    patch,
                    (char[]){"--out"},
                    out,
                    (char[]){"--for"},
                    o->budget,
                    (char[]){"--seed"},
                    o->seed,
                    (char[]){"--stop-at-first"},
                    (char[]){"--json"},
                    NULL};
    char *text = malloc(OUTPUT_BYTES);
    size_t n = 0;
    int fds[2];

    if (text == NULL || pipe(fds) != 0)
        return free(text), NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    close(fds[1]);
    for (ssize_t k; n < OUTPUT_BYTES - 1; n += (size_t)k) {
        k = read(fds[0], text + n, OUTPUT_BYTES - 1 - n);
        if (k < 0 && errno == EINTR)
            k = 0;
        else if (k <= 0)
            break;
    }
    close(fds[0]);
    text[n] = 0;
    if (child < 0 || waitpid(child, status, 0) < 0 || !WIFEXITED(*status))
        return free(text), NULL;
    *status = WEXITSTATUS(*status);
    return text;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void text_of(const cJSON *object, const char *key, char *to, size_t bytes)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    snprintf(to, bytes, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static bool fill_row(struct row *row, const char *output)
{
    cJSON *object = cJSON_Parse(output);
    const cJSON *find = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, "findings"), 0);

    row->found = find != NULL;
    row->executions = number_of(find ? find : object, find ? "executions_to_find" : "executions");
    row->seconds = number_of(find ? find : object, find ? "seconds_to_find" : "seconds");
    row->choices = number_of(find, "choices");
    row->operations = number_of(find, "operations");
    text_of(find, "strategy", row->strategy, sizeof row->strategy);
    text_of(find, "signature", row->signature, sizeof row->signature);
    bool ok = object != NULL;
    cJSON_Delete(object);
    return ok;
}

static bool remove_case(const char *file, void *arg)
{
    char path[STORE_PATH_BYTES];

    (void)arg;
    if (command_case_patch(file, path))
        unlink(path);
    unlink(file);
    snprintf(path, sizeof path, "%s", file);
    *strrchr(path, '/') = 0;
    rmdir(path);
    return true;
}

// 0, or EXIT_USAGE when the hunt could not run.
static int hunt_bug(const struct options *o, struct row *row)
{
    char patch[STORE_PATH_BYTES], out[] = "/tmp/gauntlet-bank-XXXXXX";
    int status = 0;

    snprintf(patch, sizeof patch, "%s/repro/bank/%s/bug.patch", command_root(), row->slug);
    if (mkdtemp(out) == NULL)
        return command_fail("%s: %s", out, strerror(errno));
    char *output = hunt_output(o, patch, out, &status);
    store_each(out, remove_case, NULL);
    rmdir(out);
    bool ok = output != NULL && status != EXIT_USAGE && fill_row(row, output);
    free(output);
    return ok ? 0 : command_fail("%s: the hunt could not be run", row->slug);
}

static void show(const struct row *row)
{
    if (row->found)
        printf("found  %-44s %8.2f s %9.0f executions  %3.0f choices %3.0f operations  %s\n       "
               "%s\n",
               row->slug, row->seconds, row->executions, row->choices, row->operations,
               row->strategy, row->signature);
    else
        printf("NOT    %-44s %8.2f s %9.0f executions\n", row->slug, row->seconds, row->executions);
    fflush(stdout);
}

static void add(cJSON *bugs, const struct row *row)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "slug", row->slug);
    cJSON_AddBoolToObject(o, "found", row->found);
    cJSON_AddStringToObject(o, "strategy", row->strategy);
    cJSON_AddStringToObject(o, "memory", "sc");
    cJSON_AddStringToObject(o, "engine", "sim");
    cJSON_AddNumberToObject(o, "executions", row->executions);
    cJSON_AddNumberToObject(o, "seconds", row->seconds);
    cJSON_AddNumberToObject(o, "choices", row->choices);
    cJSON_AddNumberToObject(o, "operations", row->operations);
    cJSON_AddStringToObject(o, "signature", row->signature);
    cJSON_AddBoolToObject(o, "confirmed", false);    // on real threads: not tried
    cJSON_AddNullToObject(o, "baseline_tsan_found"); // likewise
    cJSON_AddItemToArray(bugs, o);
}

static bool wanted(const struct options *o, const char *slug)
{
    char patch[STORE_PATH_BYTES];

    snprintf(patch, sizeof patch, "%s/repro/bank/%s/bug.patch", command_root(), slug);
    if (slug[0] == '.' || access(patch, F_OK) != 0)
        return false;
    for (uint32_t i = 0; i < o->nonly; i++)
        if (strcmp(o->only[i], slug) == 0)
            return true;
    return o->nonly == 0;
}

static int hunt_all(const struct options *o, cJSON *bugs, uint32_t *n, uint32_t *found)
{
    struct dirent **entries;
    char dir[STORE_PATH_BYTES];
    int status = 0;

    snprintf(dir, sizeof dir, "%s/repro/bank", command_root());
    int count = scandir(dir, &entries, NULL, alphasort);
    if (count < 0)
        return command_fail("%s: %s", dir, strerror(errno));
    for (int i = 0; i < count; i++) {
        struct row row = {0};

        snprintf(row.slug, sizeof row.slug, "%s", entries[i]->d_name);
        if (status == 0 && !command_stopped && wanted(o, row.slug) &&
            (status = hunt_bug(o, &row)) == 0) {
            (*n)++;
            *found += row.found;
            add(bugs, &row);
            if (!o->json)
                show(&row);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

int command_bank(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"for", 'f', "TIME", 0, "Budget for each bug (default 20s)", 0},
        {"seed", 's', "S", 0, "Of each hunt (default 1)", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "[SLUG...]",
        "Hunts every known bug of repro/bank, or those named. Saves nothing. Exit status "
        "0 when all were found.",
        0,
        0,
        0};
    char budget[] = "20s", seed[] = "1";
    struct options o = {.budget = budget, .seed = seed};
    cJSON *bugs;
    uint32_t n = 0, found = 0;

    command_parse(&argp, argc, argv, &o);
    bugs = cJSON_CreateArray();
    int status = hunt_all(&o, bugs, &n, &found);
    if (status == 0 && n < o.nonly)
        status = command_fail("repro/bank holds %u of the %u bugs named", n, o.nonly);
    if (status != 0)
        return status;
    if (o.json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddItemToObject(object, "bugs", bugs);
        char *text = cJSON_Print(object);
        puts(text);
        free(text);
        cJSON_Delete(object);
    } else {
        printf("%u of %u known bugs found\n", found, n);
        cJSON_Delete(bugs);
    }
    return found == n ? EXIT_NOTHING : EXIT_FINDINGS;
}
