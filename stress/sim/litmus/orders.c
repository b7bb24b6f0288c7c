// SPDX-License-Identifier: Apache-2.0
//
// Programs whose orders of operations strategy_test.c counts: each operation is one point, and no
// thread ever waits.

#include "stress/sim/litmus/litmus.h"

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

static atomic_u32 shared, own;

static void on_shared(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_relaxed(&shared, 1);
}

static void one_shared(void *arg)
{
    (void)arg;
    on_shared(1);
}

static void three_shared(void *arg)
{
    (void)arg;
    on_shared(3);
}

static void child_with_three_shared(void *arg)
{
    host_thread_create(three_shared, arg, 0);
}

static void five_shared(void *arg)
{
    (void)arg;
    on_shared(5);
}

static void twenty_shared(void *arg)
{
    (void)arg;
    on_shared(20);
}

static void twenty_own_one_shared(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 20; i++)
        add_relaxed(&own, 1);
    on_shared(1);
}

static void many_shared(void *arg)
{
    (void)arg;
    on_shared(4000);
}

const struct litmus litmus_three_and_three = {
    "three and three", NULL, 2, {three_shared, three_shared}};
const struct litmus litmus_child_and_three = {
    "child and three", NULL, 2, {child_with_three_shared, three_shared}};
const struct litmus litmus_one_and_five = {"one and five", NULL, 2, {one_shared, five_shared}};
const struct litmus litmus_one_and_twenty = {
    "one and twenty", NULL, 2, {one_shared, twenty_shared}};
const struct litmus litmus_one_and_late = {
    "one and late", NULL, 2, {one_shared, twenty_own_one_shared}};
const struct litmus litmus_many = {"many", NULL, 3, {many_shared, many_shared, many_shared}};
