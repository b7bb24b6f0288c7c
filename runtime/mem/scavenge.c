// SPDX-License-Identifier: Apache-2.0
//
// Giving memory back: blocks of pages that are open and wholly free are closed, the highest first,
// since the page allocator fills the heap from below. The host works without the heap's lock:
// meanwhile the pages count as taken.
//
// A goroutine of the runtime does it in the background as long as more is open than a tenth above
// the heap goal of the last cycle. It works for a while and rests SCAVENGE_REST times as long. It
// is made when it is first wanted, and woken by whoever swept the last span of a cycle: all is free
// by then that the cycle has found. Rejected: waking it by sysmon, on whom nothing may depend.
//
// Each closed run inside the heap may cost the host a mapping, of which it has a limited number.
// Closing stops short of HEAP_HOLES_MAX: a heap that is fragmented so much gives back less.
#include "runtime/mem/scavenge.h"

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/mheap.h"
#include "runtime/sched/sched.h"

enum { BLOCK_BYTES = HEAP_BLOCK_PAGES * HEAP_PAGE_BYTES };

// Blocks side by side that are being closed.
struct block_run {
    size_t first, n;
};

// The highest such run below block `below`, at most `most` long; its pages are taken. n == 0: none.
static struct block_run take_run_locked(size_t below, size_t most)
{
    struct block_run run = {0, 0};
    if (heap.pages.holes >= HEAP_HOLES_MAX)
        return run;
    size_t end = heap.pages.grown / HEAP_BLOCK_PAGES;
    size_t i = pagealloc_open_below(&heap.pages, below < end ? below : end);
    while (i != PAGES_NONE && run.n < most) {
        if (run.n > 0 && i + 1 != run.first)
            break;
        if (pagealloc_block_is_free(&heap.pages, i))
            run = (struct block_run){i, run.n + 1};
        else if (run.n > 0)
            break;
        i = pagealloc_open_below(&heap.pages, i);
    }
    if (run.n > 0)
        pagealloc_take(&heap.pages, run.first * HEAP_BLOCK_PAGES, run.n * HEAP_BLOCK_PAGES);
    return run;
}

static void decommit(const struct block_run *run)
{
    host_decommit((void *)(heap.base + run->first * BLOCK_BYTES), run->n * BLOCK_BYTES);
}

static void closed_locked(const struct block_run *run)
{
    for (size_t b = run->first; b < run->first + run->n; b++) {
        pagealloc_block_set_open(&heap.pages, b, false);
        pagealloc_clean_block(&heap.pages, b * HEAP_BLOCK_PAGES, UINT64_MAX);
    }
    pagealloc_put(&heap.pages, run->first * HEAP_BLOCK_PAGES, run->n * HEAP_BLOCK_PAGES);
}

size_t heap_scavenge_locked(size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        struct block_run run = take_run_locked(SIZE_MAX, SIZE_MAX);
        if (run.n == 0)
            break;
        decommit(&run);
        closed_locked(&run);
        done += run.n * BLOCK_BYTES;
    }
    return done;
}

struct scavenge_call {
    size_t bytes, done;
};

static void scavenge_on_g0(void *call)
{
    struct scavenge_call *c = call;
    size_t below = SIZE_MAX;
    while (c->done < c->bytes) {
        size_t most = (c->bytes - c->done - 1) / BLOCK_BYTES + 1;
        lock(&heap.lock);
        struct block_run run = take_run_locked(below, most);
        unlock(&heap.lock);
        if (run.n == 0)
            break;
        decommit(&run);
        lock(&heap.lock);
        closed_locked(&run);
        unlock(&heap.lock);
        c->done += run.n * BLOCK_BYTES;
        below = run.first;
    }
}

size_t heap_scavenge(size_t bytes)
{
    struct scavenge_call call = {bytes, 0};
    systemstack(scavenge_on_g0, &call);
    return call.done;
}

void heap_free_os_memory(void)
{
    heap_scavenge(SIZE_MAX);
    stackpool_release();
}

// In the background ---------------------------------------------------------------------------

static struct {
    struct mutex lock;
    struct g *g;                   // lock; NULL: not parked yet
    bool made;                     // lock
    bool parked;                   // lock
    bool asked;                    // lock; there may be work since it looked
    _Alignas(8) atomic_u64 retain; // bytes that may stay open; relaxed: it is asked again. 0: any
} scavenger = {.lock = MUTEX_INIT(RANK_SPECIALS)};

static void read_open_bytes(void *bytes)
{
    lock(&heap.lock);
    *(size_t *)bytes = heap.pages.open_blocks * BLOCK_BYTES;
    unlock(&heap.lock);
}

// How many bytes are open that need not be.
static size_t excess(void)
{
    size_t retain = load_relaxed(&scavenger.retain), open = 0;
    if (retain == 0)
        return 0;
    systemstack(read_open_bytes, &open);
    return open > retain ? open - retain : 0;
}

static bool park_unless_asked(struct g *gp, void *unused)
{
    (void)unused;
    lock(&scavenger.lock);
    scavenger.g = gp;
    scavenger.parked = !scavenger.asked;
    scavenger.asked = false;
    bool parked = scavenger.parked;
    unlock(&scavenger.lock);
    return parked;
}

static void scavenger_main(void *unused)
{
    (void)unused;
    for (;;) {
        size_t want = excess();
        int64_t begin = host_nanotime();
        if (want != 0 && heap_scavenge(want < SCAVENGE_BYTES ? want : SCAVENGE_BYTES) != 0) {
            int64_t rest = SCAVENGE_REST * (host_nanotime() - begin);
            rt_sleep(rest > SCAVENGE_REST_MIN_NS ? rest : SCAVENGE_REST_MIN_NS);
        } else {
            gopark(park_unless_asked, NULL, WAIT_HELPER);
        }
    }
}

static void wake_on_g0(void *unused)
{
    (void)unused;
    lock(&scavenger.lock);
    bool make = !scavenger.made, wake = scavenger.parked;
    scavenger.made = true;
    scavenger.asked = !wake;
    scavenger.parked = false;
    struct g *gp = scavenger.g;
    unlock(&scavenger.lock);
    if (make)
        newproc_system(scavenger_main, NULL);
    else if (wake)
        ready(gp, false);
}

void scavenger_wake(void)
{
    if (excess() != 0)
        systemstack(wake_on_g0, NULL);
}

void heap_set_retained_goal(uint64_t goal)
{
    store_relaxed(&scavenger.retain, goal + goal / 10);
}
