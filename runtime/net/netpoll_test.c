// SPDX-License-Identifier: Apache-2.0
//
// Who polls: a goroutine that waits for the outside is woken whatever else runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/net/net_testing.h"
#include "runtime/net/polldesc.h"

static int outside[2];

static void writes_from_outside(void *unused)
{
    (void)unused;
    host_sleep(20 * MS);
    check(host_write(outside[1], "x", 1) == 1);
}

static void waits_for_the_outside(void *arg)
{
    (void)arg;
    check(host_pipe(outside) == 0);
    int64_t handle = pd_new(outside[0]);
    char c;
    check(host_thread_create(writes_from_outside, NULL, 0) == 0);
    check(rt_read(handle, &c, 1) == 1); // nothing else is there to run, and no timer
}

static void who_waits_for_the_outside_is_no_deadlock(void **state)
{
    (void)state;
    holds(waits_for_the_outside);
}

static void reads_one(void *handle)
{
    char c;
    check(rt_read((int64_t)(intptr_t)handle, &c, 1) == 1);
    one_done();
}

// While it waits for what is written from outside, another goroutine never does.
static void a_reader_beside(void (*one_that_works)(void))
{
    check(host_pipe(outside) == 0);
    begin(1);
    rt_go(reads_one, (void *)(intptr_t)pd_new(outside[0]));
    rt_sleep(MS);
    check(host_thread_create(writes_from_outside, NULL, 0) == 0);
    int64_t from = host_nanotime();
    while (load_relaxed(&left) != 0) {
        one_that_works();
        check(host_nanotime() - from < 5000ll * MS);
    }
}

static void spins(void)
{
    host_spin(1000);
}

// All p's but one are idle, and what runs has work of its own: somebody looks all the same.
static void computes_beside_a_reader(void *arg)
{
    (void)arg;
    a_reader_beside(spins);
}

static void a_reader_runs_beside_one_that_computes(void **state)
{
    (void)state;
    holds_on(computes_beside_a_reader, 2, 0);
}

// The only p is never without work: nobody but sysmon looks.
static void keeps_the_only_p_busy(void *arg)
{
    (void)arg;
    a_reader_beside(rt_preempt_point);
}

static void a_reader_runs_although_nobody_has_time_to_poll(void **state)
{
    (void)state;
    holds_on(keeps_the_only_p_busy, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_for_the_outside_is_no_deadlock),
        cmocka_unit_test(a_reader_runs_beside_one_that_computes),
        cmocka_unit_test(a_reader_runs_although_nobody_has_time_to_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
