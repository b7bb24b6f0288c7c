// SPDX-License-Identifier: Apache-2.0
//
// Pipes and sockets for goroutines: what was written is read, in any pieces.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/net/net_testing.h"

enum { ROUNDS = 500 };

static void sends_back(void *end)
{
    int64_t handle = (int64_t)(intptr_t)end;
    uint32_t n;
    while (read_full(handle, &n, sizeof(n)) == sizeof(n)) {
        n++;
        check(rt_write(handle, &n, sizeof(n)) == sizeof(n));
    }
    check(rt_close(handle) == 0);
    one_done();
}

static void to_and_fro(void *arg)
{
    (void)arg;
    int64_t ends[2];
    begin(1);
    check(rt_socketpair(ends) == 0);
    rt_go(sends_back, (void *)(intptr_t)ends[1]);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t back = 0;
        check(rt_write(ends[0], &n, sizeof(n)) == sizeof(n));
        check(read_full(ends[0], &back, sizeof(back)) == sizeof(back) && back == n + 1);
    }
    check(rt_shutdown(ends[0], RT_WRITING) == 0);
    wait_for_all();
    char c;
    check(rt_read(ends[0], &c, 1) == 0);
    check(rt_close(ends[0]) == 0);
}

static void messages_go_to_and_fro(void **state)
{
    (void)state;
    holds(to_and_fro);
}

enum { LARGE = 1 << 20 };

static void writes_much(void *end)
{
    int64_t handle = (int64_t)(intptr_t)end;
    uint8_t *much = rt_new_bytes(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        much[i] = (uint8_t)(i * 2654435761u >> 16);
    check(rt_write(handle, much, LARGE) == LARGE);
    check(rt_close(handle) == 0);
}

static void reads_much(void *arg)
{
    (void)arg;
    int64_t ends[2];
    check(rt_pipe(ends) == 0);
    rt_go(writes_much, (void *)(intptr_t)ends[1]);
    uint8_t part[777];
    size_t at = 0;
    for (int64_t n = 1; n > 0; at += (size_t)n) {
        n = rt_read(ends[0], part, sizeof(part));
        check(n >= 0);
        for (int64_t i = 0; i < n; i++)
            check(part[i] == (uint8_t)((at + (size_t)i) * 2654435761u >> 16));
    }
    check(at == LARGE);
    check(rt_close(ends[0]) == 0);
}

static void much_goes_through_a_small_pipe(void **state)
{
    (void)state;
    holds(reads_much);
}

// The buffer lies on pages of the stack that nobody has touched yet.
static __attribute__((noinline)) void read_onto_closed_pages(int64_t handle)
{
    char large[STACK_BYTES / 2];
    __asm__ volatile("" : : "r"(large) : "memory");
    check(rt_read(handle, large, sizeof(large)) == 5);
    check(memcmp(large, "hello", 5) == 0);
}

static void reads_onto_the_stack(void *arg)
{
    (void)arg;
    int64_t ends[2];
    check(rt_pipe(ends) == 0);
    check(rt_write(ends[1], "hello", 5) == 5);
    read_onto_closed_pages(ends[0]);
}

static void a_buffer_may_lie_on_stack_that_is_still_closed(void **state)
{
    (void)state;
    holds(reads_onto_the_stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_to_and_fro),
        cmocka_unit_test(much_goes_through_a_small_pipe),
        cmocka_unit_test(a_buffer_may_lie_on_stack_that_is_still_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
