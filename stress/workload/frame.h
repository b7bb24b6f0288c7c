// SPDX-License-Identifier: Apache-2.0
//
// What the two halves of the interpreter share: interp.c runs goroutines, objects.c has the
// operations on objects of the heap.
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
    struct refs *refs; // NULL: the program has none
};

extern const struct workload *program; // const while goroutines run

// interp.c -----------------------------------------------------------------------------------
// Number of the instance that the goroutine starts next; it counts as started.
uint32_t frame_child(struct frame *f);
// The life of an instance, on its goroutine; `start` is what its starter passes, or NULL.
struct start;
void frame_run(uint32_t instance, struct start *start);

// objects.c ----------------------------------------------------------------------------------
// By the main goroutine, before its first operation.
void objects_begin(void);
void refs_begin(struct refs *refs, struct start *start);

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
    OP(past)                                                                                       \
    OP(look)                                                                                       \
    OP(global)                                                                                     \
    OP(fetch)                                                                                      \
    OP(weak)                                                                                       \
    OP(weakget)                                                                                    \
    OP(finalizer)                                                                                  \
    OP(gc)                                                                                         \
    OP(gcpercent)                                                                                  \
    OP(memlimit)
#define OBJECT_OP(word) void op_##word(struct frame *f, const struct wl_op *op);
OBJECT_OPS(OBJECT_OP)
#undef OBJECT_OP
