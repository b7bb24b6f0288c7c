// SPDX-License-Identifier: Apache-2.0
//
// Operations on timers and descriptors. A pipe has a near end, which `read` reads from, and a far
// end, which `write` writes to; both are handles in words of their own, so that programs may use
// one end while another goroutine closes or opens it. What cannot be done (a handle that names
// nothing, a refusal, an end) ends the operation.
//
// Each byte that is written is the number of its pipe: what comes out of another one has gone
// astray.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/rt_net.h"
#include "runtime/rt_timer.h"
#include "stress/workload/frame.h"

enum { NEAR, FAR, ENDS, CHUNK = 48 };

static struct rt_timer timer[WL_NAMES];
static atomic_i64 handle_of[WL_NAMES][ENDS]; // 0: none yet
static atomic_i64 closing[WL_NAMES][ENDS];   // what somebody closes, or has closed last

struct rt_timer *outside_timer(uint32_t name)
{
    return &timer[name];
}

// Timers -----------------------------------------------------------------------------------

static void gives_permit(void *instance)
{
    frame_ready((uint32_t)(uintptr_t)instance);
}

void op_timer(struct frame *f, const struct wl_op *op)
{
    rt_timer_start(&timer[op->a], op->number, gives_permit, (void *)(uintptr_t)f->instance);
}

void op_ticker(struct frame *f, const struct wl_op *op)
{
    rt_ticker_start(&timer[op->a], op->number, gives_permit, (void *)(uintptr_t)f->instance);
}

void op_timerreset(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_timer_reset(&timer[op->a], op->number);
}

void op_timerstop(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_timer_stop(&timer[op->a]);
}

// Opening ----------------------------------------------------------------------------------

static int64_t end_of(uint32_t name, uint32_t end)
{
    return load_relaxed(&handle_of[name][end]); // a number: the runtime knows what it names
}

static void set_ends(uint32_t name, int err, const int64_t ends[ENDS])
{
    if (err != 0)
        return;
    store_relaxed(&handle_of[name][NEAR], ends[NEAR]);
    store_relaxed(&handle_of[name][FAR], ends[FAR]);
}

void op_pipe(struct frame *f, const struct wl_op *op)
{
    int64_t ends[ENDS];

    (void)f;
    set_ends(op->a, rt_pipe(ends), ends);
}

void op_pair(struct frame *f, const struct wl_op *op)
{
    int64_t ends[ENDS];

    (void)f;
    set_ends(op->a, rt_socketpair(ends), ends);
}

void op_listen(struct frame *f, const struct wl_op *op)
{
    int64_t listener = rt_listen("tcp:127.0.0.1:0", 4);

    (void)f;
    if (listener >= 0)
        store_relaxed(&handle_of[op->a][NEAR], listener);
}

static void decimal(char *to, uint32_t n)
{
    char digits[8];
    int k = 0;

    do
        digits[k++] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    while (k > 0)
        *to++ = digits[--k];
    *to = 0;
}

void op_dial(struct frame *f, const struct wl_op *op)
{
    char address[32] = "tcp:127.0.0.1:";
    int port = rt_port(end_of(op->a, NEAR));

    (void)f;
    if (port <= 0)
        return;
    decimal(address + strlen(address), (uint32_t)port);
    int64_t connection = rt_dial(address, RT_NO_DEADLINE);
    if (connection >= 0)
        store_relaxed(&handle_of[op->b][FAR], connection);
}

void op_accept(struct frame *f, const struct wl_op *op)
{
    int64_t connection = rt_accept(end_of(op->a, NEAR));

    (void)f;
    if (connection >= 0)
        store_relaxed(&handle_of[op->b][NEAR], connection);
}

// Transfers --------------------------------------------------------------------------------

// A handle names its end until somebody closes it. Its name here may be another handle's by now:
// then nothing is said, and so the order of the two looks.
static void check_named(uint32_t name, uint32_t end, int64_t handle, int64_t result)
{
    if (result != -EBADF || handle == 0)
        return;
    int64_t closed = load_relaxed(&closing[name][end]);
    if (closed != handle && end_of(name, end) == handle)
        host_abort("workload: a handle that nobody has closed names nothing");
}

static void hang_up(uint32_t name, uint32_t end)
{
    int64_t handle = end_of(name, end);

    store_relaxed(&closing[name][end], handle);
    rt_close(handle);
}

static void write_bytes(uint32_t name, uint32_t end, int64_t bytes)
{
    uint8_t chunk[CHUNK];

    memset(chunk, (int)(name + 1), sizeof chunk);
    while (bytes > 0) {
        size_t n = bytes < CHUNK ? (size_t)bytes : CHUNK;
        int64_t handle = end_of(name, end), done = rt_write(handle, chunk, n);
        if (end == FAR) // the other one of a pipe is not for that
            check_named(name, end, handle, done);
        if (done <= 0)
            return;
        bytes -= done;
    }
}

static void read_bytes(uint32_t name, uint32_t end, int64_t bytes)
{
    uint8_t chunk[CHUNK];

    while (bytes > 0) {
        size_t n = bytes < CHUNK ? (size_t)bytes : CHUNK;
        int64_t handle = end_of(name, end), done = rt_read(handle, chunk, n);
        if (end == NEAR)
            check_named(name, end, handle, done);
        if (done <= 0)
            return;
        for (int64_t i = 0; i < done; i++)
            if (chunk[i] != name + 1)
                host_abort("workload: a byte of another descriptor");
        bytes -= done;
    }
}

void op_write(struct frame *f, const struct wl_op *op)
{
    (void)f;
    write_bytes(op->a, FAR, op->number);
}

void op_read(struct frame *f, const struct wl_op *op)
{
    (void)f;
    read_bytes(op->a, NEAR, op->number);
}

void op_writeback(struct frame *f, const struct wl_op *op)
{
    (void)f;
    write_bytes(op->a, NEAR, op->number);
}

void op_readback(struct frame *f, const struct wl_op *op)
{
    (void)f;
    read_bytes(op->a, FAR, op->number);
}

static void set_deadlines(uint32_t name, int64_t after_ns)
{
    rt_set_deadline(end_of(name, NEAR), RT_READING | RT_WRITING, after_ns);
    rt_set_deadline(end_of(name, FAR), RT_READING | RT_WRITING, after_ns);
}

void op_deadline(struct frame *f, const struct wl_op *op)
{
    (void)f;
    set_deadlines(op->a, op->number);
}

void op_nodeadline(struct frame *f, const struct wl_op *op)
{
    (void)f;
    set_deadlines(op->a, RT_NO_DEADLINE);
}

void op_hangup(struct frame *f, const struct wl_op *op)
{
    (void)f;
    hang_up(op->a, NEAR);
}

void op_hangupback(struct frame *f, const struct wl_op *op)
{
    (void)f;
    hang_up(op->a, FAR);
}
