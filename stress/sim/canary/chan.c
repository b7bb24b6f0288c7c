// SPDX-License-Identifier: Apache-2.0
//
// See canary.h: answers that no channel may give, told as a program would tell them; channels whose
// structure is broken; goroutines that wait for what is there.

#include "stress/sim/canary/canary.h"

#include "runtime/rt_chan.h"
#include "runtime/rt_panic.h"
#include "runtime/rt_sync.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/chan.h"
#include "stress/workload/probe.h"

struct number {
    uint64_t v;
};
RT_TYPE(number_type, struct number, 0);

// Answers ---------------------------------------------------------------------------------------

// A channel of two slots that nobody uses: only what is told of it matters.
static void begin(void)
{
    probe_channel(0, rt_chan_make(&number_type, 2), 2);
}

static void told(enum probe_chan what, uint64_t sent, enum probe_end end, uint64_t received)
{
    probe_chan_end(probe_chan_begin(0, what, sent), end, received);
}

static void sends(uint64_t v)
{
    told(PROBE_SEND, v, PROBE_DONE, 0);
}

static void receives(uint64_t v)
{
    told(PROBE_RECV, 0, PROBE_DONE, v);
}

static void invented(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    receives(2);
}

static void twice(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    receives(1);
    receives(1);
}

static void refused_and_received(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    sends(2);
    told(PROBE_SEND, 3, PROBE_NOT, 0);
    receives(1);
    receives(2);
    receives(3);
}

static void received_and_refused(void *unused)
{
    (void)unused;
    begin();
    uint32_t late = probe_chan_begin(0, PROBE_SEND, 1);
    receives(1);
    probe_chan_end(late, PROBE_OTHER, 0);
}

static void overtaken(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    sends(2);
    receives(2);
}

// While somebody receives who may have the first already, the second may come; then it was not so.
static void overtaken_late(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    sends(2);
    uint32_t slow = probe_chan_begin(0, PROBE_RECV, 0);
    receives(2);
    probe_chan_end(slow, PROBE_OTHER, 0);
    receives(1);
}

static void finds_nothing(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    told(PROBE_RECV, 0, PROBE_NOT, 0);
}

static void finds_no_room(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    sends(2);
    receives(1);
    told(PROBE_SEND, 3, PROBE_NOT, 0);
}

static void too_many(void *unused)
{
    (void)unused;
    begin();
    for (uint64_t i = 1; i <= 3; i++)
        sends(i);
}

static void closed_too_early(void *unused)
{
    (void)unused;
    begin();
    sends(1);
    told(PROBE_CLOSE, 0, PROBE_DONE, 0);
    told(PROBE_RECV, 0, PROBE_CLOSED, 0);
}

static void closed_by_nobody(void *unused)
{
    (void)unused;
    begin();
    told(PROBE_RECV, 0, PROBE_CLOSED, 0);
}

static void refused_by_nobody(void *unused)
{
    (void)unused;
    begin();
    told(PROBE_SEND, 1, PROBE_CLOSED, 0);
}

static void sent_after_close(void *unused)
{
    (void)unused;
    begin();
    told(PROBE_CLOSE, 0, PROBE_DONE, 0);
    sends(1);
}

static void closed_twice(void *unused)
{
    (void)unused;
    begin();
    told(PROBE_CLOSE, 0, PROBE_DONE, 0);
    told(PROBE_CLOSE, 0, PROBE_DONE, 0);
}

// What is unusual and right: operations that overlap excuse each other.
static void answers_behave(void *unused)
{
    (void)unused;
    begin();
    uint32_t send = probe_chan_begin(0, PROBE_SEND, 1);
    receives(1); // before its send has ended
    uint32_t first = probe_chan_begin(0, PROBE_RECV, 0);
    sends(2);
    probe_chan_end(send, PROBE_DONE, 0);
    sends(3);
    uint32_t second = probe_chan_begin(0, PROBE_RECV, 0);
    sends(4); // two slots, and two that receive
    sends(5);
    told(PROBE_RECV, 0, PROBE_OTHER, 0);
    probe_chan_end(second, PROBE_DONE, 3); // 2 is the other's
    probe_chan_end(first, PROBE_DONE, 2);
    told(PROBE_SEND, 6, PROBE_NOT, 0); // full
    uint32_t close = probe_chan_begin(0, PROBE_CLOSE, 0);
    receives(4);
    uint32_t late = probe_chan_begin(0, PROBE_SEND, 7);
    probe_chan_end(close, PROBE_DONE, 0);
    probe_chan_end(late, PROBE_DONE, 0); // began before the end of the close
    told(PROBE_CLOSE, 0, PROBE_CLOSED, 0);
    told(PROBE_SEND, 8, PROBE_CLOSED, 0);
    receives(5);
    receives(7);
    told(PROBE_RECV, 0, PROBE_CLOSED, 0);
}

// Structure -------------------------------------------------------------------------------------

static struct hchan *chan;

static void receive_it(void *unused)
{
    (void)unused;
    rt_chan_recv(chan, NULL);
}

static void break_it(void (*how)(void))
{
    chan = rt_chan_make(&number_type, 2);
    probe_channel(0, chan, 2);
    rt_go(receive_it, NULL);
    rt_go(receive_it, NULL);
    for (int i = 0; i < 5; i++)
        rt_sleep(1000); // they wait
    how();
    rt_sleep(20000);
}

static void say_full(void)
{
    store_relaxed(&chan->count, 3);
}

static void say_something_inside(void)
{
    store_relaxed(&chan->count, 1);
}

static void say_closed(void)
{
    chan->closed = true;
}

static void tear_line(void)
{
    chan->recvq.last = chan->recvq.first;
}

static void put_into_both(void)
{
    chan->sendq = (struct waitq){chan->recvq.last, chan->recvq.last};
    chan->recvq.last = chan->recvq.first;
    chan->recvq.first->next = NULL;
    chan->sendq.first->prev = NULL;
    chan->cap = 0;
}

static void put_runner_in_line(void)
{
    chan->recvq.first->g = rt_self();
}

static void count_too_large(void *unused)
{
    (void)unused;
    break_it(say_full);
}

static void waits_beside_element(void *unused)
{
    (void)unused;
    break_it(say_something_inside);
}

static void waits_on_closed(void *unused)
{
    (void)unused;
    break_it(say_closed);
}

static void line_torn(void *unused)
{
    (void)unused;
    break_it(tear_line);
}

static void both_wait(void *unused)
{
    (void)unused;
    break_it(put_into_both);
}

static void runner_in_line(void *unused)
{
    (void)unused;
    break_it(put_runner_in_line);
}

// Waiting for what is there ---------------------------------------------------------------------

static void wait_for(const void *at, enum wait_reason reason)
{
    rt_self()->wait_at = at;
    gopark(NULL, NULL, reason);
}

static void free_mutex(void *unused)
{
    static struct rt_mutex m;
    (void)unused;
    wait_for(&m, WAIT_MUTEX);
}

static void free_to_read(void *unused)
{
    static struct rt_rwmutex rw;
    (void)unused;
    rt_rwmutex_rlock(&rw);
    wait_for(&rw, WAIT_RWMUTEX_READ);
}

static void free_to_write(void *unused)
{
    static struct rt_rwmutex rw;
    (void)unused;
    wait_for(&rw, WAIT_RWMUTEX_WRITE);
}

static void readers_gone(void *unused)
{
    static struct rt_rwmutex rw;
    (void)unused;
    rt_rwmutex_lock(&rw);
    wait_for(&rw, WAIT_RWMUTEX_WRITE);
}

static void group_done(void *unused)
{
    static struct rt_waitgroup wg;
    (void)unused;
    wait_for(&wg, WAIT_WAITGROUP);
}

static void condition_holds(void *unused)
{
    static struct rt_cond cond;
    static uint64_t units;
    (void)unused;
    units = 1;
    probe_condition(&cond, &units);
    wait_for(&cond, WAIT_COND);
}

// Recovery --------------------------------------------------------------------------------------

static __attribute__((noinline)) void dive(int depth)
{
    if (depth == 0)
        rt_panic("deep");
    dive(depth - 1);
    __asm__ volatile(""); // no tail call
}

static void recover_quietly(void *unused)
{
    (void)unused;
    rt_recover(NULL);
}

static void dive_50(void *unused)
{
    (void)unused;
    rt_defer(recover_quietly, NULL);
    dive(50);
}

static void recovers_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < CANARY_RECOVERIES; i++)
        rt_call(dive_50, NULL);
}

const struct canary canary_recovers = {"a goroutine recovers often", NULL, NULL, recovers_often};

const struct canary canaries_chan[] = {
    {"answers that are right", NULL, NULL, answers_behave},
    {"a value invented", "chan", "nobody sent", invented},
    {"a value twice", "chan", "received twice", twice},
    {"refused, then received", "chan", "whose send has failed", refused_and_received},
    {"received, then refused", "chan", "whose send has failed", received_and_refused},
    {"a value overtaken", "chan", "overtakes", overtaken},
    {"a value overtaken, as turns out", "chan", "overtakes", overtaken_late},
    {"nothing found", "chan", "nothing beside a value", finds_nothing},
    {"no room found", "chan", "no room beside free slots", finds_no_room},
    {"too much sent", "chan", "more is sent than there are slots", too_many},
    {"closed too early", "chan", "closed before its end", closed_too_early},
    {"closed by nobody", "chan", "a receive finds an open channel closed", closed_by_nobody},
    {"refused by nobody", "chan", "a send finds an open channel closed", refused_by_nobody},
    {"sent after the close", "chan", "sent on a closed channel", sent_after_close},
    {"closed twice", "chan", "closed twice", closed_twice},
    {"count too large", "chan", "more elements than slots", count_too_large},
    {"waits beside an element", "chan", "waits to receive beside an element", waits_beside_element},
    {"waits on a closed channel", "chan", "waits on a closed channel", waits_on_closed},
    {"a line torn", "chan", "is torn", line_torn},
    {"both wait", "chan", "a sender and a receiver both wait", both_wait},
    {"a runner in line", "chan", "in line does not wait", runner_in_line},
    {"a free mutex", "lost-wake", "a mutex that nobody holds", free_mutex},
    {"free for reading", "lost-wake", "for reading that nobody writes", free_to_read},
    {"free for writing", "lost-wake", "for writing that nobody holds", free_to_write},
    {"readers gone", "lost-wake", "readers that have left", readers_gone},
    {"a group done", "lost-wake", "a wait group that is done", group_done},
    {"a condition that holds", "lost-wake", "a condition that holds", condition_holds},
    {0},
};
