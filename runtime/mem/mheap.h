// SPDX-License-Identifier: Apache-2.0
//
// The heap. Pages of HEAP_PAGE_BYTES lie in one reservation; runs of them are spans; a small span
// holds objects of one size class, with pointers or without (its span class), a large one a single
// object. From a p's point of view: its mcache has a span of each class and gives out objects
// without a lock; an empty one is refilled from the mcentral of its class, that from the mheap.
//
// The design is that of TCMalloc and of Go: S. Ghemawat, P. Menage, "TCMalloc: Thread-Caching
// Malloc"; the bitmaps and sweep generations are Go's.
//
// Sweep generations. heap.sweepgen grows by two in each collection, with the world stopped. For a
// span with generation s: s == sweepgen - 2 must be swept before anything is allocated from it;
// s == sweepgen - 1 is being swept; s == sweepgen is swept. Who takes it from -2 to -1, under the
// lock of its mcentral, owns the span until it stores sweepgen. At mark termination every mcache is
// emptied, so no span is cached across a change of generation.
//
// Who may look at a span that it does not own: while marking no span in use is freed, so span_of
// and the fields that are const while it is in use are good; a span in use is seen whole by the
// acquire of .state.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "runtime/base/atomic.h"
#include "runtime/mem/lazy.h"
#include "runtime/mem/pagealloc.h"
#include "runtime/rt_heap.h"
#include "runtime/sync/mutex.h"
#include "sizeclasses.h"

struct mcache;
struct p;
struct special;

// Twice the size class, plus one without pointers. Size class 0 is the large objects.
typedef uint8_t spanclass;
enum { SPANCLASSES = 2 * SIZECLASSES };
static inline spanclass spanclass_make(uint32_t sizeclass, bool noscan)
{
    return (spanclass)(sizeclass << 1 | (uint32_t)noscan);
}

enum span_state { SPAN_DEAD, SPAN_IN_USE };

struct mspan {
    struct mspan *next;   // owner: the list that holds it
    struct mspan *prev;   // likewise
    uintptr_t base;       // const while in use
    size_t npages;        // const while in use
    uintptr_t limit;      // const while in use; end of the last object
    uint32_t elem_bytes;  // const while in use; large: 0, the size is limit - base
    uint32_t nelems;      // const while in use
    uint32_t divmul;      // const while in use; offset / elem_bytes is offset * divmul >> 32
    spanclass class;      // const while in use
    bool needzero;        // owner: who allocates from it; free memory is not zero
    uint8_t age;          // owner: who sweeps it; collections survived, saturating
    uint32_t freeindex;   // owner: who allocates from it; below it nothing is free
    uint32_t alloc_count; // owner: likewise; objects in it
    uint32_t counted;     // owner: likewise; of these, those that the p's counters know
    uint32_t words;       // const; of alloc_bits, mark_bits
    uint64_t alloc_cache; // owner: likewise; complement of alloc_bits at freeindex
    _Alignas(8) atomic_u32 state;    // release pairs [mspan.state]: who sees IN_USE sees all above
    _Alignas(8) atomic_u32 sweepgen; // atomic: see the head; release pairs [mspan.sweepgen]
    // Objects below it are whole: a conservative scan that meets others leaves them alone. Release
    // pairs [mspan.scanindex].
    _Alignas(8) atomic_u32 scanindex;
    atomic_u64 *alloc_bits; // owner: who sweeps; bit i: object i was allocated at the last sweep
    atomic_u64 *mark_bits;  // atomic words, while marking; owner: who sweeps, after
    struct mutex special_lock;
    struct special *specials;         // special_lock; ascending by offset
    _Alignas(8) atomic_u32 nspecials; // written under special_lock; hint without: who adds one
                                      // while marking tells the collector
};

// In which slot of s the address lies; s holds it.
static inline uint32_t span_index(const struct mspan *s, uintptr_t addr)
{
    return (uint32_t)((addr - s->base) * (uint64_t)s->divmul >> 32);
}
static inline uintptr_t span_object(const struct mspan *s, uint32_t index)
{
    return s->base + (uintptr_t)index * s->elem_bytes;
}
static inline bool span_noscan(const struct mspan *s)
{
    return (s->class & 1) != 0;
}

// The span in use that holds addr; NULL: addr is not of the heap. By anyone who needs no more than
// the head of this page allows.
struct mspan *span_of(uintptr_t addr);

// Whether slot `index` holds an object, for who meets the address by chance (a conservative scan).
bool span_is_object(const struct mspan *s, uint32_t index);

// Marks; true when this call did it.
bool span_mark(struct mspan *s, uint32_t index);
bool span_is_marked(const struct mspan *s, uint32_t index);

// Pointer bits: one for each word of the heap, in relaxed atomic words; a word of bits lies within
// one span, and is written by who allocates from that.
bool heap_word_is_pointer(uintptr_t addr);
// 64 words from addr, which is a multiple of 512.
uint64_t heap_pointer_bits(uintptr_t addr);

// malloc.c. type NULL: no pointers. By a goroutine.
void *mallocgc(size_t bytes, const struct rt_type *type, size_t n);

// mcache.c
struct mcache;
struct mcache *mcache_new(void);
// All spans and pages go back, the tiny block is given up. By who holds the p, or with the world
// stopped. Takes room that nobody will use off heap.live, so a collector sets that afterwards. c
// may be NULL: a p that has not allocated.
void mcache_flush(struct mcache *c);

// sweep.c of mem/: one span at a time; who decides when is in gc/.
// Sweeps one span that needs it: how many pages it had; SIZE_MAX when none is left to be begun.
size_t sweep_one(void);
// Returns when s is swept.
void span_ensure_swept(struct mspan *s);
// True when every span of this generation has been swept, and nobody is about to.
bool sweep_is_done(void);
// With the world stopped, after marking: all mcaches are empty. All spans need sweeping.
void sweep_begin_generation(void);

// special.c: roots of a cycle. Of each object with a finalizer what it refers to, not itself: scan.
// Weak handles, and objects whose finalizers are about to run: mark. Both are called under a lock,
// and take none but what has a higher rank than RANK_SPECIALS.
struct special_roots {
    void (*scan)(void *arg, uintptr_t object);
    void (*mark)(void *arg, uintptr_t object);
    void *arg;
};
// Any time while marking: who sets a finalizer meanwhile scans the object itself.
void specials_mark_roots(const struct special_roots *to);
// Its parts, for who divides the work: all of allspans as it was when marking began, and the queue.
void specials_mark_span(struct mspan *s, const struct special_roots *to);
void finalizers_mark_queued(const struct special_roots *to);
// After the start of the world, by who has swept while it was stopped.
void finalizers_wake(void);

// The tiny block of every p, from which more is given out while marking, becomes black. With the
// world stopped, as marking begins.
void mcaches_mark_tiny(void);

struct mheap {
    struct mutex lock;
    uintptr_t base, end;             // const; the reservation
    _Alignas(8) atomic_u32 sweepgen; // written with the world stopped; even
    _Alignas(8) atomic_u64 live;     // bytes allocated since the last mark, and what that reached:
                                     // cached spans count whole. What the pacer sees
    struct mspan **allspans;         // lock; readers with the world stopped. Every record there is,
    size_t nallspans;                // lock; ... dead ones among them
    size_t allspans_cap;             // lock

    // Pages that the heap has grown to. Release pairs [heap.grown]: who sees a page sees the arrays
    // below open there.
    _Alignas(8) atomic_u64 grown; // written under lock
    struct lazy spans;            // ATOMIC_PTR(struct mspan) of each page, relaxed: see .state
    struct lazy pointer_bits;     // atomic_u64, relaxed
    struct pagealloc pages;       // lock
    struct mspan *records[SPAN_WORDS_MAX + 1]; // lock; dead, by .words
    _Alignas(8) atomic_u64 pages_in_use;       // relaxed: of spans; exact with the world stopped
    _Alignas(8) atomic_u64 unswept;            // spans of this generation that are not swept; pairs
                                               // [heap.unswept]
    _Alignas(8) atomic_u32 sweep_class;        // relaxed hint: classes before it have none
};
extern struct mheap heap;

void mheap_init(void);

// mheap.c, on g0. A span of so many pages, in use and swept, with nothing in it; by the owner of c.
// bytes: of the object of a large one. Refusal by the host is fatal.
struct mspan *mheap_alloc(struct mcache *c, size_t npages, spanclass class, size_t bytes);
// Of a record with as many words of bits.
size_t mspan_bytes(uint32_t words);
// By who sweeps it: nothing is left in it.
void mheap_free(struct mspan *s);
// Pages that c keeps go back.
void mheap_flush_pages(struct mcache *c);

// heapbits.c: what lies in the slot is n objects of the type, and nothing behind.
void heap_set_pointers(uintptr_t slot, size_t bytes, const struct rt_type *type, size_t n);

// span.c, by the owner: the next free slot, or nelems: full.
uint32_t span_take_slot(struct mspan *s);
// Forgets what alloc_bits do not say: as after a sweep.
void span_rewind(struct mspan *s);
