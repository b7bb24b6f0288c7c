// SPDX-License-Identifier: Apache-2.0
//
// Ten thousand connections whose peers, another process, have sent half of something or nothing and
// say no more: each has a goroutine that waits, until all are given up; nothing is left of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <dirent.h>
#include <sys/resource.h>

#include "runtime/net/net_testing.h"

enum { CONNECTIONS = 10000, OTHER_DESCRIPTORS = 100, ROUNDS = 2 };

static int32_t connections; // as many as this machine allows
static int64_t handles[CONNECTIONS];

static int open_descriptors(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    check(folder != NULL);
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

// In a process of its own, until `stay` is closed.
static void connect_all(int port, int stay)
{
    char c;
    for (int i = 0; i < connections; i++) {
        int fd = foreign_peer(port);
        check(i % 2 == 0 || write(fd, "half", 4) == 4);
    }
    check(read(stay, &c, 1) == 0);
    _exit(0);
}

static void waits_for_more(void *handle)
{
    char part[64];
    int64_t at = *(int64_t *)handle, n;
    do
        n = rt_read(at, part, sizeof(part));
    while (n > 0);
    check(n == -ETIMEDOUT && rt_close(at) == 0);
    one_done();
}

static void accept_all(int64_t listener)
{
    static const struct rt_go_attr small = {.stack_bytes = 32 << 10};
    begin((uint32_t)connections);
    for (int i = 0; i < connections; i++) {
        handles[i] = rt_accept(listener);
        check(handles[i] >= 0);
        rt_go_with(&small, waits_for_more, &handles[i]);
    }
}

static void one_round(int64_t listener)
{
    int stay[2], status;
    check(pipe(stay) == 0);
    pid_t peer = fork();
    check(peer >= 0);
    if (peer == 0) {
        close(stay[1]);
        connect_all(rt_port(listener), stay[0]);
    }
    accept_all(listener);
    wait_for_waiters(connections);
    for (int i = 0; i < connections; i++)
        check(rt_set_deadline(handles[i], RT_READING, 0) == 0);
    wait_for_all();
    close(stay[0]);
    close(stay[1]);
    check(waitpid(peer, &status, 0) == peer && status == 0);
}

static void serves_halves(void *arg)
{
    (void)arg;
    struct rlimit limit;
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    connections = CONNECTIONS;
    if (limit.rlim_max < CONNECTIONS + OTHER_DESCRIPTORS)
        connections = (int32_t)limit.rlim_max - OTHER_DESCRIPTORS;
    check(connections > 0);
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 1024);
    int before = open_descriptors();
    for (int i = 0; i < ROUNDS; i++) {
        one_round(listener);
        check(open_descriptors() == before);
    }
}

static void ten_thousand_half_open_connections_leave_nothing(void **state)
{
    (void)state;
    holds_on(serves_halves, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_half_open_connections_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
