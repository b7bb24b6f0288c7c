// SPDX-License-Identifier: Apache-2.0
//
// What a run queue promises, on one thread: order, half-steal, overflow, and that no g is lost or
// doubled. What it promises between threads is the business of the stress test and of simulation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/sched/testing.h"

enum { GS = 4 * RUNQ_SIZE };

static struct g gs[GS];
static int seen[GS];

static int setup(void **state)
{
    (void)state;
    testing_init();
    for (uint32_t i = 0; i < GS; i++) {
        testing_g(&gs[i], i + 1);
        seen[i] = 0;
    }
    for (int i = 0; i < TESTING_PROCS; i++)
        assert_true(runqempty(allp[i]));
    return 0;
}

static void see(struct g *gp)
{
    assert_non_null(gp);
    assert_in_range((uintptr_t)gp, (uintptr_t)gs, (uintptr_t)(gs + GS) - 1);
    seen[gp - gs]++;
}

static uint32_t drain(struct p *pp)
{
    bool inherit;
    uint32_t n = 0;
    for (struct g *gp = runqget(pp, &inherit); gp != NULL; gp = runqget(pp, &inherit), n++)
        see(gp);
    return n;
}

static uint32_t drain_global(struct p *pp)
{
    uint32_t n = 0;
    lock(&sched.lock);
    for (struct g *gp = globrunqget_locked(pp, 1); gp != NULL; gp = globrunqget_locked(pp, 1), n++)
        see(gp);
    unlock(&sched.lock);
    return n;
}

static void each_seen_once(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(seen[i], 1);
}

static void runq_is_first_in_first_out(void **state)
{
    (void)state;
    bool inherit = true;
    for (int i = 0; i < RUNQ_SIZE; i++)
        runqput(allp[0], &gs[i], false);
    for (int i = 0; i < RUNQ_SIZE; i++) {
        assert_ptr_equal(runqget(allp[0], &inherit), &gs[i]);
        assert_false(inherit);
    }
    assert_null(runqget(allp[0], &inherit));
}

static void runnext_goes_first_and_kicks_out_its_predecessor(void **state)
{
    (void)state;
    bool inherit;
    runqput(allp[0], &gs[0], false);
    runqput(allp[0], &gs[1], true);
    runqput(allp[0], &gs[2], true); // gs[1] goes to the end
    assert_ptr_equal(runqget(allp[0], &inherit), &gs[2]);
    assert_true(inherit);
    assert_ptr_equal(runqget(allp[0], &inherit), &gs[0]);
    assert_false(inherit);
    assert_ptr_equal(runqget(allp[0], &inherit), &gs[1]);
    assert_true(runqempty(allp[0]));
}

static void runqempty_sees_a_lone_runnext(void **state)
{
    (void)state;
    runqput(allp[0], &gs[0], true);
    assert_false(runqempty(allp[0]));
    assert_int_equal(drain(allp[0]), 1);
}

static void runq_overflow_moves_half_and_the_newcomer(void **state)
{
    (void)state;
    for (int i = 0; i <= RUNQ_SIZE; i++)
        runqput(allp[0], &gs[i], false);
    assert_int_equal(load_relaxed(&sched.runqsize), RUNQ_SIZE / 2 + 1);
    assert_int_equal(drain_global(allp[0]), RUNQ_SIZE / 2 + 1);
    assert_int_equal(drain(allp[0]), RUNQ_SIZE / 2);
    each_seen_once(RUNQ_SIZE + 1);
}

static void runq_steal_takes_half_and_loses_none(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= RUNQ_SIZE; n++) {
        setup(NULL);
        for (uint32_t i = 0; i < n; i++)
            runqput(allp[0], &gs[i], false);
        see(runqsteal(allp[1], allp[0], false));
        uint32_t half = n - n / 2;
        assert_int_equal(drain(allp[1]), half - 1);
        assert_int_equal(drain(allp[0]), n - half);
        each_seen_once(n);
    }
}

static void runq_steal_leaves_runnext_until_asked(void **state)
{
    (void)state;
    runqput(allp[0], &gs[0], true);
    assert_null(runqsteal(allp[1], allp[0], false));
    assert_ptr_equal(runqsteal(allp[1], allp[0], true), &gs[0]);
    assert_true(runqempty(allp[0]));
    assert_true(runqempty(allp[1]));
}

static void runq_survives_the_wrap_of_its_counters(void **state)
{
    (void)state;
    struct p *pp = allp[0];
    uint32_t near = UINT32_MAX - RUNQ_SIZE / 2;
    store_relaxed(&pp->runqhead, near);
    store_relaxed(&pp->runqtail, near);
    for (int i = 0; i <= RUNQ_SIZE; i++)
        runqput(pp, &gs[i], false);
    see(runqsteal(allp[1], pp, false));
    drain(allp[1]);
    drain(pp);
    drain_global(pp);
    each_seen_once(RUNQ_SIZE + 1);
}

static void globrunqget_takes_a_fair_share(void **state)
{
    (void)state;
    enum { N = RUNQ_SIZE };
    lock(&sched.lock);
    for (int i = 0; i < N; i++)
        globrunqput_locked(&gs[i]);
    see(globrunqget_locked(allp[0], 0));
    unlock(&sched.lock);
    uint32_t share = N / TESTING_PROCS + 1;
    if (share > RUNQ_SIZE / 2)
        share = RUNQ_SIZE / 2;
    assert_int_equal(drain(allp[0]), share - 1);
    assert_int_equal(drain_global(allp[0]), N - share);
    each_seen_once(N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(runq_is_first_in_first_out, setup),
        cmocka_unit_test_setup(runnext_goes_first_and_kicks_out_its_predecessor, setup),
        cmocka_unit_test_setup(runqempty_sees_a_lone_runnext, setup),
        cmocka_unit_test_setup(runq_overflow_moves_half_and_the_newcomer, setup),
        cmocka_unit_test_setup(runq_steal_takes_half_and_loses_none, setup),
        cmocka_unit_test_setup(runq_steal_leaves_runnext_until_asked, setup),
        cmocka_unit_test_setup(runq_survives_the_wrap_of_its_counters, setup),
        cmocka_unit_test_setup(globrunqget_takes_a_fair_share, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
