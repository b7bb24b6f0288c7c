// SPDX-License-Identifier: Apache-2.0
//
// gauntlet replay: one case again, with its own patch unless --clean.
#include "repro/replay.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "ci/gauntlet/one_case.h"

struct options {
    struct one_case of;
    uint32_t times;
};

static const struct argp_option options[] = {
    {"times", 'n', "N", 0, "Replay N times (default 1); the grade is the worst", 0},
    ONE_CASE_CLEAN,
    ONE_CASE_SEARCH,
    ONE_CASE_OPTIONS,
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'n':
        o->times = (uint32_t)command_number("--times", arg, 1000000);
        if (o->times == 0)
            argp_error(state, "--times: at least 1");
        return 0;
    default:
        return one_case_parse(key, arg, state, &o->of);
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
    struct options o = {.of.search = REPLAY_SEARCH, .times = 1};
    struct repro_case c;
    struct replay_outcome out;
    char path[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &o);
    int status = one_case_begin(&o.of, argv, &c, path);
    if (status != 0)
        return status;
    enum expected expected = o.of.patch != NULL      ? UNKNOWN
                             : o.of.clean && c.fixed ? DOES_NOT
                                                     : REPRODUCES;
    struct replay_params params = {
        .times = o.times, .search = o.of.search, .seed = 1, .stop = &command_stopped};
    replay_case(&c, &params, &out);
    if (expected == REPRODUCES && out.times == o.times)
        command_note_result(path, replay_grade_name(out.grade));
    bool matches = out.reproduced == (expected == DOES_NOT ? 0 : out.times);
    if (o.of.json)
        print_json(&out, expected, matches);
    else
        print_text(&c, &out, expected, matches);
    replay_free(&out);
    case_free(&c);
    return matches && out.times == o.times ? EXIT_NOTHING : EXIT_FINDINGS;
}
