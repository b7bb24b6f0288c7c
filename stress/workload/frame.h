// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the interpreter share: interp.c runs goroutines, objects.c has the operations
// on objects of the heap, channels.c those on channels, locks.c those on locks, and panics.
#pragma once

#include "stress/workload/text.h"

// References of one goroutine: locals of its stack, where the collector looks for them.
struct refs {
    void *object[WL_REFS];
    uint64_t head[WL_REFS];   // what its object began with when the reference was made
    uint64_t hidden[WL_REFS]; // complements: no pointers
    uintptr_t past[WL_REFS];  // addresses behind objects: nobody's, or another's
    uint32_t made;            // objects, for their numbers
};

struct frame {
    uint32_t instance, actor;
    uint32_t pc;        // index in the body of the next operation
    uint32_t children;  // goroutines started so far
    uint32_t depth;     // of loops
    uint32_t tied;      // lockthreads not undone
    uint32_t iteration; // over all enclosing loops
    bool permit;        // came before the start; the first park takes it
    struct {
        int64_t left;
        uint32_t outer; // iteration outside
    } loop[WL_DEPTH];
    uint32_t sent; // values, for their numbers
    struct {
        uint32_t n;
        bool otherwise;
        uint8_t channel[WL_CASES]; // | CASE_SENDS
        uint8_t ref[WL_CASES];     // what is sent, or where to; NO_REF: nothing
    } cases;                       // of the next select
    struct {
        uint64_t mutex, read, write; // by name: a bit each
    } holds;
    struct refs *refs; // NULL: the program has none
};
enum { CASE_SENDS = 0x80, NO_REF = 0xff };
_Static_assert(WL_REFS <= NO_REF, "frame.cases");
_Static_assert(WL_NAMES <= CASE_SENDS, "frame.cases");
_Static_assert(WL_NAMES <= 64, "frame.holds");

extern const struct workload *program; // const while goroutines run

// interp.c -----------------------------------------------------------------------------------
// Number of the instance that the goroutine starts next; it counts as started.
uint32_t frame_child(struct frame *f);
// The life of an instance, on its goroutine; `start` is what its starter passes, or NULL.
struct start;
void frame_run(uint32_t instance, struct start *start);
// The goroutine does nothing of the program any more.
void frame_ends(struct frame *f);
// The program's variable.
uint64_t *frame_variable(uint32_t n);

// Gives the instance its permit, unless it has ended. By anyone, also on g0.
void frame_ready(uint32_t instance);

// outside.c ----------------------------------------------------------------------------------
#define OUTSIDE_OPS(OP)                                                                            \
    OP(timer)                                                                                      \
    OP(ticker)                                                                                     \
    OP(timerreset)                                                                                 \
    OP(timerstop)                                                                                  \
    OP(pipe)                                                                                       \
    OP(pair)                                                                                       \
    OP(listen)                                                                                     \
    OP(dial)                                                                                       \
    OP(accept)                                                                                     \
    OP(write)                                                                                      \
    OP(read)                                                                                       \
    OP(writeback)                                                                                  \
    OP(readback)                                                                                   \
    OP(deadline)                                                                                   \
    OP(nodeadline)                                                                                 \
    OP(hangup)                                                                                     \
    OP(hangupback)
struct rt_timer;
struct rt_timer *outside_timer(uint32_t name);

// objects.c ----------------------------------------------------------------------------------
// By the main goroutine, before its first operation.
void objects_begin(void);
void refs_begin(struct refs *refs, struct start *start);
// What the reference refers to, or NULL; and its head.
void *ref_object(struct frame *f, uint32_t ref);
void ref_set(struct frame *f, uint32_t ref, void *object);
// It refers to nothing; its object's address is left as a complement. The other way.
void ref_hide(struct frame *f, uint32_t ref);
void ref_unhide(struct frame *f, uint32_t ref);

#define OBJECT_OPS(OP)                                                                             \
    OP(pass)                                                                                       \
    OP(new)                                                                                        \
    OP(big)                                                                                        \
    OP(tiny)                                                                                       \
    OP(crumbs)                                                                                     \
    OP(link)                                                                                       \
    OP(unlink)                                                                                     \
    OP(load)                                                                                       \
    OP(drop)                                                                                       \
    OP(hide)                                                                                       \
    OP(stale)                                                                                      \
    OP(past)                                                                                       \
    OP(look)                                                                                       \
    OP(global)                                                                                     \
    OP(fetch)                                                                                      \
    OP(weak)                                                                                       \
    OP(weakget)                                                                                    \
    OP(finalizer)                                                                                  \
    OP(gc)                                                                                         \
    OP(gcpercent)                                                                                  \
    OP(memlimit)                                                                                   \
    OP(timerref)                                                                                   \
    OP(timerin)

// channels.c ---------------------------------------------------------------------------------
void channels_begin(void); // as objects_begin

#define CHANNEL_OPS(OP)                                                                            \
    OP(chan)                                                                                       \
    OP(send)                                                                                       \
    OP(recv)                                                                                       \
    OP(trysend)                                                                                    \
    OP(tryrecv)                                                                                    \
    OP(close)                                                                                      \
    OP(give)                                                                                       \
    OP(take)                                                                                       \
    OP(case_send)                                                                                  \
    OP(case_recv)                                                                                  \
    OP(case_give)                                                                                  \
    OP(case_take)                                                                                  \
    OP(otherwise)                                                                                  \
    OP(select)

// locks.c ------------------------------------------------------------------------------------
void locks_begin(void);          // as objects_begin
void locks_end(struct frame *f); // lets go of all that the goroutine holds

#define LOCK_OPS(OP)                                                                               \
    OP(lock)                                                                                       \
    OP(trylock)                                                                                    \
    OP(unlock)                                                                                     \
    OP(unlocklater)                                                                                \
    OP(rlock)                                                                                      \
    OP(runlock)                                                                                    \
    OP(wlock)                                                                                      \
    OP(wunlock)                                                                                    \
    OP(wgadd)                                                                                      \
    OP(wgdone)                                                                                     \
    OP(wgwait)                                                                                     \
    OP(once)                                                                                       \
    OP(condwait)                                                                                   \
    OP(condsignal)                                                                                 \
    OP(condall)                                                                                    \
    OP(unwind)                                                                                     \
    OP(goexit)

#define DECLARE_OP(word) void op_##word(struct frame *f, const struct wl_op *op);
OBJECT_OPS(DECLARE_OP)
CHANNEL_OPS(DECLARE_OP)
LOCK_OPS(DECLARE_OP)
OUTSIDE_OPS(DECLARE_OP)
#undef DECLARE_OP
