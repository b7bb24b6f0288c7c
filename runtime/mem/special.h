// SPDX-License-Identifier: Apache-2.0
//
// What is known of single objects besides what they are: that they have a finalizer, or a weak
// handle. Kept per span, in the order of their offsets, under the span's special_lock. The sweep of
// a span looks at those of objects that were not marked: first their weak handles are cleared,
// then one with a finalizer is kept for this once and handed to the finalizer goroutine.
//
// For that to be right the collector marks what an object with a finalizer refers to (it must be
// whole when its finalizer runs), but not the object; and each weak handle as long as its object
// has it, since the sweep writes to it.
#pragma once

#include "runtime/mem/mheap.h"

enum special_kind { SPECIAL_WEAK, SPECIAL_FINALIZER };

struct special {
    struct special *next;
    uintptr_t object; // beginning of it
    enum special_kind kind;
    void (*fn)(void *);   // FINALIZER
    struct rt_weak *weak; // WEAK
};

// The object: the word is atomic, because who asks does not hold the lock of the object's span.
// Written under that; 0 once the object has ended. A number to the collector.
struct rt_weak {
    _Alignas(8) atomic_u64 object;
    uint64_t unused; // two words: not of the shared blocks
};

// Records of specials; the memory is persistent.
struct special *special_new(enum special_kind kind, uintptr_t object);
void special_delete(struct special *sp);

// The first special of an object of that kind; NULL: none. Under s->special_lock.
struct special *special_find_locked(const struct mspan *s, uintptr_t object,
                                    enum special_kind kind);
void special_insert_locked(struct mspan *s, struct special *sp);
void special_remove_locked(struct mspan *s, struct special *sp);

// Sweep: before the marks of s are counted. By who owns s.
void specials_sweep(struct mspan *s);

// finalizer.c: objects whose finalizers are to run, in this order, and who runs them.
extern struct finalizer_queue {
    struct mutex lock;
    struct special *first, **last; // lock; last: where the next one goes, NULL while empty
    struct g *g;                   // lock; NULL: not made
    bool parked;                   // lock
    bool made;                     // lock; g is, or is being made
} finalizer_queue;
// Takes the list over.
void finalizers_queue(struct special *list);
