// SPDX-License-Identifier: Apache-2.0
//
// Stacks that grow, shrink, overflow and are used again, by running goroutines: each claim in a
// process of its own, as in sched/proc_test.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <stdio.h>

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/sched/death.h"
#include "runtime/sched/sched.h"

static struct {
    void (*fn)(void *);
    struct rt_config config;
} claim;
static char text[16384];

static void run_claim(void)
{
    signal(SIGSEGV, SIG_DFL); // cmocka has taken it, or a sanitizer
    rt_main(&claim.config, claim.fn, NULL);
}

static int status_of(void (*fn)(void *), int32_t procs, uint32_t step_bytes)
{
    claim.fn = fn;
    claim.config = (struct rt_config){.procs = procs, .stack_step_bytes = step_bytes};
    return death_of(run_claim, text, sizeof(text));
}

static void holds(void (*fn)(void *), int32_t procs, uint32_t step_bytes)
{
    int status = status_of(fn, procs, step_bytes);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("procs %d: wait status %#x\n%s", procs, (unsigned)status, text);
}

#define check(c) ((c) ? (void)0 : rt_fatal("check failed: " #c))

// A frame of at least 256 bytes, both ends used; `at_bottom` runs in the deepest.
static __attribute__((noinline)) void dive(uint32_t depth, void (*at_bottom)(void))
{
    uint32_t frame[56];
    frame[0] = depth;
    frame[55] = ~depth;
    __asm__ volatile("" : : "r"(frame) : "memory");
    if (depth > 1)
        dive(depth - 1, at_bottom);
    else if (at_bottom != NULL)
        at_bottom();
    check(frame[0] == depth && frame[55] == ~depth);
}

static size_t open_bytes(const struct g *gp)
{
    return gp->stack.hi - gp->stack.open;
}

// Half of the default reservation; instrumented frames are larger than others.
enum { DEPTH = STACK_BYTES / 1024 };

// Growth ----------------------------------------------------------------------------------

static uint64_t growths(void)
{
    struct rt_stats s;
    rt_stats_now(&s);
    return s.stack_growths;
}

static void grows(void *arg)
{
    (void)arg;
    const struct g *gp = rt_self();
    size_t before = open_bytes(gp);
    uint64_t count = growths();
    dive(DEPTH, NULL);
    check(open_bytes(gp) >= DEPTH * 256 && open_bytes(gp) > before);
    check(open_bytes(gp) <= STACK_BYTES);
    // doubling: few faults, whatever the size
    check(growths() > count && growths() - count <= 12);
    count = growths();
    dive(DEPTH, NULL);
    check(growths() == count); // it stays open
}

static void grows_by_pages(void *arg)
{
    (void)arg;
    const struct g *gp = rt_self();
    size_t before = open_bytes(gp);
    uint64_t count = growths();
    dive(DEPTH, NULL);
    check(growths() - count == (open_bytes(gp) - before) / HOST_PAGE_BYTES);
    check(growths() - count >= DEPTH * 256 / HOST_PAGE_BYTES - 2);
}

static void a_stack_doubles_when_it_is_full(void **state)
{
    (void)state;
    holds(grows, 1, 0);
    holds(grows, 3, 0);
}

static void a_setting_makes_it_grow_by_single_pages(void **state)
{
    (void)state;
    holds(grows_by_pages, 1, HOST_PAGE_BYTES);
    assert_int_not_equal(status_of(grows_by_pages, 1, HOST_PAGE_BYTES + 1), 0);
    assert_non_null(strstr(text, "stack_step_bytes is not a number of pages"));
}

static void event_is_there(void *arg)
{
    (void)arg;
    dive(DEPTH, NULL);
    const struct p *pp = allp[0];
    for (uint64_t i = 0; i < pp->nevents && i < EVENT_RING; i++) {
        if (pp->events[i].gid_kind == (rt_id(rt_self()) << 8 | EV_STACK_GROW))
            return;
    }
    rt_fatal("no event");
}

static void growth_is_an_event(void **state)
{
    (void)state;
    holds(event_is_there, 1, 0);
}

static atomic_u32 ended;

static void dive_and_end(void *depth)
{
    dive((uint32_t)(uintptr_t)depth, rt_yield);
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

// On several p's, and stacks of dead goroutines are used again.
static void many_grow(void *arg)
{
    (void)arg;
    for (uint32_t i = 1; i <= 40; i++) {
        for (uint32_t k = 1; k <= 4; k++)
            rt_go(dive_and_end, (void *)(uintptr_t)(k * DEPTH / 4));
        while (load_acquire(&ended) < 4 * i) // pairs [test.ended]
            rt_yield();
    }
}

static void stacks_grow_on_several_ps(void **state)
{
    (void)state;
    holds(many_grow, 3, 0);
    holds(many_grow, 3, HOST_PAGE_BYTES);
}

// Limits ----------------------------------------------------------------------------------

enum { LARGE_BYTES = 16 * STACK_BYTES };

static void dive_large(void *arg)
{
    (void)arg;
    dive(8 * DEPTH, NULL);
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void ends_at_once(void *arg)
{
    (void)arg;
}

static void large_stack(void *arg)
{
    (void)arg;
    const struct rt_go_attr attr = {.stack_bytes = LARGE_BYTES - 1};
    struct g *gp = rt_go_with(&attr, dive_large, NULL);
    check(gp->stack.hi - gp->stack.lo == LARGE_BYTES);
    while (load_acquire(&ended) == 0) // pairs [test.ended]
        rt_yield();
    const struct rt_go_attr none = {0};
    gp = rt_go_with(&none, ends_at_once, NULL);
    check(gp->stack.hi - gp->stack.lo == STACK_BYTES);
}

static void an_attribute_gives_a_larger_stack(void **state)
{
    (void)state;
    holds(large_stack, 1, 0);
}

static void too_large(void *arg)
{
    const struct rt_go_attr attr = {.stack_bytes = (size_t)STACK_MAX_BYTES + 1};
    rt_go_with(&attr, dive_large, arg);
}

static void for_ever(void *arg)
{
    (void)arg;
    dive(UINT32_MAX, NULL);
}

// One frame of several reservations, of which only `at` is touched, in the open part of the stack
// below: the compiler must have touched page after page on the way there.
static __attribute__((noinline)) void one_frame(uintptr_t at)
{
    volatile char frame[4 * STACK_BYTES];
    uintptr_t i = at - (uintptr_t)frame;
    if (i < sizeof(frame))
        frame[i] = 1;
}

static void wait_below(void *arg)
{
    (void)arg;
    rt_park();
}

static void jump_over_guard(void *arg)
{
    (void)arg;
    const struct g *below = rt_go(wait_below, NULL);
    check(below->stack.hi < rt_self()->stack.lo);
    one_frame(below->stack.hi - 128);
    rt_fatal("the guard was jumped over");
}

static void jump_from_deep(void)
{
    jump_over_guard(NULL);
}

static void jump_over_guard_deep(void *arg)
{
    (void)arg;
    dive(DEPTH / 2, jump_from_deep);
}

static void dies_of_overflow(void (*fn)(void *))
{
    int status = status_of(fn, 2, 0);
    char limit[160];
    snprintf(limit, sizeof(limit),
             "runtime: goroutine stack exceeds %d-byte limit\n"
             "fatal error: stack overflow\ngoroutine 1 [running]: fn=0x",
             STACK_BYTES);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(text, limit) == NULL ||
        strstr(text, "\n    #0 pc=0x") == NULL || strstr(text, "\n    depth ") == NULL)
        fail_msg("wait status %#x\n%s", (unsigned)status, text);
}

static void an_overflow_is_a_clear_error(void **state)
{
    (void)state;
    dies_of_overflow(for_ever);
    dies_of_overflow(jump_over_guard);
    dies_of_overflow(jump_over_guard_deep);
    assert_int_not_equal(status_of(too_large, 1, 0), 0);
    assert_non_null(strstr(text, "rt_go_attr.stack_bytes is out of range"));
}

// Overflow beside others: they run, wait and hold the runtime's locks on other threads, and the
// report needs none of them.

// While locks are held nobody may come to the scheduler: both compute in between.
static atomic_u32 present, computing, holding;

static void hold_locks(void *unused)
{
    (void)unused;
    lock(&sched.lock);
    lock(&allp_lock);
    store_release(&holding, 1); // pairs [test.holding]
    host_sleep(INT64_MAX / 2);
}

static void holds_locks(void *arg)
{
    (void)arg;
    store_relaxed(&present, 1);
    while (load_relaxed(&computing) == 0)
        host_relax();
    systemstack(hold_locks, NULL);
}

static void dives(void *arg)
{
    (void)arg;
    dive(DEPTH / 4, rt_yield);
}

static void churns(void *arg)
{
    for (;;) {
        rt_go(dives, arg);
        rt_yield();
    }
}

static void surround(void)
{
    alarm(30); // who hangs dies of it, and says nothing
    for (int i = 0; i < 4; i++)
        rt_go(churns, NULL);
    rt_sleep(1000000);
}

static void wait_for_locks(void)
{
    rt_go(holds_locks, NULL);
    while (load_relaxed(&present) == 0)
        rt_yield();
    store_relaxed(&computing, 1);
    while (load_acquire(&holding) == 0) // pairs [test.holding]
        host_relax();
}

static void overflow_beside_others(void *arg)
{
    surround();
    for_ever(arg);
}

static void overflow_beside_locks(void *arg)
{
    surround();
    wait_for_locks();
    for_ever(arg);
}

static void overflow_tied(void *arg)
{
    rt_lock_thread();
    surround();
    for_ever(arg);
}

static void overflow_after_call(void *arg)
{
    surround();
    rt_entersyscallblock();
    host_sleep(1000000);
    rt_exitsyscall(); // on another p, most likely
    for_ever(arg);
}

static void overflow_in_call(void *arg)
{
    surround();
    rt_entersyscall();
    for_ever(arg);
}

static void an_overflow_beside_others_is_a_clear_error(void **state)
{
    (void)state;
    void (*const overflowing[])(void *) = {overflow_beside_others, overflow_beside_locks,
                                           overflow_tied, overflow_after_call, overflow_in_call};
    for (size_t i = 0; i < sizeof(overflowing) / sizeof(overflowing[0]); i++)
        dies_of_overflow(overflowing[i]);
}

static void stray_pointer(void *arg)
{
    (void)arg;
    *(volatile char *)rt_self()->stack.lo = 1; // far below the stack pointer
}

static void null_pointer(void *arg)
{
    (void)arg;
    *(volatile char *)8 = 1;
}

static void into_another_stack(void *arg)
{
    (void)arg;
    const struct g *gp = rt_go(for_ever, NULL);
    *(volatile char *)(gp->stack.open - 1) = 1;
}

static void other_faults_are_plain_crashes(void **state)
{
    (void)state;
    void (*const stray[])(void *) = {stray_pointer, null_pointer, into_another_stack};
    for (size_t i = 0; i < sizeof(stray) / sizeof(stray[0]); i++) {
        int status = status_of(stray[i], 1, 0);
        assert_null(strstr(text, "stack overflow"));
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
}

// Shrinking -------------------------------------------------------------------------------

static void park_deep(void *main_goroutine)
{
    dive(DEPTH, NULL);
    rt_ready(main_goroutine);
    dive(DEPTH / 4, rt_park);
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

static void shrinks(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(park_deep, rt_self());
    rt_park();
    while (readgstatus(gp) != G_WAITING)
        rt_yield();
    size_t before = open_bytes(gp), used = gp->stack.hi - (uintptr_t)gp->sched.sp;
    check(rt_debug_shrink(gp));
    check(open_bytes(gp) < before);
    check(open_bytes(gp) >= 2 * used && open_bytes(gp) >= STACK_KEEP_BYTES);
    check(open_bytes(gp) < 2 * used + HOST_PAGE_BYTES || open_bytes(gp) == STACK_KEEP_BYTES);
    before = open_bytes(gp);
    check(rt_debug_shrink(gp) && open_bytes(gp) == before); // nothing is left to give
    check(readgstatus(gp) == G_WAITING);
    rt_ready(gp);
    while (load_acquire(&ended) == 0) // pairs [test.ended]
        rt_yield();
    check(!rt_debug_shrink(rt_self()));
    struct rt_stats s;
    rt_stats_now(&s);
    check(s.stack_shrinks >= 1);
}

static void a_waiting_goroutine_gives_back_what_it_does_not_use(void **state)
{
    (void)state;
    holds(shrinks, 1, 0);
    holds(shrinks, 3, 0);
}

static void dead_is_trimmed(void *arg)
{
    (void)arg;
    struct g *gp = rt_go(dive_and_end, (void *)(uintptr_t)DEPTH);
    while (load_acquire(&ended) == 0) // pairs [test.ended]
        rt_yield();
    check(readgstatus(gp) == G_DEAD);
    check(open_bytes(gp) == STACK_KEEP_BYTES);
}

static void a_dead_goroutine_keeps_little(void **state)
{
    (void)state;
    holds(dead_is_trimmed, 1, 0);
}

static void park_and_end(void *arg)
{
    (void)arg;
    rt_park();
    add_acq_rel(&ended, 1); // pairs [test.ended]
}

// Dead g's of the global list that have a stack.
static uint32_t stacks_of_the_dead(void)
{
    uint32_t n = 0;
    for (const struct g *gp = sched.gfree; gp != NULL; gp = gp->schedlink)
        n += gp->stack.hi != 0;
    return n;
}

static void release_all(void *arg)
{
    (void)arg;
    struct p *pp = getg()->m->p;
    gfree_release_stacks(pp);
    stackcache_clear(pp);
    stackpool_release();
}

static void many_die(void *arg)
{
    (void)arg;
    enum { N = GFREE_STACKS_MAX + 4 * GFREE_LOCAL_MAX };
    static struct g *g[N];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++)
            g[i] = rt_go(park_and_end, NULL);
        rt_yield();
        for (int i = 0; i < N; i++)
            rt_ready(g[i]);
        while (load_acquire(&ended) != (uint32_t)(round + 1) * N) // pairs [test.ended]
            rt_yield();
        check(load_relaxed(&sched.ngfree) > GFREE_STACKS_MAX);
        uint32_t n = stacks_of_the_dead();
        check(n > 0 && n <= GFREE_STACKS_MAX);
        systemstack(release_all, NULL);
        check(stacks_of_the_dead() == 0);
    }
}

static void the_dead_keep_stacks_up_to_a_limit_and_until_release(void **state)
{
    (void)state;
    holds(many_die, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_doubles_when_it_is_full),
        cmocka_unit_test(a_setting_makes_it_grow_by_single_pages),
        cmocka_unit_test(growth_is_an_event),
        cmocka_unit_test(stacks_grow_on_several_ps),
        cmocka_unit_test(an_attribute_gives_a_larger_stack),
        cmocka_unit_test(an_overflow_is_a_clear_error),
        cmocka_unit_test(an_overflow_beside_others_is_a_clear_error),
        cmocka_unit_test(other_faults_are_plain_crashes),
        cmocka_unit_test(a_waiting_goroutine_gives_back_what_it_does_not_use),
        cmocka_unit_test(a_dead_goroutine_keeps_little),
        cmocka_unit_test(the_dead_keep_stacks_up_to_a_limit_and_until_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
