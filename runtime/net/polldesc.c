// SPDX-License-Identifier: Apache-2.0
//
// See polldesc.h. Slots are never given back to the system, so a late event or timer finds a slot,
// and under its lock it finds out that it means an earlier generation. Rejected: reference counts
// by pollers, which would hold a slot up as long as somebody sleeps in the poller.
#include "runtime/net/polldesc.h"

#include <errno.h>

#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched/sched.h"

enum { TAG_BITS = 16, POINTER_BITS = 48, SLOTS_AT_ONCE = 16 };
_Static_assert(TAG_BITS + POINTER_BITS == 64, "a token is a tag and a slot");

// Slots by number: tables of SLOTS_AT_ONCE, which stay where they are.
static struct {
    struct mutex lock;
    struct polldesc *free;                        // lock
    uint32_t n;                                   // lock
    ATOMIC_PTR(struct polldesc) table[PD_TABLES]; // written under lock; release pairs [pool.table]
} pool = {.lock = MUTEX_INIT(RANK_POLL_POOL)};

static const uint32_t over_bit[PD_DIRECTIONS] = {PD_READ_OVER, PD_WRITE_OVER};

static uint64_t token_of(const struct polldesc *pd, uint32_t tag)
{
    return (uint64_t)tag << POINTER_BITS | (uint64_t)(uintptr_t)pd;
}

static uint32_t tag_of(uint64_t token)
{
    return (uint32_t)(token >> POINTER_BITS);
}

static struct polldesc *slot_of(uint64_t token)
{
    return (struct polldesc *)(uintptr_t)(token << TAG_BITS >> TAG_BITS);
}

// Who waits -------------------------------------------------------------------------------

static int why_not(struct polldesc *pd, enum pd_direction d)
{
    uint32_t info = load_seq_cst(&pd->info); // pairs [pd.info]
    if ((info & PD_CLOSING) != 0)
        return -ECANCELED;
    return (info & over_bit[d]) != 0 ? -ETIMEDOUT : 0;
}

static void publish_locked(struct polldesc *pd, uint32_t set, uint32_t clear)
{
    assert_locked(&pd->lock);
    uint32_t info = (load_relaxed(&pd->info) & ~clear) | set;
    store_seq_cst(&pd->info, info); // pairs [pd.info]
}

// The goroutine is saved. It counts before anybody can find it: who takes it out counts it off.
static bool park_commit(struct g *gp, void *waiter)
{
    atomic_u64 *w = waiter;
    add_acq_rel(&sched.pollwaiters, 1); // pairs [sched.lastpoll]
    uint64_t was = PD_WAIT;
    if (cas_seq_cst(w, &was, (uint64_t)(uintptr_t)gp)) // pairs [pd.waiter] and [pd.info]
        return true;
    sub_acq_rel(&sched.pollwaiters, 1); // pairs [sched.lastpoll]
    return false;
}

// Parks once, unless it is ready or there is a reason not to. Whether it has become ready.
static bool wait_once(struct polldesc *pd, enum pd_direction d)
{
    atomic_u64 *w = &pd->waiter[d];
    uint64_t was = PD_READY;
    if (cas_seq_cst(w, &was, PD_NIL)) // pairs [pd.waiter]
        return true;
    was = PD_NIL;
    if (!cas_seq_cst(w, &was, PD_WAIT)) { // pairs [pd.info]
        if (was != PD_READY)
            rt_throw("pd_wait: two goroutines wait for one direction");
        return false; // just now: again
    }
    if (why_not(pd, d) == 0) {
        struct g *gp = getg();
        gp->wait_at = pd;
        gp->io_direction = d;
        gopark(park_commit, w, WAIT_IO);
    }
    was = xchg_seq_cst(w, PD_NIL); // pairs [pd.waiter]
    if (was >= PD_PARKED)
        rt_throw("pd_wait: woken, and still there");
    return was == PD_READY;
}

int pd_wait(struct polldesc *pd, enum pd_direction d)
{
    for (;;) {
        int err = why_not(pd, d);
        if (err != 0)
            return err;
        if (wait_once(pd, d))
            return 0;
        // woken by a deadline that has been moved meanwhile, or by nothing: again
    }
}

// Who waits is woken by the caller; NULL: nobody does. `is_ready`: it is remembered for who comes.
static struct g *take_waiter(struct polldesc *pd, enum pd_direction d, bool is_ready)
{
    atomic_u64 *w = &pd->waiter[d];
    uint64_t was = load_seq_cst(w); // pairs [pd.info]
    for (;;) {
        if (was == PD_READY || (was == PD_NIL && !is_ready))
            return NULL;
        if (cas_seq_cst(w, &was, is_ready ? PD_READY : PD_NIL)) // pairs [pd.waiter] and [pd.info]
            break;
    }
    if (was < PD_PARKED)
        return NULL; // it looks again before it parks
    return (struct g *)(uintptr_t)was;
}

// Readies who was taken out; with a p, on g0, without the slot's lock.
static void wake(struct g *gp)
{
    if (gp == NULL)
        return;
    ready(gp, false);
    sub_acq_rel(&sched.pollwaiters, 1); // pairs [sched.lastpoll]
}

static int32_t take_into(struct polldesc *pd, enum pd_direction d, struct gqueue *list)
{
    struct g *gp = take_waiter(pd, d, true);
    if (gp == NULL)
        return 0;
    gqueue_push(list, gp);
    return 1;
}

int32_t pd_event(uint64_t token, bool read, bool write, struct gqueue *list)
{
    struct polldesc *pd = slot_of(token);
    int32_t n = 0;
    lock(&pd->lock);
    if (pd->tag == tag_of(token)) {
        if (read)
            n += take_into(pd, PD_READ, list);
        if (write)
            n += take_into(pd, PD_WRITE, list);
    }
    unlock(&pd->lock);
    return n;
}

// Deadlines -------------------------------------------------------------------------------

// Of one direction; the sequence number in the place of the tag.
static void deadline_over(uint64_t token, enum pd_direction d)
{
    struct polldesc *pd = slot_of(token);
    struct g *gp = NULL;
    lock(&pd->lock);
    if ((pd->deadline[d].seq & 0xffff) == tag_of(token)) {
        publish_locked(pd, over_bit[d], 0);
        gp = take_waiter(pd, d, false);
    }
    unlock(&pd->lock);
    wake(gp);
}

static void read_deadline_over(void *token)
{
    deadline_over((uintptr_t)token, PD_READ);
}

static void write_deadline_over(void *token)
{
    deadline_over((uintptr_t)token, PD_WRITE);
}

struct deadline_call {
    struct polldesc *pd;
    enum pd_direction d;
    int64_t when;
};

static void set_deadline_on_g0(void *call)
{
    static void (*const over[PD_DIRECTIONS])(void *) = {read_deadline_over, write_deadline_over};
    const struct deadline_call *c = call;
    struct polldesc *pd = c->pd;
    enum pd_direction d = c->d;
    struct g *gp = NULL;
    int64_t tell = 0;
    bool passed = c->when != 0 && c->when <= host_nanotime();

    lock(&pd->lock);
    uint32_t seq = ++pd->deadline[d].seq; // what fires from now on for the one before is late
    struct timer *t = &pd->deadline[d].timer;
    timer_stop(t);
    publish_locked(pd, passed ? over_bit[d] : 0, over_bit[d]);
    if (passed) {
        gp = take_waiter(pd, d, false);
    } else if (c->when != 0 && (load_relaxed(&pd->info) & PD_CLOSING) == 0) {
        const struct timer as = {
            .when = c->when, .fire = over[d], .arg = (void *)(uintptr_t)token_of(pd, seq & 0xffff)};
        bool started = timer_start(getg()->m->p, t, &as, &tell);
        rt_assert(started);
    }
    unlock(&pd->lock);
    if (tell != 0)
        netpoll_timer_added(tell);
    wake(gp);
}

void pd_set_deadline(struct polldesc *pd, enum pd_direction d, int64_t when)
{
    struct deadline_call call = {pd, d, when};
    systemstack(set_deadline_on_g0, &call);
}

// Slots -----------------------------------------------------------------------------------

static void make_slots_locked(void)
{
    uint32_t table = pool.n / SLOTS_AT_ONCE;
    if (table == PD_TABLES)
        return;
    struct polldesc *v = persistent_alloc(SLOTS_AT_ONCE * sizeof(*v), _Alignof(struct polldesc));
    for (int i = SLOTS_AT_ONCE - 1; i >= 0; i--) {
        mutex_init(&v[i].lock, RANK_POLL);
        sema_init(&v[i].line[PD_READ], 1);
        sema_init(&v[i].line[PD_WRITE], 1);
        v[i].index = pool.n + (uint32_t)i;
        v[i].link = pool.free;
        pool.free = &v[i];
    }
    pool.n += SLOTS_AT_ONCE;
    store_release(&pool.table[table], v); // pairs [pool.table]
}

static struct polldesc *slot_take(void)
{
    lock(&pool.lock);
    if (pool.free == NULL)
        make_slots_locked();
    struct polldesc *pd = pool.free;
    if (pd != NULL)
        pool.free = pd->link;
    unlock(&pool.lock);
    return pd;
}

static void slot_give(struct polldesc *pd)
{
    lock(&pool.lock);
    pd->link = pool.free;
    pool.free = pd;
    unlock(&pool.lock);
}

static int64_t handle_of(const struct polldesc *pd, uint64_t use)
{
    return (int64_t)(use >> 32 << 32 | pd->index);
}

int64_t pd_new(int fd)
{
    struct polldesc *pd = slot_take();
    if (pd == NULL) {
        host_close(fd);
        return -ENFILE;
    }
    // generations are positive, so that handles are
    uint64_t generation = (load_relaxed(&pd->use) >> 32) % INT32_MAX + 1;
    lock(&pd->lock);
    pd->fd = fd;
    pd->port = 0;
    pd->tag = (uint32_t)generation & 0xffff;
    store_relaxed(&pd->waiter[PD_READ], PD_NIL);
    store_relaxed(&pd->waiter[PD_WRITE], PD_NIL);
    store_seq_cst(&pd->info, 0); // pairs [pd.info]
    unlock(&pd->lock);
    int err = host_poll_add(fd, token_of(pd, pd->tag));
    if (err != 0) {
        host_close(fd);
        slot_give(pd);
        return err;
    }
    store_release(&pd->use, generation << 32); // pairs [pd.use]
    return handle_of(pd, generation << 32);
}

static struct polldesc *slot_named(int64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (handle < 0 || index / SLOTS_AT_ONCE >= PD_TABLES)
        return NULL;
    struct polldesc *v = load_acquire(&pool.table[index / SLOTS_AT_ONCE]); // pairs [pool.table]
    return v != NULL ? &v[index % SLOTS_AT_ONCE] : NULL;
}

// One user more, and what else is to be set; NULL when the handle names nothing open.
static struct polldesc *use(int64_t handle, uint64_t set)
{
    struct polldesc *pd = slot_named(handle);
    if (pd == NULL)
        return NULL;
    uint64_t is = load_acquire(&pd->use); // pairs [pd.use]
    do {
        if (is >> 32 != (uint64_t)handle >> 32 || is >> 32 == 0 || (is & PD_CLOSED) != 0)
            return NULL;
    } while (!cas_acq_rel(&pd->use, &is, (is + 1) | set)); // pairs [pd.use]
    return pd;
}

struct polldesc *pd_get(int64_t handle)
{
    return use(handle, 0);
}

// Nobody uses it any more, nobody can. From the poller first: its number may be another one's soon.
static void destroy(struct polldesc *pd)
{
    int fd = pd->fd;
    host_poll_remove(fd);
    lock(&pd->lock);
    pd->tag = UINT32_MAX; // no event carries that
    pd->fd = -1;
    rt_assert(load_relaxed(&pd->waiter[PD_READ]) < PD_PARKED);
    rt_assert(load_relaxed(&pd->waiter[PD_WRITE]) < PD_PARKED);
    unlock(&pd->lock);
    host_close(fd);
    slot_give(pd);
}

void pd_put(struct polldesc *pd)
{
    uint64_t was = sub_acq_rel(&pd->use, 1); // pairs [pd.use]
    rt_assert((was & (PD_CLOSED - 1)) > 0);
    if ((was & ~(UINT64_MAX << 32)) == (PD_CLOSED | 1))
        destroy(pd);
}

static void evict_on_g0(void *slot)
{
    struct polldesc *pd = slot;
    struct g *waiting[PD_DIRECTIONS];
    lock(&pd->lock);
    publish_locked(pd, PD_CLOSING, 0);
    for (int d = PD_READ; d < PD_DIRECTIONS; d++) {
        pd->deadline[d].seq++;
        timer_stop(&pd->deadline[d].timer);
        waiting[d] = take_waiter(pd, (enum pd_direction)d, false);
    }
    unlock(&pd->lock);
    wake(waiting[PD_READ]);
    wake(waiting[PD_WRITE]);
}

int pd_close(int64_t handle)
{
    struct polldesc *pd = use(handle, PD_CLOSED);
    if (pd == NULL)
        return -EBADF;
    systemstack(evict_on_g0, pd);
    pd_put(pd);
    return 0;
}

// Calls -----------------------------------------------------------------------------------

int pd_begin(struct polldesc *pd, enum pd_direction d)
{
    semacquire(&pd->line[d]);
    int err = why_not(pd, d);
    if (err != 0) {
        semrelease(&pd->line[d]);
        return err;
    }
    // what was ready before: the call that follows finds out by itself
    store_seq_cst(&pd->waiter[d], PD_NIL); // pairs [pd.waiter]
    return 0;
}

void pd_end(struct polldesc *pd, enum pd_direction d)
{
    semrelease(&pd->line[d]);
}
