// SPDX-License-Identifier: Apache-2.0
//
// The picture that a throw leaves; see dump.h. Uninstrumented: it reads what others are writing,
// which is the one thing that can be done here, and must not be taken for a race of the runtime.
#include "runtime/observe/dump.h"

#include "runtime/base/print.h"
#include "runtime/base/san.h"
#include "runtime/host/host.h"
#include "runtime/observe/waiting.h"
#include "runtime/sched/sched.h"

enum { DUMP_GS = 64, DUMP_EVENTS = 12 };

SAN_UNINSTRUMENTED_BEGIN

static void field(struct print *out, const char *name, int64_t v)
{
    print_str(out, " ");
    print_str(out, name);
    print_str(out, "=");
    print_dec(out, v);
}

static void dump_sched(struct print *out)
{
    print_str(out, "sched:");
    field(out, "procs", nprocs);
    field(out, "threads", sched.nm);
    field(out, "idlethreads", sched.nmidle);
    field(out, "lockedthreads", sched.nmidlelocked);
    field(out, "idleprocs", load_relaxed(&sched.npidle));
    field(out, "spinning", load_relaxed(&sched.nmspinning));
    field(out, "needspinning", load_relaxed(&sched.needspinning));
    field(out, "runqueue", load_relaxed(&sched.runqsize));
    field(out, "polluntil", load_relaxed(&sched.poll_until));
    print_flush(out);
}

static const char *const stw_reasons[STW_REASONS] = {
    [STW_DEBUG] = "the program",       [STW_PROCS] = "a number of p's",
    [STW_STATS] = "statistics",        [STW_GC_BEGIN] = "sweep termination",
    [STW_GC_END] = "mark termination",
};

static void dump_events(struct print *out, const struct p *pp)
{
    uint64_t n = pp->nevents;
    uint64_t first = n > DUMP_EVENTS ? n - DUMP_EVENTS : 0;
    for (uint64_t i = first; i < n; i++) {
        const struct event *e = &pp->events[i % EVENT_RING];
        uint64_t kind = e->gid_kind & 0xff;
        print_str(out, "    ");
        print_str(out, kind < EV_KINDS ? event_name((enum event_kind)kind) : "?");
        field(out, "g", (int64_t)(e->gid_kind >> 8));
        field(out, "arg", (int64_t)e->arg);
        if (kind == EV_STW_BEGIN && e->arg < STW_REASONS) {
            print_str(out, " for ");
            print_str(out, stw_reasons[e->arg]);
        }
        print_flush(out);
    }
}

static void dump_p(struct print *out, const struct p *pp)
{
    print_str(out, "  P");
    print_dec(out, pp->id);
    print_str(out, ":");
    field(out, "status", load_relaxed(&pp->status));
    field(out, "schedtick", pp->schedtick);
    field(out, "m", pp->m != NULL ? pp->m->id : -1);
    field(out, "runqsize", load_relaxed(&pp->runqtail) - load_relaxed(&pp->runqhead));
    const struct g *next = load_relaxed(&pp->runnext);
    field(out, "runnext", next != NULL ? (int64_t)next->goid : 0);
    field(out, "gfreecnt", pp->ngfree);
    field(out, "timerslen", pp->ntimers);
    print_flush(out);
    dump_events(out, pp);
}

static void dump_m(struct print *out, const struct m *mp)
{
    print_str(out, "  M");
    print_dec(out, mp->id);
    print_str(out, ":");
    field(out, "p", mp->p != NULL ? mp->p->id : -1);
    field(out, "curg", mp->curg != NULL ? (int64_t)mp->curg->goid : 0);
    field(out, "nextp", mp->nextp != NULL ? mp->nextp->id : -1);
    field(out, "spinning", mp->spinning);
    field(out, "lockedg", mp->lockedg != NULL ? (int64_t)mp->lockedg->goid : 0);
    field(out, "locks", mp->held.n);
    print_flush(out);
}

static const char *const states[G_STATES] = {"idle",    "runnable", "running",   "syscall",
                                             "waiting", "dead",     "copystack", "preempted"};

static void dump_g(struct print *out, const struct g *gp)
{
    uint32_t status = load_relaxed(&gp->status);
    if (status == G_DEAD)
        return;
    print_str(out, "  G");
    print_dec(out, (int64_t)gp->goid);
    print_str(out, ": ");
    uint32_t state = status & ~(uint32_t)G_SCAN;
    print_str(out, state < G_STATES ? states[state] : "?");
    print_str(out, (status & G_SCAN) != 0 ? " scan" : "");
    if (gp->wait != WAIT_NONE) {
        print_str(out, " for ");
        print_str(out, wait_reason_name(gp->wait)); // what it waits on may be gone
    }
    field(out, "m", gp->m != NULL ? gp->m->id : -1);
    field(out, "permit", load_relaxed(&gp->permit));
    print_str(out, " fn=");
    print_hex(out, (uint64_t)(uintptr_t)gp->fn);
    print_flush(out);
}

void rt_dump(void)
{
    struct print out;
    print_begin(&out);
    dump_sched(&out);
    for (int32_t i = 0; i < nprocs; i++)
        dump_p(&out, allp[i]);
    for (const struct m *mp = sched.allm; mp != NULL; mp = mp->alllink)
        dump_m(&out, mp);
    uint32_t n = load_acquire(&allgs.n);   // pairs [allgs.n]
    struct g **v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n && i < DUMP_GS; i++)
        dump_g(&out, v[i]);
    if (n > DUMP_GS) {
        print_str(&out, "  ... of");
        field(&out, "goroutines", n);
        print_flush(&out);
    }
}

void rt_dump_waiting(void)
{
    struct print out;
    print_begin(&out);
    uint32_t n = load_acquire(&allgs.n);   // pairs [allgs.n]
    struct g **v = load_acquire(&allgs.v); // pairs [allgs.v]
    for (uint32_t i = 0; i < n; i++) {
        const struct g *gp = v[i];
        if (load_relaxed(&gp->status) == G_DEAD || gp->system)
            continue;
        print_str(&out, "goroutine ");
        print_dec(&out, (int64_t)gp->goid);
        print_str(&out, " [");
        uint32_t state = load_relaxed(&gp->status) & ~(uint32_t)G_SCAN;
        if (gp->wait != WAIT_NONE)
            wait_describe(&out, gp);
        else
            print_str(&out, state < G_STATES ? states[state] : "?");
        print_str(&out, gp->lockedm != NULL ? ", locked to thread]" : "]");
        if (gp->label != NULL) {
            print_str(&out, " label=");
            print_str(&out, gp->label);
        }
        print_str(&out, " fn=");
        print_hex(&out, (uint64_t)(uintptr_t)gp->fn);
        print_flush(&out);
    }
}

void rt_dump_quit(void)
{
    static const char head[] = "SIGQUIT: quit\n\n";
    host_write_err(head, sizeof(head) - 1);
    rt_dump_waiting();
    host_exit(2);
}

SAN_UNINSTRUMENTED_END
