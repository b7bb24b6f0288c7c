// SPDX-License-Identifier: Apache-2.0
//
// Happens-before race detection with vector clocks, after FastTrack (Flanagan and Freund 2009),
// exact to the byte. Each eight bytes of the program have a list of records, one for each (thread,
// bytes, atomic or not) whose last read or write a later access could still race with. A record
// goes when a later, ordered access covers it: what raced with the first races with the second
// too. Unlike ThreadSanitizer there is no limit of cells or threads, and fences and release
// sequences count.
//
// The clock is the virtual thread's: the machine's view, right for the data of a runtime. All
// records are cut from pools that restart with the execution.
//
// This header has the path of an access to a word that only the running thread has touched, or that
// it has touched since its last release; race.c has the rest.
#pragma once

#include "stress/sim/engine.h"

enum { ACCESS_READ, ACCESS_WRITE };

struct access {
    uint32_t next;
    uint32_t clock[2]; // of the last read and write; 0: none
    union {
        struct {
            uint8_t thread, mask;
            bool atomic;
        };
        uint32_t key; // the three at once: race_key
    };
    // for the report
    uint32_t pc[2]; // the program is not position independent: code lies below 4 GiB
    uint32_t moment[2];
};

// Four entries at a time. Past `blocks` a thread's clock is zero; in other clocks it is stale.
typedef int32_t clock_block __attribute__((vector_size(16)));
struct clock {
    uint32_t blocks;
    union {
        clock_block block[SIM_WATCHED_THREADS_MAX / 4];
        uint32_t at[SIM_WATCHED_THREADS_MAX];
    };
};

// When and by whom: shared by the accesses between two calls or points.
struct moment {
    uint32_t node, context, point;
};
enum { RACE_MOMENTS_MAX = 1 << 20 };

enum {
    RACE_NOBODY = UINT8_MAX, // thread of race_accesses[0]
    RACE_FREED =
        UINT8_MAX - 1, // of the one record of memory that its owner has taken back (heap.c)
};

extern bool race_enabled;
extern struct access race_accesses[1 << SIM_INDEX_BITS]; // [0] is nobody's
extern struct clock race_clocks[SIM_WATCHED_THREADS_MAX];
extern struct moment race_moments[RACE_MOMENTS_MAX]; // [0] is none
extern uint32_t race_n_moments;                      // beside it

void race_restart(void);
void race_spawn(uint32_t parent, uint32_t child);
void race_switched(void); // another thread runs
void race_check_list(struct cell *c, uint64_t addr, unsigned mask, unsigned kind, bool atomic,
                     uint64_t pc);
// A plain write to a word that atomics use as well: an oracle may watch it.
void race_plain_write(struct cell *c, uint64_t addr, uint64_t size, uint64_t pc);
void race_range(uint64_t addr, uint64_t bytes, unsigned kind, bool atomic, uint64_t pc);
// Before an atomic operation takes effect. Those that write return whether the word is watched.
void race_atomic_load(uint64_t addr, unsigned size, int order, uint64_t pc);
bool race_atomic_store(uint64_t addr, unsigned size, int order, uint64_t pc);
bool race_atomic_rmw(uint64_t addr, unsigned size, int order, uint64_t pc);
void race_fence(int order);
// A store that others see later (buffer.c). What it publishes is the clock of the moment at which
// it is made; the word gets that when memory changes. race_store_seen returns as
// race_atomic_store.
struct race_store {
    bool release;
    struct clock published; // of a relaxed store: what a fence has released
};
void race_store_made(uint64_t addr, unsigned size, int order, uint64_t pc, struct race_store *s);
bool race_store_seen(uint64_t addr, uint32_t thread, const struct race_store *s);
// The running thread reads what it has stored itself and nobody else sees: it learns nothing.
void race_atomic_own_load(uint64_t addr, unsigned size, uint64_t pc);
// The memory has a new life: what was accessed before does not race with what comes.
void race_forget(uint64_t addr, uint64_t bytes);
// The same, and its words, which nobody watches, have released nothing either. `record`: what
// stands in place of accesses from now on, or 0.
void race_renew(uint64_t addr, uint64_t bytes, uint32_t record);
// A record that belongs to no thread.
uint32_t race_new_record(void);
// Number of here and now, for race_moment_place.
uint32_t race_moment(void);
void race_moment_place(struct sim_place *p, uint32_t moment, uint64_t pc, const char *kind);
// With the detector off, of an access that it would have looked at: only whether the memory is
// freed.
void race_look_freed(uint64_t addr, uint64_t bytes, unsigned kind, bool atomic, uint64_t pc);
// Every later write to this word in this execution goes to oracle_wrote.
void race_watch(uint64_t addr);
bool race_watched(uint64_t addr);
// A plain write to the range comes: tells the oracles of the watched words in it.
void race_announce(uint64_t addr, uint64_t bytes);

static inline __attribute__((always_inline)) uint32_t race_key(uint32_t thread, unsigned mask,
                                                               bool atomic)
{
    return thread | mask << 8 | (uint32_t)atomic << 16;
}

// The running context as a moment; 0 when there is no room for one more.
static inline __attribute__((always_inline)) uint32_t race_moment_now(void)
{
    if (sim.moment == 0 && likely(race_n_moments + 1 < RACE_MOMENTS_MAX)) {
        race_moments[++race_n_moments] =
            (struct moment){sim.node, sim.at.context, (uint32_t)sim.points};
        sim.moment = race_n_moments;
    }
    return sim.moment;
}

static inline __attribute__((always_inline)) void race_touch(struct access *a, unsigned kind,
                                                             uint64_t pc, uint32_t moment)
{
    a->clock[kind] = sim.epoch;
    if (kind == ACCESS_WRITE)
        a->clock[ACCESS_READ] = 0; // what raced with that read races with this write
    a->pc[kind] = (uint32_t)pc;
    a->moment[kind] = moment;
}

// True: that was all. The list is in the order of the last looks, so nobody has come to the word
// since the thread whose record is first: what that looked at then is still ordered before it now.
// Calls nothing (quick.c).
static inline __attribute__((always_inline)) bool
race_check_quick(const struct cell *c, unsigned mask, unsigned kind, bool atomic, uint64_t pc)
{
    struct access *a = &race_accesses[sim_untag(c->access)];
    if ((a->mask & mask) == 0 && a->next != 0)
        a = &race_accesses[a->next]; // two fields in one word
    if (unlikely(a->key != race_key(sim.thread, mask, atomic)))
        return false;
    uint32_t now = sim.epoch;
    if (a->clock[ACCESS_WRITE] == now || (kind == ACCESS_READ && a->clock[ACCESS_READ] == now))
        return true; // was looked at since the last release
    if (kind == ACCESS_WRITE && a->next != 0)
        return false;
    uint32_t moment = race_moment_now();
    if (likely(moment != 0))
        race_touch(a, kind, pc, moment);
    return moment != 0;
}

static inline __attribute__((always_inline)) void
race_check(struct cell *c, uint64_t addr, unsigned mask, unsigned kind, bool atomic, uint64_t pc)
{
    if (!race_check_quick(c, mask, kind, atomic, pc))
        race_check_list(c, addr, mask, kind, atomic, pc);
}

static inline __attribute__((always_inline)) unsigned race_mask(uint64_t addr, uint64_t size)
{
    return ((1u << size) - 1) << (addr & 7);
}

static inline __attribute__((always_inline)) void race_plain(uint64_t addr, uint64_t size,
                                                             unsigned kind, uint64_t pc)
{
    if (unlikely((addr & 7) + size > 8)) {
        race_range(addr, size, kind, false, pc);
        return;
    }
    struct cell *c = memory_cell(addr);
    if (unlikely(!c))
        return;
    if (unlikely(kind == ACCESS_WRITE && sim_untag(c->sync) != 0)) {
        race_plain_write(c, addr, size, pc);
        return;
    }
    race_check(c, addr, race_mask(addr, size), kind, false, pc);
}

// As race_check_quick.
static inline __attribute__((always_inline)) bool race_plain_quick(uint64_t addr, uint64_t size,
                                                                   unsigned kind, uint64_t pc)
{
    if (unlikely((addr & 7) + size > 8))
        return false;
    const struct cell *c = memory_cell(addr);
    if (unlikely(!c))
        return true;
    if (unlikely(kind == ACCESS_WRITE && sim_untag(c->sync) != 0))
        return false;
    return race_check_quick(c, race_mask(addr, size), kind, false, pc);
}
