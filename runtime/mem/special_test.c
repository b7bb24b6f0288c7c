// SPDX-License-Identifier: Apache-2.0
//
// Finalizers and weak handles, with collections by hand: marks are the test's, and so are the roots
// that a collector would take from specials.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/mem/heap_testing.h"
#include "runtime/mem/special.h"

enum { N = 200 };

// Not roots: only what the test marks lives.
static uintptr_t object[N];
static struct rt_weak *weak[N];
static bool keeps[N];
static atomic_u32 finalized[N];
static atomic_u32 runs;

static void mark_root(void *arg, uintptr_t addr)
{
    (void)arg;
    mark_object((void *)addr);
}

static void scan_root(void *arg, uintptr_t addr)
{
    (void)arg, (void)addr; // objects of these tests refer to none
}

static void mark_all_kept(void)
{
    const struct special_roots roots = {.scan = scan_root, .mark = mark_root};
    specials_mark_roots(&roots);
    for (int i = 0; i < N; i++) {
        if (keeps[i])
            mark_object((void *)object[i]);
    }
}

static size_t size_of(int i)
{
    static const size_t sizes[] = {16, 24, 200, SMALL_BYTES_MAX + 1};
    return sizes[i % 40 == 0 ? 3 : i % 3];
}

static void finalize(void *o)
{
    uint32_t i = *(uint32_t *)o;
    check((uintptr_t)o == object[i]);
    add_relaxed(&finalized[i], 1);
    add_acq_rel(&runs, 1); // pairs [test.runs]
}

static void make(int i)
{
    uint32_t *o = rt_new_bytes(size_of(i));
    *o = (uint32_t)i;
    object[i] = (uintptr_t)o;
    store_relaxed(&finalized[i], 0);
}

static void wait_for_runs(uint32_t n)
{
    while (load_acquire(&runs) < n) // pairs [test.runs]
        rt_sleep(10000);
    rt_sleep(100000);
    check(load_acquire(&runs) == n); // pairs [test.runs]
}

static uint64_t objects_there(void)
{
    struct heap_walk w;
    rt_debug_stop_the_world(heap_walk, &w);
    return w.objects;
}

static void finalizers_run(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        make(i);
        keeps[i] = i % 2 == 0;
        if (i % 5 != 4)
            rt_set_finalizer((void *)object[i], finalize);
    }
    collect(mark_all_kept);
    wait_for_runs(N / 2 * 4 / 5);
    // who has none is gone; the others were kept, finalized or not
    check(objects_there() == N / 2 + N / 2 * 4 / 5);
    for (int i = 0; i < N; i++)
        check(load_relaxed(&finalized[i]) == (uint32_t)(i % 2 == 1 && i % 5 != 4));
    // once: the second time they are gone
    collect(mark_all_kept);
    wait_for_runs(N / 2 * 4 / 5);
    check(objects_there() == N / 2);
    for (int i = 0; i < N; i++)
        keeps[i] = false;
    collect(mark_all_kept);
    wait_for_runs(N * 4 / 5);
    collect(mark_all_kept);
    check(objects_there() == 0);
}

static void a_finalizer_runs_once_when_nothing_refers_to_its_object(void **state)
{
    (void)state;
    holds(finalizers_run);
}

static void never(void *o)
{
    (void)o;
    rt_fatal("a finalizer that was replaced ran");
}

static void replaced(void *arg)
{
    (void)arg;
    for (int i = 0; i < 4; i++) {
        make(i);
        rt_set_finalizer((void *)object[i], i == 0 ? finalize : never);
    }
    rt_set_finalizer((void *)object[1], NULL);
    rt_set_finalizer((void *)object[1], NULL);
    rt_set_finalizer((void *)object[2], finalize);
    rt_set_finalizer((void *)object[3], NULL);
    rt_set_finalizer((void *)object[3], finalize);
    collect(mark_all_kept);
    wait_for_runs(3);
    check(load_relaxed(&finalized[1]) == 0);
}

static void the_last_finalizer_set_is_the_one(void **state)
{
    (void)state;
    holds(replaced);
}

// Between the sweep and the finalizer a cycle may begin: queued objects are roots then.
static atomic_u32 held;

static void hold_back(void *o)
{
    (void)o;
    while (load_relaxed(&held) != 0)
        rt_sleep(10000);
    add_acq_rel(&runs, 1); // pairs [test.runs]
}

static void queued(void *arg)
{
    (void)arg;
    store_relaxed(&held, 1);
    for (int i = 0; i < 10; i++) {
        make(i);
        rt_set_finalizer((void *)object[i], i == 0 ? hold_back : finalize);
    }
    collect(mark_all_kept);
    rt_sleep(100000);
    // the first is on the stack of the goroutine, which this test does not scan
    keeps[0] = true;
    collect(mark_all_kept);
    check(objects_there() == 10);
    store_relaxed(&held, 0);
    wait_for_runs(10);
    for (int i = 1; i < 10; i++)
        check(load_relaxed(&finalized[i]) == 1);
}

static void queued_objects_are_roots(void **state)
{
    (void)state;
    holds(queued);
}

static void weak_handles(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        make(i);
        keeps[i] = i % 2 == 0;
        weak[i] = rt_weak_new((void *)object[i]);
        check(rt_weak_new((void *)object[i]) == weak[i]);
        check(rt_weak_get(weak[i]) == (void *)object[i]);
    }
    mark_and_stop(mark_all_kept);
    // nothing is swept yet: the answers must be right nevertheless
    for (int i = 0; i < N; i++)
        check(rt_weak_get(weak[i]) == (keeps[i] ? (void *)object[i] : NULL));
    while (sweep_one() != SIZE_MAX)
        ;
    check(sweep_is_done());
    // handles of objects that have ended are ordinary objects, and these are referred to by none
    check(objects_there() == N / 2 + N);
    collect(mark_all_kept);
    check(objects_there() == N / 2 + N / 2);
    for (int i = 0; i < N; i += 2)
        check(rt_weak_get(weak[i]) == (void *)object[i]);
}

static void a_weak_handle_ends_with_its_object(void **state)
{
    (void)state;
    holds(weak_handles);
}

static void weak_before(void *o)
{
    check(rt_weak_get(weak[*(uint32_t *)o]) == NULL);
    finalize(o);
}

static struct rt_weak *kept_handle;

static void mark_handle(void)
{
    mark_all_kept();
    mark_object(kept_handle);
}

static void both(void *arg)
{
    (void)arg;
    make(0);
    kept_handle = weak[0] = rt_weak_new((void *)object[0]);
    rt_set_finalizer((void *)object[0], weak_before);
    collect(mark_handle);
    wait_for_runs(1);
    check(rt_weak_get(weak[0]) == NULL);
}

static void weak_handles_are_cleared_before_finalizers_run(void **state)
{
    (void)state;
    holds(both);
}

// Many ask while others sweep: an answer is the object, whole, or NULL for good.
static atomic_u32 askers;

static void asks(void *number)
{
    struct rand r = {(uintptr_t)number};
    for (int n = 0; n < 3000; n++) {
        uint32_t i = rand_below(&r, N);
        const uint32_t *o = rt_weak_get(weak[i]);
        check(o != NULL || !keeps[i]);
        check(o == NULL || *o == i);
        if (n % 64 == 0)
            rt_yield();
    }
    add_acq_rel(&askers, 1); // pairs [test.askers]
}

static void mark_handles_too(void)
{
    mark_all_kept();
    for (int i = 0; i < N; i++)
        mark_object(weak[i]);
}

static void asked(void *arg)
{
    (void)arg;
    for (int i = 0; i < N; i++) {
        make(i);
        keeps[i] = i % 3 == 0;
        weak[i] = rt_weak_new((void *)object[i]);
    }
    mark_and_stop(mark_handles_too);
    for (uintptr_t i = 1; i <= 4; i++)
        rt_go(asks, (void *)i);
    while (load_acquire(&askers) < 4) { // pairs [test.askers]
        sweep_one();
        rt_new_bytes(200); // takes freed slots up
        rt_yield();
    }
    for (int i = 0; i < N; i++)
        check(rt_weak_get(weak[i]) == (keeps[i] ? (void *)object[i] : NULL));
}

static void weak_handles_never_give_an_object_that_is_freed(void **state)
{
    (void)state;
    holds(asked);
}

static void of_no_object(void *arg)
{
    rt_set_finalizer(&arg, finalize);
}

static void of_the_middle(void *arg)
{
    (void)arg;
    rt_set_finalizer((char *)rt_new_bytes(100) + 8, finalize);
}

static void of_a_piece(void *arg)
{
    (void)arg;
    rt_set_finalizer(rt_new_bytes(4), finalize);
}

static void of_null(void *arg)
{
    (void)arg;
    rt_set_finalizer(NULL, finalize);
}

static void weak_of_the_middle(void *arg)
{
    (void)arg;
    rt_weak_new((char *)rt_new_bytes(100) + 8);
}

static void only_beginnings_of_objects_will_do(void **state)
{
    (void)state;
    const char *no_object =
        "fatal error: runtime: rt_set_finalizer: not the beginning of an object\n";
    dies_saying(of_no_object, 1, no_object);
    dies_saying(of_the_middle, 1, no_object);
    dies_saying(of_null, 1, no_object);
    dies_saying(of_a_piece, 1,
                "fatal error: runtime: rt_set_finalizer: the object may share its block with "
                "others\n");
    dies_saying(weak_of_the_middle, 1,
                "fatal error: runtime: rt_weak_new: not the beginning of an object\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finalizer_runs_once_when_nothing_refers_to_its_object),
        cmocka_unit_test(the_last_finalizer_set_is_the_one),
        cmocka_unit_test(queued_objects_are_roots),
        cmocka_unit_test(a_weak_handle_ends_with_its_object),
        cmocka_unit_test(weak_handles_are_cleared_before_finalizers_run),
        cmocka_unit_test(weak_handles_never_give_an_object_that_is_freed),
        cmocka_unit_test(only_beginnings_of_objects_will_do),
    };
    claim_without_gc = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
