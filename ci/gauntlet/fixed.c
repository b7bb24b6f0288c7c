// SPDX-License-Identifier: Apache-2.0
//
// gauntlet fixed: an open case becomes a fixed one. The patch that puts the bug back is the reverse
// of the commit that fixed it, as far as it touches sources of the runtime, or a file. All is tried
// on a copy first: with the patch the case must replay with its signature (where the code has moved
// its schedule follows), without it must not, in its neighbourhood either. Only then bug.patch is
// put beside the case, and after it the case is replaced; until that last step the case is open.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/patchtree.h"
#include "repro/replay.h"
#include "stress/bench/child.h"

enum { PATCH_BYTES = 64 * 1024 };

struct options {
    const char *name, *commit, *patch, *search;
    bool json;
};

static const struct argp_option options[] = {
    {"commit", 'c', "COMMIT", 0, "The fix: its reverse, in runtime/, puts the bug back", 0},
    {"patch", 'p', "FILE", 0, "This diff puts the bug back", 0},
    {"search", 'r', "N", 0, "Schedules near the case in which it must not come (default 20000)", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'c':
        if (arg[0] == 0 || arg[0] == '-')
            argp_error(state, "--commit: '%s' is not the name of a commit", arg);
        o->commit = arg;
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 'r':
        command_number("--search", arg, 100000000);
        o->search = arg;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->name != NULL)
            argp_error(state, "one case at a time");
        o->name = arg;
        return 0;
    case ARGP_KEY_END:
        if (o->name == NULL)
            argp_error(state, "CASE expected: a file, a folder, or a name in repro/cases");
        if ((o->commit == NULL) == (o->patch == NULL))
            argp_error(state, "one of --commit and --patch expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// The copy ----------------------------------------------------------------------------------------

struct copy {
    char folder[64], file[96], patch[96]; // the case and its patch lie there
    char *diff;                           // what the patch holds; owned
    size_t n;
};

// Last line of what a program has said on standard error.
static int fail_with(FILE *errors, const char *otherwise)
{
    char line[1024], last[1024] = "";

    rewind(errors);
    while (fgets(line, sizeof line, errors) != NULL)
        if (line[0] != '\n')
            memcpy(last, line, sizeof last);
    last[strcspn(last, "\n")] = 0;
    const char *text = strncmp(last, "gauntlet: ", 10) == 0 ? last + 10 : last;
    return command_fail("%s", text[0] ? text : otherwise);
}

// The reverse of the commit. Tests are no part of the program, and other files no part of a patch.
static int diff_of_commit(const struct options *o, struct copy *copy)
{
    char before[128], root[STORE_PATH_BYTES];
    char *argv[] = {(char[]){"git"},
                    (char[]){"-C"},
                    root,
                    (char[]){"diff"},
                    (char[]){"--no-color"},
                    (char[]){"--no-ext-diff"},
                    (char[]){"--no-renames"},
                    (char[]){"--relative"},
                    (char[]){"--src-prefix=a/"},
                    (char[]){"--dst-prefix=b/"},
                    (char *)(uintptr_t)o->commit,
                    before,
                    (char[]){"--"},
                    (char[]){":(glob)runtime/**/*.[chS]"},
                    (char[]){":(exclude,glob)runtime/**/*_test.[chS]"},
                    NULL};
    FILE *errors = tmpfile();
    int status = 127;

    snprintf(root, sizeof root, "%s", command_root());
    if (errors == NULL || snprintf(before, sizeof before, "%s~1", o->commit) >= (int)sizeof before)
        return command_fail("--commit: '%s' is not the name of a commit", o->commit);
    copy->diff = child_output(argv, &status, errors);
    if (copy->diff == NULL || status != 0)
        status = fail_with(errors, "git: cannot be run");
    else if (copy->diff[0] == 0)
        status = command_fail("%s: changes no source below runtime/: there is nothing to put back",
                              o->commit);
    copy->n = copy->diff != NULL ? strlen(copy->diff) : 0;
    fclose(errors);
    return status == 0 ? 0 : EXIT_USAGE;
}

// A copy of the case that says `fixed`, with the patch beside it.
static int make_copy(const struct options *o, struct repro_case *c, struct copy *copy)
{
    char error[STORE_PATH_BYTES + 256];

    if (o->commit != NULL && diff_of_commit(o, copy) != 0)
        return EXIT_USAGE;
    if (o->patch != NULL) {
        copy->diff = text_read_file(o->patch, PATCH_BYTES, &copy->n, error, sizeof error);
        if (copy->diff == NULL)
            return command_fail("%s", error);
    }
    snprintf(copy->folder, sizeof copy->folder, "/tmp/gauntlet-fixed-XXXXXX");
    if (mkdtemp(copy->folder) == NULL) {
        copy->folder[0] = 0;
        return command_fail("/tmp: %s", strerror(errno));
    }
    snprintf(copy->file, sizeof copy->file, "%s/case", copy->folder);
    snprintf(copy->patch, sizeof copy->patch, "%s/bug.patch", copy->folder);
    c->fixed = true;
    if (tree_write(copy->patch, copy->diff, copy->n) != 0)
        return command_fail("%s: %s", copy->patch, strerror(errno));
    if (!store_replace(c, copy->file, error, sizeof error))
        return command_fail("%s", error);
    return command_check_patch(c->program->prod, o->patch != NULL ? o->patch : copy->patch);
}

// Trying it ---------------------------------------------------------------------------------------

// What this program's `command` says of the copy, or NULL after one line.
static cJSON *ask(const char *command, const char *option, const struct options *o,
                  const struct copy *copy)
{
    char *argv[] = {(char[]){"/proc/self/exe"},
                    (char *)(uintptr_t)command,
                    (char *)(uintptr_t)option,
                    (char[]){"--json"},
                    (char[]){"--search"},
                    (char *)(uintptr_t)o->search,
                    (char *)(uintptr_t)copy->folder,
                    NULL};
    FILE *errors = tmpfile();
    int status = EXIT_USAGE;

    if (errors == NULL)
        return command_fail("/tmp: %s", strerror(errno)), NULL;
    char *text = child_output(argv, &status, errors);
    cJSON *object = text && status <= EXIT_FINDINGS ? cJSON_Parse(text) : NULL;
    if (command_stopped) {
        cJSON_Delete(object);
        object = NULL;
        command_fail("stopped; the case is as it was");
    } else if (object == NULL) {
        fail_with(errors, "the case could not be replayed");
    }
    free(text);
    fclose(errors);
    return object;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text ? text : "";
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

struct verdict {
    char grade[32];   // with the patch, before its schedule followed
    double schedules; // without it, in which it did not come
};

// With the patch: exact, or the copy has been written anew so that it is.
static int try_patched(const struct options *o, const struct copy *copy, const char *path,
                       struct verdict *v)
{
    cJSON *r = ask("refresh", "--trust-patch", o, copy);
    int status = r == NULL ? EXIT_USAGE : 0;

    snprintf(v->grade, sizeof v->grade, "%s", text_of(r, "grade"));
    bool exact = strcmp(v->grade, replay_grade_name(REPLAY_EXACT)) == 0;
    bool written = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r, "written"));
    if (r != NULL && !exact && !written) {
        command_fail("%s: does not reproduce with the patch (%s); nothing is changed",
                     command_relative(path), v->grade);
        status = EXIT_FINDINGS;
    }
    cJSON_Delete(r);
    return status;
}

static int try_clean(const struct options *o, const struct copy *copy, const char *path,
                     struct verdict *v)
{
    cJSON *r = ask("replay", "--clean", o, copy);
    int status = r == NULL ? EXIT_USAGE : 0;

    v->schedules = number_of(r, "schedules");
    if (r != NULL && number_of(r, "reproduced") > 0) {
        command_fail("%s: still reproduces in the tree as it is (%s); nothing is changed",
                     command_relative(path), text_of(r, "grade"));
        status = EXIT_FINDINGS;
    }
    cJSON_Delete(r);
    return status;
}

// Keeping it --------------------------------------------------------------------------------------

static void tell(const struct options *o, const struct repro_case *c, const char *path,
                 const struct verdict *v)
{
    char patch[STORE_PATH_BYTES];

    command_case_patch(path, patch);
    if (o->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "case", path);
        cJSON_AddStringToObject(object, "patch", patch);
        cJSON_AddBoolToObject(object, "fixed", true);
        cJSON_AddStringToObject(object, "signature", c->signature);
        cJSON_AddStringToObject(object, "grade", v->grade);
        cJSON_AddNumberToObject(object, "schedules", v->schedules);
        command_print_json(object);
        return;
    }
    printf("%s: fixed\n  with %s: %s%s\n", command_relative(path), command_relative(patch),
           v->grade,
           strcmp(v->grade, replay_grade_name(REPLAY_EXACT)) ? ", and its schedule is written anew"
                                                             : "");
    printf("  without: not reproduced in %.0f schedules of its neighbourhood\n", v->schedules);
}

static int keep(const struct options *o, const struct copy *copy, const char *path,
                const struct verdict *v)
{
    char error[STORE_PATH_BYTES + 512];
    struct repro_case c;

    if (!case_read(&c, copy->file, error, sizeof error))
        return command_fail("%s", error);
    int status = store_fixed(&c, path, copy->diff, copy->n, error, sizeof error)
                     ? 0
                     : command_fail("%s", error);
    if (status == 0)
        tell(o, &c, path, v);
    case_free(&c);
    return status;
}

static int fix(const struct options *o, struct repro_case *c, const char *path)
{
    char own[STORE_PATH_BYTES];
    struct copy copy = {.diff = NULL};
    struct verdict v;

    if (c->fixed)
        return command_fail("%s: is fixed already", command_relative(path));
    if (command_case_patch(path, own))
        return command_fail("%s: is there already, although the case is open",
                            command_relative(own));
    int status = make_copy(o, c, &copy);
    if (status == 0)
        status = try_patched(o, &copy, path, &v);
    if (status == 0)
        status = try_clean(o, &copy, path, &v);
    if (status == 0)
        status = keep(o, &copy, path, &v);
    if (copy.folder[0] != 0)
        tree_remove(copy.folder);
    free(copy.diff);
    return status;
}

int command_fixed(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "CASE",
        "Turns an open case into a fixed one: puts the patch that brings the bug back beside it, "
        "once the case is seen to replay with it and not without. Exit status 1, and nothing "
        "changed, when it does not.",
        0,
        0,
        0};
    struct options o = {.search = "20000"};
    char path[STORE_PATH_BYTES];
    struct repro_case c;

    command_parse(&argp, argc, argv, &o);
    if (!command_case(o.name, &c, path))
        return EXIT_USAGE;
    int status = fix(&o, &c, path);
    case_free(&c);
    return status;
}
