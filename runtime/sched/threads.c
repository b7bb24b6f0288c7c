// SPDX-License-Identifier: Apache-2.0
//
// m's: made when a p finds none asleep, asleep on their note when they have no p, ended only with
// the goroutine that is tied to them. An m is in one of four places: it holds a p; it is in a
// system call; it sleeps on the idle list; or it waits for its own goroutine (stoplockedm).
// checkdead counts on that, so each of the last two is entered and left under sched.lock.
//
// An m that is taken off the idle list, or whose goroutine comes up, belongs to whoever found it
// until its note is woken: that one writes nextp and spinning.
#include "runtime/base/print.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/sched/sched.h"

static void mput_locked(struct m *mp)
{
    assert_locked(&sched.lock);
    mp->schedlink = sched.midle;
    sched.midle = mp;
    sched.nmidle++;
    checkdead_locked();
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

// Making ----------------------------------------------------------------------------------

// A new m is counted before sched.lock is let go of, so that checkdead knows of it.
static int32_t mreserve_locked(void)
{
    assert_locked(&sched.lock);
    int32_t id = sched.nm;
    if (id - sched.nmfreed >= M_MAX)
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
    store_relaxed(&mp->thread, host_thread_self());
    store_relaxed(&mp->interrupting, 0); // it may have been another thread's
    if (mp->startfn != NULL) {
        mp->startfn();
        rt_throw("mstart: a thread of the runtime returned");
    }
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
    // signals must not run on a goroutine's stack; who runs none needs nothing else than its own
    if (mp->startfn == NULL && host_signal_stack(GSIGNAL_BYTES) != 0)
        rt_fatal("runtime: out of memory: no signal stack");
    setg(mp->g0);
    g0_enter(mstart_on_g0);
}

// The thread of an m that is complete. Refusal is fatal.
void mthread_start(struct m *mp)
{
    int err = host_thread_create(mstart, mp, G0_STACK_BYTES);
    if (err == 0)
        return;
    struct print out;
    print_begin(&out);
    print_str(&out, "runtime: failed to create new OS thread (have ");
    print_dec(&out, mp->id);
    print_str(&out, " already; errno=");
    print_dec(&out, -err);
    print_str(&out, ")");
    print_flush(&out);
    rt_fatal("runtime: cannot create a thread");
}

// An m that no thread uses: one whose thread has ended, or a new one with this id.
static struct m *malloc_m(struct m *old, int32_t id)
{
    if (old != NULL) {
        rt_assert(old->p == NULL && old->curg == NULL && old->lockedg == NULL);
        return old;
    }
    struct m *mp = persistent_alloc(sizeof(*mp), _Alignof(struct m));
    mp->id = id;
    mp->g0 = malg_g0();
    mcommoninit(mp);
    return mp;
}

// The one that an ended thread left, counted again; NULL when there is none.
static struct m *mreuse_locked(void)
{
    struct m *mp = sched.mfree;
    if (mp == NULL)
        return NULL;
    sched.mfree = mp->schedlink;
    mp->schedlink = NULL;
    sched.nmfreed--;
    return mp;
}

// An m without a p that runs fn, which never returns, and no goroutines. While the runtime starts.
struct m *newm_system(void (*fn)(void))
{
    lock(&sched.lock);
    int32_t id = mreserve_locked();
    sched.nmsys++;
    unlock(&sched.lock);
    struct m *mp = malloc_m(NULL, id);
    mp->startfn = fn;
    return mp;
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
    bool asleep = nmp != NULL;
    int32_t id = 0;
    if (!asleep) {
        nmp = mreuse_locked();
        if (nmp == NULL)
            id = mreserve_locked();
    }
    unlock(&sched.lock);
    if (!asleep)
        nmp = malloc_m(nmp, id);
    rt_assert(!nmp->spinning);
    rt_assert(nmp->nextp == NULL);
    if (spinning && !runqempty(pp))
        rt_throw("startm: a p with work is handed to a spinner");
    nmp->spinning = spinning;
    nmp->nextp = pp;
    if (asleep)
        notewakeup(&nmp->park);
    else if (getg()->m->lockedg != NULL)
        template_hand_over(nmp);
    else
        mthread_start(nmp);
}

// Sleeping --------------------------------------------------------------------------------

// Until somebody has a p for this m.
static void mpark(struct m *mp)
{
    notesleep(&mp->park);
    noteclear(&mp->park);
    struct p *pp = mp->nextp;
    mp->nextp = NULL;
    rt_assert(pp != NULL);
    acquirep(pp);
}

// Sleeps on the idle list.
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
    mpark(mp);
}

// Goroutines tied to their thread ---------------------------------------------------------

// More, or fewer, m's that sleep for the sake of their goroutine.
void incidlelocked(int32_t n)
{
    lock(&sched.lock);
    sched.nmidlelocked += n;
    if (n > 0)
        checkdead_locked();
    unlock(&sched.lock);
}

// This m runs one goroutine only, which cannot run now: its p goes to others, and it sleeps until
// whoever finds the goroutine brings a p.
void stoplockedm(struct m *mp)
{
    rt_assert(mp->lockedg != NULL && mp->lockedg->lockedm == mp);
    if (mp->p != NULL)
        handoffp(releasep());
    incidlelocked(1);
    mpark(mp);
    rt_assert((readgstatus(mp->lockedg) & ~(uint32_t)G_SCAN) == G_RUNNABLE);
}

// gp is to run and is tied to another m: that one gets this m's p.
void startlockedm(struct g *gp)
{
    struct m *mp = gp->lockedm;
    rt_assert(mp != getg()->m && mp->lockedg == gp);
    rt_assert(mp->nextp == NULL);
    incidlelocked(-1);
    mp->nextp = releasep();
    notewakeup(&mp->park);
    stopm();
}

void rt_lock_thread(void)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    rt_assert(gp == mp->curg);
    if (mp->locks_thread == UINT32_MAX)
        rt_fatal("runtime: rt_lock_thread nested too deeply");
    template_start();
    mp->locks_thread++;
    mp->lockedg = gp;
    gp->lockedm = mp;
}

void rt_unlock_thread(void)
{
    struct g *gp = getg();
    struct m *mp = gp->m;
    rt_assert(gp == mp->curg);
    if (mp->locks_thread == 0)
        rt_fatal("runtime: rt_unlock_thread without rt_lock_thread");
    if (--mp->locks_thread > 0)
        return;
    mp->lockedg = NULL;
    gp->lockedm = NULL;
}

// The end of a thread -----------------------------------------------------------------------

// By an m whose goroutine ended while it was tied to it: what that one did to the thread must not
// meet others. The first thread only stays asleep, because some systems end the process with it.
_Noreturn void mexit(void)
{
    struct m *mp = getg()->m;
    rt_assert(mp->curg == NULL && mp->lockedg == NULL && !mp->spinning);
    handoffp(releasep());
    lock(&sched.lock);
    sched.nmfreed++;
    if (mp != &m0) {
        // whoever takes it from there comes after the unlock: the last that this thread does to it
        mp->schedlink = sched.mfree;
        sched.mfree = mp;
    }
    checkdead_locked();
    unlock(&sched.lock);
    if (mp != &m0)
        host_thread_exit();
    for (;;)
        notesleep(&mp->park);
}
