// SPDX-License-Identifier: Apache-2.0
//
// Connections over TCP and Unix sockets: who dials is served, or told why not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "runtime/net/net_testing.h"

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

static void serves_tcp6(void *arg)
{
    (void)arg;
    int64_t listener = rt_listen("tcp:[::1]:0", 16);
    if (listener == -EADDRNOTAVAIL || listener == -EAFNOSUPPORT)
        return; // not on this machine
    check(listener >= 0 && rt_port(listener) > 0);
    snprintf(server_address, sizeof(server_address), "tcp:[::1]:%d", rt_port(listener));
    serve_all(listener);
    check(rt_dial(server_address, 10000ll * MS) == -ECONNREFUSED);
}

static void clients_are_served_over_tcp_of_version_6(void **state)
{
    (void)state;
    holds(serves_tcp6);
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

static void dials_nobody(void *arg)
{
    (void)arg;
    char address[64];
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 1);
    snprintf(address, sizeof(address), "tcp:127.0.0.1:%d", rt_port(listener));
    check(rt_close(listener) == 0);
    for (int i = 0; i < 10; i++)
        check(rt_dial(address, i % 2 == 0 ? RT_NO_DEADLINE : 10000ll * MS) == -ECONNREFUSED);
}

static void a_dial_to_nobody_is_refused(void **state)
{
    (void)state;
    holds(dials_nobody);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_served_over_tcp),
        cmocka_unit_test(clients_are_served_over_tcp_of_version_6),
        cmocka_unit_test(clients_are_served_over_unix_sockets),
        cmocka_unit_test(a_dial_to_nobody_is_refused),
        cmocka_unit_test(a_dial_gives_up_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
