// SPDX-License-Identifier: Apache-2.0
//
// gauntlet replay: one case again, with its own patch unless --clean.
#include "repro/replay.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "ci/gauntlet/command.h"
#include "repro/trial.h"

struct options {
    const char *name, *patch;
    uint32_t times, search;
    bool clean, trust, json;
};

static const struct argp_option options[] = {
    {"times", 'n', "N", 0, "Replay N times (default 1); the grade is the worst", 0},
    {"clean", 'c', 0, 0, "Without the case's patch: a fixed case must then not reproduce", 0},
    {"patch", 'p', "FILE", 0, "In a runtime with this diff applied", 0},
    {"search", 'r', "N", 0,
     "When it does not come about as written: try N schedules near it (default 20000)", 0},
    {"trust-patch", 't', 0, 0, "Use the patch of a case from outside the tree", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'n':
        o->times = (uint32_t)command_number("--times", arg, 1000000);
        return 0;
    case 'r':
        o->search = (uint32_t)command_number("--search", arg, 100000000);
        return 0;
    case 'c':
        o->clean = true;
        return 0;
    case 'p':
        o->patch = arg;
        return 0;
    case 't':
        o->trust = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_END:
        if (o->times == 0)
            argp_error(state, "--times: at least 1");
        if (o->clean && o->patch != NULL)
            argp_error(state, "--clean and --patch contradict each other");
        return command_case_argument(key, arg, state, &o->name);
    default:
        return command_case_argument(key, arg, state, &o->name);
    }
}

// What the case's status leads one to expect. With another patch than its own nothing follows from
// it: that is for whoever tries the patch to judge.
enum expected { REPRODUCES, DOES_NOT, UNKNOWN };

static void print_json(const struct replay_outcome *r, enum expected expected, bool matches)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "times", r->times);
    cJSON_AddNumberToObject(o, "reproduced", r->reproduced);
    cJSON_AddStringToObject(o, "signature", r->signature);
    cJSON_AddStringToObject(o, "grade", replay_grade_name(r->grade));
    if (expected == UNKNOWN)
        cJSON_AddNullToObject(o, "as_expected");
    else
        cJSON_AddBoolToObject(o, "as_expected", matches);
    cJSON_AddNumberToObject(o, "schedules", (double)r->schedules);
    cJSON_AddStringToObject(o, "detail", r->detail);
    cJSON_AddNumberToObject(o, "points", (double)r->points);
    cJSON_AddBoolToObject(o, "stopped", command_stopped != 0);
    command_print_json(o);
}

static void print_text(const struct repro_case *c, const struct replay_outcome *r,
                       enum expected expected, bool matches)
{
    if (r->reproduced > 0 || r->schedules == 0)
        printf("%s: %u of %u times", r->reproduced ? "reproduced" : "not reproduced", r->reproduced,
               r->times);
    else
        printf("not reproduced in %llu schedules of its neighbourhood",
               (unsigned long long)r->schedules);
    if (r->grade != REPLAY_NOT_REPRODUCED)
        printf(", %s", replay_grade_name(r->grade));
    printf("%s%s\n", expected == DOES_NOT && matches ? ", as it should be" : "",
           command_stopped ? " (stopped)" : "");
    if (r->signature[0] != 0)
        printf("  %s%s\n  %s\n", r->reproduced ? "" : "something else came: ", r->signature,
               r->message);
    if (r->detail[0] != 0)
        printf("  %s\n", r->detail);
    if (!matches && expected != UNKNOWN)
        printf("  this does not match: the case is %s and %s to reproduce here\n",
               c->fixed ? "fixed" : "open", expected == REPRODUCES ? "ought" : "ought not");
    if (r->grade == REPLAY_DRIFTED || r->grade == REPLAY_SEARCHED)
        puts("  the code has moved; `gauntlet refresh` writes the case as it is found now");
}

int command_replay(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "CASE",
        "Replays a case and grades how exactly: exact, drifted, searched, unreachable, "
        "not reproduced. Exit status 0 when the outcome matches the case's status; with "
        "--patch, when it reproduces.",
        0,
        0,
        0};
    struct options o = {.times = 1, .search = REPLAY_SEARCH};
    struct repro_case c;
    struct replay_outcome out;
    char path[STORE_PATH_BYTES], patch[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    if (!command_case(o.name, &c, path))
        return EXIT_USAGE;
    enum expected expected = o.patch != NULL ? UNKNOWN : o.clean && c.fixed ? DOES_NOT : REPRODUCES;
    if (o.patch == NULL && !o.clean && c.fixed && !command_is_patched()) {
        if (!command_case_patch(path, patch))
            return command_fail("%s: the case is fixed, and there is no bug.patch beside it; "
                                "--clean replays without",
                                path);
        if (!command_may_use_patch(patch, o.trust))
            return EXIT_USAGE;
        o.patch = patch;
    }
    int status = command_become(c.program->prod, o.patch, argv);
    if (status != 0)
        return status;
    trial_init();
    struct replay_params params = {
        .times = o.times, .search = o.search, .seed = 1, .stop = &command_stopped};
    replay_case(&c, &params, &out);
    if (expected == REPRODUCES && out.times == o.times)
        command_note_result(path, replay_grade_name(out.grade));
    bool matches = out.reproduced == (expected == DOES_NOT ? 0 : out.times);
    if (o.json)
        print_json(&out, expected, matches);
    else
        print_text(&c, &out, expected, matches);
    replay_free(&out);
    case_free(&c);
    return matches && out.times == o.times ? EXIT_NOTHING : EXIT_FINDINGS;
}
