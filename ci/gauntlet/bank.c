// SPDX-License-Identifier: Apache-2.0
//
// gauntlet bank: puts every known bug of repro/bank back, one after the other, and hunts it within
// a budget, under the memory models that a line `- Memory: LIST.` of its about.md names (sc without
// one). Each hunt is a process of its own, since each needs another program; its JSON is read back.
// Exit status 0 when all were found, 1 when not, or when it was interrupted before the end.
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
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
    char slug[256], memory[32]; // memory: models hunted, then the one of the finding
    bool found, stopped;        // stopped: interrupted, so it says nothing when not found
    char strategy[32], signature[512];
    double executions, seconds, choices, operations;
    bool tried, confirmed; // on real threads
    char threads[64];      // what was seen there
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

// Reads `fd` to its end. When this process is told to stop, so is the child.
static void read_all(int fd, pid_t child, char *text)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    bool told = false;
    size_t n = 0;

    while (n < OUTPUT_BYTES - 1) {
        if (command_stopped && !told)
            told = kill(child, SIGTERM) == 0;
        if (poll(&ready, 1, 200) <= 0)
            continue;
        ssize_t k = read(fd, text + n, OUTPUT_BYTES - 1 - n);
        if (k > 0)
            n += (size_t)k;
        else if (k == 0 || errno != EINTR)
            break;
    }
    text[n] = 0;
}

// Standard output of one hunt; NULL when it could not run. *status is its exit status.
static char *hunt_output(const struct options *o, char *memory, char *patch, char *out, int *status)
{
    char *argv[] = {(char[]){"gauntlet"},
                    (char[]){"hunt"},
                    (char[]){"--patch"},
                    patch,
                    (char[]){"--memory"},
                    memory,
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
    if (child > 0)
        read_all(fds[0], child, text);
    close(fds[0]);
    if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, status, 0)) < 0 || !WIFEXITED(*status))
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
    row->stopped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "stopped"));
    row->executions = number_of(find ? find : object, find ? "executions_to_find" : "executions");
    row->seconds = number_of(find ? find : object, find ? "seconds_to_find" : "seconds");
    row->choices = number_of(find, "choices");
    row->operations = number_of(find, "operations");
    text_of(find, "strategy", row->strategy, sizeof row->strategy);
    text_of(find, "signature", row->signature, sizeof row->signature);
    const cJSON *confirmed = cJSON_GetObjectItemCaseSensitive(find, "confirmed");
    row->tried = cJSON_IsBool(confirmed);
    row->confirmed = cJSON_IsTrue(confirmed);
    text_of(cJSON_GetObjectItemCaseSensitive(find, "real_threads"), "verdict", row->threads,
            sizeof row->threads);
    if (find != NULL)
        text_of(find, "memory", row->memory, sizeof row->memory);
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

// What about.md says of the memory models; the hunt refuses what is none.
static void read_memory(struct row *row)
{
    char path[STORE_PATH_BYTES], line[256];

    snprintf(row->memory, sizeof row->memory, "sc");
    snprintf(path, sizeof path, "%s/repro/bank/%s/about.md", command_root(), row->slug);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "- Memory: %31[^.\n]", row->memory) == 1)
            break;
    fclose(f);
}

// 0, or EXIT_USAGE when the hunt could not run.
static int hunt_bug(const struct options *o, struct row *row)
{
    char patch[STORE_PATH_BYTES], out[] = "/tmp/gauntlet-bank-XXXXXX";
    int status = 0;

    snprintf(patch, sizeof patch, "%s/repro/bank/%s/bug.patch", command_root(), row->slug);
    if (mkdtemp(out) == NULL)
        return command_fail("%s: %s", out, strerror(errno));
    read_memory(row);
    char *output = hunt_output(o, row->memory, patch, out, &status);
    store_each(out, remove_case, NULL);
    rmdir(out);
    bool ok = output != NULL && status != EXIT_USAGE && fill_row(row, output);
    free(output);
    if (!ok && command_stopped) { // a program that is being built ends without a word
        row->stopped = true;
        return 0;
    }
    return ok ? 0 : command_fail("%s: the hunt could not be run", row->slug);
}

// Counts are told in columns: one is followed by a space where others have their "s".
static const char *s_of(double n)
{
    return n == 1 ? " " : "s";
}

static void show(const struct row *row)
{
    if (row->found)
        printf("found  %-44s %8.2f s %9.0f execution%s  %3.0f choice%s %3.0f operation%s  %s\n"
               "       %s%s%s\n",
               row->slug, row->seconds, row->executions, s_of(row->executions), row->choices,
               s_of(row->choices), row->operations, s_of(row->operations), row->strategy,
               row->signature, row->tried ? "; on real threads: " : "", row->threads);
    else
        printf("NOT    %-44s %8.2f s %9.0f execution%s\n", row->slug, row->seconds, row->executions,
               s_of(row->executions));
    fflush(stdout);
}

static void add_text(cJSON *o, const char *key, bool known, const char *text)
{
    if (known)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_number(cJSON *o, const char *key, bool known, double value)
{
    if (known)
        cJSON_AddNumberToObject(o, key, value);
    else
        cJSON_AddNullToObject(o, key);
}

static void add(cJSON *bugs, const struct row *row)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "slug", row->slug);
    cJSON_AddBoolToObject(o, "found", row->found);
    add_text(o, "strategy", row->found, row->strategy);
    cJSON_AddStringToObject(o, "memory", row->memory);
    cJSON_AddStringToObject(o, "engine", "sim");
    cJSON_AddNumberToObject(o, "executions", row->executions);
    cJSON_AddNumberToObject(o, "seconds", row->seconds);
    add_number(o, "choices", row->found, row->choices);
    add_number(o, "operations", row->found, row->operations);
    add_text(o, "signature", row->found, row->signature);
    if (row->tried)
        cJSON_AddBoolToObject(o, "confirmed", row->confirmed);
    else
        cJSON_AddNullToObject(o, "confirmed");
    add_text(o, "real_threads", row->tried, row->threads);
    cJSON_AddNullToObject(o, "baseline_tsan_found"); // not tried
    cJSON_AddItemToArray(bugs, o);
}

static bool is_bug(const char *slug)
{
    char patch[STORE_PATH_BYTES];

    snprintf(patch, sizeof patch, "%s/repro/bank/%s/bug.patch", command_root(), slug);
    return slug[0] != '.' && strchr(slug, '/') == NULL && access(patch, F_OK) == 0;
}

static bool wanted(const struct options *o, const char *slug)
{
    for (uint32_t i = 0; i < o->nonly; i++)
        if (strcmp(o->only[i], slug) == 0)
            return true;
    return o->nonly == 0;
}

// Names of the bank in order; 0 after one line on standard error.
static uint32_t read_bank(char *slugs[SLUGS_MAX])
{
    struct dirent **entries;
    char dir[STORE_PATH_BYTES];
    uint32_t n = 0;

    snprintf(dir, sizeof dir, "%s/repro/bank", command_root());
    int count = scandir(dir, &entries, NULL, alphasort);
    if (count < 0) {
        command_fail("%s: %s", dir, strerror(errno));
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (n < SLUGS_MAX && is_bug(entries[i]->d_name))
            slugs[n++] = strdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (n == 0)
        command_fail("%s: holds no known bug", dir);
    return n;
}

// 0, or EXIT_USAGE after one line that names what is not in the bank, and what is.
static int refuse_unknown(const struct options *o, char *const *slugs, uint32_t n)
{
    const char *before = "gauntlet: repro/bank has no ";

    for (uint32_t i = 0; i < o->nonly; i++)
        if (!is_bug(o->only[i])) {
            fprintf(stderr, "%s'%s'", before, o->only[i]);
            before = ", ";
        }
    if (before[0] != ',')
        return 0;
    for (uint32_t i = 0; i < n; i++)
        fprintf(stderr, "%s%s", i == 0 ? "; there are: " : ", ", slugs[i]);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

struct tally {
    cJSON *bugs;
    uint32_t hunted, found;
    bool stopped;
};

// 0, or EXIT_USAGE after one line.
static int hunt_all(const struct options *o, char *const *slugs, uint32_t n, struct tally *t)
{
    for (uint32_t i = 0; i < n && !t->stopped; i++) {
        struct row row = {0};

        if (!wanted(o, slugs[i]))
            continue;
        snprintf(row.slug, sizeof row.slug, "%s", slugs[i]);
        if (hunt_bug(o, &row) != 0)
            return EXIT_USAGE;
        t->stopped = row.stopped || command_stopped;
        if (t->stopped && !row.found)
            break;
        t->hunted++;
        t->found += row.found;
        add(t->bugs, &row);
        if (!o->json)
            show(&row);
    }
    return 0;
}

static void print_tally(const struct options *o, struct tally *t)
{
    if (!o->json) {
        printf("%u of %u known bug%s found%s\n", t->found, t->hunted, command_s(t->hunted),
               t->stopped ? " (stopped)" : "");
        cJSON_Delete(t->bugs);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddBoolToObject(object, "stopped", t->stopped);
    cJSON_AddItemToObject(object, "bugs", t->bugs);
    command_print_json(object);
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
        "0 when all were found; 1 when not, or when it was interrupted.",
        0,
        0,
        0};
    char budget[] = "20s", seed[] = "1";
    struct options o = {.budget = budget, .seed = seed};
    struct tally t = {0};
    char *slugs[SLUGS_MAX];

    command_parse(&argp, argc, argv, &o);
    uint32_t n = read_bank(slugs);
    int status = n == 0 ? EXIT_USAGE : refuse_unknown(&o, slugs, n);
    t.bugs = cJSON_CreateArray();
    if (status == 0 && (status = hunt_all(&o, slugs, n, &t)) == 0) {
        print_tally(&o, &t);
        status = t.found == t.hunted && !t.stopped ? EXIT_NOTHING : EXIT_FINDINGS;
    } else {
        cJSON_Delete(t.bugs);
    }
    for (uint32_t i = 0; i < n; i++)
        free(slugs[i]);
    return status;
}
