// SPDX-License-Identifier: Apache-2.0
//
// Pipes, TCP and Unix sockets for goroutines: a call that has to wait parks its goroutine. What a
// call returns is never negative, or a negative errno value. A handle is a number; after rt_close
// it names nothing, ever: calls with it are -EBADF. Calls of several goroutines on one handle are
// fine: reading and writing go beside each other, two readers one after the other.
//
// -ETIMEDOUT: the deadline has passed. -ECANCELED: rt_close was called meanwhile. -EMFILE, -ENFILE,
// -ENOMEM: no descriptor for it. The rest is what the system says (-ECONNREFUSED, -ECONNRESET,
// -EPIPE ...); SIGPIPE is ignored from the first pipe on.
//
// What was written before rt_write is visible after the rt_read that got the bytes: the kernel sees
// to it. Sanitizers do not know.
//
// Addresses: "tcp:127.0.0.1:8080", "tcp:[::1]:8080" (port 0: any; a listener of version 6 takes no
// connections of version 4), "unix:/path". -EINVAL: none of these.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Both ends. A pipe is read from ends[0] and written to ends[1].
int rt_pipe(int64_t ends[2]);
int rt_socketpair(int64_t ends[2]);
// Waits for connections at the address, up to `backlog` not accepted yet.
int64_t rt_listen(const char *address, int backlog);
int64_t rt_accept(int64_t listener);
// The port that a listener of rt_listen got; 0 when it has none.
int rt_port(int64_t listener);
// Connects; gives up after `timeout_ns`, which RT_NO_DEADLINE makes never.
int64_t rt_dial(const char *address, int64_t timeout_ns);

// At most `bytes` bytes; 0: the end. Waits until there is one.
int64_t rt_read(int64_t handle, void *to, size_t bytes);
// All of them: less than `bytes` only if something came in between, which the next call tells.
int64_t rt_write(int64_t handle, const void *from, size_t bytes);

enum { RT_READING = 1, RT_WRITING = 2 };
#define RT_NO_DEADLINE INT64_MAX
// From `after_ns` from now on calls of these directions fail, those that wait, too; not positive:
// at once. The next setting takes its place.
int rt_set_deadline(int64_t handle, int directions, int64_t after_ns);
// Of a socket: no more of it.
int rt_shutdown(int64_t handle, int directions);
// Who waits comes back with -ECANCELED; the descriptor goes when the last of them has.
int rt_close(int64_t handle);
