// SPDX-License-Identifier: Apache-2.0
//
// See buffer.h. Everything that changes a queue runs on the engine's stack: a drain may meet an
// oracle, and a choice asks the strategy. Nothing there may enter the engine again.

#include "stress/sim/buffer.h"

#include <string.h>

enum { ENTRIES = 16 }; // when full the oldest drains

// A store that was made and is not seen yet, with the names of who made it.
struct held {
    uint64_t addr, value, pc;
    uint32_t size, site, node, context;
    struct race_store race;
};

static struct buffer {
    uint32_t first, n; // a ring in stores[]
} buffers[SIM_THREADS_MAX];
static struct held stores[SIM_THREADS_MAX][ENTRIES];

static struct held *entry(uint32_t thread, uint32_t i)
{
    return &stores[thread][(buffers[thread].first + i) % ENTRIES];
}

// Under either model: what the last execution still held when it ended must never be seen.
void buffer_restart(void)
{
    sim.held = sim.holders = 0;
    memset(buffers, 0, sizeof buffers);
}

void buffer_thread_runs(void)
{
    sim.held = buffers[sim.thread].n;
    oracle_update_special(); // plain accesses look for overlaps while something is held
}

// Memory changes: what is told of it is told of the thread that made the store.
static void take_effect(const struct thread *t, const struct held *h)
{
    uint64_t old = 0;
    memcpy(&old, (const void *)h->addr, h->size);
    memcpy((void *)h->addr, &h->value, h->size);
    sim_note_value(h->value);
    bool watched = race_store_seen(h->addr, t->index, &h->race);
    if (!watched && !sim.tracing)
        return;
    const uint32_t context = sim.at.context, node = sim.node;
    sim.at.context = h->context;
    sim.node = h->node;
    if (sim.tracing)
        trace_event("drains", h->site, h->pc, h->addr, old, h->value, -1);
    if (watched)
        oracle_wrote_by(t, h->addr, old, h->value);
    sim.at.context = context;
    sim.node = node;
}

static void drain_oldest(const struct thread *t)
{
    struct buffer *b = &buffers[t->index];
    const struct held *h = entry(t->index, 0);
    b->first++;
    b->n--;
    sim.holders -= b->n == 0;
    buffer_thread_runs();
    take_effect(t, h);
}

static void drain(const struct thread *t, uint32_t n)
{
    while (n-- > 0)
        drain_oldest(t);
}

// How many of the oldest must go so that none that `meets` is left.
static uint32_t through_last(bool (*meets)(const struct held *h, const void *arg), const void *arg)
{
    uint32_t n = sim.held;
    while (n > 0 && !meets(entry(sim.thread, n - 1), arg))
        n--;
    return n;
}

struct range {
    uint64_t addr, bytes;
};

static bool overlaps(const struct held *h, const void *arg)
{
    const struct range *r = arg;
    return h->addr < r->addr + r->bytes && r->addr < h->addr + h->size;
}

static void drain_entry(void *n)
{
    drain(sim_current, (uint32_t)(uintptr_t)n);
}

static void drain_some(uint32_t n)
{
    if (n > 0)
        sim_enter(drain_entry, (void *)(uintptr_t)n);
}

void buffer_drain(void)
{
    drain_some(sim.held);
}

// Stores ----------------------------------------------------------------------------------

struct store {
    uint64_t addr, value, pc;
    uint32_t size, site;
    int order;
    struct held *held; // where; NULL: nowhere
};

static struct held *hold(const struct store *s)
{
    struct buffer *b = &buffers[sim.thread];
    if (b->n == ENTRIES)
        drain_oldest(sim_current);
    struct held *h = entry(sim.thread, b->n);
    *h = (struct held){.addr = s->addr,
                       .value = s->value,
                       .pc = s->pc,
                       .size = s->size,
                       .site = s->site,
                       .node = sim.node,
                       .context = sim.at.context};
    uint64_t old = 0;
    memcpy(&old, (const void *)s->addr, s->size); // a bad address faults here and now
    sim.holders += b->n++ == 0;
    buffer_thread_runs();
    sim.next_stop = 0; // from now on a strategy may be asked to drain
    if (sim.tracing)
        trace_event("store held", s->site, s->pc, s->addr, old, s->value, -1);
    return h;
}

// Code uses the stack that it runs on without hooks, in any order with what would be held there.
static bool may_be_held(const struct store *s)
{
    return s->order != __ATOMIC_SEQ_CST && s->size <= sizeof s->value && !sim.fair &&
           !memory_same_stack(s->addr, (uint64_t)sim_current->hook_sp[-1]);
}

static void store_entry(void *arg)
{
    struct store *s = arg;
    if (may_be_held(s) && (sim.held > 0 || sim_choose_number(SIM_HOLD, 2, s->site) != 0))
        s->held = hold(s);
    else
        drain(sim_current, sim.held);
}

// The race check comes last and here: it enters the engine when it has something to report.
bool buffer_store(uint64_t addr, unsigned size, uint64_t value, int order, uint32_t site,
                  uint64_t pc)
{
    if (sim.held == 0 && sim.points < sim.strategy->next_hold && !sim.ask[site])
        return false;
    struct store s = {
        .addr = addr, .value = value, .pc = pc, .size = size, .site = site, .order = order};
    sim_enter(store_entry, &s);
    if (s.held)
        race_store_made(addr, size, order, pc, &s.held->race);
    return s.held != NULL;
}

// Other accesses --------------------------------------------------------------------------

bool buffer_load(uint64_t addr, unsigned size, uint64_t *value, uint64_t pc)
{
    const struct range r = {addr, size};
    uint32_t n = through_last(overlaps, &r);
    if (n == 0)
        return false;
    const struct held *h = entry(sim.thread, n - 1);
    if (h->addr == addr && h->size == size) {
        *value = h->value;
        race_atomic_own_load(addr, size, pc);
        return true;
    }
    drain_some(n);
    return false;
}

void buffer_before_plain(uint64_t addr, uint64_t bytes, uint64_t pc)
{
    const struct range r = {addr, bytes};
    if (through_last(overlaps, &r) == 0)
        return;
    if (oracle_plain_pending != 0)
        oracle_flush_plain();
    sim_point(pc, pending_of((const void *)addr, PENDING_WRITE));
    drain_some(through_last(overlaps, &r)); // others ran: some may be gone
}

static bool in_a_stack(const struct held *h, const void *unused)
{
    (void)unused;
    return memory_is_stack(h->addr);
}

void buffer_before_stack_switch(uint64_t pc)
{
    if (through_last(in_a_stack, NULL) == 0)
        return;
    sim_point(pc, PENDING_OTHER);
    drain_some(through_last(in_a_stack, NULL));
}

// Points ----------------------------------------------------------------------------------

// Asks again after each answer, so that several stores can be seen to arrive between two operations
// of another thread.
void buffer_point(uint32_t site)
{
    while (sim.holders > 0) {
        uint32_t threads[SIM_THREADS_MAX + 1], n = 1;
        threads[0] = sim.thread; // calm: none drains
        for (uint32_t i = 0; i < sim.threads; i++) {
            if (buffers[i].n > 0)
                threads[n++] = i;
        }
        uint32_t answer = sim_choose_thread(SIM_DRAIN, threads, n, site);
        if (answer == 0)
            return;
        drain_oldest(&sim_threads[threads[answer]]);
    }
}

void buffer_turn_ends(void)
{
    drain(sim_current, sim.held);
}

void buffer_drain_all_threads(void)
{
    for (uint32_t i = 0; i < sim.threads; i++)
        drain(&sim_threads[i], buffers[i].n);
}
