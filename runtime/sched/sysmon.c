// SPDX-License-Identifier: Apache-2.0
//
// sysmon: a thread without a p that looks after what nobody else can while all p's are busy. It
// takes the p's of long system calls, asks goroutines that have run for a whole time slice to give
// way, looks for ready descriptors when nobody has for long, and starts an m for a timer that is
// overdue. It sleeps 20 µs at first, longer the longer it
// finds nothing to do, and until it is woken while all p's are idle or the world is stopped.
//
// It is a rescue, not part of any protocol: no wake-up may depend on it. The engine freezes it for
// a share of its executions to see that.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/gc/gc.h"
#include "runtime/host/host.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

// Somebody takes an idle p, or the world starts.
void sysmon_wake_locked(void)
{
    assert_locked(&sched.lock);
    if (!sched.sysmonwait)
        return;
    sched.sysmonwait = false;
    notewakeup(&sched.sysmonnote);
}

// The first timer of all p's, 0: none.
static int64_t next_timer(void)
{
    int64_t next = 0;
    for (int32_t i = 0; i < nprocs; i++) {
        int64_t when = timers_next(allp[i]);
        if (when != 0 && (next == 0 || when < next))
            next = when;
    }
    return next;
}

// Sleeps for as long as there is nothing to look after; true if it did.
static bool sleep_deeply(int64_t now)
{
    lock(&sched.lock);
    bool stopping = (load_relaxed(&sched.safepoint) & SAFEPOINT_STOP) != 0;
    int64_t next = next_timer(), forced = gc_forced_at();
    if (forced != 0 && (next == 0 || forced < next))
        next = forced;
    if ((!stopping && load_relaxed(&sched.npidle) != nprocs) || (next != 0 && next <= now)) {
        unlock(&sched.lock);
        return false;
    }
    sched.sysmonwait = true;
    unlock(&sched.lock);
    if (next == 0)
        notesleep(&sched.sysmonnote);
    else
        notetsleep(&sched.sysmonnote, next - now);
    lock(&sched.lock);
    sched.sysmonwait = false;
    noteclear(&sched.sysmonnote); // wake-ups come under the lock
    unlock(&sched.lock);
    return true;
}

// A time slice is over when schedtick has stood still for long; who inherits one does not begin
// anew.
static bool ran_too_long(struct p *pp, int64_t now)
{
    struct sysmontick *seen = &pp->sysmontick;
    uint16_t tick = p_running_tick(load_acquire(&pp->running)); // pairs [p.running]
    if (seen->schedtick != tick) {
        seen->schedtick = tick;
        seen->schedwhen = now;
        return false;
    }
    return seen->schedwhen + SYSMON_SLICE_NS <= now;
}

// A p stays with its system call for at least one look of sysmon; longer if nobody needs it.
static bool syscall_too_long(struct p *pp, bool slice_over, int64_t now)
{
    struct sysmontick *seen = &pp->sysmontick;
    uint32_t tick = load_relaxed(&pp->syscalltick);
    if (!slice_over && seen->syscalltick != tick) {
        seen->syscalltick = tick;
        seen->syscallwhen = now;
        return false;
    }
    bool needed = !runqempty(pp) || load_relaxed(&sched.runqsize) != 0 ||
                  load_relaxed(&sched.nmspinning) + load_relaxed(&sched.npidle) == 0;
    return needed || seen->syscallwhen + SYSMON_SLICE_NS <= now;
}

static bool retake_syscall(struct p *pp)
{
    // As long as this thread has the p in its hands it must count as one that runs: the m in the
    // system call may come back, go idle, and find all asleep.
    incidlelocked(-1);
    uint32_t was = P_SYSCALL;
    bool taken = cas_acq_rel(&pp->status, &was, P_IDLE); // pairs [p.status]
    if (taken) {
        add_relaxed(&pp->syscalltick, 1);
        handoffp(pp);
    }
    incidlelocked(1);
    return taken;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// What runs there is over its time. It may be where it cannot give way: again and again, but not at
// every look.
static void ask_now_and_then(struct p *pp, int64_t now)
{
    struct sysmontick *seen = &pp->sysmontick;
    if (now - seen->asked < SYSMON_ASK_AGAIN_NS)
        return;
    seen->asked = now;
    preemptone(pp, PREEMPT_SLICE);
}

// Returns how many p's it took. *next: when to look again at the latest. That is when somebody's
// time slice will be over, or he is to be asked again; half a slice, because one that begins next
// is seen only then.
static uint32_t retake(int64_t now, int64_t *next)
{
    uint32_t taken = 0;
    *next = INT64_MAX;
    lock(&allp_lock);
    for (int32_t i = 0; i < nprocs; i++) {
        struct p *pp = allp[i];
        uint32_t status = load_acquire(&pp->status); // pairs [p.status]
        if (status != P_RUNNING && status != P_SYSCALL)
            continue;
        bool over = ran_too_long(pp, now);
        if (over)
            ask_now_and_then(pp, now);
        int64_t then = over ? pp->sysmontick.asked + SYSMON_ASK_AGAIN_NS
                            : pp->sysmontick.schedwhen + SYSMON_SLICE_NS;
        *next = earlier(*next, earlier(then, now + SYSMON_SLICE_NS / 2));
        if (status != P_SYSCALL || !syscall_too_long(pp, over, now))
            continue;
        unlock(&allp_lock); // handing it on takes sched.lock
        taken += retake_syscall(pp);
        lock(&allp_lock);
    }
    unlock(&allp_lock);
    return taken;
}

static void start_m_for_timers(int64_t now)
{
    lock(&allp_lock);
    int64_t next = next_timer();
    unlock(&allp_lock);
    if (next != 0 && next < now)
        startm(NULL, false);
}

// While all p's are busy, nobody else does. What it has in its hands stands in no queue: it counts
// as one that runs meanwhile, or the others may find all asleep.
static void poll_network(int64_t now)
{
    if (!netpoll_due(now - SYSMON_POLL_NS))
        return;
    incidlelocked(-1);
    struct netpoll_found found = netpoll_look_for_others();
    netpoll_inject(&found);
    incidlelocked(1);
}

static int64_t at_least(int64_t ns)
{
    return ns > SYSMON_MIN_NS ? ns : SYSMON_MIN_NS;
}

static void sysmon(void)
{
    uint32_t idle = 0; // looks in a row with nothing to do
    int64_t delay = SYSMON_MIN_NS, next = INT64_MAX, now = 0;
    for (;;) {
        if (idle == 0)
            delay = SYSMON_MIN_NS;
        else if (idle > SYSMON_EAGER && delay < SYSMON_MAX_NS)
            delay = 2 * delay < SYSMON_MAX_NS ? 2 * delay : SYSMON_MAX_NS;
        host_sleep(next - now < delay ? at_least(next - now) : delay);
        now = host_nanotime();
        if (sleep_deeply(now)) {
            idle = 0;
            next = INT64_MAX;
            continue;
        }
        poll_network(now);
        start_m_for_timers(now);
        idle = retake(now, &next) != 0 ? 0 : idle + 1;
        gc_sysmon(now);
    }
}

// Once, while the runtime starts.
void sysmon_start(void)
{
    noteclear(&sched.sysmonnote);
    sched.sysmon = newm_system(sysmon);
    mthread_start(sched.sysmon);
}
