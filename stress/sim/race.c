// SPDX-License-Identifier: Apache-2.0
//
// Happens-before race detection with vector clocks, after FastTrack (Flanagan and Freund 2009),
// exact to the byte: each eight bytes of the program have a list of the accesses that a later one
// could still race with. An access leaves the list when a later, ordered one covers it; what raced
// with the first races with the second too. Unlike ThreadSanitizer there is no limit of cells or
// threads, and fences and release sequences count.
//
// The clock is the virtual thread's: the machine's view, right for the data of a runtime. All
// records are cut from pools that restart with the execution; cells are tagged with its number.

#include "stress/sim/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESSES_MAX = 1 << SIM_INDEX_BITS, SYNCS_MAX = 1 << 15 };

struct access {
    _Alignas(32) uint32_t next;
    uint32_t clock;
    uint8_t thread, mask, flags;
    uint32_t pc; // the program is not position independent: code lies below 4 GiB
    // for the report
    uint32_t node, context, point;
};

struct clock {
    uint32_t n; // entries from here on are zero, whatever at[] holds
    uint32_t at[SIM_THREADS_MAX];
};

// What the stores to one atomic word have released.
struct sync {
    uint32_t next;
    uint16_t offset;
    bool watched; // an oracle wants to see every write
    struct clock released;
};

static struct access accesses[ACCESSES_MAX];
static struct sync syncs[SYNCS_MAX];
static uint32_t n_accesses, n_syncs;
static uint32_t free_accesses; // list of records that left theirs

static struct clock clocks[SIM_THREADS_MAX];
// For fences only (sim_uses_fences): what a release fence has published, what relaxed loads saw.
static struct clock fence_release[SIM_THREADS_MAX], fence_acquire[SIM_THREADS_MAX];

bool race_enabled = true;

void race_restart(void)
{
    accesses[0].thread = UINT8_MAX;
    n_accesses = n_syncs = 1;
    free_accesses = 0;
    if (!sim_uses_fences)
        return;
    for (uint32_t i = 0; i < SIM_THREADS_MAX; i++)
        fence_release[i].n = fence_acquire[i].n = 0;
}

static void join(struct clock *to, const struct clock *from)
{
    while (to->n < from->n)
        to->at[to->n++] = 0;
    for (uint32_t i = 0; i < from->n; i++)
        to->at[i] = from->at[i] > to->at[i] ? from->at[i] : to->at[i];
}

static void copy(struct clock *to, const struct clock *from)
{
    to->n = from->n;
    for (uint32_t i = 0; i < from->n; i++)
        to->at[i] = from->at[i];
}

// A new thread knows what its creator knew.
void race_spawn(uint32_t parent, uint32_t child)
{
    struct clock *c = &clocks[child];
    c->n = 0;
    if (parent != child)
        join(c, &clocks[parent]);
    while (c->n <= child)
        c->at[c->n++] = 0;
    clocks[parent].at[parent]++; // the creator's later accesses are not known to it
    c->at[child] = 1;
}

// Reporting -------------------------------------------------------------------------------

static const char *kind_name(unsigned flags)
{
    static const char *const names[] = {"read", "write", "atomic read", "atomic write"};
    return names[flags & 3];
}

struct race {
    struct access old;
    uint64_t addr, size, pc;
    unsigned flags;
};

static void side(char *buf, size_t bytes, unsigned flags, uint64_t pc)
{
    const struct sim_site *s = sim_site(sim_site_of(pc));
    size_t chain = strcspn(s->function, "<");
    snprintf(buf, bytes, "%s %.*s `%s`", kind_name(flags), (int)chain, s->function, s->text);
}

static void report(void *arg)
{
    const struct race *r = arg;
    char now[240], before[240], signature[sizeof sim.result.finding.signature];
    side(now, sizeof now, r->flags, r->pc);
    side(before, sizeof before, r->old.flags, r->old.pc);
    bool swap = strcmp(now, before) < 0;
    snprintf(signature, sizeof signature, "race: %s / %s", swap ? now : before,
             swap ? before : now);
    char name[128], message[256];
    snprintf(message, sizeof message,
             "data race on %s (%lu bytes): a %s is not ordered with an earlier %s",
             sim_address_name(r->addr, name, sizeof name), (unsigned long)r->size,
             kind_name(r->flags), kind_name(r->old.flags));
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], r->old.context, sim_site_of(r->old.pc), r->old.node, r->old.pc,
                 kind_name(r->old.flags), r->old.point);
    oracle_place(&f->place[1], sim.at.context, sim_site_of(r->pc), sim.node, r->pc,
                 kind_name(r->flags), sim.points);
    f->places = 2;
    oracle_report("race", signature, message);
}

// Accesses --------------------------------------------------------------------------------

static inline bool ordered(const struct access *a, const struct clock *mine)
{
    return a->thread < mine->n && a->clock <= mine->at[a->thread];
}

// True when nothing can race with `a` that would not race with an access of (flags, mask) now.
static inline bool covers(unsigned flags, unsigned mask, const struct access *a)
{
    bool as_strong = (flags & ACCESS_WRITE || !(a->flags & ACCESS_WRITE)) &&
                     (!(flags & ACCESS_ATOMIC) || a->flags & ACCESS_ATOMIC);
    return as_strong && (a->mask & ~mask) == 0;
}

static inline void describe(struct access *a, uint64_t pc)
{
    a->pc = (uint32_t)pc;
    a->node = sim.node;
    a->context = sim.at.context;
    a->point = (uint32_t)sim.points;
}

static uint32_t new_access(void)
{
    uint32_t i = free_accesses;
    if (i != 0) {
        free_accesses = accesses[i].next;
        return i;
    }
    if (unlikely(n_accesses == ACCESSES_MAX))
        sim_finish(SIM_LIMIT);
    return n_accesses++;
}

static inline void fill(struct access *a, unsigned mask, unsigned flags, uint64_t pc)
{
    a->clock = clocks[sim.thread].at[sim.thread];
    a->thread = (uint8_t)sim.thread;
    a->mask = (uint8_t)mask;
    a->flags = (uint8_t)flags;
    describe(a, pc);
}

// The general case: looks at every access listed, drops those that this one covers, adds this one.
static __attribute__((noinline)) void check_list(struct cell *c, uint64_t addr, unsigned mask,
                                                 unsigned flags, uint64_t pc)
{
    const struct clock *mine = &clocks[sim.thread];
    uint32_t first = sim_untag(c->access), *link = &first;
    while (*link) {
        uint32_t i = *link;
        struct access *a = &accesses[i];
        bool before = ordered(a, mine);
        if (unlikely(!before) && a->mask & mask && (a->flags | flags) & ACCESS_WRITE &&
            !(a->flags & flags & ACCESS_ATOMIC)) {
            struct race r = {*a, addr, (unsigned)__builtin_popcount(mask), pc, flags};
            sim_enter(report, &r);
        }
        if (before && covers(flags, mask, a)) {
            *link = a->next;
            a->next = free_accesses;
            free_accesses = i;
        } else {
            link = &a->next;
        }
    }
    uint32_t i = new_access();
    accesses[i].next = first;
    fill(&accesses[i], mask, flags, pc);
    c->access = i | sim.tag;
}

static inline void check(struct cell *c, uint64_t addr, unsigned mask, unsigned flags, uint64_t pc)
{
    struct access *head = &accesses[sim_untag(c->access)]; // [0] is nobody's
    if (likely(head->thread == sim.thread && head->mask == mask)) {
        bool now = head->clock == clocks[sim.thread].at[sim.thread];
        if (now && head->flags == ACCESS_WRITE)
            return; // the own write of this epoch says it all
        if ((now && head->flags == flags) || (head->next == 0 && covers(flags, mask, head))) {
            fill(head, mask, flags, pc);
            return;
        }
    }
    check_list(c, addr, mask, flags, pc);
}

void race_range(uint64_t addr, uint64_t bytes, unsigned flags, uint64_t pc)
{
    while (bytes > 0) {
        uint64_t offset = addr & 7, part = 8 - offset < bytes ? 8 - offset : bytes;
        struct cell *c = memory_cell(addr);
        if (c)
            check(c, addr, (unsigned)(((1u << part) - 1) << offset), flags, pc);
        addr += part;
        bytes -= part;
    }
}

void race_plain(uint64_t addr, uint64_t size, unsigned flags, uint64_t pc)
{
    uint64_t offset = addr & 7;
    if (unlikely(offset + size > 8)) {
        race_range(addr, size, flags, pc);
        return;
    }
    struct cell *c = memory_cell(addr);
    if (!c)
        return;
    if (unlikely(flags & ACCESS_WRITE && sim_untag(c->sync) && race_watched(addr))) {
        oracle_plain_addr = addr;
        memcpy(&oracle_plain_old, (const void *)addr, size < 8 ? 4 : 8);
    }
    if (race_enabled)
        check(c, addr, (unsigned)(((1u << size) - 1) << offset), flags, pc);
}

void race_forget(uint64_t addr, uint64_t bytes)
{
    for (uint64_t a = addr & ~7ull; a < addr + bytes; a += 8) {
        struct cell *c = memory_cell(a);
        if (c)
            c->access = 0; // atomics keep their clocks: a second life of the word is ordered after
                           // the first
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
    if (n_syncs == SYNCS_MAX)
        sim_finish(SIM_LIMIT);
    struct sync *s = &syncs[n_syncs];
    s->next = sim_untag(c->sync);
    s->offset = offset;
    s->watched = false;
    s->released.n = 0;
    c->sync = n_syncs++ | sim.tag;
    return s;
}

void race_watch(uint64_t addr)
{
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

static inline bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order >= __ATOMIC_ACQ_REL;
}
static inline bool releases(int order)
{
    return order >= __ATOMIC_RELEASE;
}

static void acquire(const struct sync *s, int order)
{
    if (acquires(order))
        join(&clocks[sim.thread], &s->released);
    else if (sim_uses_fences)
        join(&fence_acquire[sim.thread], &s->released);
}

static void check_atomic(struct cell *c, uint64_t addr, unsigned size, unsigned flags, uint64_t pc)
{
    if (!race_enabled)
        return;
    if (likely((addr & 7) + size <= 8))
        check(c, addr, ((1u << size) - 1) << (addr & 7), flags | ACCESS_ATOMIC, pc);
    else
        race_range(addr, size, flags | ACCESS_ATOMIC, pc);
}

void race_atomic_load(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    struct cell *c = memory_cell(addr);
    if (!c)
        return;
    const struct sync *s = find_sync(c, addr, false);
    if (s)
        acquire(s, order);
    check_atomic(c, addr, size, ACCESS_READ, pc);
}

void race_atomic_store(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    struct cell *c = memory_cell(addr);
    if (!c)
        return;
    check_atomic(c, addr, size, ACCESS_WRITE, pc);
    const uint32_t me = sim.thread;
    if (releases(order)) {
        copy(&find_sync(c, addr, true)->released, &clocks[me]);
        clocks[me].at[me]++;
        return;
    }
    // A relaxed store ends the release sequence that was there; it carries what a fence released.
    struct sync *s = find_sync(c, addr, sim_uses_fences);
    if (s && sim_uses_fences)
        copy(&s->released, &fence_release[me]);
    else if (s)
        s->released.n = 0;
}

void race_atomic_rmw(uint64_t addr, unsigned size, int order, uint64_t pc)
{
    struct cell *c = memory_cell(addr);
    if (!c)
        return;
    const uint32_t me = sim.thread;
    struct sync *s = find_sync(c, addr, releases(order) || sim_uses_fences);
    if (s)
        acquire(s, order);
    check_atomic(c, addr, size, ACCESS_WRITE, pc);
    if (releases(order)) {
        join(&s->released, &clocks[me]);
        clocks[me].at[me]++;
    } else if (sim_uses_fences) {
        join(&s->released, &fence_release[me]);
    }
}

void race_fence(int order)
{
    const uint32_t me = sim.thread;
    if (acquires(order))
        join(&clocks[me], &fence_acquire[me]);
    if (releases(order)) {
        copy(&fence_release[me], &clocks[me]);
        clocks[me].at[me]++;
    }
}
