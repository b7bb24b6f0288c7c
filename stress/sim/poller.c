// SPDX-License-Identifier: Apache-2.0
//
// The engine's poller: the section Poll of runtime/host/host.h. In which order a wait tells of
// edges is a choice.
#include "stress/sim/descriptors.h"
#include "stress/sim/engine.h"

#include <errno.h>

void sim_poller_wake(void)
{
    struct thread *longest = NULL;
    for (uint32_t i = 0; i < sim.threads; i++) {
        struct thread *t = &sim_threads[i];
        if (t->state == THREAD_POLL && (!longest || t->since < longest->since))
            longest = t;
    }
    if (longest)
        sim_make_ready(longest, 1);
}

int host_poll_add(int fd, uint64_t token)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d)
        return -EBADF;
    if (d->token != 0)
        return -EEXIST;
    d->token = token;
    d->added = sim.added++;
    d->told[READ] = d->told[WRITE] = false;
    for (int direction = READ; direction < DIRECTIONS; direction++) {
        if (sim_descriptor_is_ready(d, direction))
            sim_descriptor_edge(fd, direction);
    }
    return 0;
}

void host_poll_remove(int fd)
{
    HOST_POINT(CALL_POLL);
    struct descriptor *d = sim_descriptor_of(fd);
    if (!d)
        return;
    d->token = 0;
    d->untold[READ] = d->untold[WRITE] = false;
}

static bool has_edge(const struct descriptor *d)
{
    return d->kind != FD_FREE && d->token != 0 && (d->untold[READ] || d->untold[WRITE]);
}

static void tell(struct descriptor *d, struct host_ready *ready)
{
    *ready = (struct host_ready){d->token, d->untold[READ], d->untold[WRITE]};
    d->told[READ] |= d->untold[READ];
    d->told[WRITE] |= d->untold[WRITE];
    d->untold[READ] = d->untold[WRITE] = false;
}

// Where to begin is a choice when there are several.
static int tell_all(struct host_ready *ready, int n, uint32_t site)
{
    uint32_t edges = 0;
    int told = 0;
    for (int fd = 0; fd < FDS; fd++)
        edges += has_edge(&sim_descriptors[fd]);
    uint32_t skip = edges > 1 ? sim_choose_number(SIM_RANDOM, edges, site) : 0;
    for (int i = 0; i < 2 * FDS && told < n && edges > 0; i++) {
        struct descriptor *d = &sim_descriptors[i % FDS];
        if (!has_edge(d))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        tell(d, &ready[told++]);
        edges--;
    }
    return told;
}

static void make_all_unready_edges(void)
{
    for (int fd = 0; fd < FDS; fd++) {
        if (sim_descriptors[fd].kind != FD_FREE && sim_descriptors[fd].token != 0)
            sim_descriptors[fd].untold[READ] = sim_descriptors[fd].untold[WRITE] = true;
    }
}

static int poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    static const enum sim_fault faults[] = {
        SIM_FAULT_NONE,        SIM_FAULT_EINTR,     SIM_FAULT_UNREADY,    SIM_FAULT_LATE_SHORT,
        SIM_FAULT_LATE_MIDDLE, SIM_FAULT_LATE_LONG, SIM_FAULT_EINTR_LATER};
    uint32_t site = HOST_POINT(CALL_POLL);
    int64_t until = sim_deadline(timeout_ns);
    HOST_TRACE("poll wait", 0, 0, timeout_ns);
    for (;; sim_visit(site)) { // each round has choices of its own, which need names of their own
        int told = 0, woken;
        if (timeout_ns != 0 && sim.poll_broken) {
            sim.poll_broken = false;
            ready[told++] = (struct host_ready){0};
        }
        told += tell_all(ready + told, n - told, site);
        sim_note_value((uint64_t)told);
        if (told > 0 || timeout_ns == 0)
            return told;
        enum sim_fault fault = sim_wait_fault(faults, 3, until, site);
        if (fault == SIM_FAULT_EINTR)
            return -EINTR;
        if (fault == SIM_FAULT_UNREADY)
            make_all_unready_edges();
        else if ((woken = sim_wait(THREAD_POLL, NULL, until, fault, site)) < 0)
            return woken == -ETIMEDOUT ? 0 : woken;
    }
}

// A token may be an address: the order has the number of the descriptor's addition.
static int64_t answer_of(const struct host_ready *ready)
{
    for (int fd = 0; fd < FDS; fd++) {
        const struct descriptor *d = &sim_descriptors[fd];
        if (d->kind != FD_FREE && d->token == ready->token && ready->token != 0)
            return (int64_t)d->added << 2 | ready->write << 1 | ready->read;
    }
    return -1;
}

int host_poll_wait(int64_t timeout_ns, struct host_ready *ready, int n)
{
    int told = poll_wait(timeout_ns, ready, n);
    order_answer(told);
    for (int i = 0; i < told; i++)
        order_answer(answer_of(&ready[i]));
    return told;
}

void host_poll_break(void)
{
    uint32_t site = HOST_POINT(CALL_POLL);
    HOST_TRACE("poll break", 0, 0, 0);
    sim.poll_broken = true;
    sim_poller_wake();
}
