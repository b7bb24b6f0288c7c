// SPDX-License-Identifier: Apache-2.0
//
// The table of size classes: complete, ascending, little waste, and a divisor that is exact.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "config.h"
#include "sizeclasses.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t class_of(uint32_t bytes)
{
    return bytes <= SIZECLASS_FINE_MAX
               ? sizeclass_of_fine[(bytes + 7) / 8]
               : sizeclass_of_coarse[(bytes - SIZECLASS_FINE_MAX + 127) / 128];
}

static void the_table_is_whole(void **state)
{
    (void)state;
    assert_int_equal(COUNT(sizeclass_bytes), SIZECLASSES);
    assert_int_equal(COUNT(sizeclass_pages), SIZECLASSES);
    assert_int_equal(COUNT(sizeclass_divmul), SIZECLASSES);
    assert_int_equal(COUNT(sizeclass_of_fine), SIZECLASS_FINE_MAX / 8 + 1);
    assert_int_equal(COUNT(sizeclass_of_coarse), (SMALL_BYTES_MAX - SIZECLASS_FINE_MAX) / 128 + 1);
    assert_int_equal(SIZECLASS_PAGE_BYTES, HEAP_PAGE_BYTES);
    assert_int_equal(sizeclass_bytes[1], 8);
    assert_int_equal(sizeclass_bytes[SIZECLASS_TINY - 1], SMALL_BYTES_MAX);
    if (HEAP_PAGE_BYTES == 8192)
        assert_int_equal(SIZECLASS_TINY, 68); // 67, and that of the large ones
    for (uint32_t c = 1; c < SIZECLASSES; c++) {
        assert_true(sizeclass_bytes[c] > sizeclass_bytes[c - 1] || c == SIZECLASS_TINY);
        assert_true(sizeclass_bytes[c] % 8 == 0);
        uint32_t slots = (uint32_t)sizeclass_pages[c] * HEAP_PAGE_BYTES / sizeclass_bytes[c];
        assert_true(slots >= 1 && slots <= 64 * SPAN_WORDS_MAX);
    }
}

static void a_size_gets_the_smallest_class_that_holds_it(void **state)
{
    (void)state;
    for (uint32_t bytes = 1; bytes <= SMALL_BYTES_MAX; bytes++) {
        uint32_t c = class_of(bytes);
        assert_true(sizeclass_bytes[c] >= bytes && sizeclass_bytes[c - 1] < bytes);
    }
}

// Objects of the smallest size of a class waste most: behind themselves at most a step, rounded up
// to the grid of sizes, and all together the tail, which may have been given to them.
static void waste_is_bounded(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < SIZECLASS_TINY; c++) {
        uint32_t span = (uint32_t)sizeclass_pages[c] * HEAP_PAGE_BYTES;
        uint32_t slots = span / sizeclass_bytes[c], smallest = sizeclass_bytes[c - 1] + 1u;
        uint32_t tail = span - slots * sizeclass_bytes[c];
        assert_true(tail <= span / 8);
        uint32_t step = smallest / SIZECLASS_STEPS < 16 ? 16 : smallest / SIZECLASS_STEPS;
        uint32_t lost = span - slots * smallest;
        if (lost > slots * step + span / 8)
            fail_msg("class %u of %u bytes: %u of %u lost", c, sizeclass_bytes[c], lost, span);
    }
}

static void the_divisor_is_exact(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < SIZECLASSES; c++) {
        uint32_t span = (uint32_t)sizeclass_pages[c] * HEAP_PAGE_BYTES;
        for (uint32_t offset = 0; offset < span; offset++) {
            uint32_t index = (uint32_t)((uint64_t)offset * sizeclass_divmul[c] >> 32);
            if (index != offset / sizeclass_bytes[c])
                fail_msg("%u / %u gives %u", offset, sizeclass_bytes[c], index);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(a_size_gets_the_smallest_class_that_holds_it),
        cmocka_unit_test(waste_is_bounded),
        cmocka_unit_test(the_divisor_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
