// SPDX-License-Identifier: Apache-2.0
//
// gauntlet refresh: a case follows the code. What a replay had to anchor anew, or to search for, is
// written back: choices, signature, word. Nothing is written for a case that is exact, or that is
// not found. Without a case, each of repro/cases in turn, in a process of its own, because each
// needs a program of its own.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/one_case.h"
#include "repro/replay.h"

struct options {
    struct one_case of; // without a name: all
    bool dry;
};

static const struct argp_option options[] = {
    {"dry-run", 'n', 0, 0, "Say what would change, and change nothing", 0},
    ONE_CASE_SEARCH,
    ONE_CASE_OPTIONS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'n':
        o->dry = true;
        return 0;
    case ARGP_KEY_END:
        if (o->of.json && o->of.name == NULL)
            argp_error(state, "--json: CASE expected");
        return 0;
    default:
        return one_case_parse(key, arg, state, &o->of);
    }
}

// What changes ----------------------------------------------------------------------------

struct lines {
    char **v; // owned, as are the lines
    size_t n;
};

static struct lines choice_lines(const struct repro_case *c)
{
    struct lines l = {calloc(c->choices + 1, sizeof(char *)), 0};

    for (; l.v != NULL && l.n < c->choices; l.n++) {
        size_t bytes;
        FILE *f = open_memstream(&l.v[l.n], &bytes);

        if (f == NULL)
            break;
        case_print_choice(&c->choice[l.n], f);
        fclose(f);
    }
    return l;
}

static void free_lines(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

static bool stands_in(const char *line, const struct lines *l, size_t from, size_t *at)
{
    for (*at = from; *at < l->n; ++*at)
        if (strcmp(l->v[*at], line) == 0)
            return true;
    return false;
}

// Both in order: what is only in the old one with '-', only in the new one with '+'.
static void print_changes(const struct lines *was, const struct lines *is)
{
    size_t next = 0, at;

    for (size_t i = 0; i < was->n; i++) {
        if (!stands_in(was->v[i], is, next, &at)) {
            printf("  - %s\n", was->v[i]);
            continue;
        }
        for (; next < at; next++)
            printf("  + %s\n", is->v[next]);
        printf("    %s\n", was->v[i]);
        next = at + 1;
    }
    for (; next < is->n; next++)
        printf("  + %s\n", is->v[next]);
}

static void print_json(const struct repro_case *c, const char *path, const struct lines *was,
                       const struct lines *is, const struct replay_outcome *r, bool written)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "case", path);
    cJSON_AddStringToObject(o, "grade", replay_grade_name(r->grade));
    cJSON_AddStringToObject(o, "signature", c->signature);
    cJSON_AddNumberToObject(o, "schedules", (double)r->schedules);
    cJSON_AddBoolToObject(o, "written", written);
    cJSON_AddStringToObject(o, "detail", r->detail);
    cJSON_AddItemToObject(o, "choices_before",
                          cJSON_CreateStringArray((const char *const *)was->v, (int)was->n));
    cJSON_AddItemToObject(o, "choices",
                          cJSON_CreateStringArray((const char *const *)is->v, (int)is->n));
    command_print_json(o);
}

// One case ---------------------------------------------------------------------------------

// The case as it was found now. False when that does not replay exactly: then there is nothing to
// write.
static bool follow(struct repro_case *c, const struct replay_outcome *found)
{
    struct replay_outcome again;

    snprintf(c->signature, sizeof c->signature, "%s", found->signature);
    snprintf(c->word, sizeof c->word, "%s", found->word);
    if (!case_set_choices(c, &found->schedule))
        return false;
    replay_case(c, &(struct replay_params){.times = 2}, &again);
    bool exact = again.grade == REPLAY_EXACT;
    replay_free(&again);
    return exact;
}

static void tell(const struct repro_case *c, const char *path, const char *old_signature,
                 const struct lines *was, const struct lines *is, const struct replay_outcome *r,
                 bool written)
{
    printf("%s: %s", command_relative(path), replay_grade_name(r->grade));
    if (r->grade > REPLAY_SEARCHED)
        printf(" in %llu schedules of its neighbourhood; nothing is written",
               (unsigned long long)r->schedules);
    else if (r->grade == REPLAY_EXACT)
        printf("; there is nothing to refresh");
    else
        printf("; %s", written ? "written" : "not written");
    puts("");
    if (r->grade != REPLAY_EXACT && r->detail[0] != 0)
        printf("  %s\n", r->detail);
    if (r->grade == REPLAY_EXACT || r->grade > REPLAY_SEARCHED)
        return;
    if (strcmp(old_signature, c->signature) != 0)
        printf("  - %s\n  + %s\n", old_signature, c->signature);
    print_changes(was, is);
}

static int refresh(const struct options *o, struct repro_case *c, const char *path)
{
    struct replay_params params = {
        .times = 2, .search = o->of.search, .seed = 1, .stop = &command_stopped};
    char error[STORE_PATH_BYTES + 256], old_signature[sizeof c->signature];
    struct lines was = choice_lines(c), is;
    struct replay_outcome r;
    int status = EXIT_NOTHING;
    bool written = false;

    memcpy(old_signature, c->signature, sizeof old_signature);
    replay_case(c, &params, &r);
    if (r.grade > REPLAY_SEARCHED) {
        status = EXIT_FINDINGS;
    } else if (r.grade != REPLAY_EXACT) {
        if (!follow(c, &r)) {
            command_fail("%s: what was found does not replay exactly", path);
            status = EXIT_FINDINGS;
        } else if (!o->dry && !(written = store_replace(c, path, error, sizeof error))) {
            status = command_fail("%s", error);
        }
    }
    is = choice_lines(c);
    if (o->of.json)
        print_json(c, path, &was, &is, &r, written);
    else
        tell(c, path, old_signature, &was, &is, &r, written);
    free_lines(&was);
    free_lines(&is);
    replay_free(&r);
    return status;
}

static int refresh_one(const struct options *o, char **argv)
{
    char path[STORE_PATH_BYTES];
    struct repro_case c;

    int status = one_case_begin(&o->of, argv, &c, path);
    if (status != 0)
        return status;
    status = refresh(o, &c, path);
    case_free(&c);
    return status;
}

// All ---------------------------------------------------------------------------------------

struct all {
    const struct options *o;
    int status; // the worst
    uint32_t cases;
};

static bool refresh_each(const char *file, void *arg)
{
    struct all *all = arg;
    char *argv[] = {(char[]){"refresh"}, (char *)(uintptr_t)file, NULL, NULL};
    int status;

    if (all->o->dry)
        argv[2] = (char[]){"--dry-run"};
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct options one = *all->o;
        one.of.name = file;
        int own = refresh_one(&one, argv);
        fflush(NULL);
        _exit(own);
    }
    if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0)
        status = command_fail("%s: %s", file, strerror(errno));
    else
        status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_USAGE;
    all->cases++;
    all->status = status > all->status ? status : all->status;
    return !command_stopped;
}

int command_refresh(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "[CASE]",
        "Lets a case follow the code: finds its choices again where they are now and writes them "
        "back, with the signature's new text. Without CASE all of repro/cases. Exit status 1 when "
        "a case is not found again.",
        0,
        0,
        0};
    struct options o = {.of.search = REPLAY_SEARCH};
    char dir[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    if (o.of.name != NULL)
        return refresh_one(&o, argv);
    struct all all = {.o = &o, .status = EXIT_NOTHING};
    snprintf(dir, sizeof dir, "%s/repro/cases", command_root());
    store_each(dir, refresh_each, &all);
    if (all.cases == 0)
        printf("no cases in %s\n", command_relative(dir));
    return all.status;
}
