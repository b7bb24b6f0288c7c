// SPDX-License-Identifier: Apache-2.0
//
// What a seed decides: the same for a thread of the same birth, whatever the others do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stress/native/perturb.h"

enum { PLACES = 20000 };

static uint64_t stream(uint64_t seed, uint64_t birth, uint32_t count[4], int64_t *longest)
{
    struct wrap_thread t = {.birth = birth};
    uint64_t hash = 0;

    perturb_begin(seed);
    for (int i = 0; i < PLACES; i++) {
        struct perturb_decision d = perturb_next(&t);
        hash = (hash ^ (uint64_t)d.what ^ (uint64_t)d.ns << 8 ^ (uint64_t)d.nice << 56) *
               0x9e3779b97f4a7c15u;
        if (count != NULL)
            count[d.what]++;
        if (longest != NULL && d.ns > *longest)
            *longest = d.ns;
    }
    return hash;
}

static void a_seed_decides_the_same_again(void **state)
{
    (void)state;
    for (uint64_t birth = 0; birth < 5; birth++)
        assert_int_equal(stream(7, birth, NULL, NULL), stream(7, birth, NULL, NULL));
}

static void threads_and_seeds_differ(void **state)
{
    (void)state;
    assert_int_not_equal(stream(7, 1, NULL, NULL), stream(7, 2, NULL, NULL));
    assert_int_not_equal(stream(7, 1, NULL, NULL), stream(8, 1, NULL, NULL));
    assert_int_not_equal(stream(7, 0, NULL, NULL), stream(8, 0, NULL, NULL));
}

// Two threads in turn, and each alone.
static void a_thread_decides_for_itself(void **state)
{
    struct wrap_thread a = {.birth = 1}, b = {.birth = 2}, alone = {.birth = 1};

    (void)state;
    perturb_begin(3);
    for (int i = 0; i < PLACES; i++) {
        struct perturb_decision x = perturb_next(&a);
        perturb_next(&b);
        if (i % 3 == 0)
            perturb_next(&b);
        struct perturb_decision y = perturb_next(&alone);
        assert_int_equal(x.what, y.what);
        assert_int_equal(x.ns, y.ns);
        assert_int_equal(x.nice, y.nice);
    }
}

static void all_kinds_come_and_most_places_are_left_alone(void **state)
{
    uint32_t count[4] = {0};
    int64_t longest = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        stream(seed, seed % 4, count, &longest);
    for (int i = 0; i < 4; i++)
        assert_true(count[i] > 0);
    assert_true(count[PERTURB_NOTHING] > 20 * PLACES * 9 / 10);
    assert_true(count[PERTURB_SHUT_OUT] < count[PERTURB_DELAY]);
    assert_true(longest >= 12800000); // the longest window
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_decides_the_same_again),
        cmocka_unit_test(threads_and_seeds_differ),
        cmocka_unit_test(a_thread_decides_for_itself),
        cmocka_unit_test(all_kinds_come_and_most_places_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
