// SPDX-License-Identifier: Apache-2.0
//
// What programs do wrong and what the world refuses is an error, and no more than that.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>

#include "runtime/net/net_testing.h"

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

// Peers that vanish -------------------------------------------------------------------------------

static int64_t served;

static void reads_from_who_vanishes(void *arg)
{
    (void)arg;
    char c;
    check(rt_read(served, &c, 1) == -ECONNRESET);
    check(rt_read(served, &c, 1) == 0); // it is told once, as the system does
    check(rt_write(served, "x", 1) == -EPIPE);
    one_done();
}

static void writes_to_who_vanishes(void *arg)
{
    (void)arg;
    static const char much[1 << 16];
    int64_t n;
    do
        n = rt_write(served, much, sizeof(much));
    while (n > 0);
    // what was written in part has met the reset, and then there is only the end
    check(n == -ECONNRESET || n == -EPIPE);
    check(rt_write(served, "x", 1) == -EPIPE);
    one_done();
}

static void peers_vanish(void *arg)
{
    (void)arg;
    static void (*const meets[])(void *) = {reads_from_who_vanishes, writes_to_who_vanishes};
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 4);
    for (int i = 0; i < 20; i++) {
        int peer = foreign_peer(rt_port(listener));
        served = rt_accept(listener);
        begin(1);
        rt_go(meets[i % 2], NULL);
        wait_for_waiters(1);
        foreign_reset(peer);
        wait_for_all();
        check(rt_close(served) == 0);
    }
    // before it was accepted: it can be, and then is gone
    foreign_reset(foreign_peer(rt_port(listener)));
    served = rt_accept(listener);
    char c;
    check(served >= 0 && rt_read(served, &c, 1) == -ECONNRESET);
}

static void a_peer_that_resets_is_an_error(void **state)
{
    (void)state;
    holds(peers_vanish);
}

static void writes_to_who_is_gone(void *arg)
{
    (void)arg;
    signal(SIGPIPE, SIG_DFL); // whoever was told to ignore it before
    int64_t ends[2], n;
    check(rt_socketpair(ends) == 0 && rt_close(ends[0]) == 0);
    check(rt_write(ends[1], "x", 1) == -EPIPE && rt_write(ends[1], "x", 1) == -EPIPE);
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 4);
    int peer = foreign_peer(rt_port(listener));
    served = rt_accept(listener);
    check(close(peer) == 0);
    while ((n = rt_write(served, "x", 1)) == 1) // the first one is what makes the peer object
        rt_yield();
    check(n == -EPIPE || n == -ECONNRESET);
    check(rt_write(served, "x", 1) == -EPIPE);
    check(rt_pipe(ends) == 0 && rt_close(ends[0]) == 0);
    check(rt_write(ends[1], "x", 1) == -EPIPE);
}

static void a_write_to_who_is_gone_is_no_signal(void **state)
{
    (void)state;
    holds(writes_to_who_is_gone);
}

// No descriptor for who is to be accepted ---------------------------------------------------------

enum { LIMIT = 64 };

static int spare[LIMIT], spares;

// Not inlined: errno is another one after each wait.
static __attribute__((noinline)) void use_all_descriptors(void)
{
    while ((spare[spares] = dup(STDERR_FILENO)) >= 0)
        spares++;
    check(errno == EMFILE && spares > 0);
}

static void free_one_descriptor(void)
{
    check(close(spare[--spares]) == 0);
}

static void accepts_beyond_the_limit(int64_t listener, const int *peers, int n)
{
    char c;
    for (int i = 0; i < n; i++) {
        check(rt_accept(listener) == -EMFILE && rt_accept(listener) == -EMFILE);
        free_one_descriptor();
        served = rt_accept(listener); // there is no new edge: it is tried
        check(served >= 0 && write(peers[i], "x", 1) == 1 && rt_read(served, &c, 1) == 1);
    }
}

static atomic_u32 refusals;

static void accepts_in_the_end(void *listener)
{
    while ((served = rt_accept((int64_t)(intptr_t)listener)) == -EMFILE) {
        add_relaxed(&refusals, 1);
        rt_sleep(MS / 10);
    }
    check(served >= 0);
    one_done();
}

static void has_no_descriptor_to_accept_with(void *arg)
{
    (void)arg;
    const struct rlimit few = {LIMIT, LIMIT};
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 8);
    check(setrlimit(RLIMIT_NOFILE, &few) == 0);
    int peers[3];
    for (int i = 0; i < 3; i++)
        peers[i] = foreign_peer(rt_port(listener));
    int late = foreign_socket();
    use_all_descriptors();
    accepts_beyond_the_limit(listener, peers, 3);
    // it is asleep when somebody comes, and is told of it once
    free_one_descriptor();
    begin(1);
    rt_go(accepts_in_the_end, (void *)(intptr_t)listener);
    wait_for_waiters(1);
    use_all_descriptors();
    foreign_connect(late, rt_port(listener));
    while (load_relaxed(&refusals) < 3)
        rt_sleep(MS / 10);
    free_one_descriptor();
    wait_for_all();
}

static void an_accept_without_descriptor_fails_and_recovers(void **state)
{
    (void)state;
    holds(has_no_descriptor_to_accept_with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_use_is_an_error),
        cmocka_unit_test(no_descriptor_left_is_an_error),
        cmocka_unit_test(a_peer_that_resets_is_an_error),
        cmocka_unit_test(a_write_to_who_is_gone_is_no_signal),
        cmocka_unit_test(an_accept_without_descriptor_fails_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
