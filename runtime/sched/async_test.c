// SPDX-License-Identifier: Apache-2.0
//
// Preemption by signal: loops without a call in functions declared preemptible give way after a
// time slice, stop for a collection and for whoever stops the world, and find all their registers
// again; other code is left alone. How long it took is printed; judged is, natively only, how much
// processor time passed: on a busy machine all else is others' doing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/san.h"
#include "runtime/host/host.h"
#include "runtime/rt_preempt.h"
#include "runtime/sched/claims.h"

enum { MS = 1000000, TRIES = 9, BOUND_MS = 20 };

static atomic_u32 flag, stop;
static atomic_i64 set_at, used_at;

// Of all threads.
static int64_t processor_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

static void set_flag(void *arg)
{
    (void)arg;
    store_relaxed(&set_at, host_nanotime());
    store_relaxed(&used_at, processor_ns());
    store_relaxed(&flag, 1);
}

// Nothing in it calls anything.
RT_PREEMPTIBLE static uint64_t spin_until(const atomic_u32 *word)
{
    uint64_t n = 0;
    while (load_relaxed(word) == 0)
        n++;
    return n;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

// On one p the other goroutine runs only when this one is made to give way.
static void computes(void *arg)
{
    (void)arg;
    int64_t took[TRIES], used[TRIES];
    for (int i = 0; i < TRIES; i++) {
        store_relaxed(&flag, 0);
        rt_go(set_flag, NULL);
        int64_t from = host_nanotime(), used_before = processor_ns();
        spin_until(&flag);
        took[i] = load_relaxed(&set_at) - from;
        used[i] = load_relaxed(&used_at) - used_before;
    }
    struct rt_stats s;
    rt_stats_now(&s);
    check(s.preempted_at_signal >= TRIES);
    qsort(took, TRIES, sizeof(took[0]), by_value);
    qsort(used, TRIES, sizeof(used[0]), by_value);
    printf("gave way after %lld us, at most %lld us; of processor time %lld us, at most %lld us\n",
           (long long)took[TRIES / 2] / 1000, (long long)took[TRIES - 1] / 1000,
           (long long)used[TRIES / 2] / 1000, (long long)used[TRIES - 1] / 1000);
    fflush(stdout);
    check(SAN_HEAP != 0 || used[TRIES - 1] < BOUND_MS * (int64_t)MS);
}

static void a_loop_without_calls_gives_way(void **state)
{
    (void)state;
    holds_on(computes, 1, 0);
}

static void spins(void *arg)
{
    (void)arg;
    spin_until(&stop);
    add_relaxed(&flag, 1);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void stops_them(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        rt_go(spins, NULL);
    rt_sleep(MS);
    int64_t from = host_nanotime();
    for (int i = 0; i < 5; i++)
        rt_gc();
    int64_t collections = host_nanotime() - from;
    from = host_nanotime();
    for (int i = 0; i < 5; i++)
        rt_debug_stop_the_world(nothing, NULL);
    printf("5 collections beside loops: %lld us, 5 stops: %lld us\n", (long long)collections / 1000,
           (long long)(host_nanotime() - from) / 1000);
    fflush(stdout);
    store_relaxed(&stop, 1);
    while (load_relaxed(&flag) < 3)
        rt_yield();
}

static void loops_stop_for_collections_and_the_world(void **state)
{
    (void)state;
    holds_on(stops_them, 3, 0);
}

// Registers ---------------------------------------------------------------------------------------

// All of them hold something that must come back, flags and the red zone too: n rounds of it.
// Returns 0 when all was there.
RT_PREEMPTIBLE static uint64_t hold_registers(uint64_t n)
{
    uint64_t wrong = 0;
    __asm__ volatile("movq $0x1111, %%r8\n\t"
                     "movq $0x2222, %%r9\n\t"
                     "movq $0x3333, %%r10\n\t"
                     "movq $0x4444, %%r11\n\t"
                     "movq $0x5555, %%r12\n\t"
                     "movq $0x6666, %%r13\n\t"
                     "movq $0x7777, %%r14\n\t"
                     "movq $0x8888, %%r15\n\t"
                     "movq %%r8, %%xmm0\n\t"
                     "movq %%r15, %%xmm15\n\t"
                     "movq $0x9999, %%rax\n\t"
                     "movq %%rax, -120(%%rsp)\n\t"
                     "1:\n\t"
                     "cmpq %%r8, %%r9\n\t" // flags: above
                     "movl $50, %%edx\n\t"
                     "2: leal -1(%%rdx), %%edx\n\t" // leaves them alone
                     "jecxz 3f\n\t"
                     "3: jbe 9f\n\t"
                     "testl %%edx, %%edx\n\t"
                     "jz 4f\n\t"
                     "cmpq %%r8, %%r9\n\t"
                     "jmp 2b\n\t"
                     "4:\n\t"
                     "cmpq $0x1111, %%r8\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x2222, %%r9\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x3333, %%r10\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x4444, %%r11\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x5555, %%r12\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x6666, %%r13\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x7777, %%r14\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x8888, %%r15\n\t"
                     "jne 9f\n\t"
                     "movq %%xmm0, %%rdx\n\t"
                     "cmpq $0x1111, %%rdx\n\t"
                     "jne 9f\n\t"
                     "movq %%xmm15, %%rdx\n\t"
                     "cmpq $0x8888, %%rdx\n\t"
                     "jne 9f\n\t"
                     "cmpq $0x9999, %%rax\n\t"
                     "jne 9f\n\t"
                     "cmpq %%rax, -120(%%rsp)\n\t"
                     "jne 9f\n\t"
                     "decq %[n]\n\t"
                     "jnz 1b\n\t"
                     "jmp 8f\n\t"
                     "9: movq $1, %[wrong]\n\t"
                     "8:\n\t"
                     : [wrong] "+b"(wrong), [n] "+D"(n)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm15", "memory", "cc");
    return wrong;
}

static void keeps_registers(void *arg)
{
    (void)arg;
    struct rt_stats s = {0};
    for (int i = 0; i < 200 && s.preempted_at_signal < 20; i++) {
        check(hold_registers(300000) == 0);
        rt_stats_now(&s);
    }
    check(s.preempted_at_signal >= 20);
    store_relaxed(&stop, 1);
}

// Asks the others again and again.
static void asks_again(void *other)
{
    while (load_relaxed(&stop) == 0) {
        rt_debug_preempt(other);
        host_spin(20000);
        rt_preempt_point();
    }
}

static void keeps_registers_beside_one_that_asks(void *arg)
{
    rt_go(asks_again, rt_self());
    rt_go(asks_again, rt_self());
    keeps_registers(arg);
}

static void all_registers_come_back(void **state)
{
    (void)state;
    holds_on(keeps_registers_beside_one_that_asks, 2, 0);
    holds_on(keeps_registers_beside_one_that_asks, 3, 0);
}

// The only pointer to an object lies in a register of a function that never calls.
struct item {
    uint64_t word, pad[3];
};
RT_TYPE(item_type, struct item, 0);

// `hidden` is its complement, which the collector does not know.
RT_PREEMPTIBLE static uint64_t hold_in_register(uintptr_t hidden, const atomic_u32 *word)
{
    uintptr_t item;
    __asm__ volatile("movq %1, %0\n\tnotq %0" : "=&r"(item) : "r"(hidden));
    while (load_relaxed(word) == 0)
        __asm__ volatile("" : "+r"(item));
    return ((const struct item *)item)->word;
}

static __attribute__((noinline)) uintptr_t make_hidden(void)
{
    struct item *item = rt_new(&item_type);
    item->word = 4711;
    return ~(uintptr_t)item;
}

static __attribute__((noinline)) void forget_stack(void)
{
    volatile uint64_t hole[512];
    for (int i = 0; i < 512; i++)
        hole[i] = 0;
}

static void holds_one(void *arg)
{
    (void)arg;
    uintptr_t hidden = make_hidden();
    forget_stack();
    add_relaxed(&flag, 1);
    check(hold_in_register(hidden, &stop) == 4711);
    add_relaxed(&flag, 1);
}

static void collects_beside(void *arg)
{
    (void)arg;
    rt_go(holds_one, NULL);
    while (load_relaxed(&flag) == 0)
        rt_yield();
    for (int i = 0; i < 3; i++) {
        rt_gc();
        for (int k = 0; k < 100; k++)
            ((struct item *)rt_new(&item_type))->word = 1; // over what was freed
    }
    store_relaxed(&stop, 1);
    while (load_relaxed(&flag) < 2)
        rt_yield();
}

static void an_object_in_a_register_is_kept(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds_on(collects_beside, 2, 0);
    rt_heap_debug = (struct rt_heap_debug){0};
}

// The stack is nearly full, or its next page is closed, when the signal comes.
static __attribute__((noinline)) uint32_t deep(uint32_t depth)
{
    volatile uint32_t frame[60];
    frame[0] = depth;
    if (depth == 0)
        spin_until(&flag);
    else
        frame[1] = deep(depth - 1);
    return frame[0];
}

static void computes_deep(void *arg)
{
    (void)arg;
    for (uint32_t depth = 0; depth < 40; depth += 4) {
        store_relaxed(&flag, 0);
        rt_go(set_flag, NULL);
        deep(depth);
    }
}

static void a_closed_page_below_is_opened(void **state)
{
    (void)state;
    holds_on(computes_deep, 1, 0);
}

// Not declared: it is never interrupted, and gives way at its first call.
static __attribute__((noinline)) void not_preemptible(int64_t ns)
{
    int64_t until = host_nanotime() + ns;
    while (host_nanotime() < until)
        ;
}

static void is_left_alone(void *arg)
{
    (void)arg;
    rt_go(set_flag, NULL);
    not_preemptible(60 * (int64_t)MS);
    check(load_relaxed(&flag) == 0);
    while (load_relaxed(&flag) == 0)
        rt_yield();
    struct rt_stats s;
    rt_stats_now(&s);
    check(s.preempted_at_signal == 0);
}

static void other_code_is_left_alone(void **state)
{
    (void)state;
    holds_on(is_left_alone, 1, 0);
}

// Signals of others -------------------------------------------------------------------------------

static volatile sig_atomic_t own_handler;

static void on_urgent(int sig)
{
    (void)sig;
    own_handler++;
}

static void sends_urgent(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++)
        raise(SIGURG);
    check(own_handler == 5 || SAN_HEAP != 0); // a sanitizer postpones it
}

static void main_with_handler(void *arg)
{
    (void)arg;
    struct sigaction sa = {.sa_handler = on_urgent, .sa_flags = SA_ONSTACK};
    sigaction(SIGURG, &sa, NULL);
}

static void run_with_handler(void)
{
    main_with_handler(NULL);
    struct rt_config config = {.procs = 1};
    rt_main(&config, sends_urgent, NULL);
}

static void signals_of_others_go_on_to_their_handler(void **state)
{
    (void)state;
    static char text[4096];
    int status = death_of(run_with_handler, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("wait status %#x\n%s", (unsigned)status, text);
}

static void parks(void *arg)
{
    (void)arg;
    rt_park();
}

static void quits(void *arg)
{
    (void)arg;
    rt_go(parks, NULL);
    rt_sleep(20 * MS);
    kill(getpid(), SIGQUIT);
    rt_sleep(10000ll * MS);
}

static void run_quits(void)
{
    struct rt_config config = {.procs = 1};
    rt_main(&config, quits, NULL);
}

static void quit_shows_all_goroutines(void **state)
{
    (void)state;
    static char text[16384];
    int status = death_of(run_quits, text, sizeof(text));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 || strstr(text, "SIGQUIT") == NULL ||
        strstr(text, "[park]") == NULL || strstr(text, "goroutine 1 [") == NULL)
        fail_msg("wait status %#x\n%s", (unsigned)status, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_without_calls_gives_way),
        cmocka_unit_test(loops_stop_for_collections_and_the_world),
        cmocka_unit_test(all_registers_come_back),
        cmocka_unit_test(an_object_in_a_register_is_kept),
        cmocka_unit_test(a_closed_page_below_is_opened),
        cmocka_unit_test(other_code_is_left_alone),
        cmocka_unit_test(signals_of_others_go_on_to_their_handler),
        cmocka_unit_test(quit_shows_all_goroutines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
