// SPDX-License-Identifier: Apache-2.0
//
// Pipes, sockets and the poller: see contract_test.h. Interrupted calls are repeated, and what is
// read and written is counted: a host may do less than asked.
#include "runtime/host/contract_descriptors.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"

enum { TOKEN = 4711, OTHER = 42 };

static int64_t read_some(int fd, void *to, size_t bytes)
{
    int64_t n;
    do
        n = host_read(fd, to, bytes);
    while (n == -EINTR);
    return n;
}

static int64_t write_some(int fd, const void *from, size_t bytes)
{
    int64_t n;
    do
        n = host_write(fd, from, bytes);
    while (n == -EINTR);
    return n;
}

static bool write_all(int fd, const char *from, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        int64_t n = write_some(fd, from + done, bytes - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool read_is(int fd, const char *what, size_t bytes)
{
    char got[64];
    for (size_t done = 0; done < bytes;) {
        int64_t n = read_some(fd, got + done, bytes - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return memcmp(got, what, bytes) == 0;
}

static void close_both(const int fds[2])
{
    host_close(fds[0]);
    host_close(fds[1]);
}

bool bytes_leave_a_pipe_as_they_came(void)
{
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    bool ok = write_all(fds[1], "one, ", 5) && write_all(fds[1], "two", 3) &&
              read_is(fds[0], "one, two", 8);
    close_both(fds);
    return ok;
}

bool what_would_block_says_so(void)
{
    static const char zeros[4096];
    int fds[2];
    char c;
    if (host_pipe(fds) != 0)
        return false;
    bool ok = read_some(fds[0], &c, 1) == -EAGAIN;
    int64_t n;
    do
        n = write_some(fds[1], zeros, sizeof(zeros));
    while (n > 0);
    ok = ok && n == -EAGAIN && read_some(fds[0], &c, 1) == 1 && c == 0;
    close_both(fds);
    return ok;
}

bool a_pipe_ends_with_its_writer(void)
{
    int fds[2];
    char c;
    if (host_pipe(fds) != 0)
        return false;
    bool ok = write_all(fds[1], "last", 4);
    host_close(fds[1]);
    ok = ok && read_is(fds[0], "last", 4) && read_some(fds[0], &c, 1) == 0;
    host_close(fds[0]);
    return ok;
}

bool nobody_writes_to_a_pipe_without_reader(void)
{
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    host_close(fds[0]);
    bool ok = write_some(fds[1], "x", 1) == -EPIPE;
    host_close(fds[1]);
    return ok;
}

bool a_socket_pair_goes_both_ways(void)
{
    int fds[2];
    if (host_socketpair(fds) != 0)
        return false;
    bool ok = write_all(fds[0], "to", 2) && write_all(fds[1], "fro", 3) &&
              read_is(fds[1], "to", 2) && read_is(fds[0], "fro", 3);
    close_both(fds);
    return ok;
}

bool a_shut_direction_ends_after_what_was_written(void)
{
    int fds[2];
    char c;
    if (host_socketpair(fds) != 0)
        return false;
    bool ok = write_all(fds[0], "rest", 4) && host_shutdown(fds[0], false, true) == 0 &&
              write_some(fds[0], "x", 1) == -EPIPE && read_is(fds[1], "rest", 4) &&
              read_some(fds[1], &c, 1) == 0 && write_all(fds[1], "back", 4) &&
              read_is(fds[0], "back", 4);
    close_both(fds);
    return ok;
}

static const struct host_address loopback = {.network = HOST_TCP, .ip = 0x7f000001};

// Waits for an edge of the one descriptor that the poller knows.
static bool wait_for(uint64_t token, bool write)
{
    struct host_ready ready[4];
    for (;;) {
        int n = host_poll_wait(-1, ready, 4);
        if (n < 0 && n != -EINTR)
            return false;
        for (int i = 0; i < n; i++) {
            if (ready[i].token == token && (write ? ready[i].write : ready[i].read))
                return true;
        }
    }
}

static int finish_connecting(int fd, int err)
{
    while (err == -EINPROGRESS) {
        wait_for(TOKEN, true);
        err = host_connected(fd);
    }
    return err;
}

static int accept_one(int fd)
{
    int got;
    do
        got = host_accept(fd);
    while (got == -EINTR);
    return got;
}

// At a port that the host finds.
static bool is_accepted(int listener, const struct host_address *at)
{
    if (listener < 0 || at->port == 0 || accept_one(listener) != -EAGAIN)
        return false;
    int client = host_socket(at->network);
    bool ok = client >= 0 && host_poll_add(client, TOKEN) == 0 &&
              finish_connecting(client, host_connect(client, at)) == 0;
    int server = accept_one(listener);
    ok = ok && server >= 0 && write_all(client, "hello", 5) && write_all(server, "you", 3);
    // loopback delivers at once
    ok = ok && read_is(server, "hello", 5) && read_is(client, "you", 3);
    host_poll_remove(client);
    host_close(client);
    host_close(listener);
    char c;
    ok = ok && read_some(server, &c, 1) == 0;
    host_close(server);
    return ok;
}

bool a_connection_is_accepted(void)
{
    struct host_address at = loopback;
    int listener = host_listen(&at, 4);
    return is_accepted(listener, &at);
}

// A machine may not know this version, and says so.
static bool has_no_version_6(int listener)
{
    return listener == -EADDRNOTAVAIL || listener == -EAFNOSUPPORT;
}

bool a_connection_of_version_6_is_accepted(void)
{
    struct host_address at = {.network = HOST_TCP6, .ip6 = {[15] = 1}};
    int listener = host_listen(&at, 4);
    return has_no_version_6(listener) || is_accepted(listener, &at);
}

// On all addresses, where one could take connections of the other. A port that somebody else has
// got meanwhile is no answer.
bool versions_of_tcp_are_apart(void)
{
    for (int i = 0; i < 8; i++) {
        struct host_address six = {.network = HOST_TCP6}, four = {.network = HOST_TCP};
        int first = host_listen(&six, 4);
        if (has_no_version_6(first))
            return true;
        four.port = six.port;
        int second = host_listen(&four, 4);
        host_close(first);
        if (second >= 0) {
            host_close(second);
            return true;
        }
    }
    return false;
}

bool nobody_listens_is_refused(void)
{
    struct host_address at = loopback;
    int listener = host_listen(&at, 1);
    if (listener < 0)
        return false;
    host_close(listener);
    int client = host_socket(HOST_TCP);
    bool ok = client >= 0 && host_poll_add(client, TOKEN) == 0 &&
              finish_connecting(client, host_connect(client, &at)) == -ECONNREFUSED;
    host_poll_remove(client);
    host_close(client);
    return ok;
}

// The poller ------------------------------------------------------------------------------

// Whether the poller tells of `token` just now; other edges are dropped.
static bool told(uint64_t token, bool write)
{
    struct host_ready ready[4];
    bool found = false;
    int n;
    do {
        n = host_poll_wait(0, ready, 4);
        for (int i = 0; i < n; i++)
            found |= ready[i].token == token && (write ? ready[i].write : ready[i].read);
    } while (n == -EINTR || n > 0);
    return found;
}

bool the_poller_tells_of_each_edge(void)
{
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    bool ok = host_poll_add(fds[0], TOKEN) == 0 && !told(TOKEN, false);
    for (int i = 0; i < 3; i++) {
        ok = ok && write_all(fds[1], "abc", 3) && wait_for(TOKEN, false) && !told(TOKEN, false);
        ok = ok && read_is(fds[0], "abc", 3);
    }
    host_poll_remove(fds[0]);
    close_both(fds);
    return ok;
}

bool the_poller_tells_what_is_ready_when_it_is_added(void)
{
    int fds[2];
    if (host_socketpair(fds) != 0)
        return false;
    bool ok = write_all(fds[1], "x", 1) && host_poll_add(fds[0], OTHER) == 0 &&
              wait_for(OTHER, false) && host_poll_add(fds[1], TOKEN) == 0 && wait_for(TOKEN, true);
    host_poll_remove(fds[0]);
    host_poll_remove(fds[1]);
    close_both(fds);
    return ok;
}

bool the_poller_tells_of_the_end(void)
{
    int fds[2];
    char c;
    if (host_pipe(fds) != 0)
        return false;
    bool ok = host_poll_add(fds[0], TOKEN) == 0 && read_some(fds[0], &c, 1) == -EAGAIN;
    host_close(fds[1]);
    ok = ok && wait_for(TOKEN, false) && read_some(fds[0], &c, 1) == 0;
    host_poll_remove(fds[0]);
    host_close(fds[0]);
    return ok;
}

bool the_poller_tells_of_room_again(void)
{
    static char many[4096];
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    bool ok = host_poll_add(fds[1], TOKEN) == 0;
    int64_t n;
    do
        n = write_some(fds[1], many, sizeof(many));
    while (n > 0);
    ok = ok && n == -EAGAIN;
    told(TOKEN, true); // that there was room before
    do
        n = read_some(fds[0], many, sizeof(many));
    while (n > 0);
    ok = ok && wait_for(TOKEN, true) && write_all(fds[1], "x", 1);
    host_poll_remove(fds[1]);
    close_both(fds);
    return ok;
}

bool what_was_removed_is_not_told_of(void)
{
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    bool ok = host_poll_add(fds[0], TOKEN) == 0;
    host_poll_remove(fds[0]);
    ok = ok && write_all(fds[1], "x", 1) && !told(TOKEN, false);
    ok = ok && host_poll_add(fds[0], OTHER) == 0 && wait_for(OTHER, false);
    host_poll_remove(fds[0]);
    close_both(fds);
    return ok;
}

static int other_end;
static atomic_u32 written;

static void write_from_another_thread(void *unused)
{
    (void)unused;
    write_all(other_end, "x", 1);
    store_release(&written, 1); // pairs [contract.written]
    host_futex_wake(&written, 1);
}

bool an_edge_by_another_thread_ends_the_wait(void)
{
    int fds[2];
    if (host_pipe(fds) != 0)
        return false;
    store_relaxed(&written, 0);
    other_end = fds[1];
    bool ok = host_poll_add(fds[0], TOKEN) == 0 &&
              host_thread_create(write_from_another_thread, NULL, 0) == 0 && wait_for(TOKEN, false);
    while (load_acquire(&written) == 0) // pairs [contract.written]
        host_futex_wait(&written, 0, -1);
    host_poll_remove(fds[0]);
    close_both(fds);
    return ok;
}
