// SPDX-License-Identifier: Apache-2.0
//
// Where stacks come from and go to. A free stack is in one of three places:
//
// - open, in the cache of a p: no lock, the common case;
// - open, in the pool: what p's have too much of;
// - closed, as a bit of its arena: never used, or its pages were given back.
//
// The record of an open one lies in its own top, which is resident anyway; a closed one has no
// memory of its own, hence the bits. Address space is never given back: a stack is the same for
// ever, so arenas are neither merged nor searched.
//
// Rejected: one list of records for all, as in a heap's span allocator. A million parked goroutines
// are a million records that nobody looks at.
#include "runtime/mem/stack.h"

#include "runtime/base/throw.h"
#include "runtime/host/host.h"
#include "runtime/mem/persistent.h"
#include "runtime/mem/stack_grow.h"
#include "runtime/sched/sched.h"

_Static_assert(STACK_BYTES % HOST_PAGE_BYTES == 0 && STACK_INITIAL_BYTES % HOST_PAGE_BYTES == 0 &&
                   STACK_KEEP_BYTES % HOST_PAGE_BYTES == 0 &&
                   STACK_GUARD_BYTES % HOST_PAGE_BYTES == 0,
               "whole pages");
_Static_assert(STACK_INITIAL_BYTES <= STACK_KEEP_BYTES && STACK_KEEP_BYTES <= STACK_MIN_BYTES * 2,
               "shrinking leaves what a new stack has");

// Lies in the top of a free open stack.
struct stack_free {
    struct stack self;
    struct stack_free *next;
};

struct stack_arena {
    uintptr_t base;
    uint64_t closed;          // pool.lock; bit k: the k-th stack is free and closed
    struct stack_arena *next; // pool.lock; those of a class with a closed stack
    uint32_t class;           // const
    uint32_t n;               // const; stacks
};

// Address space for the arenas of a class.
struct stack_region {
    uintptr_t next; // pool.lock; where the next arena begins
    uint32_t left;  // pool.lock; arenas that are still to be cut from there
    uint32_t cut;   // pool.lock; arenas ever made
};

static struct {
    struct mutex lock;
    struct stack_free *open[STACK_CLASSES];    // lock
    struct stack_arena *arenas[STACK_CLASSES]; // lock; exactly those with a bit in .closed
    struct stack_region regions[STACK_CLASSES];
} pool;

void stack_init(uint32_t step_bytes)
{
    mutex_init(&pool.lock, RANK_STACK);
    stack_grow_init(step_bytes);
}

uint32_t stack_class(size_t bytes)
{
    uint32_t class = 0;
    while ((size_t)STACK_MIN_BYTES << class < bytes)
        class ++;
    rt_assert(class < STACK_CLASSES);
    return class;
}

static size_t class_bytes(uint32_t class)
{
    return (size_t)STACK_MIN_BYTES << class;
}

static size_t slot_bytes(uint32_t class)
{
    return STACK_GUARD_BYTES + class_bytes(class);
}

// Closed stacks ---------------------------------------------------------------------------

// Space for an arena of n stacks. Reserved for as many arenas as there are already, up to
// STACK_REGION_BYTES: what the host keeps for a closed stack (markers, page tables) is then made at
// once for many, and not between first touches of their neighbours. That is fewer system calls,
// and, where a hypervisor shadows page tables, what it knows of the neighbours is not dropped with
// each arena.
static uintptr_t arena_base_locked(uint32_t class, size_t n)
{
    struct stack_region *r = &pool.regions[class];
    size_t bytes = n * slot_bytes(class);
    if (r->left == 0) {
        size_t most = STACK_REGION_BYTES / bytes;
        size_t arenas = r->cut < most ? r->cut : most;
        if (arenas == 0) // the first, or one alone is larger
            arenas = 1;
        void *base = host_stacks_reserve(slot_bytes(class), n * arenas);
        if (base == NULL)
            rt_fatal("runtime: out of memory: cannot reserve stacks");
        r->next = (uintptr_t)base;
        r->left = (uint32_t)arenas;
    }
    uintptr_t base = r->next;
    r->next += bytes;
    r->left--;
    r->cut++;
    return base;
}

static struct stack_arena *arena_new_locked(uint32_t class)
{
    size_t n = STACK_ARENA_BYTES / slot_bytes(class);
    n = n > STACK_ARENA ? STACK_ARENA : n == 0 ? 1 : n;
    struct stack_arena *a = persistent_alloc(sizeof(*a), _Alignof(struct stack_arena));
    *a = (struct stack_arena){.base = arena_base_locked(class, n),
                              .closed = UINT64_MAX >> (64 - n),
                              .class = class,
                              .n = (uint32_t)n};
    pool.arenas[class] = a;
    return a;
}

static struct stack take_closed_locked(uint32_t class)
{
    struct stack_arena *a = pool.arenas[class];
    if (a == NULL)
        a = arena_new_locked(class);
    // from above, as the pages of one stack are opened
    uint32_t k = 63 - (uint32_t)__builtin_clzll(a->closed);
    a->closed &= ~(UINT64_C(1) << k);
    if (a->closed == 0) {
        pool.arenas[class] = a->next;
        a->next = NULL;
    }
    uintptr_t hi = a->base + (k + 1) * slot_bytes(class);
    return (struct stack){
        .lo = hi - class_bytes(class), .hi = hi, .open = hi, .arena = a, .class = class};
}

static void put_closed_locked(const struct stack *s)
{
    struct stack_arena *a = s->arena;
    uint64_t bit = UINT64_C(1) << (s->lo - a->base) / slot_bytes(a->class);
    rt_assert((a->closed & bit) == 0);
    if (a->closed == 0) {
        a->next = pool.arenas[a->class];
        pool.arenas[a->class] = a;
    }
    a->closed |= bit;
}

// Open stacks -----------------------------------------------------------------------------

static void push(struct stack_free **list, const struct stack *s)
{
    struct stack_free *f = (struct stack_free *)s->hi - 1;
    f->self = *s;
    f->next = *list;
    *list = f;
}

static struct stack pop(struct stack_free **list)
{
    struct stack_free *f = *list;
    *list = f->next;
    return f->self;
}

// Half of what a cache holds, if the pool has it; else one that is closed.
static struct stack refill(struct stackcache *c, uint32_t class)
{
    lock(&pool.lock);
    while (c->n < STACK_CACHE_MAX / 2 && pool.open[class] != NULL) {
        struct stack s = pop(&pool.open[class]);
        push(&c->list, &s);
        c->n++;
    }
    struct stack s = {0};
    if (c->n == 0)
        s = take_closed_locked(class);
    unlock(&pool.lock);
    if (c->n != 0) {
        c->n--;
        s = pop(&c->list);
    }
    return s;
}

struct stack stackalloc(struct p *pp, uint32_t class)
{
    struct stackcache *c = &pp->stackcache[class];
    struct stack s;
    if (c->n != 0) {
        c->n--;
        s = pop(&c->list);
    } else {
        s = refill(c, class);
    }
    if (s.open == s.hi) {
        s.open = s.hi - STACK_INITIAL_BYTES;
        if (host_stack_open((void *)s.open, STACK_INITIAL_BYTES) != 0)
            rt_fatal("runtime: out of memory, or of mappings: cannot open a stack");
    }
    return s;
}

// Leaves `keep` stacks in the cache.
static void drain_locked(struct stackcache *c, uint32_t class, uint32_t keep)
{
    for (; c->n > keep; c->n--) {
        struct stack s = pop(&c->list);
        push(&pool.open[class], &s);
    }
}

void stackfree(struct p *pp, struct stack *s)
{
    struct stackcache *c = &pp->stackcache[s->class];
    stack_trim(pp, s, STACK_KEEP_BYTES);
    push(&c->list, s);
    c->n++;
    if (c->n >= STACK_CACHE_MAX) {
        lock(&pool.lock);
        drain_locked(c, s->class, STACK_CACHE_MAX / 2);
        unlock(&pool.lock);
    }
    *s = (struct stack){0};
}

void stackcache_clear(struct p *pp)
{
    lock(&pool.lock);
    for (uint32_t class = 0; class < STACK_CLASSES; class ++)
        drain_locked(&pp->stackcache[class], class, 0);
    unlock(&pool.lock);
}

void stackpool_release(void)
{
    for (uint32_t class = 0; class < STACK_CLASSES; class ++) {
        lock(&pool.lock);
        struct stack_free *list = pool.open[class];
        pool.open[class] = NULL;
        unlock(&pool.lock);
        while (list != NULL) {
            struct stack s = pop(&list);
            host_stack_close((void *)s.open, s.hi - s.open);
            lock(&pool.lock);
            put_closed_locked(&s);
            unlock(&pool.lock);
        }
    }
}

static size_t open_bytes(const struct stack_free *list)
{
    size_t bytes = 0;
    for (; list != NULL; list = list->next)
        bytes += list->self.hi - list->self.open;
    return bytes;
}

size_t stack_idle_bytes_stw(void)
{
    size_t bytes = 0;
    for (uint32_t class = 0; class < STACK_CLASSES; class ++) {
        lock(&pool.lock);
        bytes += open_bytes(pool.open[class]);
        unlock(&pool.lock);
        for (int32_t i = 0; i < nprocs; i++)
            bytes += open_bytes(allp[i]->stackcache[class].list);
    }
    return bytes;
}
