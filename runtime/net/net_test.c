// SPDX-License-Identifier: Apache-2.0
//
// Pipes and sockets for goroutines: what was written is read, who waits is woken, by data, by the
// end, by a deadline or by a close, and by nothing that was meant for an earlier descriptor.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/base/rand.h"
#include "runtime/host/host.h"
#include "runtime/net/address.h"
#include "runtime/net/polldesc.h"
#include "runtime/rt_net.h"
#include "runtime/sched/claims.h"

enum { MS = 1000000 };

static atomic_u32 left;
static struct g *waiter;

static void begin(uint32_t n)
{
    if (waiter == NULL) // one that was counted down may still look
        waiter = rt_self();
    store_relaxed(&left, n);
}

static void one_done(void)
{
    if (sub_acq_rel(&left, 1) == 1)
        rt_ready(waiter);
}

static void wait_for_all(void)
{
    while (load_acquire(&left) != 0)
        rt_park();
}

// Exactly so many, or the end.
static size_t read_full(int64_t handle, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        int64_t n = rt_read(handle, (char *)to + done, bytes - done);
        check(n >= 0);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return done;
}

// To and fro --------------------------------------------------------------------------------------

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

// Connections -------------------------------------------------------------------------------------

enum { CLIENTS = 40, MESSAGES = 20 };
static char server_address[128];

static void serves(void *connection)
{
    int64_t handle = (int64_t)(intptr_t)connection;
    char buffer[64];
    int64_t n;
    while ((n = rt_read(handle, buffer, sizeof(buffer))) > 0)
        check(rt_write(handle, buffer, (size_t)n) == n);
    check(n == 0);
    check(rt_close(handle) == 0);
}

static void accepts(void *listener)
{
    int64_t handle = (int64_t)(intptr_t)listener, connection;
    while ((connection = rt_accept(handle)) >= 0)
        rt_go(serves, (void *)(intptr_t)connection);
    check(connection == -ECANCELED);
    one_done();
}

static void asks(void *number)
{
    int64_t handle = rt_dial(server_address, 10000ll * MS);
    check(handle >= 0);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint64_t message = (uint64_t)(uintptr_t)number << 32 | i, back = 0;
        check(rt_write(handle, &message, sizeof(message)) == sizeof(message));
        check(read_full(handle, &back, sizeof(back)) == sizeof(back) && back == message);
        if (i % 5 == 0)
            rt_yield();
    }
    check(rt_close(handle) == 0);
    one_done();
}

static void serve_all(int64_t listener)
{
    begin(CLIENTS);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        rt_go(asks, (void *)i);
    rt_go(accepts, (void *)(intptr_t)listener);
    wait_for_all();
    store_relaxed(&left, 1);
    check(rt_close(listener) == 0);
    wait_for_all();
    check(rt_accept(listener) == -EBADF);
}

static void serves_tcp(void *arg)
{
    (void)arg;
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 16);
    check(listener >= 0 && rt_port(listener) > 0);
    snprintf(server_address, sizeof(server_address), "tcp:127.0.0.1:%d", rt_port(listener));
    serve_all(listener);
    check(rt_dial(server_address, 10000ll * MS) == -ECONNREFUSED);
}

static void clients_are_served_over_tcp(void **state)
{
    (void)state;
    holds(serves_tcp);
}

static void serves_unix(void *arg)
{
    (void)arg;
    const char *folder = getenv("TEST_TMPDIR");
    char path[64];
    check(chdir(folder != NULL ? folder : "/tmp") == 0);
    snprintf(path, sizeof(path), "net_test.%d", getpid());
    snprintf(server_address, sizeof(server_address), "unix:%s", path);
    int64_t listener = rt_listen(server_address, CLIENTS);
    check(listener >= 0 && rt_port(listener) == 0);
    check(rt_listen(server_address, 1) == -EADDRINUSE);
    serve_all(listener);
    check(rt_dial(server_address, MS) == -ECONNREFUSED);
    unlink(path);
    check(rt_dial(server_address, MS) == -ENOENT);
}

static void clients_are_served_over_unix_sockets(void **state)
{
    (void)state;
    holds(serves_unix);
}

// Deadlines ---------------------------------------------------------------------------------------

static int64_t shared[2];

static void passes_deadline_later(void *arg)
{
    (void)arg;
    rt_sleep(3 * MS);
    check(rt_set_deadline(shared[0], RT_READING, 0) == 0);
    one_done();
}

static void deadlines(void *arg)
{
    (void)arg;
    char c;
    static char full[1 << 16];
    check(rt_socketpair(shared) == 0);
    int64_t from = host_nanotime();
    check(rt_set_deadline(shared[0], RT_READING, 2 * MS) == 0);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(host_nanotime() - from >= 2 * MS);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT); // it stays
    check(rt_write(shared[0], "x", 1) == 1);        // the other direction has none
    check(rt_set_deadline(shared[0], RT_READING, RT_NO_DEADLINE) == 0);
    check(rt_write(shared[1], "y", 1) == 1 && rt_read(shared[0], &c, 1) == 1 && c == 'y');
    // moved to the past while somebody waits
    begin(1);
    rt_go(passes_deadline_later, NULL);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    wait_for_all();
    // moved away: the first one must not strike
    check(rt_set_deadline(shared[0], RT_READING, MS) == 0);
    check(rt_set_deadline(shared[0], RT_READING, 20 * MS) == 0);
    from = host_nanotime();
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(host_nanotime() - from >= 19 * MS);
    // a writer that fills the socket
    check(rt_set_deadline(shared[0], RT_READING | RT_WRITING, 5 * MS) == 0);
    int64_t n;
    while ((n = rt_write(shared[0], full, sizeof(full))) == (int64_t)sizeof(full))
        ;
    check(n == -ETIMEDOUT || (n > 0 && n < (int64_t)sizeof(full)));
    check(rt_write(shared[0], full, 1) == -ETIMEDOUT);
    check(rt_set_deadline(shared[0], 0, 1) == -EINVAL);
    check(rt_set_deadline(shared[0], RT_READING, INT64_MIN) == 0);
    check(rt_read(shared[0], &c, 1) == -ETIMEDOUT);
    check(rt_set_deadline(shared[0], RT_READING, INT64_MAX - 1) == 0); // too far away: none
}

static void deadlines_end_who_waits_and_not_before(void **state)
{
    (void)state;
    holds(deadlines);
}

static void dials_into_nothing(void *arg)
{
    (void)arg;
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 1), handles[64];
    snprintf(server_address, sizeof(server_address), "tcp:127.0.0.1:%d", rt_port(listener));
    // the line fills, then nobody answers
    int n = 0;
    while (n < 64 && (handles[n] = rt_dial(server_address, 20 * MS)) >= 0)
        n++;
    check(n > 0 && n < 64 && handles[n] == -ETIMEDOUT);
}

static void a_dial_gives_up_in_time(void **state)
{
    (void)state;
    holds(dials_into_nothing);
}

// Closing -----------------------------------------------------------------------------------------

static atomic_u32 cancelled;

static void reads_until_closed(void *arg)
{
    (void)arg;
    char c;
    int64_t n = rt_read(shared[0], &c, 1);
    check(n == -ECANCELED || n == -EBADF); // the second: it was late
    add_relaxed(&cancelled, n == -ECANCELED);
    one_done();
}

static void closes_under_waiters(void *arg)
{
    (void)arg;
    for (int round = 0; round < 50; round++) {
        check(rt_socketpair(shared) == 0);
        begin(3);
        for (int i = 0; i < 3; i++)
            rt_go(reads_until_closed, NULL); // one waits for data, two in line
        if (round % 2 == 0)
            rt_sleep(MS / 2);
        else
            for (int i = 0; i < 5; i++)
                rt_yield();
        int64_t old = shared[0];
        if (round % 2 == 0) {
            check(rt_close(old) == 0);
            wait_for_all();
        } else {
            rt_sleep(MS);
            check(rt_close(old) == 0);
            check(rt_close(old) == -EBADF);
            wait_for_all();
        }
        // whatever is there now, the old handle does not name it
        int64_t others[2];
        char c;
        check(rt_socketpair(others) == 0);
        check(rt_write(others[1], "z", 1) == 1);
        check(rt_read(old, &c, 1) == -EBADF && rt_write(old, "q", 1) == -EBADF);
        check(rt_set_deadline(old, RT_READING, 0) == -EBADF);
        check(rt_shutdown(old, RT_READING) == -EBADF && rt_port(old) == -EBADF);
        check(rt_read(others[0], &c, 1) == 1 && c == 'z');
        check(rt_close(others[0]) == 0 && rt_close(others[1]) == 0 && rt_close(shared[1]) == 0);
    }
    check(load_relaxed(&cancelled) > 100); // of 150
}

static void who_waits_comes_back_when_it_is_closed(void **state)
{
    (void)state;
    holds(closes_under_waiters);
}

// Many open, transfer, set deadlines and close; numbers and slots are used again all the time.
enum { PAIRS = 12, LIVES = 60 };

static void lives(void *seed)
{
    struct rand r = {(uintptr_t)seed};
    for (uint32_t life = 0; life < LIVES; life++) {
        int64_t ends[2];
        uint64_t word = (uint64_t)(uintptr_t)seed << 32 | life, got = 0;
        check((rand_below(&r, 2) == 0 ? rt_socketpair(ends) : rt_pipe(ends)) == 0);
        if (rand_below(&r, 3) == 0) { // times out, or is cut off
            check(rt_set_deadline(ends[0], RT_READING, (int64_t)rand_below(&r, 200000)) == 0);
            check(rt_read(ends[0], &got, sizeof(got)) == -ETIMEDOUT);
            check(rt_set_deadline(ends[0], RT_READING, RT_NO_DEADLINE) == 0);
        }
        if (rand_below(&r, 2) == 0)
            rt_yield();
        check(rt_write(ends[1], &word, sizeof(word)) == sizeof(word));
        if (rand_below(&r, 3) == 0)
            check(rt_set_deadline(ends[0], RT_READING, 3600ll * 1000 * MS) == 0);
        check(read_full(ends[0], &got, sizeof(got)) == sizeof(got) && got == word);
        check(rt_close(ends[1]) == 0);
        check(rt_read(ends[0], &got, sizeof(got)) == 0);
        check(rt_close(ends[0]) == 0);
    }
    one_done();
}

static void many_live(void *arg)
{
    (void)arg;
    begin(PAIRS);
    for (uintptr_t i = 0; i < PAIRS; i++)
        rt_go(lives, (void *)(i + 1));
    wait_for_all();
    for (int tries = 0; load_relaxed(&sched.pollwaiters) != 0; tries++) {
        check(tries < 1000); // who wakes counts off after that
        rt_sleep(MS);
    }
}

static void what_is_used_again_gets_nothing_of_before(void **state)
{
    (void)state;
    holds(many_live);
}

// Who polls ---------------------------------------------------------------------------------------

static int outside[2];

static void writes_from_outside(void *unused)
{
    (void)unused;
    host_sleep(20 * MS);
    check(host_write(outside[1], "x", 1) == 1);
}

static void waits_for_the_outside(void *arg)
{
    (void)arg;
    check(host_pipe(outside) == 0);
    int64_t handle = pd_new(outside[0]);
    char c;
    check(host_thread_create(writes_from_outside, NULL, 0) == 0);
    check(rt_read(handle, &c, 1) == 1); // nothing else is there to run, and no timer
}

static void who_waits_for_the_outside_is_no_deadlock(void **state)
{
    (void)state;
    holds(waits_for_the_outside);
}

static void reads_one(void *handle)
{
    char c;
    check(rt_read((int64_t)(intptr_t)handle, &c, 1) == 1);
    one_done();
}

// All p's but one are idle, and what runs has work of its own: somebody looks all the same.
static void computes_beside_a_reader(void *arg)
{
    (void)arg;
    check(host_pipe(outside) == 0);
    begin(1);
    rt_go(reads_one, (void *)(intptr_t)pd_new(outside[0]));
    rt_sleep(MS);
    check(host_thread_create(writes_from_outside, NULL, 0) == 0);
    int64_t from = host_nanotime();
    while (load_relaxed(&left) != 0) {
        host_spin(1000);
        check(host_nanotime() - from < 5000ll * MS);
    }
}

static void a_reader_runs_beside_one_that_computes(void **state)
{
    (void)state;
    holds_on(computes_beside_a_reader, 2, 0);
}

// The only p is never without work: nobody but sysmon looks.
static void keeps_the_only_p_busy(void *arg)
{
    (void)arg;
    check(host_pipe(outside) == 0);
    begin(1);
    rt_go(reads_one, (void *)(intptr_t)pd_new(outside[0]));
    rt_sleep(MS);
    check(host_thread_create(writes_from_outside, NULL, 0) == 0);
    int64_t from = host_nanotime();
    while (load_relaxed(&left) != 0) {
        rt_preempt_point();
        check(host_nanotime() - from < 5000ll * MS);
    }
}

static void a_reader_runs_although_nobody_has_time_to_poll(void **state)
{
    (void)state;
    holds_on(keeps_the_only_p_busy, 1, 0);
}

// Errors ------------------------------------------------------------------------------------------

static void wrong_use(void *arg)
{
    (void)arg;
    static const int64_t wrong[] = {-1, 0, 1, INT64_MAX, INT64_MIN, 77, 1ll << 32, 5ll << 32 | 3};
    char c;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check(rt_read(wrong[i], &c, 1) == -EBADF && rt_close(wrong[i]) == -EBADF);
    int64_t ends[2];
    check(rt_pipe(ends) == 0);
    check(rt_read(ends[1], &c, 1) == -EBADF && rt_write(ends[0], &c, 1) == -EBADF);
    check(rt_shutdown(ends[0], RT_READING) == -ENOTSOCK);
    check(rt_close(ends[0]) == 0 && rt_write(ends[1], &c, 1) == -EPIPE);
    check(rt_listen("tcp:127.0.0.1", 1) == -EINVAL && rt_dial("", 1) == -EINVAL);
}

static void wrong_use_is_an_error(void **state)
{
    (void)state;
    holds(wrong_use);
}

static void opens_all(void *arg)
{
    (void)arg;
    static int64_t ends[256][2];
    int n = 0, err;
    while (n < 256 && (err = rt_pipe(ends[n])) == 0)
        n++;
    check(n > 10 && n < 256 && (err == -EMFILE || err == -ENFILE));
    check(rt_dial("tcp:127.0.0.1:1", MS) < 0);
    for (int i = 0; i < n; i++)
        check(rt_close(ends[i][0]) == 0 && rt_close(ends[i][1]) == 0);
    check(rt_pipe(ends[0]) == 0 && rt_write(ends[0][1], "x", 1) == 1);
}

static void limited(void *arg)
{
    const struct rlimit few = {64, 64};
    check(setrlimit(RLIMIT_NOFILE, &few) == 0);
    opens_all(arg);
}

static void no_descriptor_left_is_an_error(void **state)
{
    (void)state;
    holds(limited);
}

static void addresses_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct host_address a;
    assert_true(address_parse("tcp:127.0.0.1:0", &a));
    assert_int_equal(a.ip, 0x7f000001);
    assert_int_equal(a.port, 0);
    assert_true(address_parse("tcp:255.0.20.1:65535", &a));
    assert_int_equal(a.ip, 0xff001401);
    assert_int_equal(a.port, 65535);
    assert_true(address_parse("unix:/a/b", &a));
    assert_string_equal(a.path, "/a/b");
    static const char *const wrong[] = {
        "",
        "tcp:",
        "tcp:1.2.3.4",
        "tcp:1.2.3.4:",
        "tcp:1.2.3.4:65536",
        "tcp:1.2.3",
        "tcp:256.1.1.1:1",
        "tcp:1.2.3.4:1 ",
        "tcp:01.2.3.4:1",
        "tcp:1.2.3.4.5:1",
        "tcp:-1.2.3.4:1",
        "udp:1.2.3.4:1",
        "unix:",
        "tcp:1..2.3:1",
        "unix",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(address_parse(wrong[i], &a));
    char longest[120];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "unix:", 5);
    longest[5 + sizeof(a.path) - 1] = 0;
    assert_true(address_parse(longest, &a));
    longest[5 + sizeof(a.path) - 1] = 'a';
    longest[5 + sizeof(a.path)] = 0;
    assert_false(address_parse(longest, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_to_and_fro),
        cmocka_unit_test(much_goes_through_a_small_pipe),
        cmocka_unit_test(a_buffer_may_lie_on_stack_that_is_still_closed),
        cmocka_unit_test(clients_are_served_over_tcp),
        cmocka_unit_test(clients_are_served_over_unix_sockets),
        cmocka_unit_test(deadlines_end_who_waits_and_not_before),
        cmocka_unit_test(a_dial_gives_up_in_time),
        cmocka_unit_test(who_waits_comes_back_when_it_is_closed),
        cmocka_unit_test(what_is_used_again_gets_nothing_of_before),
        cmocka_unit_test(who_waits_for_the_outside_is_no_deadlock),
        cmocka_unit_test(a_reader_runs_beside_one_that_computes),
        cmocka_unit_test(a_reader_runs_although_nobody_has_time_to_poll),
        cmocka_unit_test(wrong_use_is_an_error),
        cmocka_unit_test(no_descriptor_left_is_an_error),
        cmocka_unit_test(addresses_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
