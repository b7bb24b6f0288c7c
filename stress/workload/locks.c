// SPDX-License-Identifier: Apache-2.0
//
// Operations on locks, and panics. A name stands for one of each kind: mutex, reader-writer lock,
// wait group, once, condition. A goroutine that would lock what it holds, or unlock what it does
// not, does nothing; what it holds at its end is unlocked: so taking lines away makes no deadlock
// that was not there.
//
// Whether a lock excludes is asked in three ways: the program's own plain variables between lock
// and unlock, the counters here, and on real threads ThreadSanitizer with both.
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_panic.h"
#include "runtime/rt_sync.h"
#include "runtime/rt_timer.h"
#include "stress/workload/frame.h"
#include "stress/workload/probe.h"

static struct lock {
    struct rt_mutex mutex;
    uint64_t mutex_turns;         // mutex; plain on purpose
    struct rt_timer unlock_timer; // mutex
    struct rt_rwmutex rw;
    uint64_t rw_turns[2]; // rw; equal whenever nobody writes
    struct rt_waitgroup wg;
    struct rt_once once;
    struct rt_cond cond;
    struct rt_mutex cond_mutex;
    uint64_t units; // cond_mutex
} locks[WL_NAMES];

void locks_begin(void)
{
    const struct wl_names *names = &program->names[WL_LOCK_NAME];

    for (uint32_t i = 0; i < names->n; i++) {
        locks[i].mutex.name = locks[i].cond_mutex.name = names->name[i];
        locks[i].rw.name = locks[i].wg.name = locks[i].cond.name = names->name[i];
        probe_condition(&locks[i].cond, &locks[i].units);
    }
}

static uint64_t bit(const struct wl_op *op)
{
    return UINT64_C(1) << op->a;
}

// Mutex ----------------------------------------------------------------------------------------

void op_lock(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.mutex & bit(op)) != 0)
        return;
    rt_mutex_lock(&locks[op->a].mutex);
    f->holds.mutex |= bit(op);
    locks[op->a].mutex_turns++;
}

void op_trylock(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.mutex & bit(op)) != 0 || !rt_mutex_try_lock(&locks[op->a].mutex))
        return;
    f->holds.mutex |= bit(op);
    locks[op->a].mutex_turns++;
}

void op_unlock(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.mutex & bit(op)) == 0)
        return;
    f->holds.mutex &= ~bit(op);
    rt_mutex_unlock(&locks[op->a].mutex);
}

static void unlocks(void *lock)
{
    rt_mutex_unlock(&((struct lock *)lock)->mutex);
}

void op_unlocklater(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.mutex & bit(op)) == 0)
        return;
    f->holds.mutex &= ~bit(op);
    rt_timer_start(&locks[op->a].unlock_timer, op->number, unlocks, &locks[op->a]);
}

// Readers and writers --------------------------------------------------------------------------

static bool holds_rw(const struct frame *f, const struct wl_op *op)
{
    return ((f->holds.read | f->holds.write) & bit(op)) != 0;
}

static void compare_turns(const struct lock *l)
{
    if (l->rw_turns[0] != l->rw_turns[1])
        host_abort("workload: a reader sees half of what a writer did");
}

void op_rlock(struct frame *f, const struct wl_op *op)
{
    if (holds_rw(f, op))
        return;
    rt_rwmutex_rlock(&locks[op->a].rw);
    f->holds.read |= bit(op);
    compare_turns(&locks[op->a]);
}

void op_runlock(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.read & bit(op)) == 0)
        return;
    f->holds.read &= ~bit(op);
    compare_turns(&locks[op->a]);
    rt_rwmutex_runlock(&locks[op->a].rw);
}

void op_wlock(struct frame *f, const struct wl_op *op)
{
    if (holds_rw(f, op))
        return;
    rt_rwmutex_lock(&locks[op->a].rw);
    f->holds.write |= bit(op);
    compare_turns(&locks[op->a]);
    locks[op->a].rw_turns[0]++;
}

void op_wunlock(struct frame *f, const struct wl_op *op)
{
    if ((f->holds.write & bit(op)) == 0)
        return;
    f->holds.write &= ~bit(op);
    locks[op->a].rw_turns[1]++;
    rt_rwmutex_unlock(&locks[op->a].rw);
}

void locks_end(struct frame *f)
{
    for (uint32_t i = 0; i < program->names[WL_LOCK_NAME].n; i++) {
        const struct wl_op op = {.a = i};

        op_unlock(f, &op);
        op_runlock(f, &op);
        op_wunlock(f, &op);
    }
}

// Meeting --------------------------------------------------------------------------------------

static void recover_it(void *unused)
{
    (void)unused;
    rt_recover(NULL);
}

struct add {
    struct rt_waitgroup *wg;
    int32_t delta;
};

static void add_it(void *add)
{
    const struct add *a = add;

    rt_defer(recover_it, NULL); // below zero, or misuse
    rt_waitgroup_add(a->wg, a->delta);
}

void op_wgadd(struct frame *f, const struct wl_op *op)
{
    struct add a = {&locks[op->a].wg, (int32_t)(op->number & 0xffff)};

    (void)f;
    rt_call(add_it, &a);
}

void op_wgdone(struct frame *f, const struct wl_op *op)
{
    struct add a = {&locks[op->a].wg, -1};

    (void)f;
    rt_call(add_it, &a);
}

void op_wgwait(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_waitgroup_wait(&locks[op->a].wg);
}

static void add_one(void *variable)
{
    ++*(volatile uint64_t *)variable;
}

void op_once(struct frame *f, const struct wl_op *op)
{
    volatile uint64_t *variable = frame_variable(op->b);

    (void)f;
    rt_once_do(&locks[op->a].once, add_one, frame_variable(op->b));
    if (*variable == 0)
        host_abort("workload: once has returned before it was done");
}

void op_condwait(struct frame *f, const struct wl_op *op)
{
    struct lock *l = &locks[op->a];

    (void)f;
    rt_mutex_lock(&l->cond_mutex);
    while (l->units == 0)
        rt_cond_wait(&l->cond, &l->cond_mutex);
    l->units--;
    rt_mutex_unlock(&l->cond_mutex);
}

void op_condsignal(struct frame *f, const struct wl_op *op)
{
    struct lock *l = &locks[op->a];

    (void)f;
    rt_mutex_lock(&l->cond_mutex);
    l->units++;
    rt_cond_signal(&l->cond);
    rt_mutex_unlock(&l->cond_mutex);
}

void op_condall(struct frame *f, const struct wl_op *op)
{
    struct lock *l = &locks[op->a];

    (void)f;
    rt_mutex_lock(&l->cond_mutex);
    l->units += (uint64_t)op->number;
    rt_cond_broadcast(&l->cond);
    rt_mutex_unlock(&l->cond_mutex);
}

// Panics ---------------------------------------------------------------------------------------

struct unwinding {
    int64_t calls, left; // rt_calls in all, and still to make
    int64_t ran;         // deferred calls
    struct frame *ends;  // the goroutine is to end; or NULL
};

static void trouble(void *unused)
{
    (void)unused;
    rt_defer(recover_it, NULL);
    rt_panic("workload: trouble on the way");
}

// Every other one gives way, every third has a panic of its own.
static void on_the_way(void *unwinding)
{
    struct unwinding *u = unwinding;

    u->ran++;
    if (u->ran % 2 == 0)
        rt_yield();
    if (u->ran % 3 == 0 && rt_call(trouble, NULL))
        host_abort("workload: a panic was not recovered");
}

static void go_deeper(void *unwinding)
{
    struct unwinding *u = unwinding;

    rt_defer(on_the_way, u);
    if (--u->left > 0) {
        rt_call(go_deeper, u);
        host_abort("workload: a panic was lost on its way");
    }
    if (u->ends == NULL)
        rt_panic("workload: unwind");
    rt_goexit();
}

static void catch_it(void *unwinding)
{
    if (!rt_recover(NULL))
        host_abort("workload: nothing to recover");
    on_the_way(unwinding);
}

static void unwind(void *unwinding)
{
    rt_defer(catch_it, unwinding);
    go_deeper(unwinding);
}

void op_unwind(struct frame *f, const struct wl_op *op)
{
    struct unwinding u = {.calls = op->number, .left = op->number};

    (void)f;
    if (rt_call(unwind, &u) || u.ran != u.calls + 1)
        host_abort("workload: deferred calls did not run once each");
}

static void at_the_end(void *unwinding)
{
    struct unwinding *u = unwinding;

    if (u->ran != u->calls)
        host_abort("workload: deferred calls did not run once each");
    frame_ends(u->ends);
}

static void end_below(void *unwinding)
{
    rt_defer(at_the_end, unwinding);
    go_deeper(unwinding);
}

void op_goexit(struct frame *f, const struct wl_op *op)
{
    struct unwinding u = {.calls = op->number, .left = op->number, .ends = f};

    rt_call(end_below, &u);
    host_abort("workload: a goroutine did not end");
}
