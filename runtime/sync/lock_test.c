// SPDX-License-Identifier: Apache-2.0
//
// What rt_sync.h promises; see claims.h. Data that locks protect is plain, so that ThreadSanitizer
// asks for the order too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/host/host.h"
#include "runtime/rt_panic.h"
#include "runtime/rt_sync.h"
#include "runtime/sched/claims.h"

enum { ACTORS = 6, ROUNDS = 400 };

static struct rt_waitgroup all_done = {.name = "all done"};

// Starts ACTORS goroutines and waits for their ends.
static void (*actor)(uint64_t);

static void act(void *number)
{
    actor((uint64_t)(uintptr_t)number);
    rt_waitgroup_done(&all_done);
}

static void run_actors(void (*fn)(uint64_t))
{
    actor = fn;
    rt_waitgroup_add(&all_done, ACTORS);
    for (uintptr_t i = 0; i < ACTORS; i++)
        rt_go(act, (void *)i);
    rt_waitgroup_wait(&all_done);
}

// Mutex -----------------------------------------------------------------------------------------

static struct rt_mutex mutex = {.name = "ledger"};
static uint64_t counter; // mutex

static void count_up(uint64_t number)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rt_mutex_lock(&mutex);
        uint64_t was = counter;
        if ((i + number) % 16 == 0)
            rt_yield(); // others find it locked and wait
        counter = was + 1;
        rt_mutex_unlock(&mutex);
    }
}

static void one_inside(void *arg)
{
    (void)arg;
    run_actors(count_up);
    check(counter == ACTORS * ROUNDS);
    check(load_relaxed(&mutex.state) == 0);
    check(rt_mutex_try_lock(&mutex) && !rt_mutex_try_lock(&mutex));
    rt_mutex_unlock(&mutex);
    check(rt_mutex_try_lock(&mutex));
}

static void a_mutex_admits_one_and_forgets_nobody(void **state)
{
    (void)state;
    holds(one_inside);
}

// Who waits long gets it handed over, though another takes it again as soon as it lets go.
static atomic_u32 starved_got_it;

static void starved(void *arg)
{
    (void)arg;
    rt_mutex_lock(&mutex);
    store_relaxed(&starved_got_it, 1);
    rt_mutex_unlock(&mutex);
}

static void hogs(void *arg)
{
    (void)arg;
    rt_mutex_lock(&mutex);
    rt_go(starved, NULL);
    uint64_t turns = 0;
    for (; load_relaxed(&starved_got_it) == 0; turns++) {
        host_spin(3 * SYNC_STARVING_NS);
        rt_preempt_point();
        rt_mutex_unlock(&mutex);
        rt_mutex_lock(&mutex);
        check(turns < 1000);
    }
    rt_mutex_unlock(&mutex);
    check(load_relaxed(&mutex.state) == 0);
}

static void nobody_starves(void **state)
{
    (void)state;
    holds(hogs);
}

// Readers and writers ---------------------------------------------------------------------------

static struct rt_rwmutex rw = {.name = "table"};
static uint64_t pair[2]; // rw
static atomic_i32 inside;
static atomic_u32 together; // two readers were inside

static void read_and_write(uint64_t number)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        if ((i + number) % 4 == 0) {
            rt_rwmutex_lock(&rw);
            check(add_relaxed(&inside, 100) == 0);
            pair[0]++;
            if (i % 8 == 0)
                rt_yield();
            pair[1]++;
            sub_relaxed(&inside, 100);
            rt_rwmutex_unlock(&rw);
        } else {
            rt_rwmutex_rlock(&rw);
            int32_t others = add_relaxed(&inside, 1);
            check(others < 100);
            if (others > 0)
                store_relaxed(&together, 1);
            uint64_t first = pair[0];
            if (i % 8 == 1)
                rt_yield();
            check(pair[1] == first);
            sub_relaxed(&inside, 1);
            rt_rwmutex_runlock(&rw);
        }
    }
}

static void many_or_one(void *arg)
{
    (void)arg;
    run_actors(read_and_write);
    check(pair[0] == ACTORS * ROUNDS / 4 && pair[1] == pair[0]);
    check(load_relaxed(&together) == 1);
    check(load_relaxed(&rw.readers) == 0 && load_relaxed(&rw.departing) == 0);
}

static void many_readers_or_one_writer(void **state)
{
    (void)state;
    holds(many_or_one);
}

// Wait groups -----------------------------------------------------------------------------------

static struct rt_waitgroup group, gate = {.name = "gate"};
static uint64_t done_by[ACTORS]; // plain: each by its actor

static void wait_and_look(uint64_t number)
{
    (void)number;
    rt_waitgroup_wait(&gate);
    for (int i = 0; i < ACTORS; i++)
        check(done_by[i] == 7);
}

static void do_one(void *slot)
{
    rt_yield();
    *(uint64_t *)slot = 7;
    rt_waitgroup_done(&gate);
}

static void groups(void *arg)
{
    (void)arg;
    for (int round = 0; round < 50; round++) {
        memset(done_by, 0, sizeof(done_by));
        rt_waitgroup_add(&gate, ACTORS);
        for (int i = 0; i < ACTORS; i++)
            rt_go(do_one, &done_by[i]);
        run_actors(wait_and_look); // several wait
    }
    rt_waitgroup_wait(&group); // nothing to wait for
}

static void a_group_waits_for_all(void **state)
{
    (void)state;
    holds(groups);
}

// Once ------------------------------------------------------------------------------------------

static struct rt_once once;
static uint64_t initialized; // once

static void initialize(void *by)
{
    (void)by;
    rt_yield();
    initialized++;
}

static void call_once(uint64_t number)
{
    (void)number;
    rt_once_do(&once, initialize, NULL);
    check(initialized == 1);
}

static void fail_to_initialize(void *unused)
{
    (void)unused;
    rt_panic("cannot");
}

static void recover_it(void *unused)
{
    (void)unused;
    check(rt_recover(NULL));
}

static void try_once(void *o)
{
    rt_defer(recover_it, NULL);
    rt_once_do(o, fail_to_initialize, NULL);
}

static void onces(void *arg)
{
    (void)arg;
    run_actors(call_once);
    static struct rt_once broken;
    check(!rt_call(try_once, &broken));
    rt_once_do(&broken, initialize, NULL); // that was it
    check(initialized == 1 && load_relaxed(&broken.m.state) == 0);
}

static void once_is_once(void **state)
{
    (void)state;
    holds(onces);
}

// Conditions ------------------------------------------------------------------------------------

static struct rt_cond not_empty = {.name = "not empty"};
static uint64_t stock, taken; // mutex

static void take_stock(uint64_t number)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rt_mutex_lock(&mutex);
        if (number % 2 == 0) {
            stock++;
            rt_cond_signal(&not_empty);
        } else {
            while (stock == 0)
                rt_cond_wait(&not_empty, &mutex);
            stock--;
            taken++;
        }
        rt_mutex_unlock(&mutex);
    }
}

static void conditions(void *arg)
{
    (void)arg;
    run_actors(take_stock);
    check(stock == 0 && taken == ACTORS / 2 * ROUNDS);
    check(not_empty.first == NULL && not_empty.last == NULL);
}

static void each_signal_wakes_one_who_waits(void **state)
{
    (void)state;
    holds(conditions);
}

static uint64_t waiting, order[ACTORS], woken; // mutex

static void wait_in_line(void *number)
{
    rt_mutex_lock(&mutex);
    order[waiting++] = (uint64_t)(uintptr_t)number;
    rt_cond_wait(&not_empty, &mutex);
    check(order[woken++] == (uint64_t)(uintptr_t)number);
    rt_mutex_unlock(&mutex);
    rt_waitgroup_done(&all_done);
}

static void start_line(void)
{
    waiting = woken = 0;
    rt_waitgroup_add(&all_done, ACTORS);
    for (uintptr_t i = 0; i < ACTORS; i++)
        rt_go(wait_in_line, (void *)i);
    for (bool all = false; !all; rt_yield()) {
        rt_mutex_lock(&mutex);
        all = waiting == ACTORS;
        rt_mutex_unlock(&mutex);
    }
}

static void in_line(void *arg)
{
    (void)arg;
    for (int round = 0; round < 20; round++) {
        start_line();
        for (uint64_t i = 1; i <= ACTORS; i++) {
            rt_cond_signal(&not_empty);
            for (bool next = false; !next; rt_yield()) { // one after the other
                rt_mutex_lock(&mutex);
                check(woken <= i);
                next = woken == i;
                rt_mutex_unlock(&mutex);
            }
        }
        rt_waitgroup_wait(&all_done);
        rt_cond_signal(&not_empty); // for nobody: not kept
    }
}

static void who_waits_longest_is_woken_first(void **state)
{
    (void)state;
    holds(in_line);
}

static void count_woken(void *unused)
{
    (void)unused;
    rt_mutex_lock(&mutex);
    waiting++;
    rt_cond_wait(&not_empty, &mutex);
    woken++;
    rt_mutex_unlock(&mutex);
    rt_waitgroup_done(&all_done);
}

static void all_at_once(void *arg)
{
    (void)arg;
    for (uint64_t round = 1; round <= 50; round++) {
        waiting = woken = 0;
        rt_waitgroup_add(&all_done, ACTORS);
        for (int i = 0; i < ACTORS; i++)
            rt_go(count_woken, NULL);
        for (bool all = false; !all; rt_yield()) {
            rt_mutex_lock(&mutex);
            all = waiting == ACTORS;
            rt_mutex_unlock(&mutex);
        }
        rt_cond_broadcast(&not_empty);
        rt_waitgroup_wait(&all_done);
        check(woken == ACTORS);
    }
}

static void a_broadcast_wakes_all(void **state)
{
    (void)state;
    holds(all_at_once);
}

// Many locks at a time: lines in one list of the table are told apart ---------------------------

enum { LOCKS = 40 };
static struct rt_mutex locks[LOCKS];
static uint64_t counters[LOCKS];

static void visit_all(uint64_t number)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t k = (i * 7 + number) % LOCKS;
        rt_mutex_lock(&locks[k]);
        uint64_t was = counters[k];
        if (i % 3 == 0)
            rt_yield();
        counters[k] = was + 1;
        rt_mutex_unlock(&locks[k]);
    }
}

static void many_locks(void *arg)
{
    (void)arg;
    run_actors(visit_all);
    uint64_t sum = 0;
    for (int k = 0; k < LOCKS; k++)
        sum += counters[k];
    check(sum == ACTORS * ROUNDS);
}

static void lines_of_different_locks_are_apart(void **state)
{
    (void)state;
    holds(many_locks);
}

// Misuse and reports ----------------------------------------------------------------------------

static void unlock_unlocked(void *arg)
{
    (void)arg;
    rt_mutex_unlock(&mutex);
}

static void runlock_unlocked(void *arg)
{
    (void)arg;
    rt_rwmutex_runlock(&rw);
}

static void wunlock_unlocked(void *arg)
{
    (void)arg;
    rt_rwmutex_unlock(&rw);
}

static void negative(void *arg)
{
    (void)arg;
    rt_waitgroup_done(&group);
}

static void misuse_is_told(void **state)
{
    (void)state;
    dies_saying(unlock_unlocked, 1, "sync: unlock of unlocked mutex");
    dies_saying(runlock_unlocked, 1, "sync: runlock of unlocked rwmutex");
    dies_saying(wunlock_unlocked, 1, "sync: unlock of unlocked rwmutex");
    dies_saying(negative, 1, "panic: sync: negative waitgroup counter");
}

static struct rt_mutex first = {.name = "first"}, second = {.name = "second"};

static void lock_both(struct rt_mutex *a, struct rt_mutex *b)
{
    rt_mutex_lock(a);
    rt_yield();
    rt_yield();
    rt_mutex_lock(b);
}

static void other_way(void *arg)
{
    (void)arg;
    lock_both(&second, &first);
}

static void deadly_embrace(void *arg)
{
    (void)arg;
    rt_go(other_way, NULL);
    lock_both(&first, &second);
}

static void wait_for_group(void *arg)
{
    (void)arg;
    rt_waitgroup_add(&gate, 3);
    rt_waitgroup_wait(&gate);
}

static void wait_for_signal(void *arg)
{
    (void)arg;
    rt_mutex_lock(&mutex);
    rt_cond_wait(&not_empty, &mutex);
}

static void read_twice(void *arg)
{
    (void)arg;
    rt_rwmutex_lock(&rw);
    rt_rwmutex_rlock(&rw);
}

static void write_beside_reader(void *arg)
{
    (void)arg;
    rt_rwmutex_rlock(&rw);
    rt_rwmutex_lock(&rw);
}

static void a_deadlock_says_who_waits_for_whom(void **state)
{
    (void)state;
    dies_saying(deadly_embrace, 1, "goroutine 1 [mutex lock of \"second\", held by goroutine 2]");
    dies_saying(deadly_embrace, 1, "goroutine 2 [mutex lock of \"first\", held by goroutine 1]");
    dies_saying(wait_for_group, 1, "[waitgroup wait for \"gate\", not done: 3]");
    dies_saying(wait_for_signal, 1, "[cond wait for \"not empty\"]");
    dies_saying(read_twice, 1, "[rwmutex rlock of \"table\", held by");
    dies_saying(write_beside_reader, 1, "[rwmutex lock of \"table\", held by readers: 1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_admits_one_and_forgets_nobody),
        cmocka_unit_test(nobody_starves),
        cmocka_unit_test(many_readers_or_one_writer),
        cmocka_unit_test(a_group_waits_for_all),
        cmocka_unit_test(once_is_once),
        cmocka_unit_test(each_signal_wakes_one_who_waits),
        cmocka_unit_test(who_waits_longest_is_woken_first),
        cmocka_unit_test(a_broadcast_wakes_all),
        cmocka_unit_test(lines_of_different_locks_are_apart),
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(a_deadlock_says_who_waits_for_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
