// SPDX-License-Identifier: Apache-2.0
//
// Goroutines tied to threads, and checkdead, which has to know who can still run.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "runtime/host/host.h"
#include "runtime/sched/claims.h"

static long thread_id(void)
{
    return syscall(SYS_gettid);
}

static atomic_u32 count;
static _Thread_local uint64_t tied_here; // id of the goroutine that owns this thread, 0: none

static __attribute__((noinline)) void own_thread(uint64_t id)
{
    tied_here = id;
}

static __attribute__((noinline)) uint64_t owner_of_thread(void)
{
    return tied_here;
}

static void wanders(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        check(owner_of_thread() == 0);
        rt_yield();
    }
    add_relaxed(&count, 1);
}

static void stays(void *arg)
{
    (void)arg;
    rt_lock_thread();
    rt_lock_thread();
    own_thread(rt_id(rt_self()));
    long thread = thread_id();
    for (int i = 0; i < 100; i++) {
        if (i == 50)
            rt_unlock_thread(); // tied once more still
        rt_yield();
        if (i % 8 == 0)
            rt_sleep(10000);
        if (i % 8 == 4) {
            rt_entersyscall();
            host_sleep(50000);
            rt_exitsyscall();
        }
        check(thread_id() == thread && owner_of_thread() == rt_id(rt_self()));
    }
    own_thread(0);
    rt_unlock_thread();
    rt_yield();
    add_relaxed(&count, 1);
}

static void tied_and_others(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        rt_go(stays, NULL);
        rt_go(wanders, NULL);
    }
    while (load_relaxed(&count) < 6)
        rt_sleep(50000);
}

static void a_tied_goroutine_and_its_thread_have_no_others(void **state)
{
    (void)state;
    holds(tied_and_others);
}

static bool thread_lives(long id)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%ld", id);
    return access(path, F_OK) == 0;
}

static void ends_tied(void *id)
{
    rt_lock_thread();
    own_thread(1);
    *(long *)id = thread_id();
    store_release(&count, 1); // pairs [threads_test.tied]: thread_ends sees *id
}

static void thread_ends(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        long id = 0;
        rt_go(ends_tied, &id);
        while (load_acquire(&count) == 0) // pairs [threads_test.tied]
            rt_yield();
        rt_sleep(1000000);
        check(owner_of_thread() == 0);
        store_relaxed(&count, 0);
        // the first thread only falls asleep
        while (id != 0 && id != getpid() && thread_lives(id))
            rt_sleep(100000);
    }
    lock(&sched.lock);
    check(sched.nm - sched.nmfreed < 12);
    unlock(&sched.lock);
}

static void a_thread_ends_with_the_goroutine_tied_to_it(void **state)
{
    (void)state;
    holds(thread_ends);
}

static void unties(void *arg)
{
    (void)arg;
    rt_unlock_thread();
}

static void untying_what_is_not_tied_is_a_clear_error(void **state)
{
    (void)state;
    dies_saying(unties, 1, "fatal error: runtime: rt_unlock_thread without rt_lock_thread");
}

// checkdead -------------------------------------------------------------------------------

static void parks(void *arg)
{
    (void)arg;
    rt_park();
}

static void all_park(void *arg)
{
    (void)arg;
    rt_go(parks, NULL);
    rt_yield();
    rt_lock_thread();
    rt_park();
}

static void all_asleep_is_told_with_who_waits_for_what(void **state)
{
    (void)state;
    for (int32_t procs = 1; procs <= 3; procs += 2) {
        dies_saying(all_park, procs, "fatal error: all goroutines are asleep - deadlock!");
        dies_saying(all_park, procs, "goroutine 1 [park, locked to thread] fn=0x");
        dies_saying(all_park, procs, "[park] fn=0x");
    }
}

static void nobody_left(void *arg)
{
    (void)arg;
    rt_exit();
}

static void no_goroutines_is_told(void **state)
{
    (void)state;
    dies_saying(nobody_left, 1, "no goroutines are left, and main has not returned - deadlock!");
}

static void arrive(void *main_goroutine)
{
    add_relaxed(&count, 1);
    rt_ready(main_goroutine);
}

static void readies_from_sleep(void *main_goroutine)
{
    rt_sleep(2000000);
    arrive(main_goroutine);
}

static void readies_from_syscall(void *main_goroutine)
{
    rt_entersyscall();
    host_sleep(2000000);
    rt_exitsyscall();
    arrive(main_goroutine);
}

static void readies_tied(void *main_goroutine)
{
    rt_lock_thread();
    readies_from_syscall(main_goroutine);
    rt_sleep(1000000);
    readies_from_sleep(main_goroutine);
}

static void somebody_comes(void *arg)
{
    (void)arg;
    static void (*const helpers[])(void *) = {readies_from_sleep, readies_from_syscall,
                                              readies_tied};
    for (uint32_t i = 0; i < 15; i++) {
        uint32_t before = load_relaxed(&count);
        rt_go(helpers[i % 3], rt_self());
        while (load_relaxed(&count) < before + 1 + (i % 3 == 2)) // tied: twice
            rt_park();
    }
}

static void no_alarm_while_somebody_can_come(void **state)
{
    (void)state;
    holds(somebody_comes);
}

// A tied goroutine changes its thread; threads that come about meanwhile know nothing of it.
static bool blocks_usr2(void)
{
    sigset_t set;
    check(pthread_sigmask(SIG_SETMASK, NULL, &set) == 0);
    return sigismember(&set, SIGUSR2) == 1;
}

static void is_unchanged(void *arg)
{
    (void)arg;
    check(!blocks_usr2());
    rt_entersyscallblock(); // others need threads of their own
    host_sleep(2000000);
    rt_exitsyscall();
    check(!blocks_usr2());
    add_relaxed(&count, 1);
}

static void changes_its_thread(void *arg)
{
    (void)arg;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    rt_lock_thread();
    check(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    for (int i = 0; i < 8; i++)
        rt_go(is_unchanged, NULL);
    while (load_relaxed(&count) < 8) {
        check(blocks_usr2());
        rt_yield();
    }
}

static void threads_do_not_inherit_from_a_tied_one(void **state)
{
    (void)state;
    holds(changes_its_thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_inherit_from_a_tied_one),
        cmocka_unit_test(a_tied_goroutine_and_its_thread_have_no_others),
        cmocka_unit_test(a_thread_ends_with_the_goroutine_tied_to_it),
        cmocka_unit_test(untying_what_is_not_tied_is_a_clear_error),
        cmocka_unit_test(all_asleep_is_told_with_who_waits_for_what),
        cmocka_unit_test(no_goroutines_is_told),
        cmocka_unit_test(no_alarm_while_somebody_can_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
