// SPDX-License-Identifier: Apache-2.0
//
// Waiting in words; see waiting.h. On the fatal-error path: uninstrumented, no locks, nothing
// followed that is not the runtime's or kept by the stack of who waits.
#include "runtime/observe/waiting.h"

#include "runtime/base/san.h"
#include "runtime/rt_sync.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/chan.h"

SAN_UNINSTRUMENTED_BEGIN

const char *wait_reason_name(uint32_t reason)
{
    static const char *const names[WAIT_REASONS] = {
        [WAIT_NONE] = "",
        [WAIT_PARK] = "park",
        [WAIT_SLEEP] = "sleep",
        [WAIT_SEMA] = "semaphore",
        [WAIT_PREEMPTED] = "preempted",
        [WAIT_OTHERS] = "others to stop",
        [WAIT_GC_WORKER] = "GC worker",
        [WAIT_GC_ASSIST] = "GC assist",
        [WAIT_GC_CYCLE] = "GC cycle",
        [WAIT_GC_SWEEP] = "GC sweep (idle)",
        [WAIT_FORCEGC] = "force GC (idle)",
        [WAIT_HELPER] = "nothing to do",
        [WAIT_CHAN_SEND] = "chan send",
        [WAIT_CHAN_RECV] = "chan receive",
        [WAIT_CHAN_NIL_SEND] = "chan send (nil chan)",
        [WAIT_CHAN_NIL_RECV] = "chan receive (nil chan)",
        [WAIT_SELECT] = "select",
        [WAIT_SELECT_NONE] = "select (no cases)",
        [WAIT_MUTEX] = "mutex lock",
        [WAIT_RWMUTEX_READ] = "rwmutex rlock",
        [WAIT_RWMUTEX_WRITE] = "rwmutex lock",
        [WAIT_WAITGROUP] = "waitgroup wait",
        [WAIT_COND] = "cond wait",
        [WAIT_IO] = "IO wait",
    };
    return reason < WAIT_REASONS && names[reason] != NULL ? names[reason] : "?";
}

static void object(struct print *out, const char *name, const void *at)
{
    if (name != NULL) {
        print_str(out, "\"");
        print_str(out, name);
        print_str(out, "\"");
    } else {
        print_hex(out, (uint64_t)(uintptr_t)at);
    }
}

// The cases of a select.
static void cases(struct print *out, const struct g *gp)
{
    const char *separator = ": ";
    for (const struct sudog *sg = gp->waiting; sg != NULL && sg->c != NULL; sg = sg->waitlink) {
        print_str(out, separator);
        print_str(out, sg->sends ? "send on " : "receive on ");
        object(out, sg->c->name, sg->c);
        separator = ", ";
    }
}

static void held_by(struct print *out, uint64_t owner)
{
    if (owner == 0)
        return;
    print_str(out, ", held by goroutine ");
    print_dec(out, (int64_t)owner);
}

static void mutex_of(struct print *out, const struct rt_mutex *m)
{
    print_str(out, " of ");
    object(out, m->name, m);
    held_by(out, m->owner);
}

// As long as a writer has announced itself it is the one that readers wait for; its id is there
// before it is let in.
static void rwmutex_of(struct print *out, const struct rt_rwmutex *rw, const struct g *waits)
{
    print_str(out, " of ");
    object(out, rw->name, rw);
    if (rw->w.owner != waits->goid) {
        held_by(out, rw->w.owner);
        return;
    }
    print_str(out, ", held by readers: ");
    print_dec(out, load_relaxed(&rw->departing));
}

static void waitgroup_of(struct print *out, const struct rt_waitgroup *wg)
{
    print_str(out, " for ");
    object(out, wg->name, wg);
    print_str(out, ", not done: ");
    print_dec(out, (int32_t)(uint32_t)(load_relaxed(&wg->state) >> 32));
}

void wait_describe(struct print *out, const struct g *gp)
{
    print_str(out, wait_reason_name(gp->wait));
    switch (gp->wait) {
    case WAIT_CHAN_SEND:
    case WAIT_CHAN_RECV:
        print_str(out, " on ");
        object(out, ((const struct hchan *)gp->wait_at)->name, gp->wait_at);
        break;
    case WAIT_SELECT:
        cases(out, gp);
        break;
    case WAIT_MUTEX:
        mutex_of(out, gp->wait_at);
        break;
    case WAIT_RWMUTEX_READ:
    case WAIT_RWMUTEX_WRITE:
        rwmutex_of(out, gp->wait_at, gp);
        break;
    case WAIT_WAITGROUP:
        waitgroup_of(out, gp->wait_at);
        break;
    case WAIT_COND:
        print_str(out, " for ");
        object(out, ((const struct rt_cond *)gp->wait_at)->name, gp->wait_at);
        break;
    default:
        break;
    }
}

SAN_UNINSTRUMENTED_END
