// SPDX-License-Identifier: Apache-2.0
//
// Bits and summaries of pages; see pagealloc.h. The invariant: every summary of a page below .grown
// says what the bits below it say. Pages from .grown on have no bit set and look taken.
#include "runtime/mem/pagealloc.h"

#include "runtime/base/throw.h"

_Static_assert(HEAP_CHUNK_PAGES % 64 == 0, "a chunk is whole words");
_Static_assert(64 % HEAP_BLOCK_PAGES == 0, "a block lies within a word");

enum { FANOUT = 1 << PAGE_SUM_FANOUT_LOG2, CHUNK_WORDS = HEAP_CHUNK_PAGES / 64 };

static uint64_t *words(const struct lazy *bits)
{
    return (uint64_t *)(void *)bits->base;
}

static struct page_sum *sums(const struct pagealloc *a, uint32_t level)
{
    return (struct page_sum *)(void *)a->sums[level].base;
}

// Pages under an entry of a level.
static size_t entry_pages(uint32_t level)
{
    return (size_t)HEAP_CHUNK_PAGES << (PAGE_SUM_FANOUT_LOG2 * level);
}

static size_t entries(size_t pages, uint32_t level)
{
    return (pages + entry_pages(level) - 1) / entry_pages(level);
}

static size_t bit_bytes(size_t bits)
{
    return (bits + 63) / 64 * 8;
}

int pagealloc_init(struct pagealloc *a, size_t pages)
{
    *a = (struct pagealloc){.pages = pages, .holes = 1};
    int err = lazy_reserve(&a->free, bit_bytes(entries(pages, 0) * HEAP_CHUNK_PAGES));
    if (err == 0)
        err = lazy_reserve(&a->dirty, bit_bytes(pages));
    if (err == 0)
        err = lazy_reserve(&a->opened, bit_bytes(pages / HEAP_BLOCK_PAGES));
    for (; err == 0; a->levels++) {
        rt_assert(a->levels < PAGE_SUM_LEVELS_MAX);
        size_t n = entries(pages, a->levels);
        err = lazy_reserve(&a->sums[a->levels], n * sizeof(struct page_sum));
        if (n <= FANOUT) {
            a->levels++;
            break;
        }
    }
    return err;
}

// Summaries -------------------------------------------------------------------------------

// Runs of free pages, put together from pieces in order.
struct runs {
    struct page_sum sum;
    uint32_t pages; // so far
};

static void runs_free(struct runs *r, uint32_t n)
{
    if (r->sum.start == r->pages)
        r->sum.start += n;
    r->sum.end += n;
    r->pages += n;
    if (r->sum.end > r->sum.max)
        r->sum.max = r->sum.end;
}

static void runs_taken(struct runs *r, uint32_t n)
{
    r->sum.end = 0;
    r->pages += n;
}

static void runs_sum(struct runs *r, const struct page_sum *s, uint32_t pages)
{
    if (s->start == pages) {
        runs_free(r, pages);
        return;
    }
    runs_free(r, s->start);
    if (s->max > r->sum.max)
        r->sum.max = s->max;
    r->sum.end = s->end;
    r->pages += pages - s->start;
}

// Length of the run of equal bits from the lowest on, of the `left` lowest.
static uint32_t run_length(uint64_t w, uint32_t left)
{
    uint64_t differ = (w & 1) != 0 ? ~w : w;
    uint32_t n = differ == 0 ? 64 : (uint32_t)__builtin_ctzll(differ);
    return n < left ? n : left;
}

static struct page_sum chunk_sum(const struct pagealloc *a, size_t chunk)
{
    struct runs r = {{0, 0, 0}, 0};
    const uint64_t *w = words(&a->free) + chunk * CHUNK_WORDS;
    for (uint32_t i = 0; i < CHUNK_WORDS; i++) {
        for (uint32_t bit = 0; bit < 64;) {
            uint64_t rest = w[i] >> bit;
            uint32_t n = run_length(rest, 64 - bit);
            if ((rest & 1) != 0)
                runs_free(&r, n);
            else
                runs_taken(&r, n);
            bit += n;
        }
    }
    return r.sum;
}

// Level `level` from the one below; entries behind the end count as taken.
static struct page_sum entry_sum(const struct pagealloc *a, uint32_t level, size_t i)
{
    struct runs r = {{0, 0, 0}, 0};
    const struct page_sum *below = sums(a, level - 1);
    size_t n = entries(a->grown, level - 1);
    uint32_t pages = (uint32_t)entry_pages(level - 1);
    for (size_t k = i * FANOUT; k < (i + 1) * FANOUT; k++) {
        if (k < n)
            runs_sum(&r, &below[k], pages);
        else
            runs_taken(&r, pages);
    }
    return r.sum;
}

// The bits of [page, page + n) have changed.
static void update(struct pagealloc *a, size_t page, size_t n)
{
    size_t first = page / HEAP_CHUNK_PAGES, last = (page + n - 1) / HEAP_CHUNK_PAGES;
    for (size_t i = first; i <= last; i++)
        sums(a, 0)[i] = chunk_sum(a, i);
    for (uint32_t level = 1; level < a->levels; level++) {
        first /= FANOUT;
        last /= FANOUT;
        for (size_t i = first; i <= last; i++)
            sums(a, level)[i] = entry_sum(a, level, i);
    }
}

// Finding ---------------------------------------------------------------------------------

static size_t find_in_chunk(const struct pagealloc *a, size_t chunk, size_t n)
{
    const uint64_t *w = words(&a->free) + chunk * CHUNK_WORDS;
    size_t page = chunk * HEAP_CHUNK_PAGES, run = 0;
    for (uint32_t i = 0; i < CHUNK_WORDS; i++) {
        for (uint32_t bit = 0; bit < 64;) {
            uint64_t rest = w[i] >> bit;
            uint32_t length = run_length(rest, 64 - bit);
            run = (rest & 1) != 0 ? run + length : 0;
            if (run >= n)
                return page + 64 * i + bit + length - run;
            bit += length;
        }
    }
    rt_throw("pagealloc: a summary promises pages that are not free");
}

size_t pagealloc_find(const struct pagealloc *a, size_t n)
{
    uint32_t level = a->levels - 1;
    size_t i = 0, end = entries(a->grown, level), run = 0;
    while (i < end) {
        const struct page_sum *s = &sums(a, level)[i];
        size_t pages = entry_pages(level);
        // what ends before this entry goes on in it
        if (run + s->start >= n)
            return i * pages - run;
        if (s->max >= n) {
            if (level == 0)
                return find_in_chunk(a, i, n);
            level--;
            end = (i + 1) * FANOUT;
            i *= FANOUT;
            run = 0;
            continue;
        }
        run = s->start == pages ? run + pages : s->end;
        i++;
    }
    return PAGES_NONE;
}

// Bits ------------------------------------------------------------------------------------

// Bits [from, from + n) of a word.
static uint64_t mask(uint32_t from, uint32_t n)
{
    return (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << from;
}

// The part of [page, page + n) that lies in the word of `page`.
static uint32_t in_word(size_t page, size_t n)
{
    uint32_t left = 64 - (uint32_t)(page % 64);
    return n < left ? (uint32_t)n : left;
}

void pagealloc_take(struct pagealloc *a, size_t page, size_t n)
{
    rt_assert(n > 0 && page + n <= a->grown);
    uint32_t k;
    for (size_t at = page; at < page + n; at += k) {
        k = in_word(at, page + n - at);
        uint64_t *w = &words(&a->free)[at / 64], m = mask(at % 64, k);
        rt_assert((*w & m) == m);
        *w &= ~m;
    }
    update(a, page, n);
}

void pagealloc_put(struct pagealloc *a, size_t page, size_t n)
{
    rt_assert(n > 0 && page + n <= a->grown);
    uint32_t k;
    for (size_t at = page; at < page + n; at += k) {
        k = in_word(at, page + n - at);
        uint64_t *w = &words(&a->free)[at / 64], m = mask(at % 64, k);
        rt_assert((*w & m) == 0);
        *w |= m;
    }
    update(a, page, n);
}

int pagealloc_grow(struct pagealloc *a, size_t n)
{
    rt_assert(n > 0 && n % HEAP_BLOCK_PAGES == 0 && a->grown + n <= a->pages);
    size_t grown = a->grown + n;
    int err = lazy_open(&a->free, bit_bytes(entries(grown, 0) * HEAP_CHUNK_PAGES));
    if (err == 0)
        err = lazy_open(&a->dirty, bit_bytes(grown));
    if (err == 0)
        err = lazy_open(&a->opened, bit_bytes(grown / HEAP_BLOCK_PAGES));
    for (uint32_t level = 0; err == 0 && level < a->levels; level++)
        err = lazy_open(&a->sums[level], entries(grown, level) * sizeof(struct page_sum));
    if (err != 0)
        return err;
    size_t page = a->grown;
    a->grown = grown;
    pagealloc_put(a, page, n);
    return 0;
}

bool pagealloc_is_free(const struct pagealloc *a, size_t page)
{
    return (words(&a->free)[page / 64] >> page % 64 & 1) != 0;
}

bool pagealloc_soil(struct pagealloc *a, size_t page, size_t n)
{
    bool was = false;
    uint32_t k;
    for (size_t at = page; at < page + n; at += k) {
        k = in_word(at, page + n - at);
        uint64_t *w = &words(&a->dirty)[at / 64], m = mask(at % 64, k);
        was |= (*w & m) != 0;
        *w |= m;
    }
    return was;
}

// Blocks ----------------------------------------------------------------------------------

static uint32_t block_shift(size_t page)
{
    return (uint32_t)(page % 64 & ~(size_t)(HEAP_BLOCK_PAGES - 1));
}

uint64_t pagealloc_take_block(struct pagealloc *a, size_t page)
{
    uint64_t *w = &words(&a->free)[page / 64];
    uint64_t taken = *w & mask(block_shift(page), HEAP_BLOCK_PAGES);
    *w &= ~taken;
    update(a, page, 1);
    return taken >> block_shift(page);
}

void pagealloc_put_block(struct pagealloc *a, size_t page, uint64_t bits)
{
    uint64_t *w = &words(&a->free)[page / 64];
    rt_assert((*w & bits << block_shift(page)) == 0);
    *w |= bits << block_shift(page);
    update(a, page, 1);
}

uint64_t pagealloc_soil_block(struct pagealloc *a, size_t page, uint64_t bits)
{
    uint64_t *w = &words(&a->dirty)[page / 64];
    uint64_t was = *w >> block_shift(page) & bits;
    *w |= bits << block_shift(page);
    return was;
}

void pagealloc_clean_block(struct pagealloc *a, size_t page, uint64_t clean)
{
    words(&a->dirty)[page / 64] &= ~((clean & mask(0, HEAP_BLOCK_PAGES)) << block_shift(page));
}

bool pagealloc_block_is_open(const struct pagealloc *a, size_t block)
{
    return (words(&a->opened)[block / 64] >> block % 64 & 1) != 0;
}

size_t pagealloc_open_below(const struct pagealloc *a, size_t block)
{
    for (size_t end = block; end > 0; end = (end - 1) / 64 * 64) {
        uint64_t w = words(&a->opened)[(end - 1) / 64] & mask(0, (uint32_t)((end - 1) % 64) + 1);
        if (w != 0)
            return (end - 1) / 64 * 64 + 63 - (size_t)__builtin_clzll(w);
    }
    return PAGES_NONE;
}

// What lies behind the end is closed, what lies before the beginning is nothing.
static uint32_t closed_neighbours(const struct pagealloc *a, size_t block)
{
    uint32_t n = block > 0 && !pagealloc_block_is_open(a, block - 1);
    if ((block + 1) * HEAP_BLOCK_PAGES >= a->grown || !pagealloc_block_is_open(a, block + 1))
        n++;
    return n;
}

void pagealloc_block_set_open(struct pagealloc *a, size_t block, bool open)
{
    rt_assert(pagealloc_block_is_open(a, block) != open);
    words(&a->opened)[block / 64] ^= UINT64_C(1) << block % 64;
    a->open_blocks += open ? 1 : (size_t)-1;
    // one that opens among closed ones makes two holes of one; one that closes, the reverse
    a->holes += (open ? 1 : (size_t)-1) * (closed_neighbours(a, block) - (size_t)1);
}

bool pagealloc_block_is_free(const struct pagealloc *a, size_t block)
{
    size_t page = block * HEAP_BLOCK_PAGES;
    uint64_t m = mask(block_shift(page), HEAP_BLOCK_PAGES);
    return (words(&a->free)[page / 64] & m) == m;
}
