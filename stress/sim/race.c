// SPDX-License-Identifier: Apache-2.0
//
// See race.h. The three parts: clocks, accesses, what atomics release and acquire.

#include "stress/sim/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESSES_MAX = 1 << SIM_INDEX_BITS, SYNCS_MAX = 1 << 15 };

// What the stores to one atomic word have released. Of several threads that released into one
// sequence only the last can continue its part by a relaxed store: a rare program that hangs on an
// earlier one is reported although C17 allows it.
struct sync {
    uint32_t next;
    uint16_t offset;
    uint8_t releaser; // who last released here ...
    bool watched;     // an oracle wants to see every write
    struct clock released;
    struct clock own; // ... and what by that operation alone
};

_Static_assert(SIM_WATCHED_THREADS_MAX < RACE_FREED, "a thread's number is a byte");

struct access race_accesses[ACCESSES_MAX];
struct clock race_clocks[SIM_WATCHED_THREADS_MAX];
bool race_enabled = true;

static uint32_t n_accesses;
static uint32_t free_accesses; // list of records that left theirs
static struct sync syncs[SYNCS_MAX];
static uint32_t n_syncs;
static uint32_t free_syncs; // list, of words that have ended
struct moment race_moments[RACE_MOMENTS_MAX];
uint32_t race_n_moments;

// For fences only (sim_uses_fences): what a release fence has published, what relaxed loads saw.
static struct clock fence_release[SIM_WATCHED_THREADS_MAX], fence_acquire[SIM_WATCHED_THREADS_MAX];

void race_restart(void)
{
    race_accesses[0].thread = RACE_NOBODY;
    n_accesses = n_syncs = 1;
    free_accesses = free_syncs = 0;
    race_n_moments = 0;
    if (!sim_uses_fences)
        return;
    for (uint32_t i = 0; i < SIM_WATCHED_THREADS_MAX; i++)
        fence_release[i].blocks = fence_acquire[i].blocks = 0;
}

static inline void join(struct clock *to, const struct clock *from)
{
    while (to->blocks < from->blocks)
        to->block[to->blocks++] = (clock_block){0};
    for (uint32_t i = 0; i < from->blocks; i++) {
        clock_block later = from->block[i] > to->block[i];
        to->block[i] = (from->block[i] & later) | (to->block[i] & ~later);
    }
}

static inline void copy(struct clock *to, const struct clock *from)
{
    to->blocks = from->blocks;
    for (uint32_t i = 0; i < from->blocks; i++)
        to->block[i] = from->block[i];
}

// A new thread knows what its creator knew.
void race_spawn(uint32_t parent, uint32_t child)
{
    if (unlikely(sim.unwatched))
        return;
    struct clock *c = &race_clocks[child];
    memset(c, 0, sizeof *c);
    if (parent != child) {
        join(c, &race_clocks[parent]);
        race_clocks[parent].at[parent]++; // its later accesses are not known to the child
    }
    if (c->blocks <= child / 4)
        c->blocks = child / 4 + 1;
    c->at[child] = 1;
    race_switched();
}

void race_switched(void)
{
    if (unlikely(sim.unwatched))
        return;
    sim.epoch = race_clocks[sim.thread].at[sim.thread];
}

// What the thread does from now on is not known to who acquires what it has released.
static inline void advance(uint32_t ticks)
{
    sim.epoch = race_clocks[sim.thread].at[sim.thread] += ticks;
}

// Reporting -------------------------------------------------------------------------------

struct race {
    struct access old;
    unsigned old_kind;
    uint64_t addr, pc;
    unsigned kind;
    bool atomic;
};

static void report(void *arg)
{
    const struct race *r = arg;
    const struct access *old = &r->old;
    const bool writes = r->kind == ACCESS_WRITE, wrote = r->old_kind == ACCESS_WRITE;
    const char *kind = sim_access_name(writes, r->atomic),
               *old_kind = sim_access_name(wrote, old->atomic);
    uint64_t old_pc = old->pc[r->old_kind];
    char now[SIM_SIDE_BYTES], before[SIM_SIDE_BYTES];
    char signature[sizeof sim.result.finding.signature];
    sim_side(now, writes, r->atomic, r->pc);
    sim_side(before, wrote, old->atomic, old_pc);
    sim_race_signature(signature, sizeof signature, now, before);
    char name[128], message[256];
    int bytes = __builtin_popcount(old->mask);
    snprintf(message, sizeof message, "data race on %s (%d bytes): %s after %s, not ordered",
             sim_address_name(r->addr, name, sizeof name), bytes, kind, old_kind);
    struct sim_finding *f = &sim.result.finding;
    race_moment_place(&f->place[0], old->moment[r->old_kind], old_pc, old_kind);
    oracle_place(&f->place[1], sim.at.context, sim_site_of(r->pc), sim.node, r->pc, kind,
                 sim.points);
    f->places = 2;
    oracle_word(r->addr, f->word, sizeof f->word);
    oracle_report("race", signature, message);
}

static __attribute__((noinline)) void report_race(const struct access *old, unsigned old_kind,
                                                  uint64_t addr, unsigned kind, bool atomic,
                                                  uint64_t pc)
{
    struct race r = {*old, old_kind, addr, pc, kind, atomic};
    sim_enter(report, &r);
}

// Accesses --------------------------------------------------------------------------------

uint32_t race_moment(void)
{
    uint32_t moment = race_moment_now();
    if (unlikely(moment == 0))
        sim_finish(SIM_LIMIT);
    return moment;
}

void race_moment_place(struct sim_place *p, uint32_t moment, uint64_t pc, const char *kind)
{
    const struct moment *m = &race_moments[moment];
    oracle_place(p, m->context, sim_site_of(pc), m->node, pc, kind, m->point);
}

static uint32_t new_access(unsigned mask, bool atomic)
{
    uint32_t i = free_accesses;
    if (i != 0) {
        free_accesses = race_accesses[i].next;
    } else {
        if (unlikely(n_accesses == ACCESSES_MAX))
            sim_finish(SIM_LIMIT);
        i = n_accesses++;
    }
    struct access *a = &race_accesses[i];
    a->clock[ACCESS_READ] = a->clock[ACCESS_WRITE] = 0;
    a->key = race_key(sim.thread, mask, atomic);
    return i;
}

uint32_t race_new_record(void)
{
    if (unlikely(sim.unwatched))
        return 0;
    return new_access(0xff, false);
}

// The kind of `a`'s access that races with one of `kind` now, or -1. Another thread's.
static int racing(const struct access *a, unsigned mask, unsigned kind, bool atomic, uint32_t known)
{
    if (!(a->mask & mask) || (a->atomic && atomic))
        return -1;
    if (a->clock[ACCESS_WRITE] > known)
        return ACCESS_WRITE;
    return kind == ACCESS_WRITE && a->clock[ACCESS_READ] > known ? ACCESS_READ : -1;
}

// True when whatever would race with `a`, all of which is ordered before now, would race with the
// access of now.
static bool covers(unsigned mask, unsigned kind, bool atomic, const struct access *a)
{
    return (a->mask & ~mask) == 0 && (kind == ACCESS_WRITE || a->clock[ACCESS_WRITE] == 0) &&
           (!atomic || a->atomic);
}

// One pass: looks at the accesses of others, drops what this one covers, takes the own record out.
// Returns the own record, 0 when there is none.
static inline uint32_t look_through(uint32_t *first, uint64_t addr, unsigned mask, unsigned kind,
                                    bool atomic, uint64_t pc)
{
    const struct clock *mine = &race_clocks[sim.thread];
    const uint32_t key = race_key(sim.thread, mask, atomic);
    uint32_t own = 0;
    for (uint32_t *link = first; *link != 0;) {
        uint32_t i = *link;
        struct access *a = &race_accesses[i];
        uint32_t known = mine->at[a->thread];
        if (a->key == key) {
            own = i;
            *link = a->next;
        } else if (unlikely(a->clock[ACCESS_READ] > known || a->clock[ACCESS_WRITE] > known)) {
            int with = a->thread == sim.thread ? -1 : racing(a, mask, kind, atomic, known);
            if (unlikely(with >= 0))
                report_race(a, (unsigned)with, addr, kind, atomic, pc);
            link = &a->next;
        } else if (covers(mask, kind, atomic, a)) {
            *link = a->next;
            a->next = free_accesses;
            free_accesses = i;
        } else {
            link = &a->next;
        }
    }
    return own;
}

void race_check_list(struct cell *c, uint64_t addr, unsigned mask, unsigned kind, bool atomic,
                     uint64_t pc)
{
    uint32_t first = sim_untag(c->access);
    if (unlikely(race_accesses[first].thread == RACE_FREED)) {
        heap_touched(&race_accesses[first], addr, kind, atomic, pc);
        first = 0; // the oracle is off
    }
    uint32_t own = look_through(&first, addr, mask, kind, atomic, pc);
    if (own == 0)
        own = new_access(mask, atomic);
    race_accesses[own].next = first;
    c->access = own | sim.tag;
    race_touch(&race_accesses[own], kind, pc, race_moment());
}

void race_range(uint64_t addr, uint64_t bytes, unsigned kind, bool atomic, uint64_t pc)
{
    if (kind == ACCESS_WRITE && !atomic)
        race_announce(addr, bytes);
    while (bytes > 0) {
        uint64_t offset = addr & 7, part = 8 - offset < bytes ? 8 - offset : bytes;
        struct cell *c = memory_cell(addr);
        if (c)
            race_check(c, addr, (unsigned)(((1u << part) - 1) << offset), kind, atomic, pc);
        addr += part;
        bytes -= part;
    }
}

void race_plain_write(struct cell *c, uint64_t addr, uint64_t size, uint64_t pc)
{
    race_announce(addr, size);
    race_check(c, addr, race_mask(addr, size), ACCESS_WRITE, false, pc);
}

void race_forget(uint64_t addr, uint64_t bytes)
{
    if (unlikely(sim.unwatched))
        return;
    for (uint64_t a = addr & ~7ull; a < addr + bytes; a += 8) {
        struct cell *c = memory_cell(a);
        if (c)
            c->access = 0; // atomics keep their clocks: a second life of the word comes after
    }
}

void race_look_freed(uint64_t addr, uint64_t bytes, unsigned kind, bool atomic, uint64_t pc)
{
    for (uint64_t a = addr & ~7ull; a < addr + bytes; a += 8) {
        const struct cell *c = memory_cell(a);
        const struct access *record = c ? &race_accesses[sim_untag(c->access)] : NULL;
        if (record && record->thread == RACE_FREED)
            heap_touched(record, a > addr ? a : addr, kind, atomic, pc);
    }
}

// Atomics ---------------------------------------------------------------------------------

static struct sync *find_sync(struct cell *c, uint64_t addr, bool make)
{
    uint16_t offset = addr & 7;
    for (uint32_t i = sim_untag(c->sync); i; i = syncs[i].next) {
        if (syncs[i].offset == offset)
            return &syncs[i];
    }
    if (!make)
        return NULL;
    uint32_t fresh = free_syncs;
    if (fresh != 0)
        free_syncs = syncs[fresh].next;
    else if (n_syncs == SYNCS_MAX)
        sim_finish(SIM_LIMIT);
    else
        fresh = n_syncs++;
    struct sync *s = &syncs[fresh];
    s->next = sim_untag(c->sync);
    s->offset = offset;
    s->watched = false;
    s->released.blocks = s->own.blocks = 0;
    s->releaser = UINT8_MAX;
    c->sync = fresh | sim.tag;
    return s;
}

static void free_sync_list(struct cell *c)
{
    for (uint32_t i = sim_untag(c->sync), next; i != 0; i = next) {
        next = syncs[i].next;
        syncs[i].next = free_syncs;
        free_syncs = i;
    }
    c->sync = 0;
}

void race_renew(uint64_t addr, uint64_t bytes, uint32_t record)
{
    if (unlikely(sim.unwatched))
        return;
    for (uint64_t a = addr & ~7ull; a < addr + bytes; a += 8) {
        struct cell *c = memory_cell(a);
        if (!c)
            continue;
        c->access = record != 0 ? record | sim.tag : 0;
        if (sim_untag(c->sync) != 0)
            free_sync_list(c);
    }
}

void race_watch(uint64_t addr)
{
    if (unlikely(sim.unwatched))
        return;
    struct cell *c = memory_cell(addr);
    if (c)
        find_sync(c, addr, true)->watched = true;
}

bool race_watched(uint64_t addr)
{
    struct cell *c = memory_cell(addr);
    const struct sync *s = c ? find_sync(c, addr, false) : NULL;
    return s && s->watched;
}

void race_announce(uint64_t addr, uint64_t bytes)
{
    for (uint64_t a = addr & ~7ull; a < addr + bytes; a += 8) {
        const struct cell *c = memory_cell(a);
        for (uint32_t i = c ? sim_untag(c->sync) : 0; i != 0; i = syncs[i].next) {
            uint64_t word = a + syncs[i].offset;
            if (syncs[i].watched && word + 4 > addr && word < addr + bytes)
                oracle_announce_plain(word);
        }
    }
}

static inline bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order >= __ATOMIC_ACQ_REL;
}
static inline bool releases(int order)
{
    return order >= __ATOMIC_RELEASE;
}

static inline void released_by(struct sync *s, uint32_t thread, const struct clock *published)
{
    s->releaser = (uint8_t)thread;
    copy(&s->own, published);
}

static void acquire(const struct sync *s, int order)
{
    if (acquires(order))
        join(&race_clocks[sim.thread], &s->released);
    else if (sim_uses_fences)
        join(&fence_acquire[sim.thread], &s->released);
}

static void check_atomic(struct cell *c, uint64_t addr, unsigned size, unsigned kind, uint64_t pc)
{
    if (unlikely(!race_enabled))
        race_look_freed(addr, size, kind, true, pc);
    else if (likely((addr & 7) + size <= 8))
        race_check(c, addr, race_mask(addr, size), kind, true, pc);
    else
        race_range(addr, size, kind, true, pc);
}

void race_atomic_load(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    if (unlikely(sim.unwatched))
        return;
    struct cell *c = memory_cell(addr);
    if (!c)
        return;
    const struct sync *s = find_sync(c, addr, false);
    if (s)
        acquire(s, order);
    check_atomic(c, addr, size, ACCESS_READ, pc);
}

// What a store by `thread` leaves at its word. Returns whether that is watched.
static inline bool publish(struct cell *c, uint64_t addr, uint32_t thread, bool release,
                           const struct clock *published)
{
    if (release) {
        struct sync *s = find_sync(c, addr, true);
        copy(&s->released, published);
        released_by(s, thread, published);
        return s->watched || heap_pointers_watched(addr);
    }
    // A relaxed store ends the release sequences that were there, but for the storing thread's own
    // (C17 5.1.2.4; C++20 ends that too). It carries what a fence released.
    struct sync *s = find_sync(c, addr, sim_uses_fences);
    if (s) {
        s->released.blocks = 0;
        if (s->releaser == thread)
            join(&s->released, &s->own);
        if (sim_uses_fences)
            join(&s->released, published);
    }
    return (s && s->watched) || heap_pointers_watched(addr);
}

bool race_atomic_store(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    if (unlikely(sim.unwatched))
        return false;
    struct cell *c = memory_cell(addr);
    if (!c)
        return false;
    check_atomic(c, addr, size, ACCESS_WRITE, pc);
    const uint32_t me = sim.thread;
    if (!releases(order))
        return publish(c, addr, me, false, &fence_release[me]);
    bool watched = publish(c, addr, me, true, &race_clocks[me]);
    advance(1);
    return watched;
}

void race_store_made(uint64_t addr, unsigned size, int order, uint64_t pc, struct race_store *s)
{
    struct cell *c = memory_cell(addr);
    const uint32_t me = sim.thread;
    if (c)
        check_atomic(c, addr, size, ACCESS_WRITE, pc);
    s->release = releases(order);
    copy(&s->published, s->release ? &race_clocks[me] : &fence_release[me]);
    advance(s->release);
}

bool race_store_seen(uint64_t addr, uint32_t thread, const struct race_store *s)
{
    struct cell *c = memory_cell(addr);
    return c && publish(c, addr, thread, s->release, &s->published);
}

void race_atomic_own_load(uint64_t addr, unsigned size, uint64_t pc)
{
    struct cell *c = memory_cell(addr);
    if (c)
        check_atomic(c, addr, size, ACCESS_READ, pc);
}

bool race_atomic_rmw(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    if (unlikely(sim.unwatched))
        return false;
    struct cell *c = memory_cell(addr);
    if (!c)
        return false;
    const uint32_t me = sim.thread;
    struct sync *s = find_sync(c, addr, releases(order) || sim_uses_fences);
    if (s)
        acquire(s, order);
    check_atomic(c, addr, size, ACCESS_WRITE, pc);
    if (releases(order)) {
        join(&s->released, &race_clocks[me]);
        released_by(s, me, &race_clocks[me]);
        advance(1);
    } else if (sim_uses_fences) {
        join(&s->released, &fence_release[me]);
    }
    return (s && s->watched) || heap_pointers_watched(addr);
}

void race_fence(int order)
{
    if (unlikely(sim.unwatched))
        return;
    const uint32_t me = sim.thread;
    if (acquires(order))
        join(&race_clocks[me], &fence_acquire[me]);
    if (releases(order)) {
        copy(&fence_release[me], &race_clocks[me]);
        advance(1);
    }
}
