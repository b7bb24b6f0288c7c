// SPDX-License-Identifier: Apache-2.0
//
// Programs with a heap of one object: who touches it after its end is at fault, and a new life of
// its memory begins without a past.

#include "stress/sim/litmus/litmus.h"

#include "runtime/base/atomic.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"

#include <string.h>

enum { HEAP_BYTES = 64 << 10, BYTES = 64 };

struct object {
    uint64_t plain;
    atomic_u64 atomic;
    uint64_t rest[BYTES / 8 - 2];
};

static struct object *object;
static uint64_t outside;
static atomic_u32 flag, ended;

static void begin(void)
{
    object = host_reserve(HEAP_BYTES);
    host_commit(object, HEAP_BYTES);
    san_heap_init(object, HEAP_BYTES);
    san_heap_alloc(object, BYTES);
}

static void ends(void)
{
    san_heap_free(object, BYTES);
}

// Touches by each kind of hook, after the end.

static void reads_plainly(void *unused)
{
    (void)unused;
    begin();
    ends();
    litmus_seen = (uint32_t)object->rest[1];
}

static void writes_a_byte(void *unused)
{
    (void)unused;
    begin();
    ends();
    ((volatile char *)object)[BYTES - 1] = 1;
}

static void loads_atomically(void *unused)
{
    (void)unused;
    begin();
    ends();
    litmus_seen = (uint32_t)load_relaxed(&object->atomic);
}

static void adds_atomically(void *unused)
{
    (void)unused;
    begin();
    ends();
    add_relaxed(&object->atomic, 1);
}

static void clears_it(void *unused)
{
    volatile size_t bytes = BYTES;

    (void)unused;
    begin();
    ends();
    memset(object, 0, bytes);
}

static void copies_from_it(void *unused)
{
    volatile size_t bytes = BYTES / 2;
    char copy[BYTES];

    (void)unused;
    begin();
    ends();
    memcpy(copy, (char *)object + BYTES / 2, bytes);
    litmus_seen = (uint32_t)copy[0];
}

// The last touch by who made it: hooks that have a way for what the thread knows already.
static void touches_again(void *unused)
{
    (void)unused;
    begin();
    object->plain = 1;
    ends();
    object->plain = 2;
}

// Before its end, beside it, and in a new life.
static void touches_nothing_freed(void *unused)
{
    volatile size_t bytes = BYTES;

    (void)unused;
    begin();
    object->plain = 1;
    add_relaxed(&object->atomic, 1);
    ends();
    *(volatile uint64_t *)(object + 1) = 1;
    san_heap_alloc(object, BYTES);
    memset(object, 0, bytes);
    add_relaxed(&object->atomic, 1);
}

// Another thread has it still. In some schedules it is early enough.

static void uses(void *unused)
{
    (void)unused;
    object->plain++;
    store_release(&ended, 1u);
}

static void freed_while_used(void *unused)
{
    begin();
    host_thread_create(uses, unused, 0);
    add_acq_rel(&flag, 1);
    ends();
}

static void freed_after_use(void *unused)
{
    begin();
    host_thread_create(uses, unused, 0);
    while (load_acquire(&ended) == 0)
        host_relax();
    ends();
}

// A hand-over by nothing but the end and the new life of an object.

static void hands_over(void *unused)
{
    (void)unused;
    outside = 1;
    object->plain = 1;
    store_release(&object->atomic, 1u);
    ends();
    store_relaxed(&flag, 1u);
}

static void takes(bool loads)
{
    while (load_relaxed(&flag) == 0)
        host_relax();
    san_heap_alloc(object, BYTES);
    object->plain = 2;
    if (loads)
        load_acquire(&object->atomic);
    litmus_seen = (uint32_t)outside;
}

static void ordered_by_an_end(void *unused)
{
    begin();
    host_thread_create(hands_over, unused, 0);
    takes(false);
}

// What was released in the earlier life is gone.
static void ordered_by_an_earlier_life(void *unused)
{
    begin();
    host_thread_create(hands_over, unused, 0);
    takes(true);
}

const struct litmus litmus_heap_programs[] = {
    {"a plain read", "poison", 1, {reads_plainly}},
    {"a plain write", "poison", 1, {writes_a_byte}},
    {"an atomic load", "poison", 1, {loads_atomically}},
    {"an atomic addition", "poison", 1, {adds_atomically}},
    {"memset", "poison", 1, {clears_it}},
    {"memcpy", "poison", 1, {copies_from_it}},
    {"a second write", "poison", 1, {touches_again}},
    {"nothing freed", NULL, 1, {touches_nothing_freed}},
    {"freed while used", "poison", 1, {freed_while_used}},
    {"freed after use", NULL, 1, {freed_after_use}},
    {"ordered by an end", "race", 1, {ordered_by_an_end}},
    {"ordered by an earlier life", "race", 1, {ordered_by_an_earlier_life}},
    {0},
};
