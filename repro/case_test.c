// SPDX-License-Identifier: Apache-2.0
//
// Case files: print and parse are inverse, strangers' files are refused with line and column, and
// saving is whole or not at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "repro/fake_engine.h"
#include "repro/replay.h"
#include "repro/store.h"

#define HEAD_OF(memory)                                                                            \
    "gauntlet case 1\nstatus open\noracle race\nsignature race: a / b\nsizes tiny\nmemory " memory \
    "\nfound hunt --seed 1\nprogram\n  workload w\n  procs 2\n  sizes tiny\n  goroutine main\n"    \
    "      go a 2\n      wait\n  goroutine a\n      park\n"
#define HEAD HEAD_OF("sc")

static const char sample[] =
    HEAD "choices\n"
         "  a#2:0 at runqput<ready \"store_release(&pp->runqtail, t + 1);\" #0 visit 1: run m0.1\n"
         "  m0.1 after a:0.3 at findrunnable \"if (\\\"quoted\\\\\\\" == x)\" #1 visit 2: next m0\n"
         "  m0.1 after a:0 turn 4 at wakep \"load_acquire(&sched.npidle)\" #0 visit 2: run m0\n"
         "  main:1 at host \"\" #0 visit 1: random 255\n"
         "  m0:0 at none \"\" #0 visit 3: run m0.2\n"
         "  m0:0 at none \"\" #0 visit 3: fault EINTR\n";

static void parsed(struct repro_case *c, const char *text)
{
    struct text_error err;

    if (!case_parse(c, text, strlen(text), &err))
        fail_msg("%u:%u: %s", err.line, err.col, err.message);
}

static char *printed(const struct repro_case *c)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    case_print(c, f);
    fclose(f);
    return text;
}

static void print_and_parse_are_inverse(void **state)
{
    struct repro_case c;

    (void)state;
    parsed(&c, sample);
    char *text = printed(&c);
    assert_string_equal(text, sample);
    assert_string_equal(c.word, "");
    free(text);
    snprintf(c.word, sizeof c.word, "g of m.status");
    text = printed(&c);
    case_free(&c);
    parsed(&c, text);
    assert_string_equal(c.word, "g of m.status");
    assert_non_null(strstr(text, "\nword g of m.status\nsizes "));
    free(text);
    case_free(&c);
}

static const char frozen[] = HEAD_OF("tso\nsysmon frozen") "choices\n";

static void a_frozen_sysmon_is_a_line(void **state)
{
    struct repro_case c;

    (void)state;
    parsed(&c, frozen);
    assert_true(c.frozen);
    assert_int_equal(c.memory, SIM_TSO);
    char *text = printed(&c);
    assert_string_equal(text, frozen);
    free(text);
    case_free(&c);
    parsed(&c, sample);
    assert_false(c.frozen);
    case_free(&c);
}

static const char buffered[] = HEAD_OF(
    "tso") "choices\n"
           "  a:0 at runqput<ready \"store_release(&pp->runqtail, t + 1);\" #0 visit 1: hold\n"
           "  a:0 at runqput<ready \"store_release(&pp->runqtail, t + 1);\" #0 visit 1: run m0.1\n"
           "  a#2:0 at wakep \"load_acquire(&sched.npidle)\" #0 visit 2: drain m0\n"
           "  a#2:0 at wakep \"load_acquire(&sched.npidle)\" #0 visit 2: drain m0\n";

// Stores that are held, and two of one thread that drain at one point.
static void a_case_of_store_buffers_is_told(void **state)
{
    struct repro_case c;
    struct sim_schedule schedule;
    size_t missing;

    (void)state;
    parsed(&c, buffered);
    assert_int_equal(c.memory, SIM_TSO);
    case_schedule(&c, &schedule, &missing);
    assert_int_equal(schedule.n, 4);
    assert_int_equal(schedule.v[0].kind, SIM_HOLD);
    assert_int_equal(schedule.v[0].value, 1);
    assert_int_equal(schedule.v[3].kind, SIM_DRAIN);
    assert_string_equal(sim_name(schedule.v[3].value), "m0");
    assert_true(case_set_choices(&c, &schedule));
    char *text = printed(&c);
    assert_string_equal(text, buffered);
    free(text);
    sim_schedule_free(&schedule);
    case_free(&c);
}

static void a_schedule_and_back_is_the_same_case(void **state)
{
    struct repro_case c;
    struct sim_schedule schedule;
    size_t missing;

    (void)state;
    parsed(&c, sample);
    case_schedule(&c, &schedule, &missing);
    assert_int_equal(missing, c.choices);
    assert_int_equal(schedule.n, 6);
    assert_int_equal(schedule.v[1].site, 4);
    assert_int_equal(schedule.v[1].turn, 1);
    assert_int_equal(schedule.v[2].turn, 4);
    assert_int_equal(schedule.v[3].site, SIM_SITE_HOST);
    assert_int_equal(schedule.v[4].site, SIM_SITE_NONE);
    assert_int_equal(sim_fault_find(sim_name(schedule.v[5].value)), SIM_FAULT_EINTR);
    assert_true(case_set_choices(&c, &schedule));
    char *text = printed(&c);
    assert_string_equal(text, sample);
    free(text);
    sim_schedule_free(&schedule);
    case_free(&c);
}

static void a_lost_place_is_named(void **state)
{
    struct repro_case c;
    struct replay_outcome outcome;

    (void)state;
    fake = (struct fake){
        .lost_site = 5, .needed = {WL_PARK, WL_WAIT}, .nneeded = 2, .symptom = "a / b"};
    parsed(&c, sample);
    replay_case(&c, &(struct replay_params){.times = 1}, &outcome);
    assert_int_equal(outcome.grade, REPLAY_DRIFTED); // the others are enough
    assert_non_null(strstr(outcome.detail, "choice 3 of 6 (m0.1 after a:0 turn 4 at wakep"));
    fake.symptom = "something else";
    replay_case(&c, &(struct replay_params){.times = 1}, &outcome);
    assert_int_equal(outcome.grade, REPLAY_UNREACHABLE);
    assert_int_equal(outcome.reproduced, 0);
    case_free(&c);
}

static void replay_grades(void **state)
{
    struct repro_case c;
    struct replay_outcome outcome;

    (void)state;
    parsed(&c,
           HEAD "choices\n  a:0 at wakep \"load_acquire(&sched.npidle)\" #0 visit 1: run m0.1\n");
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .symptom = "a / b"};
    replay_case(&c, &(struct replay_params){.times = 10}, &outcome);
    assert_int_equal(outcome.grade, REPLAY_EXACT);
    assert_int_equal(outcome.reproduced, 10);
    fake.flaky = true;
    replay_case(&c, &(struct replay_params){.times = 10}, &outcome);
    assert_int_equal(outcome.grade, REPLAY_NOT_REPRODUCED);
    assert_int_equal(outcome.reproduced, 5);
    case_free(&c);
}

struct refusal {
    const char *text;
    uint32_t line, col;
    const char *message;
};

#define CHOICE HEAD "choices\n  "
#define TSO HEAD_OF("tso") "choices\n  "

static const struct refusal refusals[] = {
    {"", 1, 1, "empty"},
    {"hello\n", 1, 1, "not a case"},
    {"gauntlet case 2\n", 1, 15, "newer: this gauntlet reads up to 1; take a newer one"},
    {"gauntlet case 0\n", 1, 1, "not a case"},
    {"gauntlet case 1\n", 2, 1, "'status' is missing"},
    {"gauntlet case 1\r\n", 1, 16, "carriage return"},
    {"gauntlet case 1\nstatus open", 2, 12, "truncated"},
    {"gauntlet case 1\nstatus shut\n", 2, 8, "open or fixed"},
    {"gauntlet case 1\ncolour red\n", 2, 1, "'status' expected here, not 'colour'"},
    {"gauntlet case 1\nstatus open\nstatus open\n", 3, 1, "'oracle' expected here"},
    {"gauntlet case 1\nstatus open\noracle ../x\n", 3, 8, "oracle: '../x' is not known"},
    {"gauntlet case 1\nstatus open\noracle rac\n", 3, 8, "oracle: 'rac' is not known"},
    {"gauntlet case 1\nstatus \xc3\n", 2, 8, "not UTF-8"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature\n", 4, 10, "text expected"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature  conserve: s\n", 4, 12,
     "contradiction: the oracle is 'race', but the signature does not begin with 'race: '"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature races: s\n", 4, 11, "contradiction"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race\n", 4, 11, "contradiction"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nword\nsizes tiny\n", 5, 5,
     "word: text expected"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nsizes big\n", 5, 7,
     "tiny or prod"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nsizes tiny\nmemory pso\n", 6, 8,
     "sc, tso or timed expected"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nsizes prod\nmemory sc\nfound "
     "f\nprogram\n"
     "  workload w\n  goroutine main\nchoices\n",
     10, 1, "contradiction: the case has prod sizes and its program tiny"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nsizes tiny\nmemory sc\nfound "
     "f\nprogram\n"
     "  workload w\n  goroutine main\n    fly\nchoices\n",
     11, 5, "unknown operation 'fly'"},
    {"gauntlet case 1\nstatus open\noracle race\nsignature race: s\nsizes tiny\nmemory sc\nfound "
     "f\nprogram\nchoices\n",
     9, 1, "empty"},
    {HEAD, 17, 1, "truncated: 'choices' is missing"},
    {HEAD "choices 3\n", 17, 9, "unexpected '3'"},
    {HEAD "choices\nmore\n", 18, 1, "nothing follows"},
    {CHOICE "a\n", 18, 4, "'at' expected"},
    {CHOICE "a/b at\n", 18, 3, "not the name of an actor"},
    {CHOICE "a:x at\n", 18, 3, "number of an operation"},
    {CHOICE "a:1.1 at\n", 18, 3, "iteration from 2"},
    {CHOICE "a:0 after main:1 at\n", 18, 7, "contradiction"},
    {CHOICE "a:0 at f\n", 18, 11, "in quotes expected"},
    {CHOICE "a:0 at f \"x\n", 18, 12, "quote without end"},
    {CHOICE "a:0 at f \"x\\\n", 18, 12, "quote without end"},
    {CHOICE "a:0 at f \"x\" 0\n", 18, 16, "rank expected"},
    {CHOICE "a:0 at f \"x\" #0 visit 0: run m0\n", 18, 25, "number of the visit"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: fly m0\n", 18, 28,
     "run, next, random, fault, hold or drain"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: fault EBADF\n", 18, 34, "not the name of a fault"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: fault none\n", 18, 34, "not the name of a fault"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: random 256\n", 18, 35, "not a number up to 255"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: run m0\n  a:0 at f \"x\" #0 visit 2: run m0\n"
            "   a:0 at f \"x\" #0 visit 1: run m1\n",
     20, 4, "the place of choice 1 for the second time"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: run m0 m1\n", 18, 35, "unexpected 'm1'"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: hold\n", 18, 28, "nothing is held under memory sc"},
    {CHOICE "a:0 at f \"x\" #0 visit 1: drain m0\n", 18, 28, "nothing is held under memory sc"},
    {TSO "a:0 at f \"x\" #0 visit 1: hold 1\n", 18, 33, "unexpected '1'"},
    {TSO "a:0 at f \"x\" #0 visit 1: drain\n", 18, 33, "value expected"},
    {TSO "a:0 at f \"x\" #0 visit 1: hold\n  a:0 at f \"x\" #0 visit 1: hold\n", 19, 3,
     "the place of choice 1 for the second time"},
};

static void refuses_with_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        struct text_error err;
        struct repro_case c;

        assert_false(case_parse(&c, r->text, strlen(r->text), &err));
        if (err.line != r->line || err.col != r->col || strstr(err.message, r->message) == NULL)
            fail_msg("%s\ngives %u:%u: %s", r->text, err.line, err.col, err.message);
    }
}

// Cut at every byte, and every byte changed: refused or the same after another round.
static void survives_damage_everywhere(void **state)
{
    static const char damage[] = {'\n', ' ', '"', '\\', '#', '9', 0, '\xff'};
    uint32_t accepted = 0;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof sample; i++) {
        for (size_t k = 0; k < sizeof damage; k++) {
            char copy[sizeof sample];
            size_t n = i < sizeof sample ? sizeof sample - 1 : i - sizeof sample;
            struct text_error err;
            struct repro_case c, again;

            memcpy(copy, sample, sizeof sample);
            copy[i % sizeof sample] = damage[k];
            if (!case_parse(&c, copy, n, &err)) {
                assert_true(err.line >= 1 && err.col >= 1 && strchr(err.message, '\n') == NULL);
                continue;
            }
            accepted++;
            char *once = printed(&c);
            parsed(&again, once);
            char *twice = printed(&again);
            assert_string_equal(once, twice);
            free(once), free(twice);
            case_free(&c), case_free(&again);
        }
    }
    assert_true(accepted > 50);
}

// Saving -----------------------------------------------------------------------------------

static bool count_one(const char *file, void *arg)
{
    (void)file;
    ++*(uint32_t *)arg;
    return true;
}

static uint32_t count(const char *dir)
{
    uint32_t n = 0;

    store_each(dir, count_one, &n);
    return n;
}

static void names_are_short_readable_and_unique(void **state)
{
    char slug[64];

    (void)state;
    store_slug("lost-wake: runnable g in global queue, idle p, no m coming", slug, sizeof slug);
    assert_string_equal(slug, "lost-wake-runnable-g-in-global-queue-idle-p-no-m-coming");
    store_slug("race: read runqsteal `event_record(pp, EV_STEAL, gp->goid, x);` / write", slug,
               sizeof slug);
    assert_string_equal(slug, "race-read-runqsteal-event-record-pp-ev-steal-gp-goid-x");
    store_slug("../..//:", slug, sizeof slug);
    assert_string_equal(slug, "case");
}

static void saving_is_whole_or_not_at_all(void **state)
{
    char dir[] = "/tmp/gauntlet-case-test-XXXXXX", path[STORE_PATH_BYTES],
         error[STORE_PATH_BYTES + 512];
    char second[STORE_PATH_BYTES], missing[STORE_PATH_BYTES];
    struct repro_case c, read;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_true(store_writable(dir, error, sizeof error));
    parsed(&c, sample);
    assert_true(store_new(&c, dir, NULL, path, error, sizeof error));
    assert_true(store_new(&c, dir, path, second, error, sizeof error)); // any file serves as patch
    assert_string_not_equal(path, second);
    assert_non_null(strstr(second, "/race-a-b-2/case"));
    assert_int_equal(count(dir), 2);
    char bug[STORE_PATH_BYTES];
    snprintf(bug, sizeof bug, "%s", path);
    assert_true(store_find(dir, "race: a / b", NULL, path)); // open
    assert_false(store_find(dir, "race: a / c", NULL, missing));
    assert_true(store_find(dir, "race: a / b", bug, second)); // of that patch
    assert_non_null(strstr(second, "/race-a-b-2/case"));
    assert_false(store_find(dir, "race: a / b", "/dev/null", missing)); // of another
    // a patch that cannot be read: nothing is left behind
    snprintf(missing, sizeof missing, "%s/none", dir);
    assert_false(store_new(&c, dir, missing, path, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
    assert_int_equal(count(dir), 2);
    assert_true(store_find(dir, "race: a / b", NULL, path));
    c.fixed = true;
    assert_true(store_replace(&c, path, error, sizeof error));
    assert_true(store_replace(&c, second, error, sizeof error));
    assert_false(store_find(dir, "race: a / b", NULL, missing)); // fixed: met again it is new
    assert_true(case_read(&read, path, error, sizeof error));
    assert_true(read.fixed);
    case_free(&read);
    case_free(&c);
    char *argv[] = {(char[]){"rm"}, (char[]){"-r"}, dir, NULL};
    pid_t child = fork();
    if (child == 0) {
        execvp("rm", argv);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void says_when_nothing_can_be_saved(void **state)
{
    char error[512];

    (void)state;
    assert_false(store_writable("/proc/none/cases", error, sizeof error));
    assert_non_null(strstr(error, "/proc/none/cases: "));
    assert_false(store_writable("/dev/null/cases", error, sizeof error));
    assert_false(store_writable("", error, sizeof error)); // which is not the root folder
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_and_parse_are_inverse),
        cmocka_unit_test(a_frozen_sysmon_is_a_line),
        cmocka_unit_test(a_schedule_and_back_is_the_same_case),
        cmocka_unit_test(a_case_of_store_buffers_is_told),
        cmocka_unit_test(a_lost_place_is_named),
        cmocka_unit_test(replay_grades),
        cmocka_unit_test(refuses_with_line_and_column),
        cmocka_unit_test(survives_damage_everywhere),
        cmocka_unit_test(names_are_short_readable_and_unique),
        cmocka_unit_test(saving_is_whole_or_not_at_all),
        cmocka_unit_test(says_when_nothing_can_be_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
