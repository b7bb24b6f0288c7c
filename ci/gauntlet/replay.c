// SPDX-License-Identifier: Apache-2.0
//
// gauntlet replay: one case again, with its own patch unless --clean.
#include "repro/replay.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "ci/gauntlet/one_case.h"
#include "ci/gauntlet/replay_native.h"

struct options {
    struct one_case of;
    uint32_t times; // 0: not given
    bool native;
};

enum { OPT_NATIVE = 256, NATIVE_TIMES = 20 };

static const struct argp_option options[] = {
    {"times", 'n', "N", 0,
     "Replay N times (default 1), the grade is the worst; with --native: try up to N times "
     "(default 20)",
     0},
    {"native", OPT_NATIVE, 0, 0,
     "Then on real threads under ThreadSanitizer, held in the order of the replay", 0},
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
    case OPT_NATIVE:
        o->native = true;
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

static void print_native(const struct confirm_outcome *n)
{
    printf("%s", confirm_verdict_name(n->verdict));
    if (n->verdict != CONFIRM_NOT_TRIED)
        printf(" on real threads: %u tr%s, %u in the whole order, %.1f s", n->tries,
               n->tries == 1 ? "y" : "ies", n->reached, n->seconds);
    putchar('\n');
    if (n->saw[0] != 0)
        printf("  %s\n", n->saw);
    if (n->gate[0] != 0)
        printf("  gate: %s\n", n->gate);
    if (n->report != NULL)
        printf("\n%s", n->report);
}

static int replay_native(const struct options *o, struct repro_case *c,
                         const struct replay_outcome *r, const char *patch, enum expected expected)
{
    struct confirm_outcome n = {.verdict = CONFIRM_NOT_TRIED};

    if (r->reproduced == 0)
        snprintf(n.saw, sizeof n.saw, "the engine does not reproduce it here: there is no order");
    else
        confirm_try(c, &r->schedule, patch, o->times ? o->times : NATIVE_TIMES, &n);
    if (o->of.json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "signature", c->signature);
        cJSON_AddStringToObject(object, "grade", replay_grade_name(r->grade));
        confirm_json(&n, object);
        command_print_json(object);
    } else {
        print_native(&n);
    }
    bool matches = (n.verdict <= CONFIRM_REPRODUCED) == (expected != DOES_NOT);
    bool tried = n.verdict != CONFIRM_NOT_TRIED || expected == DOES_NOT;
    confirm_free(&n);
    return !tried ? EXIT_USAGE : matches ? EXIT_NOTHING : EXIT_FINDINGS;
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
    struct options o = {.of.search = REPLAY_SEARCH};
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
    uint32_t times = o.times == 0 || o.native ? 1 : o.times;
    struct replay_params params = {
        .times = times, .search = o.of.search, .seed = 1, .stop = &command_stopped};
    replay_case(&c, &params, &out);
    if (o.native) {
        status = replay_native(&o, &c, &out, one_case_patch(&o.of, &c, path), expected);
        replay_free(&out);
        case_free(&c);
        return status;
    }
    if (expected == REPRODUCES && out.times == times)
        command_note_result(path, replay_grade_name(out.grade));
    bool matches = out.reproduced == (expected == DOES_NOT ? 0 : out.times);
    if (o.of.json)
        print_json(&out, expected, matches);
    else
        print_text(&c, &out, expected, matches);
    replay_free(&out);
    case_free(&c);
    return matches && out.times == times ? EXIT_NOTHING : EXIT_FINDINGS;
}
