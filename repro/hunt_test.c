// SPDX-License-Identifier: Apache-2.0
//
// Hunting and minimizing against a scripted engine: what is kept must be needed, and only what
// replays counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "repro/coverage.h"
#include "repro/edit.h"
#include "repro/fake_engine.h"
#include "repro/hunt.h"
#include "repro/turns.h"

static const char program[] =
    "workload w\nprocs 4\ngoroutine main\n  go a 5\n  go b 2\n  loop 3\n    yield\n  end\n"
    "  ready a#2\n  wait\ngoroutine a\n  yield\n  park\n  loop 2\n    sleep 1us\n  end\n"
    "goroutine b\n  go c\n  set x 1\ngoroutine c\n  get x\n";

static struct workload *workload(void)
{
    struct text_error err;
    struct workload *w = workload_parse(program, strlen(program), 1, &err);

    if (w == NULL)
        fail_msg("%u:%u: %s", err.line, err.col, err.message);
    return w;
}

struct finds {
    uint32_t n, replayed;
    size_t choices;
    uint32_t operations, procs;
    char text[4096];
};

static void note(struct hunt_find *f, void *arg)
{
    struct finds *finds = arg;
    FILE *out = fmemopen(finds->text, sizeof finds->text, "w");

    finds->n++;
    finds->replayed += f->replayed;
    finds->choices = f->c.choices;
    finds->operations = f->operations;
    finds->procs = f->c.program->procs;
    case_print(&f->c, out);
    fclose(out);
}

static void run_under(const char *memories, struct finds *finds, struct hunt_stats *stats,
                      uint64_t executions, bool stop)
{
    static const char *const strategies[] = {"random", "pct2"};
    struct workload *w = workload();
    struct hunt_params p = {.workloads = &w,
                            .nworkloads = 1,
                            .strategies = strategies,
                            .nstrategies = 2,
                            .seed = 7,
                            .parts = 1,
                            .executions = executions,
                            .stop_at_first = stop,
                            .found_by = "test",
                            .find = note,
                            .arg = finds};

    if (strstr(memories, "sc"))
        p.memories[p.nmemories++] = SIM_SC;
    if (strstr(memories, "tso"))
        p.memories[p.nmemories++] = SIM_TSO;
    *finds = (struct finds){0};
    hunt(&p, stats);
    workload_free(w);
}

static void run(struct finds *finds, struct hunt_stats *stats, uint64_t executions, bool stop)
{
    run_under("sc", finds, stats, executions, stop);
}

static void what_is_left_is_what_is_needed(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake = (struct fake){
        .needed = {WL_PARK, WL_GET}, .nneeded = 2, .procs = 3, .walk = 40, .symptom = "x"};
    run(&finds, &stats, 5000, true);
    assert_int_equal(finds.n, 1);
    assert_int_equal(finds.replayed, 1);
    assert_int_equal(finds.choices, 2);
    assert_int_equal(finds.procs, 3);
    assert_int_equal(finds.operations, 5); // go a, park; go b, go c, get x
    assert_non_null(strstr(finds.text,
                           "goroutine main\n      go a\n      go b\n  goroutine a\n      park\n"
                           "  goroutine b\n      go c\n  goroutine c\n      get x\n"));
}

// The fake engine's matrix: a cell for programs with an even number of p's, one for odd.
enum { CELLS = 2 };

static bool adaptive;

static void hunt_three(uint32_t procs[3], uint64_t executions, uint64_t counts[3 * CELLS])
{
    static const char *const strategies[] = {"random"};
    struct workload *w[3] = {workload(), workload(), workload()};
    struct finds finds = {0};
    struct hunt_stats stats;
    struct hunt_params p = {.workloads = w,
                            .nworkloads = 3,
                            .strategies = strategies,
                            .nstrategies = 1,
                            .nmemories = 1,
                            .parts = 1,
                            .executions = executions,
                            .found_by = "test",
                            .coverage = counts,
                            .adaptive = adaptive,
                            .find = note,
                            .arg = &finds};

    for (int i = 0; i < 3; i++)
        w[i]->procs = procs[i];
    memset(counts, 0, 3 * CELLS * sizeof *counts);
    hunt(&p, &stats);
    assert_int_equal(stats.executions, executions);
    for (int i = 0; i < 3; i++)
        workload_free(w[i]);
}

// Each execution of the hunt counts in its workload's row; those that make a finding small do not.
static void what_a_workload_meets_counts_for_it(void **state)
{
    uint32_t procs[3] = {4, 4, 3};
    uint64_t counts[3 * CELLS];
    uint32_t met, alone;

    (void)state;
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .walk = 40, .symptom = "x"};
    hunt_three(procs, 3 * 32, counts);
    const uint64_t expect[3 * CELLS] = {32, 0, 32, 0, 0, 32};
    assert_memory_equal(counts, expect, sizeof expect);
    struct coverage_sum sum = coverage_add_up(counts, 3);
    assert_int_equal(sum.met, 2);
    assert_int_equal(sum.holes + sum.impossible + sum.strange, 0);
    coverage_share(counts, 3, 0, &met, &alone);
    assert_true(met == 1 && alone == 0);
    coverage_share(counts, 3, 2, &met, &alone);
    assert_true(met == 1 && alone == 1);
}

// Every other slice goes around; of the others the program that meets new things has most, but not
// all: what was given up is tried again. Twice the same is the same.
static void an_adaptive_hunt_goes_where_new_things_are_met(void **state)
{
    uint32_t procs[3] = {4, 4, 3};
    uint64_t counts[3 * CELLS], again[3 * CELLS];

    (void)state;
    fake = (struct fake){.needed = {WL_PARK}, .nneeded = 1, .procs = 99, .walk = 4, .new_pairs = 3};
    adaptive = true;
    hunt_three(procs, 600 * 32, counts);
    assert_in_range(counts[0], 100 * 32, 160 * 32);
    assert_in_range(counts[2], 100 * 32, 160 * 32);
    assert_in_range(counts[5], 320 * 32, 400 * 32);
    fake.executions = 0;
    hunt_three(procs, 600 * 32, again);
    assert_memory_equal(counts, again, sizeof counts);
    fake.new_pairs = 0; // nothing pays: all alike
    hunt_three(procs, 600 * 32, counts);
    assert_in_range(counts[5], 180 * 32, 220 * 32);
    fake.many_pairs = 3; // nor does what is met again
    hunt_three(procs, 600 * 32, counts);
    assert_in_range(counts[5], 150 * 32, 250 * 32);
    adaptive = false;
}

// Random walk and PCT have at least half, and each workload meets each of them under each model,
// with sysmon frozen and without.
static void an_adaptive_plan_leaves_nothing_out(void **state)
{
    enum { WORKLOADS = 4, STRATEGIES = 6, PLAIN = 4, SLICES = 2000 };
    static const char *const strategies[STRATEGIES] = {"random", "pct2",  "pos",
                                                       "pct3",   "burst", "random"};
    struct workload *w[WORKLOADS];
    bool met[WORKLOADS][STRATEGIES][2][2] = {0};
    uint32_t of_plain = 0, of_burst = 0, all = 0;
    struct turns turns;
    const struct hunt_params p = {.workloads = w,
                                  .nworkloads = WORKLOADS,
                                  .strategies = strategies,
                                  .nstrategies = STRATEGIES,
                                  .memories = {SIM_SC, SIM_TSO},
                                  .nmemories = 2,
                                  .parts = 1,
                                  .adaptive = true};

    (void)state;
    for (int i = 0; i < WORKLOADS; i++)
        w[i] = workload();
    turns_begin(&turns, &p);
    assert_true(turns.adaptive);
    for (uint32_t slice = 0; slice < SLICES; slice++) {
        struct turn t = turns_next(&turns, slice);

        if (slice < WORKLOADS)
            assert_int_equal(t.arm[0], slice);
        of_plain += t.arm[1] != 2 && t.arm[1] != 4;
        of_burst += t.arm[1] == 4;
        if (slice < WORKLOADS || (slice - WORKLOADS) % 2 == 0) // of the even half
            met[t.arm[0]][t.arm[1]][t.arm[2]][t.frozen] = true;
        turns_pay(&turns, &t, t.arm[1] == 4 ? 1 : 0, 1000); // burst pays
    }
    turns_end(&turns);
    assert_in_range(of_plain, SLICES / 2, SLICES * 6 / 10);
    assert_in_range(of_burst, SLICES * 4 / 10, SLICES / 2);
    for (int i = 0; i < WORKLOADS * STRATEGIES * 4; i++)
        all += (&met[0][0][0][0])[i];
    assert_int_equal(all, WORKLOADS * PLAIN * 4);
    for (int i = 0; i < WORKLOADS; i++)
        workload_free(w[i]);
}

// A quarter of the slices, of every strategy; minimizing and the case keep it.
static void what_needs_sysmon_frozen_is_found(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake = (struct fake){
        .needed = {WL_YIELD}, .nneeded = 1, .walk = 40, .frozen = true, .symptom = "x"};
    run(&finds, &stats, 8 * 32, false);
    assert_int_equal(finds.n, 1);
    assert_int_equal(finds.replayed, 1);
    assert_non_null(strstr(finds.text, "memory sc\nsysmon frozen\nfound "));
    assert_in_range(stats.hits, 1, 2 * 32);
    fake.frozen = false;
    run(&finds, &stats, 32, false);
    assert_null(strstr(finds.text, "frozen"));
}

// What needs a held store is met in the slices of that model alone, and its case says so; what does
// not is a case of the simpler model, wherever it was met.
static void a_case_names_the_memory_that_it_needs(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake =
        (struct fake){.needed = {WL_YIELD}, .nneeded = 1, .held = true, .walk = 40, .symptom = "x"};
    run_under("sc", &finds, &stats, 500, true);
    assert_int_equal(finds.n, 0);
    run_under("sc,tso", &finds, &stats, 500, true);
    assert_int_equal(finds.n, 1);
    assert_int_equal(finds.replayed, 1);
    assert_non_null(strstr(finds.text, "\nmemory tso\n"));
    assert_non_null(strstr(finds.text, ": hold\n"));
    fake.frozen = true;
    run_under("sc,tso", &finds, &stats, 16 * 32, false);
    assert_int_equal(finds.n, 1);
    assert_non_null(strstr(finds.text, "\nmemory tso\nsysmon frozen\nfound "));
    assert_in_range(stats.hits, 1, 2 * 32);
    fake.held = fake.frozen = false;
    run_under("tso", &finds, &stats, 500, true);
    assert_int_equal(finds.replayed, 1);
    assert_non_null(strstr(finds.text, "\nmemory sc\n"));
    assert_null(strstr(finds.text, "hold"));
}

static void one_signature_is_told_once(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake = (struct fake){.needed = {WL_YIELD}, .nneeded = 1, .walk = 40, .symptom = "x"};
    run(&finds, &stats, 500, false);
    assert_int_equal(finds.n, 1);
    assert_int_equal(stats.executions, 500);
    assert_true(stats.hits > 10);
}

static void what_does_not_replay_counts_for_nothing(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake = (struct fake){
        .needed = {WL_YIELD}, .nneeded = 1, .walk = 40, .symptom = "x", .flaky = true};
    run(&finds, &stats, 500, true);
    assert_int_equal(finds.n, 1);
    assert_int_equal(finds.replayed, 0);
}

static void nothing_is_found_where_nothing_is(void **state)
{
    struct finds finds;
    struct hunt_stats stats;

    (void)state;
    fake = (struct fake){.needed = {WL_EXIT}, .nneeded = 1, .walk = 40, .symptom = "x"};
    run(&finds, &stats, 500, false);
    assert_int_equal(finds.n, 0);
    assert_int_equal(stats.hits, 0);
}

static void minimizing_leaves_alone_what_does_not_replay(void **state)
{
    struct repro r = {.w = workload(), .signature = "race: x"};
    struct sim_choice c = {
        .kind = SIM_RUN, .actor = sim_intern("a"), .op = 1, .site = 2, .visit = 1, .value = 1};
    struct minimize_limits limits = minimize_limits_default(1);
    struct workload *before = r.w;
    uint64_t spent;

    (void)state;
    fake = (struct fake){.needed = {WL_GET}, .nneeded = 1, .symptom = "x"};
    sim_schedule_push(&r.schedule, &c);
    assert_false(minimize(&r, &limits, &spent));
    assert_ptr_equal(r.w, before);
    assert_int_equal(r.schedule.n, 1);
    assert_int_equal(spent, 1);
    repro_free(&r);
}

static uint64_t size_of(const struct workload *w)
{
    uint64_t size = w->ops + w->instances + w->procs;

    for (uint32_t i = 0; i < w->ops; i++)
        size += w->op[i].kind == WL_LOOP ? (uint64_t)w->op[i].number : 0;
    return size;
}

static void edits_make_programs_smaller(void **state)
{
    struct workload *w = workload();
    struct sim_schedule from = {0}, to;
    uint32_t made = 0;

    (void)state;
    for (uint32_t i = 0; i < edit_count(w); i++) {
        struct workload *smaller = edit_apply(w, i, &from, &to);

        if (smaller == NULL)
            continue;
        made++;
        assert_true(size_of(smaller) < size_of(w));
        sim_schedule_free(&to);
        workload_free(smaller);
    }
    assert_true(made > 15);
    workload_free(w);
}

// A choice in `park` of a#2 stays with the park as long as both are there.
static void choices_move_with_their_operations(void **state)
{
    struct workload *w = workload();
    struct sim_schedule from = {0}, to;
    struct sim_choice c = {.kind = SIM_RUN, .actor = sim_intern("a#2"), .op = 1, .visit = 1};
    uint32_t stayed = 0, moved = 0, gone = 0;

    (void)state;
    sim_schedule_push(&from, &c);
    for (uint32_t i = 0; i < edit_count(w); i++) {
        struct workload *smaller = edit_apply(w, i, &from, &to);

        if (smaller == NULL)
            continue;
        int32_t instance = workload_instance_find(smaller, "a#2");
        assert_int_equal(to.n, instance >= 0);
        if (instance >= 0) {
            const struct wl_body *a = &smaller->body[smaller->instance[instance].body];
            uint32_t index = wl_op_index(to.v[0].op);

            if (index < a->count && smaller->op[a->first + index].kind == WL_PARK) {
                stayed += index == 1;
                moved += index == 0;
            } else { // the park itself went: its successor
                assert_int_equal(index, 1);
                gone++;
            }
        }
        sim_schedule_free(&to);
        workload_free(smaller);
    }
    assert_true(stayed > 10);
    assert_int_equal(moved, 1); // a's yield went
    assert_int_equal(gone, 1);
    sim_schedule_free(&from);
    workload_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_is_what_is_needed),
        cmocka_unit_test(what_a_workload_meets_counts_for_it),
        cmocka_unit_test(an_adaptive_hunt_goes_where_new_things_are_met),
        cmocka_unit_test(an_adaptive_plan_leaves_nothing_out),
        cmocka_unit_test(what_needs_sysmon_frozen_is_found),
        cmocka_unit_test(a_case_names_the_memory_that_it_needs),
        cmocka_unit_test(one_signature_is_told_once),
        cmocka_unit_test(what_does_not_replay_counts_for_nothing),
        cmocka_unit_test(nothing_is_found_where_nothing_is),
        cmocka_unit_test(minimizing_leaves_alone_what_does_not_replay),
        cmocka_unit_test(edits_make_programs_smaller),
        cmocka_unit_test(choices_move_with_their_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
