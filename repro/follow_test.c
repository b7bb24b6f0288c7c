// SPDX-License-Identifier: Apache-2.0
//
// Cases in a program that has changed: what is taken for the same bug, where choices go, and what a
// replay makes of it. Against an engine that is a script.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "repro/anchor.h"
#include "repro/fake_engine.h"
#include "repro/likeness.h"
#include "repro/replay.h"
#include "repro/signature.h"

// Lines ------------------------------------------------------------------------------------

static void locals_may_be_renamed_and_nothing_else(void **state)
{
    (void)state;
    assert_true(text_renamed("gp->m = NULL;", "other->m = NULL;"));
    assert_true(text_renamed("a = b + a;", "x = y + x;"));
    assert_true(text_renamed("if (x == 1)", "if ( y==1 )"));
    assert_false(text_renamed("gp->m = NULL;", "gp->p = NULL;"));      // another field
    assert_false(text_renamed("sched.runq = x;", "sched.pidle = x;")); // likewise
    assert_false(text_renamed("store(&x, 1);", "load(&x, 1);"));       // another function
    assert_false(text_renamed("x = G_IDLE;", "x = G_DEAD;"));          // another constant
    assert_false(text_renamed("x = 1;", "x = 2;"));
    assert_false(text_renamed("a = b + a;", "x = y + y;")); // one name for two
    assert_false(text_renamed("a = b + b;", "x = y + x;"));
    assert_false(text_renamed("a = b;", "a = b + 1;"));
}

static void likeness_counts_what_stands_in_both(void **state)
{
    (void)state;
    assert_int_equal(text_likeness("a = b;", "a  =  b ;"), 100);
    assert_int_equal(text_likeness("a = b;", "f(g)"), 0);
    assert_int_equal(text_likeness("", ""), 100);
    assert_in_range(text_likeness("x = load(&p->head);", "y = load(&p->head);"), 80, 99);
    assert_true(text_likeness("x = load(&p->head);", "y = load(&p->head);") >
                text_likeness("x = load(&p->head);", "y = load(&p->tail);"));
}

// Signatures -------------------------------------------------------------------------------

static enum signature_verdict verdict(const char *was, const char *word, const char *is,
                                      const char *word_now)
{
    static struct sim_result r;
    struct repro_case c = {0};

    r = (struct sim_result){.outcome = SIM_FOUND};
    snprintf(c.oracle, sizeof c.oracle, "%.*s", (int)strcspn(was, ":"), was);
    snprintf(c.signature, sizeof c.signature, "%s", was);
    snprintf(c.word, sizeof c.word, "%s", word);
    r.finding.oracle = strncmp(is, "race", 4) == 0       ? "race"
                       : strncmp(is, "livelock", 8) == 0 ? "livelock"
                       : strncmp(is, "crash", 5) == 0    ? "crash"
                                                         : "conserve";
    snprintf(r.finding.signature, sizeof r.finding.signature, "%s", is);
    snprintf(r.finding.word, sizeof r.finding.word, "%s", word_now);
    return signature_compare(&c, &r);
}

#define WRITE "write f `x = 1;`"
// The fake engine has this place as its site 5.
#define READ "read wakep `load_acquire(&sched.npidle)`"

static void a_race_elsewhere_is_another_bug(void **state)
{
    (void)state;
    fake = (struct fake){.lost_site = 0};
    assert_int_equal(verdict("race: " READ " / " WRITE, "", "race: " READ " / " WRITE, ""),
                     SIGNATURE_SAME);
    // the old place is there still: whatever it looks like, a race at another one is not this one
    assert_int_equal(verdict("race: " READ " / " WRITE, "sched.npidle",
                             "race: read wakep `load_acquire(&other.npidle)` / " WRITE,
                             "sched.npidle"),
                     SIGNATURE_OTHER);
    assert_int_equal(verdict("race: " READ " / " WRITE, "sched.npidle",
                             "race: read other `load_acquire(&sched.npidle)` / " WRITE,
                             "sched.npidle"),
                     SIGNATURE_OTHER);
    assert_int_equal(verdict("conserve: x", "", "conserve: y", ""), SIGNATURE_OTHER);
    assert_int_equal(verdict("conserve: x", "", "race: x", ""), SIGNATURE_OTHER);
}

static void a_race_moves_with_its_line(void **state)
{
    (void)state;
    fake = (struct fake){.lost_site = 5};
    // renamed, moved to another function, the order of the sides turned
    assert_int_equal(verdict("race: " READ " / " WRITE, "",
                             "race: read wakep `load_acquire(&s.npidle)` / " WRITE, ""),
                     SIGNATURE_MOVED);
    assert_int_equal(verdict("race: " READ " / " WRITE, "",
                             "race: read other `load_acquire(&sched.npidle)` / " WRITE, ""),
                     SIGNATURE_MOVED);
    assert_int_equal(verdict("race: " READ " / " WRITE, "",
                             "race: " WRITE " / read wakep `load_acquire(&a.npidle)`", ""),
                     SIGNATURE_MOVED);
    // written otherwise: only the word can tell
    assert_int_equal(
        verdict("race: " READ " / " WRITE, "", "race: read wakep `idle_now(s)` / " WRITE, ""),
        SIGNATURE_OTHER);
    assert_int_equal(verdict("race: " READ " / " WRITE, "sched.npidle",
                             "race: read wakep `idle_now(s)` / " WRITE, "sched.npidle"),
                     SIGNATURE_MOVED);
    // another word, another kind of access, another field
    assert_int_equal(verdict("race: " READ " / " WRITE, "sched.npidle",
                             "race: read wakep `load_acquire(&s.npidle)` / " WRITE, "p.status"),
                     SIGNATURE_OTHER);
    assert_int_equal(verdict("race: " READ " / " WRITE, "",
                             "race: write wakep `load_acquire(&sched.npidle)` / " WRITE, ""),
                     SIGNATURE_OTHER);
    assert_int_equal(verdict("race: " READ " / " WRITE, "",
                             "race: read wakep `load_acquire(&sched.nmidle)` / " WRITE, ""),
                     SIGNATURE_OTHER);
    // only one of the two sides is known
    assert_int_equal(
        verdict("race: " READ " / " WRITE, "", "race: " READ " / write g `y = 1;`", ""),
        SIGNATURE_OTHER);
}

static void loops_and_assertions_move_too(void **state)
{
    (void)state;
    fake = (struct fake){.lost_site = 0};
    assert_int_equal(verdict("livelock: f<g `while (x)`", "", "livelock: f<h `if (y)`", ""),
                     SIGNATURE_MOVED);
    assert_int_equal(verdict("livelock: f `while (x)`", "", "livelock: h `if (y)`", ""),
                     SIGNATURE_OTHER);
    assert_int_equal(
        verdict("crash: f: assertion failed: a == #", "", "crash: f: assertion failed: b == #", ""),
        SIGNATURE_MOVED);
    assert_int_equal(
        verdict("crash: f: assertion failed: a->x", "", "crash: f: assertion failed: a->y", ""),
        SIGNATURE_OTHER);
    assert_int_equal(
        verdict("crash: f: assertion failed: a", "", "crash: g: assertion failed: b", ""),
        SIGNATURE_OTHER);
    // this condition is in the program still
    assert_int_equal(verdict("crash: findrunnable: assertion failed: \"quoted\\\" == x", "",
                             "crash: findrunnable: assertion failed: \"quoted\\\" == y", ""),
                     SIGNATURE_OTHER);
}

// Places -----------------------------------------------------------------------------------

static struct case_choice choice(const char *function, const char *text)
{
    static char own[2][128];
    struct case_choice c = {.kind = SIM_RUN, .actor = "a", .name = "m0.1", .visit = 2};

    snprintf(own[0], sizeof own[0], "%s", function);
    snprintf(own[1], sizeof own[1], "%s", text);
    c.function = own[0];
    c.text = own[1];
    return c;
}

static void the_likest_place_comes_first(void **state)
{
    struct case_choice c;
    struct anchor a;

    (void)state;
    fake = (struct fake){.lost_site = 0};
    c = choice("runqput<ready", "store_release(&pp->runqtail, t + 1);"); // as it is
    anchor_choice(&c, &a);
    assert_false(a.lost);
    assert_int_equal(a.place[0].site, 2);
    assert_int_equal(a.place[0].visit, 2);
    assert_int_equal(a.place[1].visit, 3);
    c = choice("runqput", "store_release(&pp->runqtail, t + 1);"); // not inlined before
    anchor_choice(&c, &a);
    assert_true(a.lost);
    assert_int_equal(a.place[0].site, 2);
    c = choice("runqput<ready", "store_release(&pp->runqtail, tail + 1);"); // renamed
    anchor_choice(&c, &a);
    assert_int_equal(a.place[0].site, 2);
    c = choice("moved_from", "store_release(&pp->runqtail, t + 1);");
    anchor_choice(&c, &a);
    assert_int_equal(a.place[0].site, 2);
    c = choice("nowhere", "nothing(like, it)");
    anchor_choice(&c, &a);
    assert_true(a.lost && a.places == 0);
    c = choice("host", "");
    anchor_choice(&c, &a);
    assert_true(!a.lost && a.places > 1 && a.place[0].site == SIM_SITE_HOST);
}

static void places_beside_go_by_lines(void **state)
{
    (void)state;
    assert_int_equal(anchor_beside(3, 1), 4);
    assert_int_equal(anchor_beside(4, -1), 3);
    assert_int_equal(anchor_beside(3, -1), SIM_SITE_NONE);
    assert_int_equal(anchor_beside(4, 1), SIM_SITE_NONE);
    assert_int_equal(anchor_beside(2, 1), SIM_SITE_NONE); // another file
}

// Replays ----------------------------------------------------------------------------------

static void parsed(struct repro_case *c, const char *choices)
{
    static const char head[] = "gauntlet case 1\nstatus open\noracle race\nsignature race: x\n"
                               "sizes tiny\nmemory sc\nfound test\nprogram\n  workload w\n"
                               "  sizes tiny\n  goroutine main\n    go a\n    wait\n"
                               "  goroutine a\n    yield\n    park\nchoices\n";
    struct text_error err;
    char text[2048];

    snprintf(text, sizeof text, "%s%s", head, choices);
    if (!case_parse(c, text, strlen(text), &err))
        fail_msg("%u:%u: %s", err.line, err.col, err.message);
}

static void replay(const char *choices, uint32_t search, struct replay_outcome *out)
{
    struct repro_case c;

    parsed(&c, choices);
    replay_case(&c, &(struct replay_params){.times = 3, .search = search, .seed = 1}, out);
    case_free(&c);
}

static void a_changed_line_is_drifted(void **state)
{
    struct replay_outcome out;

    (void)state;
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .symptom = "x"};
    replay(
        "  a:1 at runqput<ready \"store_release(&pp->runqtail, tail + 1);\" #0 visit 1: run m0.1\n",
        0, &out);
    assert_int_equal(out.grade, REPLAY_DRIFTED);
    assert_int_equal(out.reproduced, 3);
    assert_int_equal(out.schedule.n, 1);
    assert_int_equal(out.schedule.v[0].site, 2);
    assert_non_null(strstr(out.detail, "not in the program any more"));
    replay_free(&out);
}

static void found_near_is_searched(void **state)
{
    static const char elsewhere[] =
        "  a:0 at wakep \"load_acquire(&sched.npidle)\" #0 visit 1: run m0.1\n";
    struct replay_outcome out;

    (void)state;
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .walk = 2, .symptom = "x"};
    replay(elsewhere, 200, &out);
    assert_int_equal(out.grade, REPLAY_SEARCHED);
    assert_int_equal(out.reproduced, 3);
    assert_int_equal(out.schedule.n, 1); // made short
    replay_free(&out);
    replay(elsewhere, 0, &out);
    assert_int_equal(out.grade, REPLAY_NOT_REPRODUCED);
    replay_free(&out);
    fake.symptom = "another";
    replay(elsewhere, 200, &out);
    assert_int_equal(out.grade, REPLAY_NOT_REPRODUCED); // another bug is not this one
    assert_true(out.schedules >= 200);
    assert_int_equal(out.reproduced, 0);
    replay_free(&out);
    replay("  a:1 at wakep \"load_acquire(&sched.npidle)\" #0 visit 1: run m0.1\n", 0, &out);
    assert_int_equal(out.grade, REPLAY_NOT_REPRODUCED);
    assert_string_equal(out.signature, "race: another"); // what came instead is told
    replay_free(&out);
}

static void what_is_missing_is_named(void **state)
{
    struct replay_outcome out;

    (void)state;
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .symptom = "x"};
    replay("  a:1 at gone \"not(here)\" #0 visit 1: run m0.1\n", 10, &out);
    assert_int_equal(out.grade, REPLAY_UNREACHABLE);
    assert_non_null(strstr(out.detail, "choice 1 of 1"));
    assert_non_null(strstr(out.detail, "not in the program any more, and no other will do"));
    replay_free(&out);
    replay("  m0 after ghost:1 at wakep \"load_acquire(&sched.npidle)\" #0 visit 1: run m0.1\n", 10,
           &out);
    assert_int_equal(out.grade, REPLAY_UNREACHABLE);
    assert_non_null(strstr(out.detail, "nobody in this program is called 'ghost'"));
    replay_free(&out);
    replay("  main:7 at wakep \"load_acquire(&sched.npidle)\" #0 visit 1: run m0.1\n", 10, &out);
    assert_non_null(strstr(out.detail, "'main' has no operation 7"));
    replay_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locals_may_be_renamed_and_nothing_else),
        cmocka_unit_test(likeness_counts_what_stands_in_both),
        cmocka_unit_test(a_race_elsewhere_is_another_bug),
        cmocka_unit_test(a_race_moves_with_its_line),
        cmocka_unit_test(loops_and_assertions_move_too),
        cmocka_unit_test(the_likest_place_comes_first),
        cmocka_unit_test(places_beside_go_by_lines),
        cmocka_unit_test(a_changed_line_is_drifted),
        cmocka_unit_test(found_near_is_searched),
        cmocka_unit_test(what_is_missing_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
