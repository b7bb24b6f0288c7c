// SPDX-License-Identifier: Apache-2.0
//
// What rt_panic.h promises; see claims.h. The calls of a claim write letters into a trail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/rt_panic.h"
#include "runtime/sched/claims.h"

static char trail[64];
static size_t steps;

static void step(char c)
{
    check(steps + 1 < sizeof(trail));
    trail[steps++] = c;
    trail[steps] = '\0';
}

static void expect_trail(const char *expected)
{
    if (strcmp(trail, expected) != 0)
        rt_fatal(trail);
    steps = 0;
    trail[0] = '\0';
}

static void letter(void *c)
{
    step(*(const char *)c);
}

static void recover_as(void *c)
{
    step(rt_recover(NULL) ? *(const char *)c : '-');
}

static void panic_again(void *text)
{
    rt_panic(text);
}

// Deferred calls --------------------------------------------------------------------------------

static void defers_many(void *arg)
{
    static const char letters[] = "abcdefghijk";
    (void)arg;
    for (int i = 0; i < 11; i++)
        rt_defer(letter, (void *)(uintptr_t)&letters[i]);
    step('(');
}

static void last_first(void *arg)
{
    (void)arg;
    check(rt_call(defers_many, NULL));
    expect_trail("(kjihgfedcba");
    check(!rt_recover(NULL));
}

static void deferred_calls_run_last_first(void **state)
{
    (void)state;
    holds(last_first);
}

// Recovery --------------------------------------------------------------------------------------

static void innermost(void *arg)
{
    rt_defer(letter, "x");
    rt_panic_with("trouble", arg);
}

static void between(void *arg)
{
    rt_defer(letter, "y");
    rt_call(innermost, arg);
    step('!'); // never
}

static void keep(void *what)
{
    check(rt_recover(what));
    check(!rt_recover(NULL));
    step('r');
}

static struct rt_recovered got;

static void outer(void *arg)
{
    rt_defer(letter, "z");
    rt_defer(keep, &got);
    rt_defer(letter, "w");
    rt_call(between, arg);
    step('!');
}

static void across_scopes(void *arg)
{
    int value = 0;
    (void)arg;
    check(!rt_call(outer, &value));
    expect_trail("xywrz");
    check(strcmp(got.text, "trouble") == 0 && got.value == &value);
    check(rt_call(letter, "k"));
    expect_trail("k");
}

static void a_panic_runs_what_is_deferred_until_somebody_recovers(void **state)
{
    (void)state;
    holds(across_scopes);
}

// Registers that functions preserve are those of the caller of rt_call.
static void panics_at_once(void *arg)
{
    (void)arg;
    rt_defer(recover_as, "r");
    rt_panic("p");
}

static void registers(void *arg)
{
    uint64_t a = rt_id(rt_self()), b = a * 3, c = a * 5, d = a * 7, e = a * 11, f = a * 13;
    (void)arg;
    for (uint64_t i = 0; i < 20; i++) {
        check(!rt_call(panics_at_once, NULL));
        check(b == a * 3 + i && c == a * 5 + i && d == a * 7 + i && e == a * 11 + i);
        check(f == a * 13 + i);
        b++, c++, d++, e++, f++;
        __asm__ volatile("" : "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
    }
    expect_trail("rrrrrrrrrrrrrrrrrrrr");
}

static void who_called_finds_its_registers(void **state)
{
    (void)state;
    holds(registers);
}

// Nested ----------------------------------------------------------------------------------------

// A panic in a deferred call takes the place of the one on whose way it was called.
static void replaces(void *arg)
{
    (void)arg;
    rt_defer(panic_again, "second");
    rt_panic("first");
}

static void catches(void *arg)
{
    (void)arg;
    rt_defer(keep, &got);
    rt_call(replaces, NULL);
}

// A panic that is over before the deferred call ends leaves the older one alone.
static void has_trouble_of_its_own(void *arg)
{
    (void)arg;
    check(!rt_call(panics_at_once, NULL));
    step('o');
}

static void survives(void *arg)
{
    (void)arg;
    rt_defer(recover_as, "R");
    rt_defer(has_trouble_of_its_own, NULL);
    rt_panic("first");
}

// Recovered, and then it panics again in the same deferred call.
static void recover_and_panic(void *arg)
{
    (void)arg;
    check(rt_recover(NULL));
    step('1');
    rt_panic("again");
}

static void recovers_twice(void *arg)
{
    (void)arg;
    rt_defer(recover_as, "2");
    rt_defer(recover_and_panic, NULL);
    rt_panic("once");
}

static void in_a_call_of_its_own(void *arg)
{
    (void)arg;
    rt_call(recover_as, "!"); // not the deferred call itself
}

static void too_deep(void *arg)
{
    (void)arg;
    rt_defer(recover_as, "D");
    rt_defer(in_a_call_of_its_own, NULL);
    rt_panic("p");
}

// In a deferred call of a function that has returned.
static void late(void *arg)
{
    (void)arg;
    rt_defer(letter, "a");
    rt_defer(recover_as, "L");
    rt_defer(panic_again, "late");
}

static void nested(void *arg)
{
    (void)arg;
    check(!rt_call(catches, NULL));
    check(strcmp(got.text, "second") == 0);
    expect_trail("r");
    check(!rt_call(survives, NULL));
    expect_trail("roR");
    check(!rt_call(recovers_twice, NULL));
    expect_trail("12");
    check(!rt_call(too_deep, NULL));
    expect_trail("-D");
    check(!rt_call(late, NULL));
    expect_trail("La");
    check(!rt_recover(NULL));
}

static void panics_nest(void **state)
{
    (void)state;
    holds(nested);
}

// Ends ------------------------------------------------------------------------------------------

static void ends_inside(void *arg)
{
    (void)arg;
    rt_defer(recover_as, "!"); // no panic
    rt_goexit();
}

// A panic on the way of the end is recovered; the end goes on.
static void recover_then_end(void *arg)
{
    (void)arg;
    rt_defer(letter, "e");
    rt_defer(recover_as, "R");
    rt_defer(panic_again, "on the way");
    rt_call(ends_inside, NULL);
    step('!');
}

static void ready_main(void *main_goroutine)
{
    step('m');
    rt_ready(main_goroutine);
}

static void whole_goroutine(void *main_goroutine)
{
    rt_defer(ready_main, main_goroutine);
    rt_call(recover_then_end, NULL);
    step('!');
}

static void goroutine(void *main_goroutine)
{
    rt_call(whole_goroutine, main_goroutine);
    step('!');
}

static void exit_from_here(void *main_goroutine)
{
    rt_defer(ready_main, main_goroutine);
    rt_exit();
}

static void exiting_goroutine(void *main_goroutine)
{
    rt_call(exit_from_here, main_goroutine);
    step('!');
}

static void ends(void *arg)
{
    (void)arg;
    rt_go(goroutine, rt_self());
    rt_park();
    expect_trail("-Rem");
    rt_go(exiting_goroutine, rt_self());
    rt_park();
    expect_trail("m");
}

static void the_end_runs_what_is_deferred_and_cannot_be_recovered(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        holds(ends);
}

static void dies(void *arg)
{
    (void)arg;
    rt_call(replaces, NULL);
}

static void no_scope(void *arg)
{
    (void)arg;
    rt_defer(letter, "a");
}

static void what_nobody_recovers_ends_the_process(void **state)
{
    (void)state;
    dies_saying(dies, 2, "panic: first\n");
    dies_saying(dies, 2, "panic: second\n");
    dies_saying(no_scope, 1, "rt_defer: outside of rt_call");
}

// Objects ---------------------------------------------------------------------------------------

struct box {
    uint64_t a, b;
};
RT_TYPE(box_type, struct box, 0);

static uint64_t sum;

static void add_box(void *box)
{
    sum += ((struct box *)box)->a;
    check(((struct box *)box)->b == 1);
}

static __attribute__((noinline)) void defer_box(uint64_t a)
{
    struct box *b = rt_new(&box_type);
    b->a = a;
    b->b = 1;
    rt_defer(add_box, b);
}

static void defers_boxes(void *arg)
{
    (void)arg;
    for (uint64_t i = 0; i < 40; i++)
        defer_box(i);
    for (int i = 0; i < 3; i++)
        rt_gc();
}

static void keeps_arguments(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        sum = 0;
        check(rt_call(defers_boxes, NULL));
        check(sum == 40 * 39 / 2);
    }
}

static void arguments_of_deferred_calls_are_kept_alive(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true, .escape = true};
    holds(keeps_arguments);
    rt_heap_debug = (struct rt_heap_debug){0};
}

// Labels ----------------------------------------------------------------------------------------

static void expect_label(void *main_goroutine)
{
    check(strcmp(rt_label(), "batch") == 0);
    rt_set_label(NULL);
    rt_ready(main_goroutine);
}

static void labels(void *arg)
{
    (void)arg;
    check(rt_label() == NULL);
    rt_set_label("batch");
    rt_go(expect_label, rt_self());
    rt_set_label("other");
    rt_park();
    check(strcmp(rt_label(), "other") == 0);
}

static void labels_are_inherited(void **state)
{
    (void)state;
    holds(labels);
}

// A sanitizer's call stack does not grow by jumps -----------------------------------------------

static __attribute__((noinline)) void dive(int depth)
{
    if (depth == 0)
        rt_panic("deep");
    dive(depth - 1);
    __asm__ volatile(""); // no tail call
}

static void recover_quietly(void *arg)
{
    (void)arg;
    check(rt_recover(NULL));
}

static void dive_50(void *arg)
{
    (void)arg;
    rt_defer(recover_quietly, NULL);
    dive(50);
}

static void a_million(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000000; i++)
        check(!rt_call(dive_50, NULL));
}

static void a_million_recoveries_at_depth_50(void **state)
{
    (void)state;
    holds_on(a_million, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_calls_run_last_first),
        cmocka_unit_test(a_panic_runs_what_is_deferred_until_somebody_recovers),
        cmocka_unit_test(who_called_finds_its_registers),
        cmocka_unit_test(panics_nest),
        cmocka_unit_test(the_end_runs_what_is_deferred_and_cannot_be_recovered),
        cmocka_unit_test(what_nobody_recovers_ends_the_process),
        cmocka_unit_test(arguments_of_deferred_calls_are_kept_alive),
        cmocka_unit_test(labels_are_inherited),
        cmocka_unit_test(a_million_recoveries_at_depth_50),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
