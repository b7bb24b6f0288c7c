// SPDX-License-Identifier: Apache-2.0
//
// Programs of which explore_test.c knows all outcomes: what each thread has seen, in order. For
// each way in which operations can depend on each other one that shows it.

#include "stress/sim/litmus/outcomes.h"

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

enum { NOTES = 6 };

// Each thread has a line of its own; the test reads them when all is over.
static struct {
    uint64_t n, v[NOTES];
} notes[4];
static atomic_u32 x, y, ticket, own[4];

static void note(uint32_t thread, uint64_t value)
{
    notes[thread].v[notes[thread].n++] = value + 1;
}

uint64_t litmus_outcome(void)
{
    uint64_t h = 0;
    for (uint32_t t = 0; t < 4; t++) {
        for (uint32_t i = 0; i < NOTES; i++)
            h = (h ^ notes[t].v[i]) * 0x9e3779b97f4a7c15u;
    }
    return h;
}

#define THREAD(name) static void name(void *unused __attribute__((unused)))

THREAD(store_x_load_y)
{
    store_relaxed(&x, 1u);
    note(0, load_relaxed(&y));
}

THREAD(store_y_load_x)
{
    store_relaxed(&y, 1u);
    note(1, load_relaxed(&x));
}

THREAD(two_stores)
{
    store_relaxed(&x, 1u);
    store_relaxed(&x, 2u);
}

static void read_twice(uint32_t thread)
{
    note(thread, load_relaxed(&x));
    note(thread, load_relaxed(&x));
}

static void draw(uint32_t thread)
{
    note(thread, add_relaxed(&ticket, 1u));
}

static void own_stores(uint32_t thread)
{
    for (uint32_t i = 0; i < 3; i++)
        store_relaxed(&own[thread], i);
}

// Takes the lock; with host_relax in between, as the runtime does.
static void lock_and_draw(uint32_t thread)
{
    while (xchg_acquire(&x, 1u))
        host_relax();
    draw(thread);
    store_release(&x, 0u);
}

static void try_to_win(uint32_t thread)
{
    uint32_t nobody = 0;
    cas_relaxed(&x, &nobody, thread + 1);
    note(thread, load_relaxed(&x));
}

static void wait_for_x(uint32_t thread)
{
    if (load_acquire(&x) == 0)
        note(thread, host_futex_wait(&x, 0, -1) == 0);
    draw(thread);
}

THREAD(wake_two)
{
    store_release(&x, 1u);
    host_futex_wake(&x, 1);
    host_futex_wake(&x, 1);
}

static void note_stack(uint32_t thread)
{
    note(thread, (uintptr_t)__builtin_frame_address(0) >> 16);
}

static void note_address(uint32_t thread)
{
    note(thread, (uintptr_t)host_reserve(HOST_PAGE_BYTES));
}

static void sleep_and_draw(uint32_t thread)
{
    host_sleep(100);
    draw(thread);
}

#define FOR_EACH(body)                                                                             \
    THREAD(body##_0)                                                                               \
    {                                                                                              \
        body(0);                                                                                   \
    }                                                                                              \
    THREAD(body##_1)                                                                               \
    {                                                                                              \
        body(1);                                                                                   \
    }                                                                                              \
    THREAD(body##_2)                                                                               \
    {                                                                                              \
        body(2);                                                                                   \
    }

FOR_EACH(own_stores)
FOR_EACH(lock_and_draw)
FOR_EACH(try_to_win)
#undef FOR_EACH

THREAD(draw_twice_0)
{
    draw(0);
    draw(0);
}

THREAD(draw_twice_1)
{
    draw(1);
    draw(1);
}

THREAD(draw_twice_2)
{
    draw(2);
    draw(2);
}

THREAD(read_twice_1)
{
    read_twice(1);
}

THREAD(read_twice_2)
{
    read_twice(2);
}

THREAD(wait_for_x_0)
{
    wait_for_x(0);
}

THREAD(wait_for_x_1)
{
    wait_for_x(1);
}

THREAD(note_stack_2)
{
    note_stack(2);
}

THREAD(note_stack_3)
{
    note_stack(3);
}

THREAD(starts_2)
{
    host_thread_create(note_stack_2, NULL, 0);
}

THREAD(starts_3)
{
    host_thread_create(note_stack_3, NULL, 0);
}

THREAD(note_address_0)
{
    note_address(0);
}

THREAD(note_address_1)
{
    note_address(1);
}

THREAD(note_descriptor_0)
{
    note(0, (uint64_t)host_socket(HOST_UNIX));
}

THREAD(takes_descriptor)
{
    host_socket(HOST_UNIX);
}

THREAD(sleep_and_draw_0)
{
    sleep_and_draw(0);
}

THREAD(sleep_and_draw_1)
{
    sleep_and_draw(1);
}

THREAD(draw_and_give_way)
{
    host_yield();
    draw(2);
}

// A loop that never gives way.
THREAD(spins)
{
    while (load_acquire(&x) == 0)
        ;
    draw(0);
}

THREAD(wake_late)
{
    draw(1);
    store_release(&x, 1u);
}

THREAD(ends_at_once)
{
    host_exit(0);
}

THREAD(fails_late)
{
    own_stores(1);
    draw(1);
    host_abort("litmus: too late\n");
}

const struct litmus_outcomes litmus_outcomes[] = {
    {{"stores and loads", NULL, 2, {store_x_load_y, store_y_load_x}}, 3, true},
    {{"one writes, two read", NULL, 3, {two_stores, read_twice_1, read_twice_2}}, 36, true},
    {{"two tickets for each of three", NULL, 3, {draw_twice_0, draw_twice_1, draw_twice_2}},
     90,
     true},
    {{"nothing shared", NULL, 3, {own_stores_0, own_stores_1, own_stores_2}}, 1, true},
    {{"a lock", NULL, 3, {lock_and_draw_0, lock_and_draw_1, lock_and_draw_2}}, 6, false},
    {{"one of three wins", NULL, 3, {try_to_win_0, try_to_win_1, try_to_win_2}}, 3, true},
    {{"futex", NULL, 3, {wait_for_x_0, wait_for_x_1, wake_two}}, 0, false},
    {{"stacks of new threads", NULL, 2, {starts_2, starts_3}}, 2, true},
    {{"addresses", NULL, 2, {note_address_0, note_address_1}}, 2, true},
    {{"poll", NULL, 2, {note_descriptor_0, takes_descriptor}}, 2, true},
    {{"sleepers", NULL, 3, {sleep_and_draw_0, sleep_and_draw_1, draw_and_give_way}}, 2, true},
    {{"spins", NULL, 2, {spins, wake_late}}, 1, false},
    {{"fails after the end", "crash", 2, {ends_at_once, fails_late}}, 1, true},
    {{0}, 0, false},
};
