// SPDX-License-Identifier: Apache-2.0
//
// The program's heap: ThreadSanitizer's interface for runtimes that collect (`__tsan_java_*`), as
// the runtime calls it through base/san.h.
//
// poison: an access to memory that was taken back and not handed out again. All eight-byte words of
// a freed object name one access record, which belongs to no thread (RACE_FREED): so the path that
// race.h takes inline never fits it, and who touches the word comes by race_check_list, which sees.
// Nothing is asked of accesses that come by the inline path.
//
// Handing out and taking back order nothing by themselves. What was accessed or released in the
// memory's earlier life is forgotten when it is handed out: the allocator must have ordered it, and
// who uses an object after its end is `poison`.
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wmissing-prototypes" // the names are ThreadSanitizer's

static struct birth *birth_of(uint64_t object)
{
    return &memory_births[(object - MEMORY_ARENA_BASE) >> 3];
}

static bool in_heap(uint64_t object, uint64_t bytes)
{
    uint64_t d = object - sim.heap_lo;
    return d < sim.heap_span && bytes <= sim.heap_span - d;
}

void hook_java_init(unsigned long heap, unsigned long bytes)
{
    if (heap - MEMORY_ARENA_BASE >= MEMORY_HEAP_BYTES)
        oracle_crash("san_heap_init: the heap is not memory of host_reserve", HOOK_PC);
    sim.heap_lo = heap;
    sim.heap_span = bytes;
}

void hook_java_alloc(unsigned long object, unsigned long bytes)
{
    if (!sim.running)
        return;
    if (!in_heap(object, bytes))
        oracle_crash("san_heap_alloc: an object outside of the heap", HOOK_PC);
    race_renew(object, bytes, 0);
    *birth_of(object) = (struct birth){race_moment() | sim.tag, (uint32_t)HOOK_PC};
}

struct freed {
    uint64_t object, bytes;
};

static void freed_entry(void *arg)
{
    const struct freed *f = arg;
    sim_model->freed(f->object, f->bytes);
}

void hook_java_free(unsigned long object, unsigned long bytes)
{
    if (!sim.running)
        return;
    if (!in_heap(object, bytes))
        oracle_crash("san_heap_free: an object outside of the heap", HOOK_PC);
    if (sim_model && sim_model->freed) {
        struct freed f = {object, bytes};
        sim_enter(freed_entry, &f);
    }
    uint32_t i = race_new_record();
    struct access *a = &race_accesses[i];
    const struct birth *birth = birth_of(object);
    a->thread = RACE_FREED;
    a->next = 0;
    a->moment[ACCESS_READ] = sim_untag(birth->moment); // who made it, who took it back
    a->pc[ACCESS_READ] = birth->pc;
    a->moment[ACCESS_WRITE] = race_moment();
    a->pc[ACCESS_WRITE] = (uint32_t)HOOK_PC;
    race_renew(object, bytes, i);
}

struct touch {
    const struct access *freed;
    uint64_t addr, pc;
    unsigned kind;
    bool atomic;
};

static void report(void *arg)
{
    const struct touch *t = arg;
    char now[SIM_SIDE_BYTES], name[128], signature[300], message[400];
    sim_side(now, t->kind == ACCESS_WRITE, t->atomic, t->pc);
    snprintf(signature, sizeof signature, "poison: %s", now);
    snprintf(message, sizeof message, "%s of %s, which has been freed",
             t->kind == ACCESS_WRITE ? "write" : "read",
             sim_address_name(t->addr, name, sizeof name));
    struct sim_finding *f = &sim.result.finding;
    race_moment_place(&f->place[0], t->freed->moment[ACCESS_READ], t->freed->pc[ACCESS_READ],
                      "allocation");
    race_moment_place(&f->place[1], t->freed->moment[ACCESS_WRITE], t->freed->pc[ACCESS_WRITE],
                      "free");
    oracle_place(&f->place[2], sim.at.context, sim_site_of(t->pc), sim.node, t->pc,
                 t->kind == ACCESS_WRITE ? "write" : "read", sim.points);
    f->places = 3;
    oracle_report("poison", signature, message);
}

void heap_touched(const struct access *freed, uint64_t addr, unsigned kind, bool atomic,
                  uint64_t pc)
{
    struct touch t = {freed, addr, pc, kind, atomic};
    sim_enter(report, &t);
}
