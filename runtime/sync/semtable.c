// SPDX-License-Identifier: Apache-2.0
//
// The table of who waits for semaphores. A semaphore is one word, free units and goroutines that
// wait, of which one is always 0: taking a unit or joining the line is one compare-and-swap, and so
// is giving a unit or finding that somebody waits. So neither can miss the other. The line itself
// is under a lock of the table; the number of who waits changes only under that lock.
//
// A unit goes to who waits directly, so nobody who is woken has to try again.
//
// Semaphores hash by a number that each gets when somebody first waits, not by their addresses,
// which differ from run to run. In a list of the table the first of each line stands, the others
// behind it. Rejected: a tree in place of the list; it pays from some ten thousand locks that are
// waited for at a time.
#include "runtime/sync/semtable.h"

#include "config.h"
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/sync/sudog.h"

static struct semlist {
    struct mutex lock;
    struct waitq lines; // lock; the first of each: others by .waitlink, the last is its .waittail
} table[SEMTABLE];
static atomic_u32 numbers; // relaxed: only uniqueness matters

void semtable_init(void)
{
    for (uint32_t i = 0; i < SEMTABLE; i++)
        mutex_init(&table[i].lock, RANK_SEMTABLE);
}

static struct semlist *list_of(struct rt_sema *s)
{
    uint32_t number = load_relaxed(&s->number);
    if (number == 0) {
        uint32_t fresh = add_relaxed(&numbers, 1) + 1;
        number = fresh;
        uint32_t was = 0;
        if (!cas_relaxed(&s->number, &was, fresh))
            number = was;
    }
    return &table[number % SEMTABLE];
}

struct mutex *sema_lock_of(struct rt_sema *s)
{
    return &list_of(s)->lock;
}

bool sema_unlock_commit(struct g *gp, void *lock)
{
    (void)gp;
    unlock(lock);
    return true;
}

// Lines -----------------------------------------------------------------------------------------

static struct sudog *find_line(const struct semlist *l, const struct rt_sema *s)
{
    struct sudog *head = l->lines.first;
    while (head != NULL && head->sema != s)
        head = head->next;
    return head;
}

static void line_push(struct semlist *l, struct rt_sema *s, struct sudog *sg, bool first)
{
    struct sudog *head = find_line(l, s);
    sg->sema = s;
    if (head == NULL) {
        sg->waittail = sg;
        waitq_push(&l->lines, sg);
    } else if (first) {
        waitq_remove(&l->lines, head);
        sg->waitlink = head;
        sg->waittail = head->waittail;
        head->waittail = NULL;
        waitq_push(&l->lines, sg);
    } else {
        head->waittail->waitlink = sg;
        head->waittail = sg;
    }
}

static struct sudog *line_pop(struct semlist *l, const struct rt_sema *s)
{
    struct sudog *head = find_line(l, s);
    if (head == NULL)
        return NULL;
    waitq_remove(&l->lines, head);
    struct sudog *next = head->waitlink;
    if (next != NULL) {
        next->waittail = head->waittail;
        waitq_push(&l->lines, next);
    }
    head->waitlink = NULL;
    head->waittail = NULL;
    head->sema = NULL;
    return head;
}

// Taking and giving -----------------------------------------------------------------------------

enum { UNITS_MAX = INT32_MAX };
#define ONE_WAITS (UINT64_C(1) << 32)

// Takes a unit; or, with `join`, counts the caller as waiting. False: neither, or joined.
static bool take(struct rt_sema *s, bool join)
{
    uint64_t was = load_relaxed(&s->state);
    for (;;) {
        bool free = was != 0 && was < ONE_WAITS;
        if (!free && !join)
            return false;
        // pairs [rt_sema]
        if (cas_acq_rel(&s->state, &was, free ? was - 1 : was + ONE_WAITS))
            return free;
    }
}

void sema_acquire(struct rt_sema *s, bool first, enum wait_reason reason, const void *at)
{
    struct g *gp = getg();
    rt_assert(gp == gp->m->curg);
    if (take(s, false))
        return;
    struct semlist *l = list_of(s);
    struct sudog *sg = sudog_get();
    lock(&l->lock);
    if (take(s, true)) {
        unlock(&l->lock);
    } else {
        line_push(l, s, sg, first);
        gp->wait_at = at;
        gopark(sema_unlock_commit, &l->lock, reason);
    }
    sudog_put(sg);
}

// Adds a unit; false: somebody waits.
static bool give(struct rt_sema *s)
{
    uint64_t was = load_relaxed(&s->state);
    do {
        if (was >= ONE_WAITS)
            return false;
        rt_assert(was < UNITS_MAX);
    } while (!cas_acq_rel(&s->state, &was, was + 1)); // pairs [rt_sema]
    return true;
}

void sema_release(struct rt_sema *s, bool give_way)
{
    if (give(s))
        return;
    struct semlist *l = list_of(s);
    lock(&l->lock);
    // who waited may have been served meanwhile
    if (give(s)) {
        unlock(&l->lock);
        return;
    }
    struct sudog *sg = line_pop(l, s);
    rt_assert(sg != NULL);
    uint64_t was = sub_acq_rel(&s->state, ONE_WAITS); // pairs [rt_sema]
    rt_assert(was >= ONE_WAITS && (uint32_t)was == 0);
    unlock(&l->lock);
    struct g *gp = getg();
    goready(sg->g);
    if (gp != gp->m->curg)
        return; // on g0: nothing that could give way
    if (give_way)
        rt_yield(); // who was readied is the next to run here
    else
        preempt_check(gp, PREEMPT_AT_CALL);
}
