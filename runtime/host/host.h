// SPDX-License-Identifier: Apache-2.0
//
// The only way from the runtime to the outside world. A binary links exactly one host: the linux
// host (real threads, real time) or the engine's (virtual threads, virtual time). Nothing here is
// inline, so that instrumented objects are the same for every host.
//
// Conventions: sizes in bytes, times in nanoseconds; a function that can fail returns a negative
// errno value (`-ENOMEM`), never sets errno for the caller. host/contract_test.c states what
// every host must do, and runs unchanged on each of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Threads ---------------------------------------------------------------------------------

// Starts a detached thread that runs fn(arg) on a stack of at least `stack_bytes` (0: default).
// What the caller wrote before is visible to fn. Returns 0, or -EAGAIN / -ENOMEM.
int host_thread_create(void (*fn)(void *), void *arg, size_t stack_bytes);
// Ends the calling thread; never the process.
_Noreturn void host_thread_exit(void);
// Gives up the processor to any other thread that is ready.
void host_yield(void);
// One turn of a spin loop. Every loop that waits for another thread without sleeping calls this,
// so that an unfair schedule leaves the loop.
void host_relax(void);
// Occupies the calling thread (and what it holds) for `ns`, as a computation of that length would.
void host_spin(int64_t ns);
// Sleeps for at least `ns`, whatever signals come.
void host_sleep(int64_t ns);
// Number of processors that the process may use, at least 1.
int host_ncpu(void);

// Futex -----------------------------------------------------------------------------------

// Sleeps while *addr == expected, at most `timeout_ns` (negative: without limit).
// Returns 0 when woken (perhaps spuriously), -EAGAIN when *addr differed, -ETIMEDOUT, -EINTR.
// Callers loop. The comparison reads memory as an atomic relaxed load.
int host_futex_wait(const void *addr, uint32_t expected, int64_t timeout_ns);
// Wakes up to `count` sleepers on addr, the longest sleeping first; returns how many.
int host_futex_wake(const void *addr, int count);

// Time ------------------------------------------------------------------------------------

// Monotonic clock.
int64_t host_nanotime(void);

// Memory ----------------------------------------------------------------------------------

// Reserves address space, page aligned and not accessible; NULL when refused. `bytes` is a
// multiple of HOST_PAGE_BYTES in every call of this section.
enum { HOST_PAGE_BYTES = 4096 };
void *host_reserve(size_t bytes);
// Makes a reserved range readable and writable. A range committed for the first time since it was
// reserved, or since it was decommitted, reads as zero. Returns 0 or -ENOMEM.
int host_commit(void *p, size_t bytes);
// Gives the pages back; the range stays reserved and is not accessible.
void host_decommit(void *p, size_t bytes);

// Stacks ----------------------------------------------------------------------------------
// Address space for very many small openings: an opening need not cost the kernel a mapping of its
// own. Everything in whole pages. Opening and closing order nothing and are no scheduling points.

// Reserves `n` stacks of `bytes` each, one above the other, all closed: a touch faults. NULL when
// refused. The reservation is for ever.
void *host_stacks_reserve(size_t bytes, size_t n);
// Opens [lo, lo + bytes) of one stack; it reads as zero. What is open of a stack always reaches up
// to its end. Returns 0 or -ENOMEM. A fault handler may call it.
int host_stack_open(void *lo, size_t bytes);
// Gives back the lowest open pages [lo, lo + bytes) of a stack and closes them.
void host_stack_close(void *lo, size_t bytes);

// Signals ---------------------------------------------------------------------------------
// Handlers run on the signal stack of the thread that they interrupt, at any instruction: they take
// no lock, call of this header what says so, and must not be instrumented.

// What was interrupted.
struct host_context {
    uintptr_t pc, sp; // next instruction
    uintptr_t fp;     // frame pointer, when the interrupted code keeps one
};

// Gives the calling thread a signal stack that leaves handlers `bytes`. It goes when the thread
// ends. Returns 0 or -ENOMEM.
int host_signal_stack(size_t bytes);
// From now on fn(addr, context) is called when an access to `addr` faults. True: the cause is gone,
// the instruction is run again. False: the fault takes its course as if there were no handler.
void host_on_fault(bool (*fn)(uintptr_t addr, const struct host_context *at));

// Names the calling thread, for host_interrupt; not 0. A handler may call it.
uint64_t host_thread_self(void);
// Has that thread's handler run soon, once; several requests before it runs may be one. 0, or
// -ESRCH: the thread has ended. A host that cannot interrupt leaves it at that: whoever depends on
// it asks again. A wait of the thread may end with -EINTR. A handler may call it.
int host_interrupt(uint64_t thread);
// From now on fn(context) is called on threads that are interrupted, never within itself: what
// comes meanwhile waits. The function that it returns is called in the interrupted code, between
// two instructions; then that goes on as if nothing had been, on whatever thread. While it runs,
// all registers of before lie on its stack, which needs HOST_INTERRUPT_BYTES below context->sp.
// NULL: nothing is called.
enum { HOST_INTERRUPT_BYTES = 4096 };
void host_on_interrupt(void (*(*fn)(const struct host_context *at))(void));
// From now on fn is called on some thread when somebody at the terminal wants to know what the
// process does and end it. It does not return.
void host_on_quit(void (*fn)(void));

// Descriptors -----------------------------------------------------------------------------
// Pipes, TCP and Unix stream sockets: numbers from 0 on, all of them non-blocking and closed when
// another program is executed. What cannot be done at once is -EAGAIN; the poller tells when it may
// go. Any of these calls may be -EINTR, having done nothing, but host_close, which never fails.
// Writing to what nobody reads any more is -EPIPE, and no signal.

enum host_network { HOST_TCP, HOST_TCP6, HOST_UNIX };
struct host_address {
    enum host_network network;
    uint16_t port;   // TCP, TCP6; host byte order. 0 in host_listen: the host finds a free one
    uint32_t ip;     // TCP, version 4; host byte order
    uint8_t ip6[16]; // TCP6; as it is sent
    char path[104];  // Unix; ends with 0
};

// Open both ends, or fail: -EMFILE, -ENFILE, -ENOMEM. fds[0] is for reading, fds[1] for writing.
int host_pipe(int fds[2]);
int host_socketpair(int fds[2]); // Unix; both for both
// A descriptor that listens, or negative. Fills in the port.
int host_listen(struct host_address *at, int backlog);
int host_accept(int fd); // the descriptor of a new connection, or negative
// A descriptor that is still to be connected, or negative.
int host_socket(enum host_network network);
// 0: it is connected. -EINPROGRESS: it will be, or not, and then it is ready for writing.
int host_connect(int fd, const struct host_address *to);
// What has become of that: 0, -EINPROGRESS, or why not.
int host_connected(int fd);
// How many bytes, at least one, were read or written; reading: 0 is the end.
int64_t host_read(int fd, void *to, size_t bytes);
int64_t host_write(int fd, const void *from, size_t bytes);
int host_shutdown(int fd, bool reading, bool writing);
void host_close(int fd);

// Poll ------------------------------------------------------------------------------------
// One poller a process: it is told of descriptors, and a thread sleeps in it until one of them is
// ready, until a time, or until it is called out. Edges: readiness is told when it begins (or is
// there when the descriptor is added), to one waiting thread, and perhaps although there is none. A
// direction is ready when the next call would not be -EAGAIN.

// `token`, not 0, names fd from now on. 0, -ENOMEM, -EPERM (it cannot be polled).
int host_poll_add(int fd, uint64_t token);
// No wait that begins after this tells of fd. Before host_close.
void host_poll_remove(int fd);

struct host_ready {
    uint64_t token; // 0: a break
    bool read, write;
};
// Sleeps up to `timeout_ns` (negative: without limit) until there is something to tell, or until a
// host_poll_break that no earlier wait has taken. With 0 it returns at once, and takes no break.
// Returns how many of ready[0 .. n) it has filled, 0 when time is up, -EINTR.
int host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n);
// Ends one host_poll_wait, the present or the next. Breaks before a wait add up to one.
void host_poll_break(void);

// Randomness, output, end -----------------------------------------------------------------

// 64 unpredictable bits; under the engine a recorded choice.
uint64_t host_random(void);
// Writes to standard error, whole, best effort. A fault handler may call it, and what follows.
void host_write_err(const char *text, size_t bytes);
// Ends the process (under the engine: the execution) with `status`; no destructors, no flush.
_Noreturn void host_exit(int status);
// The runtime is corrupt or the program at fault: prints `text` to standard error and aborts.
// Under the engine this is a finding of the `crash` oracle whose signature is `text`.
_Noreturn void host_abort(const char *text);
// The same for a text that has been printed, with what belongs below it.
_Noreturn void host_crash(const char *text);
