// SPDX-License-Identifier: Apache-2.0
//
// See timed.h. Threads keep apart in virtual time by computing (host_spin), which touches nothing.
#include "stress/sim/litmus/timed.h"

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

enum { US = 1000, TURNS = 10, MANY = 1000 };

// Each begins a line of its own.
static struct {
    _Alignas(64) atomic_u32 x;
    _Alignas(64) atomic_u32 y;
    _Alignas(64) atomic_u32 both[2];          // in one line
    _Alignas(64) volatile uint64_t plain[16]; // two lines; volatile: each an access
    _Alignas(64) atomic_u32 futex;
} word;
static int64_t end_ns;
static uint32_t order;

int64_t litmus_timed_end_ns(void)
{
    return end_ns;
}

uint32_t litmus_timed_order(void)
{
    return order;
}

static void computes(void *unused)
{
    (void)unused;
    host_spin(100 * US);
}

// Cold, then of two reads the first is a transfer.
static void writes_once(void *unused)
{
    (void)unused;
    store_relaxed(&word.x, 1u);
    host_spin(20 * US);
}
static void reads_twice(void *unused)
{
    (void)unused;
    host_spin(10 * US);
    load_relaxed(&word.x);
    load_relaxed(&word.x);
}

// The second store goes to a line that the reader has, too; the second read needs it again.
static void writes_twice(void *unused)
{
    (void)unused;
    store_relaxed(&word.x, 1u);
    host_spin(20 * US);
    store_relaxed(&word.x, 2u);
}
static void reads_between_and_after(void *unused)
{
    (void)unused;
    host_spin(10 * US);
    load_relaxed(&word.x);
    host_spin(20 * US);
    load_relaxed(&word.x);
}

static void adds(atomic_u32 *at, int64_t first_ns)
{
    host_spin(first_ns);
    for (int i = 0; i < TURNS; i++) {
        add_relaxed(at, 1u);
        host_spin(10 * US);
    }
}
static void adds_x(void *unused)
{
    (void)unused;
    adds(&word.x, 0);
}
static void adds_y(void *unused)
{
    (void)unused;
    adds(&word.y, 5 * US);
}
static void adds_first(void *unused)
{
    (void)unused;
    adds(&word.both[0], 0);
}
static void adds_second(void *unused)
{
    (void)unused;
    adds(&word.both[1], 5 * US);
}

// Plain accesses count as atomic ones do; the second half is another line.
static void fills(void *unused)
{
    (void)unused;
    for (int i = 0; i < 16; i++)
        word.plain[i] = 1;
}
static void takes(void *unused)
{
    (void)unused;
    host_spin(10 * US);
    uint64_t sum = 0;
    for (int i = 0; i < 16; i++)
        sum += word.plain[i];
    order = (uint32_t)sum;
}

// 80 for the line, 5 for the modification, 20 for the clock.
static void modifies(void *unused)
{
    (void)unused;
    add_relaxed(&word.x, 1u);
    end_ns = host_nanotime();
}

// Who is behind comes first, whoever began first.
static void comes_late(void *unused)
{
    (void)unused;
    host_spin(9 * US);
    order = order * 10 + 1;
}
static void comes_early(void *unused)
{
    (void)unused;
    host_spin(3 * US);
    order = order * 10 + 2;
}

// The sleeper runs 3 µs after the wake-up has begun to be worth something.
static void sleeps(void *unused)
{
    (void)unused;
    while (load_relaxed(&word.futex) == 0)
        host_futex_wait(&word.futex, 0, -1);
    end_ns = host_nanotime();
}
static void wakes(void *unused)
{
    (void)unused;
    host_spin(50 * US);
    store_relaxed(&word.futex, 1u);
    host_futex_wake(&word.futex, 1);
}

const struct litmus_timed litmus_timed_programs[] = {
    {{"one computes", NULL, 1, {computes}}, 0, 0, 0, 0, 0},
    {{"a write, then two reads elsewhere", NULL, 2, {writes_once, reads_twice}}, 1, 1, 1, 0, 0},
    {{"a write to a line that another has", NULL, 2, {writes_twice, reads_between_and_after}},
     0,
     1,
     2,
     1,
     0},
    {{"two lines", NULL, 2, {adds_x, adds_y}}, 2 * TURNS - 2, 2, 0, 0, 0},
    {{"two words of one line", NULL, 2, {adds_first, adds_second}}, 0, 1, 2 * TURNS - 1, 0, 0},
    {{"plain words", NULL, 2, {fills, takes}}, 28, 3, 2, 0, 0},
    {{"a modification and the clock", NULL, 1, {modifies}}, 0, 2, 0, 0, 80 + 5 + 20 + 1},
    {{"who is behind", NULL, 2, {comes_late, comes_early}}, 0, 1, 1, 0, 0},
    // 50 000, a transfer, a call, one thread to wake, its way back, a look, the clock
    {{"a wake-up", NULL, 2, {sleeps, wakes}},
     0,
     0,
     0,
     0,
     50000 + 60 + 200 + 1000 + 3000 + 60 + 20 + 1},
    {{0}, 0, 0, 0, 0, 0},
};

static void many(atomic_u32 *at)
{
    for (int i = 0; i < MANY; i++)
        add_relaxed(at, 1u);
    int64_t now = host_nanotime();
    end_ns = now > end_ns ? now : end_ns;
}
static void many_x(void *unused)
{
    (void)unused;
    many(&word.x);
}
static void many_y(void *unused)
{
    (void)unused;
    many(&word.y);
}

const struct litmus litmus_timed_beside = {"side by side", NULL, 2, {many_x, many_y}};
