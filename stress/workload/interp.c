// SPDX-License-Identifier: Apache-2.0
//
// The interpreter: every goroutine of the program under test executes its body here, between probes
// that tell the personality where it is. Compiled in every flavour; what it touches is part of what
// is tested, so it shares as few words as possible:
//
// `live` counts the goroutines that were started and have not ended, and main while it does not
// wait. Whoever takes it to zero is the last one, and main waits: it wakes main. One word, so no
// store-load pattern.
//
// `gate[i]` of an instance that someone names: whether the goroutine exists, and how many use its
// handle right now. It lets a permit come before the goroutine runs, and keeps a handle from being
// used after the goroutine ended and its g went to another one.
//
// A channel-like hand-over inside the interpreter was not used: it would order what the program
// leaves unordered.
#include "stress/workload/interp.h"

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_preempt.h"
#include "stress/workload/frame.h"
#include "stress/workload/probe.h"

enum {
    GATE_STARTED = 1, // handle[i] may be used
    GATE_ENDED = 2,   // never again
    GATE_PERMIT = 4,  // given before the start
    GATE_PIN = 8,     // one user of the handle; the goroutine ends when there is none
};

union variable {
    uint64_t plain;
    atomic_u64 atomic;
};

const struct workload *program;        // written before the runtime starts
static atomic_i32 live;                // see above
static atomic_u32 gate[WL_INSTANCES];  // release pairs [gate]: a started goroutine's handle is seen
static struct g *handle[WL_INSTANCES]; // written by the goroutine itself before GATE_STARTED
static uint64_t looks[WL_INSTANCES];   // of named instances: by itself, or while it stands still
static union variable variable[WL_NAMES]; // the program's own data: its races are its own

static void goroutine(void *arg);

// Operations -------------------------------------------------------------------------------

uint32_t frame_child(struct frame *f)
{
    add_acq_rel(&live, 1); // pairs [live]
    return program->instance[f->instance].first_child + f->children++;
}

static void op_go(struct frame *f, const struct wl_op *op)
{
    for (int64_t k = 0; k < op->number; k++)
        rt_go(goroutine, (void *)(uintptr_t)frame_child(f));
}

static void op_yield(struct frame *f, const struct wl_op *op)
{
    (void)f, (void)op;
    rt_yield();
}

static void op_park(struct frame *f, const struct wl_op *op)
{
    (void)op;
    if (f->permit)
        f->permit = false;
    else
        rt_park();
}

// The goroutine's handle, pinned; NULL when it has not started, in which case `unless` is added to
// the gate, or when it has ended.
static struct g *pin(uint32_t i, uint32_t unless)
{
    uint32_t seen = load_acquire(&gate[i]); // pairs [gate]

    for (;;) {
        if (seen & GATE_ENDED)
            return NULL;
        if (seen & GATE_STARTED) {
            if (cas_acq_rel(&gate[i], &seen, seen + GATE_PIN))
                return handle[i];
        } else if (cas_acq_rel(&gate[i], &seen, seen | unless)) {
            return NULL;
        }
        host_relax();
    }
}

static void unpin(uint32_t i)
{
    sub_acq_rel(&gate[i], GATE_PIN); // pairs [gate]
}

void frame_ready(uint32_t instance)
{
    struct g *gp = pin(instance, GATE_PERMIT);

    if (gp == NULL)
        return;
    rt_ready(gp);
    unpin(instance);
}

static void op_ready(struct frame *f, const struct wl_op *op)
{
    (void)f;
    frame_ready(op->at);
}

static void op_preempt(struct frame *f, const struct wl_op *op)
{
    struct g *gp = pin(op->at, 0);

    (void)f;
    if (gp == NULL)
        return;
    rt_debug_preempt(gp);
    unpin(op->at);
}

// The instance's own goroutine counts likewise: plain, so that standing still has to order them.
static void look(void *instance)
{
    looks[(uintptr_t)instance]++;
}

static void op_suspend(struct frame *f, const struct wl_op *op)
{
    struct g *gp = op->at != f->instance ? pin(op->at, 0) : NULL;

    if (gp == NULL)
        return;
    rt_debug_suspend(gp, look, (void *)(uintptr_t)op->at);
    unpin(op->at);
}

static void op_shrink(struct frame *f, const struct wl_op *op)
{
    struct g *gp = pin(op->at, 0);

    (void)f;
    if (gp == NULL)
        return;
    rt_debug_shrink(gp);
    unpin(op->at);
}

// Some 256 bytes a call, both ends touched on the way down and looked at on the way up.
static __attribute__((noinline)) void dive(uint32_t depth, void (*at_bottom)(void))
{
    uint32_t frame[52];

    frame[0] = depth;
    frame[51] = ~depth;
    __asm__ volatile("" : : "r"(frame) : "memory"); // an array, not two words
    if (depth > 1)
        dive(depth - 1, at_bottom);
    else
        at_bottom();
    if (frame[0] != depth || frame[51] != ~depth)
        host_abort("deep: a frame has changed");
}

static void op_deep(struct frame *f, const struct wl_op *op)
{
    (void)f;
    dive((uint32_t)op->number, rt_yield);
}

static void op_sleep(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_sleep(op->number);
}

static void op_work(struct frame *f, const struct wl_op *op)
{
    (void)f;
    host_spin(op->number);
}

static void op_busy(struct frame *f, const struct wl_op *op)
{
    enum { PARTS = 10 };

    (void)f;
    for (int i = 0; i < PARTS; i++) {
        host_spin(op->number / PARTS);
        rt_preempt_point();
    }
}

// Without a point: who asks it to give way has to interrupt it between two instructions. Under the
// engine that is one of these looks, or the end of a part.
RT_PREEMPTIBLE static void compute(const atomic_u64 *word, int64_t ns)
{
    enum { PARTS = 10, LOOKS = 4 };

    for (int i = 0; i < PARTS; i++) {
        host_spin(ns / PARTS);
        for (int k = 0; k < LOOKS; k++)
            load_relaxed(word);
    }
}

static void op_compute(struct frame *f, const struct wl_op *op)
{
    atomic_u64 word = {0};

    (void)f;
    compute(&word, op->number);
}

static void op_point(struct frame *f, const struct wl_op *op)
{
    (void)f, (void)op;
    rt_preempt_point();
}

// What a program does in a system call is its own affair, but it has no p there.
RT_PREEMPTIBLE static void sleep_outside(int64_t ns)
{
    host_sleep(ns);
}

static void op_syscall(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_entersyscall();
    sleep_outside(op->number);
    rt_exitsyscall();
}

static void rest_outside(void)
{
    enum { REST_NS = 5000 };

    host_sleep(REST_NS);
}

static void op_deepcall(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_entersyscall();
    dive((uint32_t)op->number, rest_outside);
    rt_exitsyscall();
}

static void op_blockcall(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_entersyscallblock();
    sleep_outside(op->number);
    rt_exitsyscall();
}

static void op_lockthread(struct frame *f, const struct wl_op *op)
{
    (void)op;
    f->tied++;
    rt_lock_thread();
}

static void op_unlockthread(struct frame *f, const struct wl_op *op)
{
    (void)op;
    if (f->tied == 0) // what the minimizer leaves is a program, too
        return;
    f->tied--;
    rt_unlock_thread();
}

static void add_alone(void *plain)
{
    ++*(volatile uint64_t *)plain;
}

static void op_stw(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_debug_stop_the_world(add_alone, &variable[op->a].plain);
}

static void op_setprocs(struct frame *f, const struct wl_op *op)
{
    (void)f;
    rt_set_procs((int32_t)op->number);
}

static void op_stats(struct frame *f, const struct wl_op *op)
{
    struct rt_stats total;

    (void)f, (void)op;
    rt_stats_now(&total);
}

static void op_loop(struct frame *f, const struct wl_op *op)
{
    f->loop[f->depth].left = op->number;
    f->loop[f->depth].outer = f->iteration;
    f->iteration *= (uint32_t)op->number;
    f->depth++;
}

static void op_end(struct frame *f, const struct wl_op *op)
{
    if (--f->loop[f->depth - 1].left > 0) {
        f->iteration++;
        f->pc = op->at + 1;
    } else {
        f->iteration = f->loop[--f->depth].outer;
    }
}

// Permits that the program gives main while it waits are lost in the wait.
static void op_wait(struct frame *f, const struct wl_op *op)
{
    (void)f, (void)op;
    if (sub_acq_rel(&live, 1) != 1) // pairs [live]
        while (load_acquire(&live) != 0)
            rt_park();
    add_acq_rel(&live, 1);
}

static void op_set(struct frame *f, const struct wl_op *op)
{
    (void)f;
    *(volatile uint64_t *)&variable[op->a].plain = (uint64_t)op->number;
}

static void op_get(struct frame *f, const struct wl_op *op)
{
    (void)f;
    (void)*(volatile uint64_t *)&variable[op->a].plain;
}

static void op_add(struct frame *f, const struct wl_op *op)
{
    (void)f;
    add_acq_rel(&variable[op->a].atomic, (uint64_t)op->number);
}

static void op_expect(struct frame *f, const struct wl_op *op)
{
    (void)f;
    if (load_acquire(&variable[op->a].atomic) != (uint64_t)op->number)
        host_abort(op->fault);
}

// Goroutines -------------------------------------------------------------------------------

static void goroutine_begin(struct frame *f)
{
    uint32_t i = f->instance;

    if (!program->instance[i].handled)
        return;
    handle[i] = rt_self();
    f->permit = (add_acq_rel(&gate[i], GATE_STARTED) & GATE_PERMIT) != 0; // pairs [gate]
}

void frame_ends(struct frame *f)
{
    uint32_t i = f->instance;

    locks_end(f);
    probe_op(f->actor, program->body[program->instance[i].body].count);
    if (f->refs != NULL)
        probe_refs(NULL, 0);
    if (program->instance[i].handled) {
        add_acq_rel(&gate[i], GATE_ENDED);
        while (load_acquire(&gate[i]) >= GATE_PIN) // pairs [gate]
            rt_yield();
    }
    if (i != 0 && sub_acq_rel(&live, 1) == 1) // pairs [live]
        rt_ready(handle[0]);
}

static void op_exit(struct frame *f, const struct wl_op *op)
{
    (void)op;
    frame_ends(f);
    rt_exit();
}

#define STEP(name) [WL_STEP_##name] = step_##name,
static void (*const step_run[WL_STEPS])(uint64_t seed, uint32_t n) = {WORKLOAD_STEPS(STEP)};
#undef STEP

// Seeded by what it is called: the goroutine, the operation, the iteration.
static void op_call(struct frame *f, const struct wl_op *op)
{
    step_run[op->a]((uint64_t)(f->instance + 1) << 32 | wl_op_number(f->pc, f->iteration),
                    (uint32_t)op->number);
}

static void op_hold(struct frame *f, const struct wl_op *op);

#define RUN(constant, word, a, b, c) [WL_##constant] = op_##word,
static void (*const op_run[WL_KINDS])(struct frame *, const struct wl_op *) = {WORKLOAD_OPS(RUN)};
#undef RUN

// Runs the operation while the reference, of which *hidden is the complement, lies in a register
// that callees save: the one that compilers take last, so that few of them push it.
static __attribute__((noinline)) void run_holding(struct frame *f, const struct wl_op *op,
                                                  uint64_t *hidden)
{
    uint64_t after;

    __asm__ volatile("movq %%rsp, %%r12\n\t"
                     "subq $256, %%rsp\n\t" // below what the compiler may use without saying so
                     "andq $-16, %%rsp\n\t"
                     "movq (%[hidden]), %%r13\n\t"
                     "notq %%r13\n\t"
                     "call *%[run]\n\t"
                     "notq %%r13\n\t"
                     "movq %%r12, %%rsp\n\t"
                     "movq %%r13, %[after]"
                     : [after] "=r"(after), "+D"(f), "+S"(op)
                     : [hidden] "r"(hidden), [run] "a"(op_run[op->kind])
                     : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "memory", "cc", "xmm0",
                       "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    *hidden = after;
}

// Loops and ends are no operations to hold something for.
static bool may_hold(enum wl_kind kind)
{
    return kind != WL_LOOP && kind != WL_END && kind != WL_EXIT && kind != WL_GOEXIT &&
           kind != WL_HOLD;
}

static void op_hold(struct frame *f, const struct wl_op *op)
{
    const struct wl_body *body = &program->body[program->instance[f->instance].body];
    const struct wl_op *next = &program->op[body->first + f->pc];

    if (f->pc == body->count || !may_hold(next->kind) || ref_object(f, op->ref[0]) == NULL)
        return;
    ref_hide(f, op->ref[0]);
    probe_op(f->actor, wl_op_number(f->pc++, f->iteration));
    run_holding(f, next, &f->refs->hidden[op->ref[0]]);
    ref_unhide(f, op->ref[0]);
}

static void run(struct frame *f)
{
    // The program does not change, so it is read once: under the engine a read costs as much as an
    // operation.
    const uint32_t i = f->instance, actor = program->instance[i].actor;
    const struct wl_body *body = &program->body[program->instance[i].body];
    const struct wl_op *ops = &program->op[body->first];
    const uint32_t count = body->count;
    const bool handled = program->instance[i].handled;

    f->actor = actor;
    probe_op(actor, 0);
    goroutine_begin(f);
    for (uint32_t pc; (pc = f->pc) < count;) {
        const struct wl_op *op = &ops[pc];

        probe_op(actor, wl_op_number(pc, f->iteration));
        f->pc = pc + 1;
        if (handled)
            looks[i]++;
        op_run[op->kind](f, op);
    }
    frame_ends(f);
}

// References lie in a frame of their own: programs without objects do not pay for them.
static __attribute__((noinline)) void run_with_refs(struct frame *f, struct start *start)
{
    struct refs refs = {0};

    f->refs = &refs;
    probe_refs(refs.object, WL_REFS);
    if (start != NULL)
        refs_begin(&refs, start);
    run(f);
}

void frame_run(uint32_t instance, struct start *start)
{
    struct frame f = {.instance = instance};

    if (program->names[WL_REF].n > 0)
        run_with_refs(&f, start);
    else
        run(&f);
}

static void goroutine(void *arg)
{
    frame_run((uint32_t)(uintptr_t)arg, NULL);
}

static void main_goroutine(void *arg)
{
    handle[0] = rt_self();
    objects_begin();
    channels_begin();
    locks_begin();
    goroutine(arg);
}

uint64_t *frame_variable(uint32_t n)
{
    return &variable[n].plain;
}

void workload_main(void *workload)
{
    struct rt_config config = {0};

    program = workload;
    config.procs = (int32_t)program->procs;
    store_relaxed(&live, 1);
    rt_main(&config, main_goroutine, NULL);
}
