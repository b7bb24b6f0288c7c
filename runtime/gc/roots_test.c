// SPDX-License-Identifier: Apache-2.0
//
// What keeps objects: words of stacks, registers at the edges where frames end, globals; and what
// does not. Whether an object is there is asked of a weak handle.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above
#include <cmocka.h>

#include "runtime/base/san.h"
#include "runtime/gc/cycle.h"
#include "runtime/gc/graph.h"
#include "runtime/gc/scan.h"
#include "runtime/sched/claims.h"

static struct rt_weak *weak; // of a global that is no root; the handle lives as long as the object
static rt_ptr weak_root;     // so the handle is kept by this one
static atomic_u32 step;

static __attribute__((noinline)) void forget_stack(void)
{
    // old frames are written over, so that nothing of them is left to be found
    volatile uint64_t hole[256];
    for (int i = 0; i < 256; i++)
        hole[i] = 0;
}

static __attribute__((noinline)) void *make(void)
{
    struct rand r = {1};
    struct node *n = node_new(&r);
    weak = rt_weak_new(n);
    rt_write_ptr(&weak_root, weak);
    return n;
}

static void begin(void)
{
    rt_register_globals(&weak_root, 1);
    store_relaxed(&step, 0);
}

static __attribute__((noinline)) bool is_there(void)
{
    return rt_weak_get(weak) != NULL;
}

// Collects, over frames that hold no more than the caller's.
static __attribute__((noinline)) void collect_now(void)
{
    forget_stack();
    rt_gc();
    forget_stack();
    rt_gc();
}

// Registers -------------------------------------------------------------------------------------
// The pointer lies in rbx alone when fn is called, and is wanted after it.

static __attribute__((noinline)) bool held_in_rbx(void *(*get)(void), void (*fn)(void))
{
    uint64_t there;
    __asm__ volatile("movq %%rsp, %%r12\n\t"
                     "subq $256, %%rsp\n\t" // below what the compiler may use without saying so
                     "andq $-16, %%rsp\n\t"
                     "call *%[get]\n\t"
                     "movq %%rax, %%rbx\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "call *%[fn]\n\t"
                     "call is_there_now\n\t"
                     "movzbl %%al, %%r13d\n\t"
                     "xorl %%ebx, %%ebx\n\t"
                     "movq %%r12, %%rsp\n\t"
                     "movq %%r13, %[there]"
                     : [there] "=r"(there)
                     : [get] "r"(get), [fn] "r"(fn)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
                       "r13", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                       "xmm6", "xmm7");
    return there != 0;
}

bool is_there_now(void);
bool is_there_now(void)
{
    return is_there();
}

static void *make_for_rbx(void)
{
    void *n = make();
    forget_stack();
    return n;
}

static void call_gc(void)
{
    collect_now();
}

static void register_across_gc(void *unused)
{
    (void)unused;
    begin();
    check(held_in_rbx(make_for_rbx, call_gc));
    collect_now();
    check(!is_there());
}

static void a_register_across_a_collection_by_hand_keeps(void **state)
{
    (void)state;
    holds(register_across_gc);
}

static atomic_u32 in_call, collected;

static void stay_in_call(void)
{
    rt_entersyscall();
    store_release(&in_call, 1);
    while (load_acquire(&collected) == 0)
        host_sleep(100000);
    rt_exitsyscall();
}

static void stay_in_blocking_call(void)
{
    rt_entersyscallblock();
    store_release(&in_call, 1);
    while (load_acquire(&collected) == 0)
        host_sleep(100000);
    rt_exitsyscall();
}

static void collect_beside(void *unused)
{
    (void)unused;
    while (load_acquire(&in_call) == 0)
        rt_sleep(100000);
    rt_gc();
    rt_gc();
    store_release(&collected, 1);
}

static void across_call(void (*call)(void))
{
    begin();
    store_relaxed(&in_call, 0);
    store_relaxed(&collected, 0);
    rt_go(collect_beside, NULL);
    check(held_in_rbx(make_for_rbx, call));
    collect_now();
    check(!is_there());
}

static void register_across_call(void *unused)
{
    (void)unused;
    across_call(stay_in_call);
}

static void register_across_blocking_call(void *unused)
{
    (void)unused;
    across_call(stay_in_blocking_call);
}

static void a_register_across_a_system_call_keeps(void **state)
{
    (void)state;
    holds(register_across_call);
    holds(register_across_blocking_call);
}

static atomic_u32 parked_done;

static void park_with_register(void)
{
    rt_park();
}

static void keeper(void *unused)
{
    (void)unused;
    check(held_in_rbx(make_for_rbx, park_with_register));
    store_release(&parked_done, 1);
}

static void register_of_parked(void *unused)
{
    (void)unused;
    begin();
    store_relaxed(&parked_done, 0);
    struct g *gp = rt_go(keeper, NULL);
    rt_sleep(1000000);
    collect_now();
    rt_ready(gp);
    while (load_acquire(&parked_done) == 0)
        rt_yield();
}

static void a_register_of_one_that_waits_keeps(void **state)
{
    (void)state;
    holds(register_of_parked);
}

// What a scan of the own stack finds while the goroutine counts as waiting.

static uint64_t hidden; // a number
static bool found;

static void scan_on_g0(void *unused)
{
    (void)unused;
    struct g *gp = getg()->m->curg;
    struct suspended s = suspendg(gp);
    stack_scan(getg()->m->p, gp, s.status);
    resumeg(&s);
    struct object o;
    check(object_find(&o, (uintptr_t)~hidden));
    found = span_is_marked(o.span, o.index);
}

static void *make_and_hide(void)
{
    void *n = make_for_rbx();
    hidden = ~(uint64_t)(uintptr_t)n;
    forget_stack();
    return n;
}

// Has no use for rbx itself, so nobody saves it above g0_wait.
static void scan_own_stack(void)
{
    g0_wait(scan_on_g0, NULL, WAIT_OTHERS);
}

static void register_across_g0(void *unused)
{
    (void)unused;
    rt_set_gc_percent(-1);
    begin();
    check(held_in_rbx(make_and_hide, scan_own_stack));
    check(found);
}

static void a_register_across_work_on_g0_keeps(void **state)
{
    (void)state;
    holds(register_across_g0);
}

// Words -----------------------------------------------------------------------------------------

static void argument_keeps(void *n)
{
    node_verify(n);
    store_release(&step, 1);
}

// The argument of a goroutine that has not run yet.
static __attribute__((noinline)) void start_with_new(void)
{
    rt_go(argument_keeps, make());
}

static void argument(void *unused)
{
    (void)unused;
    begin();
    for (int i = 0; i < 20; i++) {
        store_relaxed(&step, 0);
        start_with_new();
        forget_stack();
        rt_gc();
        while (load_acquire(&step) == 0)
            rt_yield();
    }
}

static void an_argument_keeps(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(argument);
}

static rt_ptr globals[3];

static __attribute__((noinline)) void put_global(int i)
{
    rt_write_ptr(&globals[i], make());
}

static __attribute__((noinline)) void hide(void)
{
    hidden = ~(uint64_t)(uintptr_t)make();
}

static __attribute__((noinline)) bool share_span(void *a, void *b)
{
    return span_of((uintptr_t)a) == span_of((uintptr_t)b);
}

SAN_UNINSTRUMENTED static __attribute__((noinline)) bool hidden_is_poisoned(void)
{
    const unsigned char *p = (const unsigned char *)(uintptr_t)~hidden;
    return p[0] == RT_POISON && p[16] == RT_POISON;
}

static void hidden_pointer(void *unused)
{
    (void)unused;
    begin();
    rt_register_globals(globals, 2);
    do { // a neighbour, so that the page stays; both from one mcache
        put_global(0);
        hide();
    } while (!share_span(rt_load_ptr(&globals[0]), (void *)(uintptr_t)~hidden));
    collect_now();
    check(!is_there());
    check(hidden_is_poisoned());
}

static void a_pointer_that_is_hidden_keeps_nothing(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true, .poison = true};
    holds(hidden_pointer);
}

static void global_words(void *unused)
{
    (void)unused;
    begin();
    rt_register_globals(globals, 2);
    put_global(1);
    collect_now();
    check(is_there());
    rt_write_ptr(&globals[1], NULL);
    collect_now();
    check(!is_there());
    put_global(2); // not registered
    collect_now();
    check(!is_there());
}

static void registered_globals_keep_and_others_do_not(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.check = true};
    holds(global_words);
}

static void twice(void *unused)
{
    (void)unused;
    rt_register_globals(globals, 2);
    rt_register_globals(globals + 1, 2);
}

static void globals_registered_twice_are_an_error(void **state)
{
    (void)state;
    dies_saying(twice, 1, "runtime: rt_register_globals: registered twice");
}

// Stores that a program must not do -------------------------------------------------------------

static void store_stack_address(void *unused)
{
    (void)unused;
    begin();
    rt_write_ptr(&weak_root, __builtin_frame_address(0));
}

static void store_strayed(void *unused)
{
    (void)unused;
    rt_write_ptr(&globals[0], make());
}

static void store_allowed(void *unused)
{
    (void)unused;
    begin();
    rt_ptr local = {NULL};
    rt_write_ptr(&local, make());
    rt_write_ptr(&local, &local);
    struct node *n = make();
    rt_write_ptr(&n->kid[0], rt_load_ptr(&weak_root));
    check(rt_load_ptr(&local) == &local);
}

// A goroutine that ended gives its stack away field by field.
static void store_while_a_stack_goes(void *unused)
{
    (void)unused;
    begin();
    rt_go(argument_keeps, make());
    while (load_acquire(&step) == 0)
        rt_yield();
    struct g *ended = load_relaxed(&allgs.v)[load_relaxed(&allgs.n) - 1];
    const struct stack had = ended->stack;
    check(ended != rt_self());
    ended->stack = (struct stack){.lo = 0, .hi = UINTPTR_MAX, .class = had.class};
    rt_write_ptr(&weak_root, NULL);
    rt_write_ptr(&weak_root, &globals[0]);
    ended->stack = had;
}

static void escapes_are_named(void **state)
{
    (void)state;
    rt_heap_debug = (struct rt_heap_debug){.escape = true};
    dies_saying(store_stack_address, 1, "which is on the stack of goroutine 1: fn=0x");
    dies_saying(store_stack_address, 1,
                "a pointer to a goroutine's stack was stored outside of it");
    dies_saying(store_strayed, 1, "a pointer was stored where the collector does not look");
    holds(store_allowed);
    holds_on(store_while_a_stack_goes, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_register_across_a_collection_by_hand_keeps),
        cmocka_unit_test(a_register_across_a_system_call_keeps),
        cmocka_unit_test(a_register_of_one_that_waits_keeps),
        cmocka_unit_test(a_register_across_work_on_g0_keeps),
        cmocka_unit_test(an_argument_keeps),
        cmocka_unit_test(a_pointer_that_is_hidden_keeps_nothing),
        cmocka_unit_test(registered_globals_keep_and_others_do_not),
        cmocka_unit_test(globals_registered_twice_are_an_error),
        cmocka_unit_test(escapes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
