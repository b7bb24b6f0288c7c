// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the engine share. Everything here belongs to the single OS thread that
// runs the engine; no field is shared, none is instrumented, none lies in the sections that an
// execution puts back.
//
// Life of an operation of the program: it calls an entry (entries.S), which goes on with a hook
// (hooks.c, host.c) on the thread's hook stack; for a shared operation sim_point counts it and,
// when due, enters the engine's stack, where a strategy is asked who goes on (threads.c); then the
// hook does the operation, tells the race detector (race.c), the trace and the oracles, and
// returns.
#pragma once

#include "runtime/host/host.h"
#include "stress/sim/sim.h"
#include "stress/sim/sites.h"

enum {
    SIM_FIBERS_MAX = 2048,
    SIM_DEFAULT_POINTS = 100000,
    SIM_GLOBALS_MAX = 16,
    SIM_SLICE_POINTS = 5000, // calm: after so many points without a switch the next thread runs
};

// Where visits are counted and what the running context is called (see struct sim_choice):
//   a goroutine on its own stack     (goroutine, 0, op, 0)
//   a thread after a goroutine ran   (thread, goroutine, op, turn)
//   a thread that has slept since    (thread, 0, SIM_OP(0, how often), 0)
struct position {
    uint64_t *visit; // of the fiber; by site: serial << 32 | count
    uint32_t serial;
    uint32_t actor, after, op, turn;
    uint32_t context; // index in sim_contexts of the same names
};

// A stack of the program, as compiler-rt's fiber: call depth, names, visit counts.
struct fiber {
    uint32_t actor, op; // of the goroutine that runs here
    uint32_t serial;    // of its operation
    uint32_t turn;      // times it left its thread in this operation
    uint32_t node;      // call stack (calls.c) while another fiber runs
    uint32_t depth;
    bool goroutine; // made by __tsan_create_fiber
    char *low;      // a stack pointer in [low, low + span) has nothing new: sim_see_stack
    uint64_t span;
    void *const *refs; // of the goroutine, as it told by probe_refs; NULL: none
    uint32_t n_refs;
    uint64_t visit[SIM_SITES_MAX];
};

enum thread_state {
    THREAD_UNUSED,
    THREAD_RUNNABLE,
    THREAD_FUTEX,
    THREAD_SLEEP,
    THREAD_POLL,
    THREAD_FROZEN, // asleep for good
    THREAD_DEAD
};

// Of a thread that somebody has interrupted: when its handler runs (interrupt.c).
enum signal_state {
    SIGNAL_NONE,
    SIGNAL_DUE,          // at its next point
    SIGNAL_AFTER_POINTS, // of its own
    SIGNAL_AFTER_SWITCH, // when it runs on another stack
    SIGNAL_AFTER_WAIT
};

struct thread {
    void *sp;                        // first, and then the next two: switch.S, entries.S
    struct sim_hook_frame **hook_sp; // sim_hook_sp while the engine or another thread runs
    void (*injected)(void);          // is called when its hook returns; NULL: nothing
    enum signal_state signal;
    uint32_t signal_points;           // SIGNAL_AFTER_POINTS: still to come
    const struct fiber *signal_fiber; // SIGNAL_AFTER_SWITCH: what ran when it was sent
    struct fiber *fiber, *own;
    struct position at; // while another thread runs
    void *tls;          // the program's thread-local while another thread runs
    uint32_t index, name, children;
    bool helper;      // the program's model knows it by name: no wake-up may depend on it
    uint32_t parent;  // index; its own for those that an execution begins with
    uint64_t pending; // as sim.pending; of the running thread when strategies are asked who runs
    uint32_t sleeps;  // times it blocked on its own stack
    enum thread_state state;
    const void *futex; // THREAD_FUTEX
    int64_t deadline;  // virtual time; NEVER: none
    int64_t late_ns;   // a fault: it wakes so much after the deadline
    uint64_t since;    // order of blocking
    int wait_result;
    const void *retry_at;     // word of a timed futex wait that has ended before its time; or NULL
    int64_t retry_until;      // when it was to end
    int64_t retry_jumped_ns;  // sim.jumped_ns when the thread last looked at the clock before it
    uint32_t retry_serial;    // sim.at.serial when it had ended
    int64_t looked_jumped_ns; // sim.jumped_ns when the thread last looked at the clock
    uint32_t site;            // of its last point, while another thread runs
    uint32_t relaxes; // host_relax with no other thread ready, since time was last moved for it
    // Timed executions:
    int64_t clock;   // its own time while another thread runs
    uint32_t passes; // others were preferred to it so often since it last ran
    bool computes;   // it waits for the end of a computation: it is on its processor
};
#define NEVER INT64_MAX

// Who did something: appended whenever the running names change, so that an access record needs one
// index.
struct context {
    uint32_t actor, after, op, thread;
};

struct sim {
    // hot: read at every hook
    struct position at;
    struct fiber *fiber;
    uint32_t node; // call stack of the running fiber
    uint32_t depth;
    uint32_t moment;  // race.c's number for here and now; 0: not made yet
    uint32_t thread;  // index of the running thread
    uint32_t epoch;   // its own time in its clock (race.h)
    uint32_t tag;     // number of the execution in the upper bits, see sim_untag
    uint64_t pending; // what the running thread does once its point is over; see pending_of
    uint64_t points;
    uint64_t next_stop; // sim_point enters the engine when points reaches it
    uint64_t hash;
    uint64_t progress;  // operations of the program that have begun
    uint32_t last_site; // of the last point
    uint32_t held;      // stores of the running thread that others do not see yet (buffer.h)
    bool tso;           // stores may be held
    bool tracing;
    bool timed;     // operations take time (timed.h)
    bool unwatched; // no race detector, no oracles
    bool ordering;  // the order is kept: the engine is entered at every point
    bool running;   // inside an execution: sim_set_running
    bool special;   // plain accesses are more, or less, than race checks: oracle_update_special
    uint64_t heap_lo, heap_span; // the program's heap (heap.c)
    uint64_t heap_watched;       // of it, in bytes: atomic stores there go to oracle_wrote
    uint8_t ask[SIM_SITES_MAX];  // replay wants to be asked here

    uint64_t programs; // counts changes of the program
    uint8_t *pairs;    // pairs.c: where they are counted; NULL: nowhere
    uint32_t pairs_half;

    // one execution
    struct sim_strategy *strategy;
    enum sim_faults_allowed faults;
    bool freeze;     // helpers
    uint32_t struck; // faults that struck, a bit each
    bool asking;     // some ask[] is set
    uint64_t max_points;
    bool cut; // when they are used up the execution ends
    uint64_t slice_end;
    bool fair;              // past max_points: calm only, short slices
    uint64_t fair_progress; // progress when that began
    int64_t now;            // virtual time; of a timed execution: the running thread's
    int64_t until;          // timed: nobody else is to run before
    int64_t jumped_ns;      // of it by faults of the clock
    uint64_t block_seq;
    bool poll_broken; // a break that no wait has taken
    uint32_t added;   // descriptors ever told to the poller
    uint32_t holders; // threads that hold stores
    // the program's handlers
    bool (*on_fault)(uintptr_t, const struct host_context *);
    void (*(*on_interrupt)(const struct host_context *))(void);
    bool in_handler;               // one of them runs
    uint64_t growth;               // hash over what they have opened, and when
    uint32_t threads;              // ever started in this execution
    uint32_t ready;                // threads in run[]
    bool newly_ready;              // one came since the last look
    uint32_t run[SIM_THREADS_MAX]; // ready but not running, longest ready first
    uint32_t fibers;
    uint32_t fiber_free[SIM_FIBERS_MAX], fibers_free;
    uint32_t contexts;
    uint32_t serial;
    uint32_t globals; // told by probe_globals
    struct global_words {
        void *const *words;
        uint32_t n;
    } global[SIM_GLOBALS_MAX];
    struct sim_result result;
};

extern struct sim sim;
extern struct thread *sim_current;
extern void *sim_engine_sp;
extern struct thread sim_threads[SIM_THREADS_MAX];
extern struct fiber sim_fibers[SIM_FIBERS_MAX];
enum { SIM_CONTEXTS_MAX = 1 << 20 };
extern struct context sim_contexts[SIM_CONTEXTS_MAX];

#define likely(c) __builtin_expect(!!(c), 1)
#define unlikely(c) __builtin_expect(!!(c), 0)

// hook_stacks.c: stacks of hooks. What an entry (entries.S) leaves on the program's stack:
struct sim_hook_frame {
    uint64_t fp, pc; // of who called
};
// Hooks run below it; [-1] is the frame of the one that runs.
extern struct sim_hook_frame **sim_hook_sp;
// Its values: for what the engine calls itself, for the program's handlers, for a thread.
extern struct sim_hook_frame **const sim_engine_hook_sp, **const sim_handler_hook_sp;
struct sim_hook_frame **sim_thread_hook_sp(uint32_t thread);
// The ends lie in different lines of the cache.
enum { SIM_HOOK_STACK_BYTES = (32 << 10) + 192 };
bool sim_in_hook(uint64_t sp); // sp lies in a hook stack

static inline const struct sim_hook_frame *sim_hook_frame(void)
{
    return sim_hook_sp[-1];
}
// Where the program called the hook that runs, as long as it does.
#define HOOK_PC (sim_hook_frame()->pc)

// What a thread at a scheduling point is about to do: the word and how, or 0 when it is at none
// (it has just begun, or been woken).
enum { PENDING_READ = 1, PENDING_WRITE, PENDING_OTHER }; // OTHER: on no word

static inline uint64_t pending_of(const volatile void *word, uint64_t how)
{
    return (uint64_t)word << 2 | how;
}

// Calls of the host that concern other threads, by what they share; the rest are CALL_ALONE. For a
// search that needs to know which operations commute.
enum pending_call {
    CALL_ALONE,
    CALL_GIVES_WAY, // host_relax, host_yield
    CALL_THREADS,   // numbers and stacks are given in order
    CALL_MEMORY,    // so are addresses
    CALL_POLL,
    CALL_FENCE,
    CALL_EXIT,
    CALL_SIGNAL // on everything: what its handler looks at is known to the program alone
};
enum { PENDING_CALL_SHIFT = 60 };

static inline uint64_t pending_of_call(enum pending_call call)
{
    return (uint64_t)call << PENDING_CALL_SHIFT | PENDING_OTHER;
}

static inline enum pending_call pending_call(uint64_t pending)
{
    return (enum pending_call)(pending >> PENDING_CALL_SHIFT);
}

static inline uint64_t pending_addr(uint64_t pending)
{
    return (pending & ((1ull << PENDING_CALL_SHIFT) - 1)) >> 2;
}

static inline bool pending_conflict(uint64_t a, uint64_t b)
{
    return pending_addr(a) != 0 && pending_addr(a) == pending_addr(b) &&
           ((a & 3) == PENDING_WRITE || (b & 3) == PENDING_WRITE);
}

// switch.S
void sim_enter(void (*fn)(void *), void *arg);
void sim_start(void);
_Noreturn void sim_leave(void);
void sim_abandon(void);
void sim_thread_entry(void);

// threads.c -----------------------------------------------------------------------------
void sim_threads_restart(void);
// NULL: too many threads or no memory. The new thread is ready; it does not run yet.
struct thread *sim_thread_spawn(void (*fn)(void *), void *arg, size_t stack_bytes);
void sim_slow_point(uint32_t site);
// The running thread lets others go first (yield, relax).
void sim_give_way(uint32_t site);
// Blocks the running thread until it is woken or virtual time reaches `deadline`; returns
// what it was woken with, -ETIMEDOUT at the deadline.
int sim_block(enum thread_state state, const void *futex, int64_t deadline, uint32_t site);
void sim_make_ready(struct thread *t, int wait_result);
// Ask the strategy and record what was not calm; on the engine's stack, but for SIM_RANDOM. The
// answer is an index, 0 the calm one.
uint32_t sim_choose_number(enum sim_kind kind, uint32_t n, uint32_t site);
uint32_t sim_choose_thread(enum sim_kind kind, const uint32_t *threads, uint32_t n, uint32_t site);
// Asks for one of `faults` (n of them, [0] is none) when they are allowed; on the program's stack.
enum sim_fault sim_choose_fault(const enum sim_fault *faults, uint32_t n, uint32_t site);
void sim_jump(int64_t ns); // virtual time moves although threads can run
_Noreturn void sim_thread_end(uint32_t site);
// The points allowed are used up (livelock.c).
void sim_out_of_points(uint32_t site);
void sim_set_running(bool running);
// For timed executions.
bool sim_strategy_wants(uint32_t site); // to be asked here whether another thread runs
void sim_leave_line(uint32_t thread);
void sim_switch_to(struct thread *t);
int64_t sim_next_wake_up(void);
void sim_wake_due(void);
void sim_advance_time(void); // no thread can run
// Ends the execution; may be called on any stack.
_Noreturn void sim_finish(enum sim_outcome outcome);

// names of the running context (fibers.c)
struct fiber *sim_fiber_new(bool goroutine);
void sim_position_goroutine(struct fiber *g);
void sim_position_after(struct fiber *g);
void sim_position_thread(struct thread *t);

static inline void sim_visit(uint32_t site)
{
    uint64_t v = sim.at.visit[site];
    if (unlikely(v >> 32 != sim.at.serial))
        v = (uint64_t)sim.at.serial << 32;
    sim.at.visit[site] = v + 1;
}

static inline void sim_note_value(uint64_t x)
{
    sim.hash = (sim.hash ^ x) * 0x9e3779b97f4a7c15u;
}

// A scheduling point before an operation at `pc`; `pending` as of pending_of. Returns its site.
static inline uint32_t sim_point(uint64_t pc, uint64_t pending)
{
    uint32_t site = sim_site_of(pc);
    sim.pending = pending;
    sim_visit(site);
    sim_note_value((uint64_t)sim.thread << 32 | site);
    sim.points++;
    sim.moment = 0;
    sim.last_site = site;
    if (unlikely(sim.points >= sim.next_stop || sim.ask[site]))
        sim_slow_point(site);
    return site;
}

// pairs.c: what feedback there is for fuzzers
void pairs_atomic(uint32_t site, uint64_t pending);
void pairs_handoff(uint32_t from, uint32_t to); // sites

// calls.c: the tree of call stacks ever seen; a stack is one number -----------------------------
enum { CALLS_ROOT = 1, CALLS_MAX = 1 << 18 };
struct call {
    uint64_t caller_pc;
    uint32_t parent;
    uint32_t first_child, next_sibling;
    uint32_t recent; // the child that was stepped to last; 0: none
};
extern struct call calls[CALLS_MAX];
// Children found lately, by parent and caller.
enum { CALLS_CACHE = 1 << 12 };
struct call_cached {
    uint64_t caller_pc;
    uint32_t parent, child;
};
extern struct call_cached calls_cache[CALLS_CACHE];
uint32_t calls_find_child(uint32_t node, uint64_t caller_pc);
void calls_restart(void); // begins a new tree when the old one is nearly full
void calls_frames(uint32_t node, uint64_t pc, struct sim_frames *out);

static inline struct call_cached *calls_slot(uint32_t node, uint64_t caller_pc)
{
    return &calls_cache[(caller_pc ^ node * 0x9e3779b1u >> 8) % CALLS_CACHE];
}

// 0: not found lately. What it reads first is read again when the function returns.
static inline uint32_t calls_known_child(uint32_t node, uint64_t caller_pc)
{
    struct call *from = &calls[node];
    if (calls[from->recent].caller_pc == caller_pc)
        return from->recent;
    const struct call_cached *c = calls_slot(node, caller_pc);
    if (unlikely(c->caller_pc != caller_pc || c->parent != node))
        return 0;
    return from->recent = c->child;
}

// chans.c: what the engine knows of the program's channels, from probes -------------------------
enum { SIM_CHANS_MAX = 64 };
void chans_restart(void);
uint32_t chans_count(void);                      // their numbers are below that
const void *chans_at(uint32_t n);                // where the runtime keeps it; NULL: there is none
void chans_report(uint32_t n, const char *what); // a finding of the oracle `chan`
const uint64_t *conds_units(const void *cond);   // what was told of it; NULL: nothing

// memory.c: the address space of the program and its restart ------------------------------------
void memory_init(void);
void memory_restart(void); // puts globals back, clears what the last execution committed
void *memory_reserve(size_t bytes);
int memory_commit(void *p, size_t bytes);
void memory_decommit(void *p, size_t bytes);
int memory_make_accessible(char *p, size_t bytes);
void memory_close_all(void); // another program comes: nothing is accessible until it is committed

// stacks.c: stacks of the program's threads, and those that it reserves
enum { SIM_STACK_SLACK = 768 }; // bytes that code without hooks may use below the stack pointer
// Stack of the index-th thread: lowest address, zeroed, over a guard page; NULL: too large.
void *memory_thread_stack(uint32_t index, size_t bytes);
void *memory_reserve_stacks(size_t bytes, size_t n);
int memory_open_stack(char *lo, size_t bytes);
void memory_close_stack(char *lo, size_t bytes);
void stacks_restart(void);
void stacks_forget(void);
void sim_see_stack(struct fiber *f, char *sp);
// Code without hooks uses so many bytes below sp.
void sim_stack_used_below(char *sp, size_t bytes);
// Both addresses lie in one stack.
bool memory_same_stack(uint64_t a, uint64_t b);
bool memory_is_stack(uint64_t addr);

// A cell describes eight bytes of the program: two lists of the race detector, each named by a
// tagged index. NULL outside the program's globals, heap and stacks.
struct cell {
    uint32_t access; // access records
    uint32_t sync;   // what atomics released here
};
// Where an object of the heap was allocated; moment is tagged as a cell's indices are.
struct birth {
    uint32_t moment, pc;
};
extern struct cell *memory_arena_cells, *memory_global_cells;
extern struct birth *memory_births; // of objects of the heap, by their first eight bytes (heap.c)
extern uint64_t memory_global_lo, memory_global_span;
// Its upper half is no small number: two of 32 bits side by side do not look like an address.
#define MEMORY_ARENA_BASE 0x2a5c00000000u
#define MEMORY_ARENA_BYTES (64ull << 30)
#define MEMORY_STACKS (MEMORY_ARENA_BASE + (32ull << 30))        // reserved stacks; below: all else
#define MEMORY_HEAP_BYTES (MEMORY_STACKS - MEMORY_ARENA_BASE)    // where a heap may lie
#define MEMORY_THREAD_STACKS (MEMORY_ARENA_BASE + (56ull << 30)) // a slot each
void memory_wipe_cells(void);

static inline struct cell *memory_cell(uint64_t addr)
{
    uint64_t d = addr - MEMORY_ARENA_BASE;
    if (likely(d < MEMORY_ARENA_BYTES))
        return memory_arena_cells + (d >> 3);
    d = addr - memory_global_lo;
    return d < memory_global_span ? memory_global_cells + (d >> 3) : NULL;
}

// Restarting costs nothing per cell: an index carries the number of its execution, modulo
// SIM_TAGS, and one of another execution counts as 0. Every SIM_TAGS executions all cells are
// wiped.
enum { SIM_INDEX_BITS = 20, SIM_TAGS = 1 << (32 - SIM_INDEX_BITS) };

static inline uint32_t sim_untag(uint32_t tagged)
{
    uint32_t i = tagged ^ sim.tag;
    return i < 1u << SIM_INDEX_BITS ? i : 0;
}

// heap.c: what the program hands out of its heap and takes back ---------------------------------
struct access;
// An access to what a free has left behind: reports it, or returns.
void heap_touched(const struct access *freed, uint64_t addr, unsigned kind, bool atomic,
                  uint64_t pc);

static inline bool heap_pointers_watched(uint64_t addr)
{
    return unlikely(addr - sim.heap_lo < sim.heap_watched);
}

// host.c ------------------------------------------------------------------------------------
// What calls of the host have in common. Returns the site.
uint32_t sim_call_point(uint64_t pc, uint64_t pending);
#define HOST_POINT(call) sim_call_point(HOOK_PC, pending_of_call(call))
#define HOST_TRACE(what, addr, old_value, new_value)                                               \
    do {                                                                                           \
        if (sim.tracing)                                                                           \
            trace_event(what, site, HOOK_PC, (uint64_t)(addr), (uint64_t)(old_value),              \
                        (uint64_t)(new_value), -1);                                                \
    } while (0)
bool sim_refused(enum sim_fault fault, uint32_t site);
int64_t sim_deadline(int64_t timeout_ns);
enum sim_fault sim_wait_fault(const enum sim_fault *faults, uint32_t at_once, int64_t until,
                              uint32_t site);
int sim_wait(enum thread_state state, const void *futex, int64_t until, enum sim_fault fault,
             uint32_t site);

// descriptors.h: pipes, sockets, the poller -------------------------------------------------------
void descriptors_restart(void);
// For the model. Whether a call in that direction would not be -EAGAIN; whether a wait has told so,
// rightly or not, since the descriptor was added; whether one is still to tell.
bool sim_descriptor_ready(int fd, bool write);
bool sim_descriptor_told(int fd, bool write);
bool sim_descriptor_untold(int fd, bool write);

// interrupt.c: signals between threads ------------------------------------------------------------
// The running thread, in a hook, has a signal; `waited`: it has waited or given way.
void sim_signal_pending(uint32_t site, bool waited);

static inline void sim_take_signal(uint32_t site, bool waited)
{
    if (unlikely(sim_current->signal != SIGNAL_NONE))
        sim_signal_pending(site, waited);
}

// order.c ---------------------------------------------------------------------------------
void order_restart(bool on);
void order_note(enum sim_step_kind kind, uint32_t site, uint64_t value);
// What a call of the host answers, where the program cannot know it.
static inline void order_answer(int64_t value)
{
    if (unlikely(sim.ordering))
        order_note(SIM_STEP_ANSWER, SIM_SITE_NONE, (uint64_t)value);
}

// trace.c ---------------------------------------------------------------------------------
void trace_restart(bool on);
// A fault handler opens a part of a stack. Faults come in the middle of hooks, so the event waits
// for the next one.
void trace_growth(uint64_t lo, uint64_t bytes);
void trace_event(const char *what, uint32_t site, uint64_t pc, uint64_t addr, uint64_t old_value,
                 uint64_t new_value, int32_t choice);

// oracle.c --------------------------------------------------------------------------------
// An oracle library knows the program's structures; without one (litmus) these are empty.
struct sim_model {
    void **tls;          // the program's one thread-local
    void (*begin)(void); // before the first thread runs
    void (*wrote)(uint64_t addr, uint64_t old_value, uint64_t new_value); // a watched word changed
    // No thread can run; time will move by jump_ns (-1: never), without helpers by unaided_ns.
    void (*stable)(int64_t jump_ns, int64_t unaided_ns);
    void (*computes)(void);                         // the running thread begins to; may be NULL
    void (*switched)(void);                         // another thread goes on; may be NULL
    void (*freed)(uint64_t object, uint64_t bytes); // its memory is taken back; may be NULL
    bool (*name)(uint64_t addr, char *buf, size_t bytes);
    void (*crash)(const char *text);        // reports it as something else, or returns
    const char *(*thread)(const void *arg); // name of the helper that is started with arg; NULL: it
                                            // is none, and named by birth
    // How the text begins with which the program may end once a fault has struck; NULL: it must
    // survive that one.
    const char *last_words[SIM_FAULTS];
    const char *(*value)(uint64_t addr, uint64_t value); // see sim_word_value
    const struct sim_coverage *(*coverage)(void);        // may be NULL
};
extern uint64_t *sim_cover; // where the model counts; NULL: it does not
extern const struct sim_model *sim_model;
bool oracle_on(const char *name);
void oracle_wrote(uint64_t addr, uint64_t old_value, uint64_t new_value);
// The same on the engine's stack, of a store that `t` made.
void oracle_wrote_by(const struct thread *t, uint64_t addr, uint64_t old_value, uint64_t new_value);
// A plain store to a watched word comes. The hook stands before it: the old value is kept, and the
// next hook of any kind, or the one that did the store itself, finds the new one in place.
void oracle_announce_plain(uint64_t addr);
void oracle_flush_plain(void);
void oracle_update_special(void);
extern uint32_t oracle_plain_pending; // words announced
// Reports a finding and ends the execution, when the oracle is enabled; else returns.
// `signature` is stable (no numbers that vary), `message` is for people.
void oracle_report(const char *oracle, const char *signature, const char *message);
void oracle_place(struct sim_place *p, uint32_t context, uint32_t site, uint32_t node, uint64_t pc,
                  const char *kind, uint64_t point);
// Name of the word at `addr` without its numbers, "" when it has none: the same in all executions.
void oracle_word(uint64_t addr, char *buf, size_t bytes);
// The program is broken beyond going on: `text`'s first line, without its numbers, is the
// signature.
_Noreturn void oracle_crash(const char *text, uint64_t pc);
// The program's standard error of this execution.
void oracle_output(const char *text, size_t bytes);
void oracle_restart(void);

// watchdog.c: signals -------------------------------------------------------------------------
enum { WATCHDOG_STACK = 256 << 10 };
void watchdog_init(void);
void sim_abandoned(void);
