// SPDX-License-Identifier: Apache-2.0
//
// The template thread. A goroutine that is tied to its thread may have changed what a thread is:
// signal mask, affinity, credentials, name spaces. A thread that it starts inherits that, and would
// run goroutines that know nothing of it. So an m that is tied does not start threads: it hands the
// new m to this one, which runs nothing else and is started before the first goroutine is tied.
#include "runtime/base/throw.h"
#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"

static struct {
    struct mutex lock;
    struct m *waiting;            // lock; m's that want a thread
    bool asleep;                  // lock; who clears it wakes
    struct note note;             // sleeper: the template thread; waker: who clears .asleep
    _Alignas(8) atomic_u32 begun; // atomic: somebody starts it, or has
} template = {.lock = MUTEX_INIT(RANK_TEMPLATE)};

static struct m *take_all(void)
{
    lock(&template.lock);
    struct m *all = template.waiting;
    template.waiting = NULL;
    if (all == NULL) {
        template.asleep = true;
        noteclear(&template.note);
    }
    unlock(&template.lock);
    return all;
}

static void run_template(void)
{
    for (;;) {
        struct m *mp = take_all();
        if (mp == NULL)
            notesleep(&template.note);
        while (mp != NULL) {
            struct m *next = mp->schedlink;
            mp->schedlink = NULL;
            mthread_start(mp); // from here on it is its thread's
            mp = next;
        }
    }
}

static void start_on_g0(void *unused)
{
    (void)unused;
    mthread_start(newm_system(run_template));
}

void template_start(void)
{
    uint32_t none = 0;
    if (load_relaxed(&template.begun) == 0 && cas_relaxed(&template.begun, &none, 1))
        systemstack(start_on_g0, NULL);
}

// The thread of nmp will be started by the template thread.
void template_hand_over(struct m *nmp)
{
    lock(&template.lock);
    nmp->schedlink = template.waiting;
    template.waiting = nmp;
    bool wake = template.asleep;
    template.asleep = false;
    unlock(&template.lock);
    if (wake)
        notewakeup(&template.note);
}
