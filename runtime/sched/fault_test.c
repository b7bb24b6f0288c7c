// SPDX-License-Identifier: Apache-2.0
//
// A world that says no: memory or threads refused, settings out of range. Each must end in one
// clear fatal error. Native only: sanitizers need the address space that is taken away here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "runtime/host/host.h"
#include "runtime/host/linux/linux.h"
#include "runtime/sched/claims.h"

// No mapping succeeds from now on.
static void refuse_memory(void)
{
    struct rlimit none = {HOST_PAGE_BYTES, HOST_PAGE_BYTES};
    if (setrlimit(RLIMIT_AS, &none) != 0)
        _exit(3);
}

static void run_on(int32_t procs, void (*fn)(void *))
{
    struct rt_config config = {.procs = procs};
    rt_main(&config, fn, NULL);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void wait_for_ever(void *arg)
{
    (void)arg;
    rt_park();
}

static void spawn_refused(void *arg)
{
    (void)arg;
    refuse_memory();
    rt_go(nothing, NULL); // an idle p wants a thread
    rt_sleep(1000000);
}

static void a_refused_thread_is_a_clear_error(void **state)
{
    (void)state;
    dies_saying(spawn_refused, 4,
                "runtime: failed to create new OS thread (have 2 already; errno=");
    dies_saying(spawn_refused, 4, "fatal error: runtime: cannot create a thread");
}

// From now on the kernel makes no thread, for none of those that there are. Memory is not touched:
// what comes before the thread succeeds.
static void refuse_threads(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
        _exit(3);
    alarm(30); // who hangs dies of it, and says nothing
}

// With one p the only threads are m0 and sysmon: no other m sleeps that could be taken.

// The p that was left behind has work: sysmon takes it and wants an m for it.
static void left_behind(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    refuse_threads();
    rt_entersyscall();
    host_sleep(INT64_MAX / 2);
}

// The same at once, by the goroutine itself.
static void handed_on(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    refuse_threads();
    rt_entersyscallblock();
    rt_fatal("the call began");
}

// More p's than threads, and work for them.
static void made_more(void *arg)
{
    (void)arg;
    rt_go(nothing, NULL);
    refuse_threads();
    rt_set_procs(PROCS_MAX);
    rt_fatal("the world has started");
}

static void a_thread_refused_to_others_is_a_clear_error(void **state)
{
    (void)state;
    void (*const dying[])(void *) = {left_behind, handed_on, made_more};
    for (size_t i = 0; i < sizeof(dying) / sizeof(dying[0]); i++) {
        dies_saying(dying[i], 1,
                    "runtime: failed to create new OS thread (have 2 already; errno=11)\n"
                    "fatal error: runtime: cannot create a thread\n");
    }
}

static void no_memory(void)
{
    refuse_memory();
    run_on(1, nothing);
}

static void refused_memory_at_the_start_is_a_clear_error(void **state)
{
    (void)state;
    assert_true(
        dies_with(no_memory, "fatal error: runtime: out of memory: cannot reserve address space"));
}

static void spawn_many_refused(void *arg)
{
    (void)arg;
    refuse_memory();
    for (int i = 0; i < 2 * STACK_ARENA; i++)
        rt_go(wait_for_ever, NULL);
}

static void refused_stacks_are_a_clear_error(void **state)
{
    (void)state;
    dies_saying(spawn_many_refused, 1, "fatal error: runtime: out of memory: cannot reserve");
}

// As on a kernel without guard regions: every stack is mappings of its own.
static void spawn_beyond_mappings(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000000; i++)
        rt_go(wait_for_ever, NULL);
}

static void no_mappings(void)
{
    linux_stacks_by_protection();
    run_on(1, spawn_beyond_mappings);
}

static void exhausted_mappings_are_a_clear_error(void **state)
{
    (void)state;
    assert_true(dies_with(
        no_mappings, "fatal error: runtime: out of memory, or of mappings: cannot open a stack"));
}

static void too_many_procs(void)
{
    run_on(PROCS_MAX + 1, nothing);
}

static void main_again(void *arg)
{
    (void)arg;
    run_on(1, nothing);
}

static void twice(void)
{
    run_on(1, main_again);
}

static void wrong_use_of_rt_main_is_a_clear_error(void **state)
{
    (void)state;
    assert_true(dies_with(too_many_procs, "rt_config.procs is out of range"));
    assert_true(dies_with(twice, "rt_main called twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_thread_is_a_clear_error),
        cmocka_unit_test(a_thread_refused_to_others_is_a_clear_error),
        cmocka_unit_test(refused_memory_at_the_start_is_a_clear_error),
        cmocka_unit_test(refused_stacks_are_a_clear_error),
        cmocka_unit_test(exhausted_mappings_are_a_clear_error),
        cmocka_unit_test(wrong_use_of_rt_main_is_a_clear_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
