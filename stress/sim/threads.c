// SPDX-License-Identifier: Apache-2.0
//
// Virtual threads, virtual time, and the choice of who runs.
//
// Calm, the answer 0 of every choice, means here: the running thread goes on; at a yield or after
// SIM_SLICE_POINTS points without a switch it goes to the end of the line and the first in line
// runs; when it blocks, the first in line (the longest ready) runs. Time moves only when no thread
// can run.
//
// Everything but sim_slow_point's callers runs on the engine's stack.

#include "stress/sim/buffer.h"
#include "stress/sim/timed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct sim sim = {.special = true};
struct thread *sim_current;
void *sim_engine_sp;
struct thread sim_threads[SIM_THREADS_MAX];

enum { FAIR_SLICE = 50, FAIR_SLICES_TO_TIME = 20, RELAXES_ALONE = 200 };
enum { DEFAULT_STACK_BYTES = 64 << 10 };

void sim_threads_restart(void)
{
    sim.threads = sim.ready = 0;
    sim.fibers = sim.fibers_free = 0;
    sim.contexts = 1;
    sim.now = sim.jumped_ns = 0;
    sim.block_seq = 0;
    sim.poll_broken = false;
    sim.added = 0;
    descriptors_restart();
    sim.on_fault = NULL;
    sim.on_interrupt = NULL;
    sim.in_handler = false;
    sim.growth = 0;
    sim.fair = false;
    sim.thread = 0;
}

// Threads ---------------------------------------------------------------------------------

// m0 for the first, m0.2 for the second child of m0. Formatting is slow, so each name is made once.
static uint32_t birth_name(uint32_t parent, uint32_t k)
{
    enum { CACHED = 1 << 12 };
    static struct {
        uint32_t parent, k, name;
    } cache[CACHED];
    uint32_t slot = (parent * 67 + k) % CACHED;
    if (cache[slot].name && cache[slot].parent == parent && cache[slot].k == k)
        return cache[slot].name;
    char text[128];
    if (parent)
        snprintf(text, sizeof text, "%s.%u", sim_name(parent), k);
    else
        snprintf(text, sizeof text, "m%u", k);
    cache[slot].parent = parent;
    cache[slot].k = k;
    return cache[slot].name = sim_intern(text);
}

// A thread that the program's model knows by name does not count as a child.
static uint32_t thread_name(struct thread *parent, const char *known)
{
    if (!parent)
        return birth_name(0, sim.threads);
    return known ? sim_intern(known) : birth_name(parent->name, ++parent->children);
}

// What sim_enter's epilogue pops for a thread that has never run.
struct initial_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, entry;
};

struct thread *sim_thread_spawn(void (*fn)(void *), void *arg, size_t stack_bytes)
{
    if (sim.threads == (sim.unwatched ? SIM_THREADS_MAX : SIM_WATCHED_THREADS_MAX))
        return NULL;
    stack_bytes = stack_bytes ? stack_bytes : DEFAULT_STACK_BYTES;
    char *stack = memory_thread_stack(sim.threads, stack_bytes);
    if (!stack)
        return NULL;
    struct thread *parent = sim.running ? sim_current : NULL;
    struct thread *t = &sim_threads[sim.threads];
    *t = (struct thread){.index = sim.threads,
                         .parent = parent ? parent->index : sim.threads,
                         .state = THREAD_RUNNABLE,
                         .hook_sp = sim_thread_hook_sp(sim.threads),
                         .deadline = NEVER};
    const char *known = sim_model && sim_model->thread ? sim_model->thread(arg) : NULL;
    t->helper = known != NULL;
    t->name = thread_name(parent, known);
    sim.threads++;
    t->fiber = t->own = sim_fiber_new(false);
    t->own->actor = t->name;
    struct initial_frame *f =
        (void *)(stack + stack_bytes - 64 - sizeof *f); // 16-byte aligned above it
    sim_see_stack(t->own, (char *)f);
    *f = (struct initial_frame){
        .rbx = (uint64_t)fn, .r12 = (uint64_t)arg, .entry = (uint64_t)sim_thread_entry};
    t->sp = f;
    // its names begin when it first runs, but race records of its creator need none of them
    t->at = (struct position){.visit = t->own->visit,
                              .serial = t->own->serial,
                              .actor = t->name,
                              .context = sim.contexts};
    sim_contexts[sim.contexts++] = (struct context){t->name, 0, 0, t->name};
    race_spawn(parent ? parent->index : t->index, t->index);
    sim_make_ready(t, 0);
    t->clock = sim.now + (parent ? TIMED_THREAD : 0);
    return t;
}

void sim_make_ready(struct thread *t, int wait_result)
{
    t->state = THREAD_RUNNABLE;
    t->wait_result = wait_result;
    t->futex = NULL;
    t->deadline = NEVER;
    t->late_ns = 0;
    t->clock = sim.now + TIMED_WAKE;
    sim.run[sim.ready++] = t->index;
    sim.newly_ready = true;
    sim.next_stop = 0;
}

void sim_leave_line(uint32_t thread)
{
    uint32_t i = 0;
    while (sim.run[i] != thread)
        i++;
    sim.ready--;
    memmove(&sim.run[i], &sim.run[i + 1], (sim.ready - i) * sizeof sim.run[0]);
}

static void set_next_stop(void)
{
    uint64_t stop = sim.max_points < sim.slice_end || sim.timed ? sim.max_points : sim.slice_end;
    if (!sim.fair && sim.ready > 0 && sim.strategy->next_point < stop)
        stop = sim.strategy->next_point;
    if (sim.holders > 0 && sim.strategy->next_drain < stop)
        stop = sim.strategy->next_drain;
    if (unlikely(sim_current->signal != SIGNAL_NONE || (sim.timed && sim.now > sim.until)))
        stop = 0;
    sim.newly_ready = false;
    sim.next_stop = stop;
}

// The running thread leaves the engine: it does what is pending.
static void go_on(void)
{
    set_next_stop();
    if (unlikely(sim.ordering)) {
        sim.next_stop = 0;
        order_note(sim.pending != 0 ? SIM_STEP_POINT : SIM_STEP_RESUMES, sim_current->site, 0);
    }
    if (likely(!sim.strategy->step) || sim.fair)
        return;
    sim.next_stop = 0;
    if (sim.pending != 0)
        sim.strategy->step(sim.strategy);
}

static void begin_turn(void)
{
    sim.slice_end = sim.points + (sim.fair ? FAIR_SLICE : SIM_SLICE_POINTS);
}

void sim_switch_to(struct thread *t)
{
    struct thread *from = sim_current;
    begin_turn();
    if (t == from)
        return;
    if (sim_model && sim_model->switched && !sim.unwatched)
        sim_model->switched();
    void **tls = sim_model ? sim_model->tls : NULL;
    from->at = sim.at;
    from->site = sim.last_site;
    if (unlikely(sim.pairs != NULL))
        pairs_handoff(from->site, t->site);
    from->fiber->node = sim.node;
    from->fiber->depth = sim.depth;
    sim_current = t;
    sim.thread = t->index;
    race_switched();
    sim.at = t->at;
    sim.pending = t->pending;
    sim.moment = 0;
    sim.fiber = t->fiber;
    sim.node = t->fiber->node;
    sim.depth = t->fiber->depth;
    if (tls) {
        from->tls = *tls;
        *tls = t->tls;
    }
    if (unlikely(sim.tso))
        buffer_thread_runs();
    if (unlikely(sim.timed))
        sim.now = t->clock;
}

// Choices ---------------------------------------------------------------------------------

static struct sim_choice choice_here(enum sim_kind kind, uint32_t site)
{
    return (struct sim_choice){.actor = sim.at.actor,
                               .after = sim.at.after,
                               .op = sim.at.op,
                               .turn = sim.at.turn,
                               .site = site,
                               .visit = (uint32_t)sim.at.visit[site],
                               .kind = kind};
}

static void record(const struct sim_choice *c, uint64_t what)
{
    sim_schedule_push(&sim.result.schedule, c);
    sim_note_value(what);
    if (sim.tracing)
        trace_event("choice", c->site, 0, 0, 0, what, (int32_t)sim.result.schedule.n - 1);
}

bool sim_is_helper(uint32_t thread)
{
    return thread < sim.threads && sim_threads[thread].helper;
}

uint32_t sim_thread_name(uint32_t thread)
{
    return sim_threads[thread].name;
}

uint32_t sim_choose_thread(enum sim_kind kind, const uint32_t *threads, uint32_t n, uint32_t site)
{
    sim_current->pending = sim.pending;
    if (n == 1 || sim.fair)
        return 0;
    struct sim_point p = {
        .at = choice_here(kind, site), .n = n, .threads = threads, .number = sim.points};
    uint32_t answer = sim.strategy->choose(sim.strategy, &p);
    if (answer != 0) {
        p.at.value = sim_threads[threads[answer]].name;
        record(&p.at, threads[answer]); // the name's number is of the process, not of the execution
    }
    return answer;
}

uint32_t sim_choose_number(enum sim_kind kind, uint32_t n, uint32_t site)
{
    struct sim_point p = {.at = choice_here(kind, site), .n = n, .number = sim.points};
    uint32_t answer = sim.fair ? 0 : sim.strategy->choose(sim.strategy, &p);
    if (answer != 0) {
        p.at.value = answer;
        record(&p.at, answer);
    }
    return answer;
}

struct fault_choice {
    struct sim_point point;
    enum sim_fault answer;
};

static void choose_fault_entry(void *arg)
{
    struct fault_choice *f = arg;
    uint32_t answer = sim.strategy->choose(sim.strategy, &f->point);
    f->answer = f->point.faults[answer];
    if (answer == 0)
        return;
    sim.struck |= 1u << f->answer;
    f->point.at.value = sim_intern(sim_fault_name(f->answer));
    record(&f->point.at, f->answer);
}

enum sim_fault sim_choose_fault(const enum sim_fault *faults, uint32_t n, uint32_t site)
{
    if (likely(sim.faults == SIM_FAULTS_OFF) || sim.fair)
        return SIM_FAULT_NONE;
    struct fault_choice f = {
        .point = {
            .at = choice_here(SIM_FAULT, site), .n = n, .faults = faults, .number = sim.points}};
    sim_enter(choose_fault_entry, &f);
    return f.answer;
}

// The running thread goes to the end of the line; who runs?
static void give_way(uint32_t site)
{
    sim.run[sim.ready++] = sim.thread;
    uint32_t next = sim.run[sim_choose_thread(SIM_NEXT, sim.run, sim.ready, site)];
    sim_leave_line(next);
    sim_switch_to(&sim_threads[next]);
}

bool sim_strategy_wants(uint32_t site)
{
    const struct sim_strategy *s = sim.strategy;
    return sim.points >= s->next_point || sim.ask[site] || (s->on_ready && sim.newly_ready);
}

// The running thread could go on; does it?
static void consider_switch(uint32_t site)
{
    uint32_t threads[SIM_THREADS_MAX];
    threads[0] = sim.thread;
    memcpy(threads + 1, sim.run, sim.ready * sizeof threads[0]);
    uint32_t next = threads[sim_choose_thread(SIM_RUN, threads, sim.ready + 1, site)];
    if (next == sim.thread)
        return;
    sim_leave_line(next);
    sim.run[sim.ready++] = sim.thread;
    sim_switch_to(&sim_threads[next]);
}

static bool waits(const struct thread *t)
{
    return t->state >= THREAD_FUTEX && t->state <= THREAD_POLL;
}

static int64_t wakes_at(const struct thread *t)
{
    return t->deadline > NEVER - t->late_ns ? NEVER : t->deadline + t->late_ns;
}

void sim_wake_due(void)
{
    for (;;) {
        struct thread *due = NULL;
        for (uint32_t i = 0; i < sim.threads; i++) {
            struct thread *t = &sim_threads[i];
            if (!waits(t) || wakes_at(t) > sim.now)
                continue;
            if (!due || wakes_at(t) < wakes_at(due) ||
                (wakes_at(t) == wakes_at(due) && t->since < due->since))
                due = t;
        }
        if (!due)
            return;
        int64_t at = wakes_at(due) + (due->computes ? 0 : TIMED_WAKE);
        sim_make_ready(due, -ETIMEDOUT);
        due->clock = at;
    }
}

int64_t sim_next_wake_up(void)
{
    int64_t next = NEVER;
    for (uint32_t i = 0; i < sim.threads; i++) {
        const struct thread *t = &sim_threads[i];
        if (waits(t) && wakes_at(t) < next)
            next = wakes_at(t);
    }
    return next;
}

// The first deadline, whatever a fault adds to it: what the program has seen to.
static int64_t next_deadline(bool of_helpers)
{
    int64_t next = NEVER;
    for (uint32_t i = 0; i < sim.threads; i++) {
        const struct thread *t = &sim_threads[i];
        if (waits(t) && (of_helpers || !t->helper) && t->deadline < next)
            next = t->deadline;
    }
    return next;
}

static int64_t time_until(int64_t time)
{
    return time == NEVER ? -1 : time - sim.now;
}

void sim_jump(int64_t ns)
{
    sim.now += ns;
    sim.jumped_ns += ns;
    sim_wake_due();
}

// Fairness to those who sleep: time passes although others run, or one that polls would keep it
// from moving for ever.
static void let_time_pass(void)
{
    int64_t next = sim_next_wake_up();
    if (next == NEVER || sim.points / FAIR_SLICE % FAIR_SLICES_TO_TIME != 0)
        return;
    sim_jump(next - sim.now);
}

static void slow_point(void *arg)
{
    uint32_t site = (uint32_t)(uintptr_t)arg;
    sim_current->site = site;
    if (sim.points >= sim.max_points)
        sim_out_of_points(site);
    if (sim.timed) {
        timed_point(site);
        go_on();
        return;
    }
    if (sim.holders > 0 && (sim.points >= sim.strategy->next_drain || sim.ask[site]))
        buffer_point(site);
    if (sim.points >= sim.slice_end) {
        buffer_turn_ends();
        begin_turn(); // who is alone must meet the moments at which time passes, too
        if (sim.fair)
            let_time_pass();
        if (sim.ready > 0)
            give_way(site);
    } else if (sim.ready > 0 && sim_strategy_wants(site)) {
        consider_switch(site);
    }
    go_on();
}

void sim_slow_point(uint32_t site)
{
    sim_enter(slow_point, (void *)(uintptr_t)site);
    sim_take_signal(site, false);
}

// Waiting ---------------------------------------------------------------------------------

// No thread can run: a stable point. Moves time to the next deadline, or ends the execution.
void sim_advance_time(void)
{
    int64_t next = sim_next_wake_up(), due = next_deadline(true), unaided = next_deadline(false);
    bool waiting = false;
    for (uint32_t i = 0; i < sim.threads; i++)
        waiting |= sim_threads[i].state < THREAD_FROZEN;
    if (!waiting)
        sim_finish(SIM_OK);
    if (sim_model && !sim.unwatched && due > sim.now) // not while a fault keeps one from waking
        sim_model->stable(time_until(due), time_until(unaided));
    if (next == NEVER) {
        oracle_report("deadlock", "deadlock: every thread waits for another",
                      "every thread waits and nothing is due to wake one");
        sim_finish(SIM_OK);
    }
    sim.now = next;
    sim_wake_due();
}

static void run_another(uint32_t site)
{
    if (sim.timed) {
        timed_run_another(site);
        go_on();
        return;
    }
    while (sim.ready == 0)
        sim_advance_time();
    uint32_t next = sim.run[sim_choose_thread(SIM_NEXT, sim.run, sim.ready, site)];
    sim_leave_line(next);
    sim_switch_to(&sim_threads[next]);
    go_on();
}

static void give_way_entry(void *arg)
{
    uint32_t site = (uint32_t)(uintptr_t)arg;
    struct thread *t = sim_current;
    sim.pending = 0;
    if (sim.points >= sim.max_points)
        sim_out_of_points(site);
    if (sim.ready == 0 && ++t->relaxes > RELAXES_ALONE) {
        // spins for what only time can bring
        t->relaxes = 0;
        int64_t next = sim_next_wake_up();
        if (next != NEVER) {
            sim.now = next;
            sim_wake_due();
        }
    }
    if (sim.ready > 0) {
        t->relaxes = 0;
        give_way(site);
    }
    go_on();
}

void sim_give_way(uint32_t site)
{
    if (!sim.timed) // else the others have processors of their own
        sim_enter(give_way_entry, (void *)(uintptr_t)site);
    sim_take_signal(site, true);
}

static void block_entry(void *arg)
{
    sim_current->since = ++sim.block_seq;
    sim.pending = 0;
    run_another((uint32_t)(uintptr_t)arg);
}

int sim_block(enum thread_state state, const void *futex, int64_t deadline, uint32_t site)
{
    struct thread *t = sim_current;
    if (sim.timed && !t->computes)
        timed_pay(TIMED_SLEEP);
    // only where it sleeps of its own accord: elsewhere it may hold a lock
    t->state = sim.freeze && t->helper && state == THREAD_SLEEP ? THREAD_FROZEN : state;
    t->futex = futex;
    t->deadline = deadline;
    sim_enter(block_entry, (void *)(uintptr_t)site);
    if (sim.fiber == t->own) {
        t->sleeps++;
        sim_position_thread(t);
    }
    sim_take_signal(site, true);
    return t->wait_result;
}

void sim_thread_end(uint32_t site)
{
    sim_current->state = THREAD_DEAD;
    sim_enter(block_entry, (void *)(uintptr_t)site);
    __builtin_trap();
}

void sim_set_running(bool running)
{
    sim.running = running;
    oracle_update_special();
}

void sim_finish(enum sim_outcome outcome)
{
    sim.result.outcome = outcome;
    sim_set_running(false);
    sim_leave();
}
