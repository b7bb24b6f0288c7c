// SPDX-License-Identifier: Apache-2.0
//
// The states of a goroutine. Every change goes through here and is checked against one table, so
// that a transition that nobody meant stops the runtime where it happens. The status word is also
// what hands a g over: its changes are acq_rel, pairs [g.status].
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/sched/sched.h"

#define TO(state) (1u << (state))

// Row: from; bits: to. Scan bits apart.
// clang-format off
static const uint16_t allowed[G_STATES] = {
    [G_IDLE] = TO(G_DEAD),                  // fresh, now complete
    [G_RUNNABLE] = TO(G_RUNNING),           // execute
    [G_RUNNING] = TO(G_RUNNABLE)            // yield
                  | TO(G_SYSCALL)           // entersyscall
                  | TO(G_WAITING)           // park
                  | TO(G_DEAD)              // goexit0
                  | TO(G_COPYSTACK)         // stack change
                  | TO(G_PREEMPTED),        // stops for a suspender
    [G_SYSCALL] = TO(G_RUNNING)             // exitsyscall with a p
                  | TO(G_RUNNABLE),         // exitsyscall without
    [G_WAITING] = TO(G_RUNNABLE)            // ready
                  | TO(G_RUNNING)           // back from g0_wait
                  | TO(G_COPYSTACK),        // shrunk while parked
    [G_DEAD] = TO(G_RUNNABLE)               // newproc
               | TO(G_SYSCALL),             // a foreign thread comes in
    [G_COPYSTACK] = TO(G_RUNNING) | TO(G_WAITING), // as it was before
    [G_PREEMPTED] = TO(G_WAITING),          // the suspender owns it now
};
// clang-format on

bool gstatus_allowed(uint32_t from, uint32_t to)
{
    return from < G_STATES && to < G_STATES && (allowed[from] & TO(to)) != 0;
}

uint32_t readgstatus(struct g *gp)
{
    return load_acquire(&gp->status); // pairs [g.status]
}

static _Noreturn void status_throw(const char *text, const struct g *gp, uint32_t from, uint32_t to,
                                   uint32_t is)
{
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: g");
    print_dec(&out, (int64_t)gp->goid);
    print_str(&out, " status ");
    print_hex(&out, is);
    print_str(&out, ", transition ");
    print_hex(&out, from);
    print_str(&out, " -> ");
    print_hex(&out, to);
    print_flush(&out);
    rt_throw(text);
}

// Waits while somebody scans the stack; any other surprise is the end.
void casgstatus(struct g *gp, uint32_t from, uint32_t to)
{
    if (!gstatus_allowed(from, to))
        status_throw("casgstatus: illegal transition", gp, from, to, from);
    for (;;) {
        uint32_t is = from;
        if (cas_acq_rel(&gp->status, &is, to)) // pairs [g.status]
            return;
        if (is != (from | G_SCAN))
            status_throw("casgstatus: the g is not in the state it should be in", gp, from, to, is);
        host_relax();
    }
}

// Locks a g that does not run in the state it has; false when that is no longer `from`.
bool castogscanstatus(struct g *gp, uint32_t from)
{
    rt_assert(from == G_RUNNABLE || from == G_WAITING || from == G_SYSCALL || from == G_RUNNING ||
              from == G_PREEMPTED);
    uint32_t is = from;
    return cas_acq_rel(&gp->status, &is, from | G_SCAN); // pairs [g.status]
}

// Gives back what castogscanstatus locked.
void casfromgscanstatus(struct g *gp, uint32_t to)
{
    rt_assert(to < G_STATES);
    uint32_t is = to | G_SCAN;
    if (!cas_acq_rel(&gp->status, &is, to)) // pairs [g.status]
        status_throw("casfromgscanstatus: the scan bit was not ours", gp, to | G_SCAN, to, is);
}
