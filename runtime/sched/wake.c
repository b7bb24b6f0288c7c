// SPDX-License-Identifier: Apache-2.0
//
// p's and m's going idle and being woken. The promise: work that was submitted is never left with
// an idle p and nobody coming. It rests on two meetings:
//
// [sched.nmspinning] A submitter makes work visible, then looks at nmspinning with a
//   read-modify-write and starts a spinner if there is none. A spinner that gives up takes itself
//   off nmspinning with a read-modify-write, then looks through all queues again. All of these
//   are in one order of changes: whichever comes second sees what the other did before.
// [sched.needspinning] A submitter that finds no idle p for its spinner says so under
//   sched.lock. An m that does not spin has no duty to look again, so it asks for that flag,
//   under the same lock, before it lets go of its p, and spins instead. Who begins to spin for
//   any reason clears the flag without the lock: it is counted by then, and looks through all
//   queues after that.
//
// A claim on nmspinning that comes to nothing looks like a spinner to others as long as it stands:
// one that finds work then starts nobody for the rest. So a failed wakep first gives its claim back
// and then sets the flag, both under the lock: no p can go idle in between, and whoever took
// the claim for a spinner meets the flag before it lets go of its p.
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

// Copies what pp has counted to where rt_stats reads it.
void stats_publish_locked(struct p *pp)
{
    pp->stats_seen = pp->stats;
}

// p's -------------------------------------------------------------------------------------

void pidleput_locked(struct p *pp)
{
    assert_locked(&sched.lock);
    rt_assert(load_relaxed(&pp->status) == P_IDLE);
    rt_assert(runqempty(pp));
    stats_publish_locked(pp);
    pp->link = sched.pidle;
    sched.pidle = pp;
    int32_t before = add_acq_rel(&sched.npidle, 1); // pairs [sched.npidle]
    rt_assert(before >= 0 && before < nprocs);
}

struct p *pidleget_locked(void)
{
    assert_locked(&sched.lock);
    struct p *pp = sched.pidle;
    if (pp == NULL)
        return NULL;
    sched.pidle = pp->link;
    pp->link = NULL;
    int32_t before = sub_acq_rel(&sched.npidle, 1); // pairs [sched.npidle]
    rt_assert(before > 0);
    return pp;
}

// For a caller that wants somebody to spin: if there is no p for that, the next m that would give
// up its p spins instead.
struct p *pidleget_spinning_locked(void)
{
    struct p *pp = pidleget_locked();
    if (pp == NULL)
        store_relaxed(&sched.needspinning, 1); // pairs [sched.needspinning]
    return pp;
}

void acquirep(struct p *pp)
{
    struct m *mp = getg()->m;
    rt_assert(mp->p == NULL);
    rt_assert(pp->m == NULL);
    uint32_t was = P_IDLE;
    if (!cas_acq_rel(&pp->status, &was, P_RUNNING)) // pairs [p.status]
        rt_throw("acquirep: the p is not idle");
    mp->p = pp;
    pp->m = mp;
    event_record(pp, EV_P_START, 0, (uint64_t)mp->id);
}

struct p *releasep(void)
{
    struct m *mp = getg()->m;
    struct p *pp = mp->p;
    rt_assert(pp != NULL);
    rt_assert(pp->m == mp);
    event_record(pp, EV_P_IDLE, 0, (uint64_t)mp->id);
    mp->p = NULL;
    pp->m = NULL;
    uint32_t was = P_RUNNING;
    if (!cas_acq_rel(&pp->status, &was, P_IDLE)) // pairs [p.status]
        rt_throw("releasep: the p is not running");
    return pp;
}

// m's -------------------------------------------------------------------------------------

static void mput_locked(struct m *mp)
{
    assert_locked(&sched.lock);
    mp->schedlink = sched.midle;
    sched.midle = mp;
    sched.nmidle++;
    // place: checkdead, once there is a way to wait that is not for another goroutine
}

static struct m *mget_locked(void)
{
    assert_locked(&sched.lock);
    struct m *mp = sched.midle;
    if (mp == NULL)
        return NULL;
    sched.midle = mp->schedlink;
    mp->schedlink = NULL;
    sched.nmidle--;
    rt_assert(sched.nmidle >= 0);
    return mp;
}

static int32_t mreserve_locked(void)
{
    assert_locked(&sched.lock);
    int32_t id = sched.nm;
    if (id >= M_MAX)
        rt_fatal("runtime: program needs more threads than the limit allows");
    sched.nm++;
    return id;
}

// What every m needs before it runs; by its creator, or by m0 itself.
void mcommoninit(struct m *mp)
{
    noteclear(&mp->park);
    mp->held.n = 0;
    mp->g0->m = mp;
    lock(&sched.lock);
    mp->alllink = sched.allm;
    sched.allm = mp;
    unlock(&sched.lock);
}

static void mstart_on_g0(void)
{
    struct m *mp = getg()->m;
    mp->rand.state = host_random();
    if (mp->nextp != NULL) {
        struct p *pp = mp->nextp;
        mp->nextp = NULL;
        acquirep(pp);
    }
    schedule();
}

// What a new thread runs. m0 comes here by rt_main.
void mstart(void *arg)
{
    struct m *mp = arg;
    setg(mp->g0);
    g0_enter(mstart_on_g0);
}

// A new thread that begins with pp.
static void newm(struct p *pp, bool spinning, int32_t id)
{
    struct m *mp = persistent_alloc(sizeof(*mp), _Alignof(struct m));
    mp->id = id;
    mp->g0 = malg_g0();
    mp->nextp = pp;
    mp->spinning = spinning;
    mcommoninit(mp);
    int err = host_thread_create(mstart, mp, G0_STACK_BYTES);
    if (err == 0)
        return;
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: failed to create new OS thread (have ");
    print_dec(&out, id);
    print_str(&out, " already; errno=");
    print_dec(&out, -err);
    print_str(&out, ")");
    print_flush(&out);
    rt_fatal("runtime: cannot create a thread");
}

// Gets an m to run pp (or any idle p; then nothing happens if there is none). With `spinning` the
// caller has counted it in nmspinning and hands pp over empty. On g0.
void startm(struct p *pp, bool spinning)
{
    lock(&sched.lock);
    if (pp == NULL) {
        rt_assert(!spinning);
        pp = pidleget_locked();
        if (pp == NULL) {
            unlock(&sched.lock);
            return;
        }
    }
    struct m *nmp = mget_locked();
    if (nmp == NULL) {
        int32_t id = mreserve_locked();
        unlock(&sched.lock);
        newm(pp, spinning, id);
        return;
    }
    unlock(&sched.lock);
    rt_assert(!nmp->spinning);
    rt_assert(nmp->nextp == NULL);
    if (spinning && !runqempty(pp))
        rt_throw("startm: a p with work is handed to a spinner");
    nmp->spinning = spinning;
    nmp->nextp = pp;
    notewakeup(&nmp->park);
}

// Sleeps until somebody has a p for this m.
void stopm(void)
{
    struct m *mp = getg()->m;
    rt_assert(mp->held.n == 0);
    rt_assert(mp->p == NULL);
    rt_assert(!mp->spinning);
    lock(&sched.lock);
    sched.stats_m.thread_sleeps++;
    mput_locked(mp);
    unlock(&sched.lock);
    notesleep(&mp->park);
    noteclear(&mp->park);
    struct p *pp = mp->nextp;
    mp->nextp = NULL;
    rt_assert(pp != NULL);
    acquirep(pp);
}

// Takes the one place of a spinner that is about to be started; false when somebody spins already.
// A look that finds a spinner must be a read-modify-write, see the head of this file.
static bool claim_spinner(void)
{
    for (;;) {
        int32_t none = 0;
        if (load_relaxed(&sched.nmspinning) == 0 &&
            cas_acq_rel(&sched.nmspinning, &none, 1)) // pairs [sched.nmspinning]
            return true;
        if (add_acq_rel(&sched.nmspinning, 0) != 0) // pairs [sched.nmspinning]
            return false;
    }
}

// Work has been submitted: sees to it that somebody looks for it. On g0, by an m with a p.
void wakep(void)
{
    // the only p is the caller's
    if (nprocs == 1 || !claim_spinner())
        return;
    struct m *mp = getg()->m;
    lock_as(mp, &sched.lock);
    struct p *pp = pidleget_locked();
    if (pp == NULL) {
        // in this order and under the lock, see the head of this file
        int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
        rt_assert(before > 0);
        store_relaxed(&sched.needspinning, 1); // pairs [sched.needspinning]
    }
    unlock_as(mp, &sched.lock);
    if (pp != NULL)
        startm(pp, true);
}

void becomespinning(struct m *mp)
{
    rt_assert(!mp->spinning);
    mp->spinning = true;
    add_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
    store_relaxed(&sched.needspinning, 0); // only now: from here on this m looks
}

// A spinner has found work: there may be more, and now nobody looks for it.
void resetspinning(struct m *mp)
{
    rt_assert(mp->spinning);
    mp->spinning = false;
    int32_t before = sub_acq_rel(&sched.nmspinning, 1); // pairs [sched.nmspinning]
    if (before <= 0)
        rt_throw("resetspinning: negative nmspinning");
    wakep();
}
