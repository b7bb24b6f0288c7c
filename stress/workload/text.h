// SPDX-License-Identifier: Apache-2.0
//
// A workload: goroutines with operations, for the runtime under test. Parsed from text, printed
// back in one canonical form, edited by the minimizer. In memory it is flat: an array of
// operations, of which each body is a slice, so that a binary form can be made of the same words.
//
// There are no conditions, so the goroutines that a program starts are known before it runs: they
// are the instances, numbered breadth first. The first instance of a body has its plain name, the
// others are worker#2, worker#3 ... These names do not depend on the schedule.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "stress/workload/ops.h"
#include "stress/workload/scan.h"
#include "stress/workload/steps.h"

enum {
    WL_TEXT_BYTES = 64 * 1024,
    WL_BODIES = 64,
    WL_OPS = 4096,
    WL_INSTANCES = 512,
    WL_NAMES = 64, // of each kind ...
    WL_REFS = 16,  // ... but for references, which every goroutine has of its own
    WL_NAME_BYTES = 32,
    WL_DEPTH = 8, // of loops
    WL_PROCS = 64,
    WL_PROCS_TINY = 16,    // what the runtime of tiny sizes allows
    WL_ITERATIONS = 65535, // of one operation in one goroutine
    WL_EXECUTED = 1000000, // operations of the whole program
    WL_SLOTS = 8,          // of an object
    WL_ROOM = 64,          // slots of a channel
    WL_CALLS = 64,         // of `unwind` and `goexit`
    WL_CASES = 8,          // of a select
    WL_BIG_LEAST = 16,     // bytes of `big`: below, several share a block
    WL_BIG_BYTES = 256 << 10,
    WL_LIMIT = 1 << 30,      // of `gcpercent` and `memlimit`
    WL_HEAP_BYTES = 4 << 20, // allocated by the whole program
    WL_STEP_BYTES = 4 << 10, // of these, at most, by `call` of a step once
    WL_INSTANCE_NAME = WL_NAME_BYTES + 12,
};

#define WL_CONSTANT(constant, word, a, b, c) WL_##constant,
enum wl_kind { WORKLOAD_OPS(WL_CONSTANT) WL_KINDS };
#undef WL_CONSTANT

// What kind an argument is; see the table in text.c.
enum wl_arg {
    WL_ARG_NONE,
    WL_ARG_BODY,
    WL_ARG_INSTANCE,
    WL_ARG_VARIABLE,
    WL_ARG_COUNT,
    WL_ARG_TIMES,
    WL_ARG_DURATION,
    WL_ARG_PROCS,
    WL_ARG_VALUE,
    WL_ARG_REF,
    WL_ARG_GLOBAL,
    WL_ARG_WEAK,
    WL_ARG_CHANNEL,
    WL_ARG_ROOM,
    WL_ARG_LOCK,
    WL_ARG_CALLS,
    WL_ARG_SLOTS,
    WL_ARG_SLOT,
    WL_ARG_BYTES,
    WL_ARG_LIMIT,
    WL_ARG_TIMER,
    WL_ARG_PIPE,
    WL_ARG_OTHER, // a second pipe
    WL_ARG_STEP
};
enum { WL_ARGS = 3 };

// Kinds of names that programs make by using them.
enum wl_table {
    WL_VARIABLE,
    WL_REF,
    WL_GLOBAL_NAME,
    WL_WEAK_NAME,
    WL_CHAN_NAME,
    WL_LOCK_NAME,
    WL_TIMER_NAME,
    WL_PIPE_NAME,
    WL_TABLES
};
struct wl_names {
    uint32_t n;
    char name[WL_NAMES][WL_NAME_BYTES];
};

struct wl_op_info {
    const char *word;
    enum wl_arg arg[WL_ARGS];
};
extern const struct wl_op_info wl_op_info[WL_KINDS];

static inline bool wl_names_body(enum wl_kind kind)
{
    enum wl_arg first = wl_op_info[kind].arg[0];
    return first == WL_ARG_BODY || first == WL_ARG_INSTANCE;
}

// It starts goroutines.
static inline bool wl_starts(enum wl_kind kind)
{
    return wl_op_info[kind].arg[0] == WL_ARG_BODY;
}

struct wl_op {
    enum wl_kind kind;
    uint32_t a;      // body, variable, channel, step ..., as the kind says
    uint32_t b;      // variable of `once`, the other pipe
    uint32_t ref[2]; // references, in the order of the arguments
    uint32_t at;     // derived: loop and end: index in the body of the other one; ready and others
                     // that name one: instance
    int64_t number;  // count, instance number, value, nanoseconds, slots, slot, bytes; -1: `off`
    uint32_t line, col;
    const char *fault; // expect: what is said when it does not hold; owned by the workload
};

struct wl_body {
    char name[WL_NAME_BYTES];
    uint32_t first, count; // slice of op[]
    uint32_t line;
};

struct wl_instance {
    uint32_t body;
    uint32_t number; // from 1
    uint32_t first_child, children;
    uint32_t actor; // workload_name_actors
    bool handled;   // some operation names it
};

struct workload {
    char name[WL_NAME_BYTES];
    uint32_t procs;
    bool prod;          // sizes
    bool sysmon_needed; // what it does rests on sysmon: nobody freezes it
    uint32_t bodies, ops;
    struct wl_body body[WL_BODIES]; // body[main_body] is main
    uint32_t main_body;
    struct wl_op op[WL_OPS];
    struct wl_names names[WL_TABLES];
    // Derived by workload_finish; instance[0] is main.
    uint32_t instances;
    struct wl_instance instance[WL_INSTANCES];
    char faults[WL_NAMES * 64]; // texts of `expect`
};

// The number under which the engine knows an operation: its index in the body and, in loops, the
// iteration (from 0, counted over all enclosing loops).
static inline uint32_t wl_op_number(uint32_t index, uint32_t iteration)
{
    return index | iteration << 16;
}
static inline uint32_t wl_op_index(uint32_t number)
{
    return number & 0xffff;
}
static inline uint32_t wl_op_iteration(uint32_t number)
{
    return number >> 16;
}

// Parses `text`, whose first line has number `first_line` in its file. NULL and *err when it is
// malformed. The caller releases the result with workload_free.
struct workload *workload_parse(const char *text, size_t n, uint32_t first_line,
                                struct text_error *err);
// Reads a file. NULL after one line "FILE:LINE:COL: message" (or "FILE: message") in `error`.
struct workload *workload_read(const char *path, char *error, size_t bytes);
void workload_free(struct workload *w);
struct workload *workload_copy(const struct workload *w);
// *to becomes the same program; only what is used is copied.
void workload_assign(struct workload *to, const struct workload *from);
// Derives what follows from bodies and operations (jumps, instances), and checks it. For those who
// edit a workload; the parser has done it. False and *err when the program makes no sense.
bool workload_finish(struct workload *w, struct text_error *err);
// Canonical text, every line after `indent`.
void workload_print(const struct workload *w, FILE *out, const char *indent);
// One operation, as in the text, without newline.
void workload_print_op(const struct workload *w, const struct wl_op *op, FILE *out);
// "worker", "worker#2"; buf has WL_INSTANCE_NAME bytes and is returned.
const char *workload_instance_name(const struct workload *w, uint32_t instance, char *buf);
// Instance of that name, or -1.
int32_t workload_instance_find(const struct workload *w, const char *name);
// Asks `number` for a number for the name of each instance. Outside of executions, once a workload.
void workload_name_actors(struct workload *w, uint32_t (*number)(const char *name));

// Whether it can be a name; whether it is one that threads have, and goroutines cannot.
bool workload_is_name(const char *name);
bool workload_is_thread_name(const char *name);

// Whole file in memory that the caller frees, NUL behind it; NULL and *error (of `bytes`) if it
// cannot be read or is longer than `limit`.
char *text_read_file(const char *path, size_t limit, size_t *n, char *error, size_t bytes);
