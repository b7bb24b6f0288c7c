// SPDX-License-Identifier: Apache-2.0
//
// The page allocator against a model that is an array of flags: random operations, the same
// answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <string.h>

#include "runtime/base/rand.h"
#include "runtime/mem/pagealloc.h"

enum { PAGES = 100 * HEAP_CHUNK_PAGES, ARENA = HEAP_CHUNK_PAGES / 4, RUNS_MAX = 4096 };

static struct {
    bool free[PAGES], dirty[PAGES];
    size_t grown;
} model;

static struct run {
    size_t page, n;
} taken[RUNS_MAX];
static size_t n_taken;

static size_t model_find(size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i < model.grown; i++) {
        run = model.free[i] ? run + 1 : 0;
        if (run == n)
            return i + 1 - n;
    }
    return PAGES_NONE;
}

static void model_set(size_t page, size_t n, bool is_free)
{
    for (size_t i = page; i < page + n; i++)
        model.free[i] = is_free;
}

static void grow(struct pagealloc *a)
{
    if (model.grown == PAGES)
        return;
    assert_int_equal(pagealloc_grow(a, ARENA), 0);
    model_set(model.grown, ARENA, true);
    model.grown += ARENA;
}

// Sizes of all kinds: mostly small, now and then longer than a chunk.
static size_t random_size(struct rand *r)
{
    static const uint32_t most[] = {1, 4, 64, HEAP_CHUNK_PAGES, 20 * HEAP_CHUNK_PAGES};
    return 1 + rand_below(r, most[rand_below(r, 5)]);
}

static void take(struct pagealloc *a, struct rand *r)
{
    size_t n = random_size(r);
    size_t page = pagealloc_find(a, n);
    assert_int_equal(page, model_find(n));
    if (page == PAGES_NONE) {
        grow(a);
        return;
    }
    if (n_taken == RUNS_MAX)
        return;
    bool dirty = false;
    for (size_t i = page; i < page + n; i++) {
        dirty |= model.dirty[i];
        model.dirty[i] = true;
    }
    pagealloc_take(a, page, n);
    assert_int_equal(pagealloc_soil(a, page, n), dirty);
    model_set(page, n, false);
    taken[n_taken++] = (struct run){page, n};
}

static void put(struct pagealloc *a, struct rand *r)
{
    if (n_taken == 0)
        return;
    size_t i = rand_below(r, (uint32_t)n_taken);
    struct run run = taken[i];
    size_t part = 1 + rand_below(r, (uint32_t)run.n); // from its end
    pagealloc_put(a, run.page + run.n - part, part);
    model_set(run.page + run.n - part, part, true);
    taken[i].n -= part;
    if (taken[i].n == 0)
        taken[i] = taken[--n_taken];
}

static void block(struct pagealloc *a, struct rand *r)
{
    size_t page = pagealloc_find(a, 1);
    if (page == PAGES_NONE)
        return;
    size_t first = page / HEAP_BLOCK_PAGES * HEAP_BLOCK_PAGES;
    uint64_t bits = pagealloc_take_block(a, page);
    uint64_t was = pagealloc_soil_block(a, page, bits);
    for (size_t i = 0; i < HEAP_BLOCK_PAGES; i++) {
        assert_int_equal(bits >> i & 1, model.free[first + i]);
        assert_int_equal(was >> i & 1, model.free[first + i] && model.dirty[first + i]);
        assert_false(pagealloc_is_free(a, first + i));
    }
    // some stay clean, as if they had not been used
    uint64_t clean = bits & ~was & (uint64_t)rand_next(r);
    pagealloc_clean_block(a, page, clean);
    pagealloc_put_block(a, page, bits);
    for (size_t i = 0; i < HEAP_BLOCK_PAGES; i++)
        model.dirty[first + i] |= (bits & ~clean) >> i & 1;
}

static void whole_free_blocks(const struct pagealloc *a, struct rand *r)
{
    size_t b = rand_below(r, (uint32_t)(model.grown / HEAP_BLOCK_PAGES));
    bool all = true;
    for (size_t i = b * HEAP_BLOCK_PAGES; i < (b + 1) * HEAP_BLOCK_PAGES; i++) {
        all &= model.free[i];
        assert_int_equal(pagealloc_is_free(a, i), model.free[i]);
    }
    assert_int_equal(pagealloc_block_is_free(a, b), all);
}

static void it_answers_as_the_model_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct pagealloc a;
        struct rand r = {seed};
        memset(&model, 0, sizeof(model));
        n_taken = 0;
        assert_int_equal(pagealloc_init(&a, PAGES), 0);
        grow(&a);
        for (int i = 0; i < 6000; i++) {
            switch (rand_below(&r, i / 1000 % 2 == 0 ? 6 : 10)) {
            case 0:
            case 1:
            case 2:
                take(&a, &r);
                break;
            case 3:
                block(&a, &r);
                break;
            case 4:
                whole_free_blocks(&a, &r);
                break;
            default:
                put(&a, &r);
            }
        }
        assert_true(model.grown > 2 * HEAP_CHUNK_PAGES);
    }
}

static void it_is_used_up_to_the_last_page(void **state)
{
    (void)state;
    struct pagealloc a;
    assert_int_equal(pagealloc_init(&a, PAGES), 0);
    for (size_t i = 0; i < PAGES; i += ARENA)
        assert_int_equal(pagealloc_grow(&a, ARENA), 0);
    assert_int_equal(pagealloc_find(&a, PAGES + 1), PAGES_NONE);
    assert_int_equal(pagealloc_find(&a, PAGES), 0);
    pagealloc_take(&a, 0, PAGES);
    assert_int_equal(pagealloc_find(&a, 1), PAGES_NONE);
    pagealloc_put(&a, PAGES - 1, 1);
    assert_int_equal(pagealloc_find(&a, 1), PAGES - 1);
    assert_int_equal(pagealloc_find(&a, 2), PAGES_NONE);
    // a run across all levels of the tree
    pagealloc_put(&a, PAGES / 2 - 3, 7);
    assert_int_equal(pagealloc_find(&a, 7), PAGES / 2 - 3);
    assert_int_equal(pagealloc_find(&a, 8), PAGES_NONE);
}

static size_t count_holes(const struct pagealloc *a)
{
    size_t n = 1; // the one behind the end
    bool open = true;
    for (size_t b = 0; b < a->grown / HEAP_BLOCK_PAGES; b++) {
        n += open && !pagealloc_block_is_open(a, b);
        open = pagealloc_block_is_open(a, b);
    }
    return n - !open; // it reaches the end
}

static void blocks_open_and_close(void **state)
{
    (void)state;
    enum { BLOCKS = ARENA / HEAP_BLOCK_PAGES };
    struct pagealloc a;
    struct rand r = {5};
    bool open[BLOCKS] = {false};
    size_t n = 0;
    assert_int_equal(pagealloc_init(&a, PAGES), 0);
    assert_int_equal(pagealloc_grow(&a, ARENA), 0);
    for (int i = 0; i < 1000; i++) {
        size_t b = rand_below(&r, BLOCKS);
        open[b] = !open[b];
        n += open[b] ? 1 : (size_t)-1;
        pagealloc_block_set_open(&a, b, open[b]);
        assert_int_equal(pagealloc_block_is_open(&a, b), open[b]);
        assert_int_equal(a.open_blocks, n);
        assert_int_equal(a.holes, count_holes(&a));
        size_t below = rand_below(&r, BLOCKS + 1), found = below;
        while (found > 0 && !open[found - 1])
            found--;
        assert_int_equal(pagealloc_open_below(&a, below), found > 0 ? found - 1 : PAGES_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_the_model_does),
        cmocka_unit_test(it_is_used_up_to_the_last_page),
        cmocka_unit_test(blocks_open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
