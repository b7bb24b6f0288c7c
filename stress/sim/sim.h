// SPDX-License-Identifier: Apache-2.0
//
// The engine's interface to those who drive it (hunt, replay, minimize, explain, fuzzers, tests).
//
// One call of sim_run is one execution: the globals of the program under test are put back, its
// threads run as fibers under a strategy that answers every choice, and the result says what was
// met. Single threaded; not reentrant.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Names ------------------------------------------------------------------------------------
// Actors and goroutines have names; a name is interned once a process and handled by number.
// 0 means none.

uint32_t sim_intern(const char *name);
const char *sim_name(uint32_t id); // "" for 0; valid for the process's life

// Sites ------------------------------------------------------------------------------------
// A site is a place in the source where something shared happens, the same over recompilation:
// function chain (innermost first, joined by '<'; frames of base/ are left out), text of the line
// with white space folded, and the rank among equal ones (columns from left to right).
// The table PC -> site comes from the binary itself (section .gauntlet.sites, made at link time).

struct sim_site {
    const char *function;
    const char *text;
    uint32_t rank;
    const char *file; // for people only, not part of the identity
    uint32_t line;
};

enum { SIM_SITE_NONE = 0, SIM_SITE_HOST = 1 }; // HOST: a host call whose PC is in no table
uint32_t sim_site_count(void);
const struct sim_site *sim_site(uint32_t id); // never NULL for id < sim_site_count()
uint32_t sim_site_find(const char *function, const char *text, uint32_t rank); // 0: no such place

// Choices ----------------------------------------------------------------------------------
// Everything undetermined is one choice among n; 0 is the calm one (see docs/simulation.md).
// A schedule is the list of choices that were not calm, in the order in which they were taken.

enum { SIM_RANDOM_VALUES = 256 }; // answers of host_random under the engine: 0 to 255

enum sim_kind {
    SIM_RUN,  // another thread runs although this one could go on; value: name of the thread
    SIM_NEXT, // who runs when this one cannot go on, yields or had a long turn; value: name of the
              // thread
    SIM_RANDOM, // what host_random says; value: the number itself
    SIM_FAULT,  // does the host fail or disturb here? value: name of the fault
    SIM_HOLD,   // this store is held, others do not see it yet; value: 1
    SIM_DRAIN, // the oldest held store of a thread is seen by others now; value: name of the thread
    SIM_KINDS
};

// Whether the value of such a choice is the name of a thread.
static inline bool sim_names_thread(enum sim_kind kind)
{
    return kind == SIM_RUN || kind == SIM_NEXT || kind == SIM_DRAIN;
}

// Whether it is any name; else it is a number.
static inline bool sim_value_is_name(enum sim_kind kind)
{
    return sim_names_thread(kind) || kind == SIM_FAULT;
}

// What a host may do to a correct program. Names are those of the case files.
enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_EINTR,       // a futex or poll wait is interrupted at once
    SIM_FAULT_EINTR_LATER, // a timed one when half of its time is over
    SIM_FAULT_SPURIOUS,    // a futex wait returns 0 at once
    SIM_FAULT_LATE_SHORT,
    SIM_FAULT_LATE_MIDDLE,
    SIM_FAULT_LATE_LONG, // a timed wait ends so much after its time
    SIM_FAULT_JUMP_SHORT,
    SIM_FAULT_JUMP_MIDDLE,
    SIM_FAULT_JUMP_LONG,     // the clock is so much further when it is read
    SIM_FAULT_PARTIAL,       // a read or write does one byte only
    SIM_FAULT_UNREADY,       // the poller tells of descriptors that are not ready
    SIM_FAULT_SIGNAL_LATE,   // a signal comes some points of its thread later
    SIM_FAULT_SIGNAL_SWITCH, // not before its thread has gone on to another stack, or has waited
    SIM_FAULT_SIGNAL_WAIT,   // not before its thread has waited or given way
    // those that may end the runtime, with its own words
    SIM_FAULT_EAGAIN, // a thread is refused
    SIM_FAULT_ENOMEM, // memory is refused
    // those that a correct program is told of
    SIM_FAULT_EMFILE,     // a descriptor is refused
    SIM_FAULT_ECONNRESET, // a connection is lost
    SIM_FAULTS
};
const char *sim_fault_name(enum sim_fault fault);
// SIM_FAULT_NONE when there is no such name, or it is "none".
enum sim_fault sim_fault_find(const char *name);

// Which faults an execution may have: none, those that a correct program survives, all.
enum sim_faults_allowed { SIM_FAULTS_OFF, SIM_FAULTS_MILD, SIM_FAULTS_ALL };

struct sim_choice {
    uint32_t actor; // goroutine, or thread while it is on its own stack (name)
    uint32_t after; // for a thread: the goroutine it last ran (name), or 0
    uint32_t op;    // operation of that goroutine: SIM_OP(index in its body, iteration)
    uint32_t turn;  // for a thread after a goroutine: how often that had left its thread in `op`,
                    // from 1; else 0
    uint32_t site;
    uint32_t visit; // n-th visit of the site under the names above; from 1
    uint32_t value; // a name or a number: sim_value_is_name
    enum sim_kind kind;
};

// An operation inside loops is an operation of its own in each iteration. Of a thread that ran no
// goroutine since it slept: SIM_OP(0, how often it has slept).
#define SIM_OP(index, iteration) ((uint32_t)(index) | (uint32_t)(iteration) << 16)
#define SIM_OP_INDEX(op) ((op)&0xffffu)
#define SIM_OP_ITERATION(op) ((op) >> 16)

struct sim_schedule {
    struct sim_choice *v; // owned; sim_schedule_free releases it
    size_t n, cap;
};

void sim_schedule_push(struct sim_schedule *s, const struct sim_choice *c);
void sim_schedule_copy(struct sim_schedule *to, const struct sim_schedule *from);
void sim_schedule_free(struct sim_schedule *s);

// Strategies -------------------------------------------------------------------------------

struct sim_point {
    struct sim_choice at;         // value not set
    uint32_t n;                   // how many answers; > 1
    const uint32_t *threads;      // sim_names_thread: thread numbers [n], threads[0] the calm one
    const enum sim_fault *faults; // SIM_FAULT: [n], faults[0] is none
    uint64_t number;              // of this point in the execution
};

// Name of one of these threads.
uint32_t sim_thread_name(uint32_t thread);

// Embed as first member. `begin` may be NULL. A strategy is asked at every SIM_NEXT, SIM_RANDOM and
// SIM_FAULT and, for SIM_RUN, at points whose number is at least `next_point` (set by itself) or,
// with `on_ready`, right after a thread became runnable. For SIM_HOLD and SIM_DRAIN likewise from
// `next_hold` and `next_drain` on, which are far away unless it sets them; SIM_DRAIN again until it
// says 0. Where it is not asked the answer is the calm one.
struct sim_strategy {
    const char *name;
    uint64_t next_point, next_hold, next_drain;
    bool on_ready;
    bool all_faults; // asked for each, whatever is allowed: a replay, which takes what is written
    void (*begin)(struct sim_strategy *s, uint64_t seed);
    uint32_t (*choose)(struct sim_strategy *s, const struct sim_point *p); // < p->n
    // The running thread does its pending operation now. May be NULL; with it the engine is entered
    // at every point.
    void (*step)(struct sim_strategy *s);
};

struct sim_strategy *sim_strategy_calm(void);
struct sim_strategy *sim_strategy_random(void);
struct sim_strategy *sim_strategy_pct(uint32_t depth); // 1 to 16, else NULL
struct sim_strategy *sim_strategy_pos(void);
struct sim_strategy *sim_strategy_surw(void);
struct sim_strategy *sim_strategy_burst(void);
struct sim_strategy *sim_strategy_delay(uint32_t bound); // 1 to 16, else NULL
// Takes its answers from the bytes of a fuzzer's input; calm when they are used up. `data` stays
// the caller's and must outlive the run.
struct sim_strategy *sim_strategy_bytes(const uint8_t *data, size_t n);
// A plan of an execution, as a fuzzer edits it: random walks one after the other, and single
// choices on top of them. What a walk does at a point depends on its seed and the number of the
// point alone, so that an edit leaves alone what does not follow from it.
enum sim_walk { SIM_WALK_CALM, SIM_WALK_RANDOM, SIM_WALK_PRIORITIES, SIM_WALKS };
struct sim_leg {
    enum sim_walk walk;
    uint32_t seed;
    uint32_t points; // so many; of the last leg: 0, to the end
};
enum sim_edit_kind {
    SIM_EDIT_RUN,    // another thread runs
    SIM_EDIT_ANSWER, // the next choice that is about no thread has this answer
    SIM_EDIT_HOLD,   // under SIM_TSO: the next store is held
    SIM_EDIT_DRAIN,  // likewise: the oldest held one of some thread drains
    SIM_EDITS
};
struct sim_edit {
    uint32_t gap; // points after the edit before
    enum sim_edit_kind kind;
    uint32_t
        value; // which of those that are not calm, modulo their number; of ANSWER: which of all
    uint32_t quiet; // so many points nobody else is made to run
};
enum {
    SIM_LEGS_MAX = 16,
    SIM_PLAN_EDITS_MAX = 64,
    SIM_PLAN_VALUES = 64,
    SIM_PLAN_POINTS = 1 << 20
};
struct sim_plan {
    uint32_t legs, edits;
    struct sim_leg leg[SIM_LEGS_MAX];
    struct sim_edit edit[SIM_PLAN_EDITS_MAX];
};
// `plan` stays the caller's and must outlive the run. Without legs it is calm but for the edits.
struct sim_strategy *sim_strategy_plan(const struct sim_plan *plan);
// Takes each choice of `schedule` when its place is reached, at most once; calm everywhere else.
// `schedule` stays the caller's and must outlive the run.
struct sim_strategy *sim_strategy_replay(const struct sim_schedule *schedule);
// After a replay: how many choices were taken; the index of the first that was not, or n.
size_t sim_replay_taken(const struct sim_strategy *s, size_t *first_untaken);
// By name: "random", "pct" (depth 3), "pct5" ..., "pos", "surw", "burst", "delay" (2), "delay4"
// ..., "calm"; NULL when unknown.
struct sim_strategy *sim_strategy_by_name(const char *name);
const char *const *sim_strategy_names(void); // without numbers; NULL-terminated

// Exhaustive search ------------------------------------------------------------------------
// One execution after another under this strategy, until sim_explore_next says that there is no
// other: then every schedule within the bound, or one equivalent to it, has been run. What is left
// out, and why nothing is lost: strategy/explore.c.

enum { SIM_EXPLORE_BOUND_MAX = 255 };
struct sim_explore {
    uint32_t bound; // a running thread is replaced at most so often; to SIM_EXPLORE_BOUND_MAX
    bool reduce;    // one of several equivalent schedules is enough; not under SIM_TSO
    bool from_first_operation; // calm until the program's first operation begins
    const bool *places; // [sim_site_count()], not owned: a thread that could go on is replaced only
                        // before operations at these sites; NULL: anywhere
};

struct sim_explored {
    // this pass
    uint64_t executions, met, limited; // met: left where the rest had been explored
    uint64_t states;
    bool cuts;     // the bound kept something away
    uint32_t pass; // from 1: a pass in which words turn out to be shared is followed by another
};

// One search at a time, of one program and model.
struct sim_strategy *sim_strategy_explore(const struct sim_explore *how);
// After each execution; *got says how far the pass has come.
bool sim_explore_next(struct sim_explored *got);
// Once more from the beginning with another bound; which words are shared stays known.
void sim_explore_deeper(uint32_t bound);

// Memory models ----------------------------------------------------------------------------

enum sim_memory {
    SIM_SC,  // sequential consistency
    SIM_TSO, // total store order: each thread has a buffer of stores (docs/simulation.md)
    // As SIM_SC, and operations take virtual time, of each thread its own: who is behind runs next.
    // See timed.h.
    SIM_TIMED,
    SIM_MEMORIES
};
extern const char *const sim_memory_names[SIM_MEMORIES]; // "sc", "tso", "timed"
// False when unknown.
bool sim_memory_by_name(const char *name, enum sim_memory *memory);

// Running ----------------------------------------------------------------------------------

// So many threads; where races are looked for, and oracles look, fewer.
enum { SIM_THREADS_MAX = 320, SIM_WATCHED_THREADS_MAX = 128, SIM_STACK_FRAMES = 24 };

// Zero it before filling: programs are compared byte by byte.
struct sim_program {
    uint32_t threads; // started together, in this order; 1 for the runtime (its first m)
    uint32_t id;      // changes whenever what `arg` points to does
    void (*fn[4])(void *);
    void *arg;
};

struct sim_params {
    const struct sim_program *program;
    struct sim_strategy *strategy;
    uint64_t seed;
    enum sim_memory memory;
    uint32_t max_points; // 0: default; then fair turns for as many again, then `livelock`
    bool cut;            // after max_points it ends at once, with SIM_LIMIT
    bool trace;          // keep the event log (sim_trace)
    bool order;          // keep the order (sim_order)
    enum sim_faults_allowed faults;
    bool freeze_helpers; // threads that only help others (the runtime's sysmon) never wake again
    bool unwatched;      // only measured: no race detector and no oracle looks
};

struct sim_frames {
    uint32_t n;
    uint64_t pc[SIM_STACK_FRAMES]; // innermost first; sim_pc_site names them
};

// One side of a race, what had become of a freed object, or the place where an oracle struck.
struct sim_place {
    uint32_t actor, after, op; // as in sim_choice
    uint32_t thread;           // name of the virtual thread
    uint32_t site;
    const char *kind; // "read", "write", "atomic read", ... or the oracle's word
    uint64_t point;   // number of the point before which it happened
    struct sim_frames stack;
};

struct sim_finding {
    const char *oracle;  // "race", "lost-wake", ... (static)
    char signature[512]; // stable identity, one line
    char message[768];   // for people: what was wrong, one or two lines
    char word[64];       // of a race, the word's name without numbers: "sched.runq", "g.m"; or ""
    uint32_t places;     // 0 to 3, the last where it struck
    struct sim_place place[3];
};

enum sim_outcome { SIM_OK, SIM_FOUND, SIM_LIMIT };

struct sim_result {
    enum sim_outcome outcome;
    struct sim_finding finding; // when SIM_FOUND
    struct sim_schedule
        schedule; // choices taken that were not calm; owned by the engine, valid until the next run
    uint64_t points;     // scheduling points met
    uint64_t state_hash; // over all points: actor, site, value: equal runs have equal hashes
};

// Once a process, before anything else. Exits 2 with a line on standard error when the address
// space it needs is taken or the binary carries no site table.
void sim_init(void);
// Tells the engine that the program is the runtime (model.c of its size): its oracles and names.
// After sim_init.
void sim_use_runtime(void);
// Takes the fault signals and the timer of the watchdog (again): sim_init has done it; needed after
// somebody else, such as a test framework, took them, and in a process that was forked later.
void sim_catch_signals(void);
// The result is owned by the engine and valid until the next call.
const struct sim_result *sim_run(const struct sim_params *params);

// Hash of the program's globals as the last execution left them.
uint64_t sim_globals_hash(void);

// Of the timed execution that runs, or ran last: accesses by line of the cache.
struct sim_timed {
    uint64_t hits;
    uint64_t cold;          // lines that nobody had touched before
    uint64_t transfers;     // lines that had to come from another thread's cache
    uint64_t invalidations; // writes to a line that was there, but in others too
    uint64_t unknown;       // no room to remember the line: taken for hits
};
const struct sim_timed *sim_timed(void);
// For a program that measures itself: the number of the p that runs the caller, by the model of the
// runtime. Touches nothing of the program's.
int32_t sim_own_p(void);

// What the program wrote to standard error in the last execution (its first 4 KiB).
const char *sim_output(void);

// Which oracles report (all by default). Returns false for an unknown name.
bool sim_oracle_enable(const char *name, bool on);
const char *const *sim_oracle_names(void); // NULL-terminated

// Coverage of what is meant to be met ----------------------------------------------------------

struct sim_axis {
    const char *name;
    uint32_t n;
    const char *const *values; // n
};

enum { SIM_AXES_MAX = 6 };

// A matrix, which the program's model knows. A cell's number has a digit for each axis, the last
// one the lowest.
struct sim_coverage {
    uint32_t axes, cells; // cells: the product of all n
    struct sim_axis axis[SIM_AXES_MAX];
    const char *(*impossible)(uint32_t cell); // why the cell cannot be met; NULL: it can
};
const struct sim_coverage *sim_coverage(void); // NULL: the program has none
// From now on counts[cell] is how often it was met; NULL, as at first: nobody counts. `counts`
// stays the caller's and must outlive the runs.
void sim_coverage_into(uint64_t *counts);

// Pairs of sites that executions meet from now on (pairs.c) are noted in these n bytes: half of
// them for reads of another thread's write, half for hand-overs between threads. NULL, as at first:
// nobody notes. The caller clears them.
void sim_pairs_into(uint8_t *counters, uint32_t n);

// Event log of the last run with params.trace -------------------------------------------------

struct sim_event {
    uint64_t point;            // 0-based number of the scheduling point
    uint32_t actor, after, op; // who
    uint32_t thread;           // name of the virtual thread
    uint32_t site;
    const char
        *what; // "load", "store", "cas", "cas failed", "add", "exchange", "futex wait" ... (static)
    uint64_t addr; // word concerned, or 0
    uint64_t old_value, new_value;
    int32_t choice; // index in the result's schedule of the choice taken here, or -1
    struct sim_frames stack;
};
const struct sim_event *sim_trace(size_t *n);

// Order of the last run with params.order ------------------------------------------------------

enum sim_step_kind {
    SIM_STEP_POINT,   // a thread is at this point, and does what is pending
    SIM_STEP_RESUMES, // one goes on that has just begun, has waited or has given way
    SIM_STEP_ANSWER,  // what the host says to it; not of calls that go by what the program has done
    SIM_STEP_SIGNAL,  // its handler runs; value: 1 when that has a call made
};
struct sim_step {
    enum sim_step_kind kind;
    uint16_t thread; // by birth, from 0
    uint16_t site;   // of a point
    uint64_t value;
};
const struct sim_step *sim_order(size_t *n);
// Whether that thread is a helper, which no wake-up may depend on (the runtime's sysmon).
bool sim_is_helper(uint32_t thread);

// For printing: site of a frame's PC (0 when outside instrumented code), and the name of what
// lies at an address ("sched.npidle", "p1.runqtail", "g3.status", or hexadecimal). `buf` is
// returned.
uint32_t sim_pc_site(uint64_t pc);
const char *sim_pc_function(uint64_t pc); // "?" outside instrumented code
const char *sim_address_name(uint64_t addr, char *buf, size_t bytes);
// It is the program's own: of its globals, heap or stacks.
bool sim_is_program(uint64_t addr);
// What `value` means in the word at `addr`, as "running" in "g3.status"; NULL: no more than itself.
const char *sim_word_value(uint64_t addr, uint64_t value);
