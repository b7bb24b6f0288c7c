// SPDX-License-Identifier: Apache-2.0
//
// gauntlet regress: what the test of a saved case runs. Exit status 0 only if the case is as its
// status says: `open` reproduces here; `fixed` does not reproduce here, and does with its patch. So
// neither a fix nor a lost detection goes unnoticed.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/one_case.h"
#include "repro/replay.h"

// Executions near the case, in the clean tree: enough to mean something, and well below a second.
enum { SEARCH = 2000 };

struct options {
    struct one_case of;
    char *patched;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'P':
        o->patched = arg;
        return 0;
    default:
        return one_case_parse(key, arg, state, &o->of);
    }
}

// Exit status of `BINARY replay CASE` in a program that has the patch, or -1.
static int replay_patched(const struct options *o)
{
    char *argv[] = {o->patched, (char[]){"replay"}, (char *)(uintptr_t)o->of.name, NULL};
    int status;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        command_mark_patched(o->patched);
        execv(o->patched, argv);
        fprintf(stderr, "%s: %s\n", o->patched, strerror(errno));
        _exit(127);
    }
    if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0 || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int fixed_case(const struct options *o, struct repro_case *c,
                      const struct replay_outcome *clean)
{
    int status = EXIT_NOTHING;

    if (clean->reproduced > 0) {
        printf("FAIL: the case is fixed, but the clean tree reproduces it: %s\n", c->signature);
        status = EXIT_FINDINGS;
    }
    if (o->patched == NULL)
        return command_fail("--patched BINARY expected: the case is fixed");
    int patched = replay_patched(o);
    if (patched == EXIT_NOTHING)
        return status;
    printf("FAIL: with its patch the case does not reproduce any more (status %d): detection or "
           "patch is broken\n",
           patched);
    return patched == EXIT_FINDINGS ? EXIT_FINDINGS : EXIT_USAGE;
}

int command_regress(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"patched", 'P', "BINARY", 0, "This program with the case's patch", 0},
        {0},
    };
    static const struct argp argp = {
        options, parse, "CASE", "Checks that a case is as its status says.", 0, 0, 0};
    struct options o = {.of.clean = true};
    struct repro_case c;
    struct replay_outcome out;
    char path[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    int status = one_case_begin(&o.of, argv, &c, path);
    if (status != 0)
        return status;
    struct replay_params params = {
        .times = 1, .search = SEARCH, .seed = 1, .stop = &command_stopped};
    replay_case(&c, &params, &out);
    if (c.fixed) {
        status = fixed_case(&o, &c, &out);
    } else if (out.reproduced == 0) {
        printf("FAIL: the case is open, but does not reproduce (%s): fixed, or detection lost?\n  "
               "%s\n",
               replay_grade_name(out.grade), out.detail);
        status = EXIT_FINDINGS;
    }
    if (out.reproduced > 0)
        printf("clean tree: reproduced, %s", replay_grade_name(out.grade));
    else
        printf("clean tree: not reproduced in %llu schedules", (unsigned long long)out.schedules);
    printf("; repeat: ./gauntlet replay %s%s\n", c.fixed ? "--clean " : "", command_relative(path));
    replay_free(&out);
    case_free(&c);
    return status;
}
