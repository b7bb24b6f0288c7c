// SPDX-License-Identifier: Apache-2.0
//
// The pool of stacks, without goroutines: the test's thread is m0 and holds p 0.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <unistd.h>

#include "runtime/host/host.h"
#include "runtime/sched/testing.h"

enum { N = 7 * STACK_ARENA + 5 }; // regions of one, one, two, four arenas

static struct stack stacks[N];

static void take(uint32_t class)
{
    for (int i = 0; i < N; i++)
        stacks[i] = stackalloc(allp[i % TESTING_PROCS], class);
}

static void give(void)
{
    for (int i = 0; i < N; i++)
        stackfree(allp[i % TESTING_PROCS], &stacks[i]);
}

// All of one class, whole, apart from each other by a guard at least, open at the top.
static void assert_stacks(uint32_t class)
{
    for (int i = 0; i < N; i++) {
        const struct stack *s = &stacks[i];
        assert_int_equal(s->class, class);
        assert_int_equal(s->hi - s->lo, (size_t)STACK_MIN_BYTES << class);
        assert_true(s->hi - s->open >= STACK_INITIAL_BYTES && s->open >= s->lo);
        *(volatile char *)s->open = 1;
        *(volatile char *)(s->hi - 1) = 1;
        for (int k = 0; k < i; k++)
            assert_true(s->hi + STACK_GUARD_BYTES <= stacks[k].lo ||
                        stacks[k].hi + STACK_GUARD_BYTES <= s->lo);
    }
}

static void classes_are_the_next_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(stack_class(1), 0);
    assert_int_equal(stack_class(STACK_MIN_BYTES), 0);
    assert_int_equal(stack_class(STACK_MIN_BYTES + 1), 1);
    assert_int_equal(stack_class(STACK_MAX_BYTES), STACK_CLASSES - 1);
}

static void no_stack_is_given_out_twice(void **state)
{
    (void)state;
    testing_init();
    for (uint32_t class = 0; class < 6; class ++) {
        for (int round = 0; round < 3; round++) {
            take(class);
            assert_stacks(class);
            give();
        }
    }
}

static uintptr_t lowest, highest;

static void note_bounds(void)
{
    lowest = UINTPTR_MAX;
    highest = 0;
    for (int i = 0; i < N; i++) {
        lowest = stacks[i].lo < lowest ? stacks[i].lo : lowest;
        highest = stacks[i].hi > highest ? stacks[i].hi : highest;
    }
}

static bool is_open(uintptr_t addr)
{
    // the kernel reads on our behalf, and refuses what is closed
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    bool open = write(fd[1], (const void *)addr, 1) == 1;
    close(fd[0]);
    close(fd[1]);
    return open;
}

// What p's keep and what the pool keeps goes back; the same address space is used again, and reads
// as zero.
static void released_stacks_are_closed_and_come_again(void **state)
{
    (void)state;
    testing_init();
    const uint32_t class = 2;
    take(class);
    note_bounds();
    uintptr_t one = stacks[N / 2].hi - 4000, lo = lowest, hi = highest;
    *(volatile char *)one = 42;
    give();
    assert_true(is_open(one));
    for (int i = 0; i < TESTING_PROCS; i++) {
        stackcache_clear(allp[i]);
        assert_int_equal(allp[i]->stackcache[class].n, 0);
    }
    stackpool_release();
    assert_false(is_open(one));
    take(class);
    assert_stacks(class);
    note_bounds();
    assert_int_equal(lowest, lo);
    assert_int_equal(highest, hi);
    assert_true(is_open(one));
    assert_int_equal(*(volatile char *)one, 0);
    give();
}

static void a_p_keeps_few(void **state)
{
    (void)state;
    testing_init();
    take(1);
    for (int i = 0; i < N; i++) {
        stackfree(allp[0], &stacks[i]);
        assert_int_equal(stacks[i].hi, 0);
        assert_true(allp[0]->stackcache[1].n < STACK_CACHE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_the_next_power_of_two),
        cmocka_unit_test(no_stack_is_given_out_twice),
        cmocka_unit_test(released_stacks_are_closed_and_come_again),
        cmocka_unit_test(a_p_keeps_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
