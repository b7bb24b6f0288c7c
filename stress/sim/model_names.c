// SPDX-License-Identifier: Apache-2.0
//
// Names of the runtime's words, for people: "sched.npidle", "p1.runqtail", "g3.status".

#include "runtime/gc/gc.h"
#include "runtime/mem/mheap.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"

#include <stdio.h>
#include <string.h>

struct word {
    uint32_t offset, bytes;
    const char *name;
};
#define WORD(type, field)                                                                          \
    {                                                                                              \
        offsetof(struct type, field), sizeof(((struct type *)0)->field), #field                    \
    }

static const struct word g_words[] = {WORD(g, status),    WORD(g, permit),
                                      WORD(g, sched),     WORD(g, schedlink),
                                      WORD(g, m),         WORD(g, goid),
                                      WORD(g, fn),        WORD(g, wait),
                                      WORD(g, timer),     WORD(g, stackguard),
                                      WORD(g, stack),     WORD(g, lockedm),
                                      WORD(g, preempted), {0}};
static const struct word m_words[] = {WORD(m, p),
                                      WORD(m, curg),
                                      WORD(m, nextp),
                                      WORD(m, spinning),
                                      WORD(m, schedlink),
                                      WORD(m, park),
                                      WORD(m, rand),
                                      WORD(m, held),
                                      WORD(m, park_commit),
                                      WORD(m, oldp),
                                      WORD(m, lockedg),
                                      WORD(m, locks_thread),
                                      {0}};
static const struct word p_words[] = {WORD(p, status),
                                      WORD(p, m),
                                      WORD(p, link),
                                      WORD(p, runqhead),
                                      WORD(p, runqtail),
                                      WORD(p, runnext),
                                      WORD(p, runq),
                                      WORD(p, schedtick),
                                      WORD(p, stats),
                                      WORD(p, stats_seen),
                                      WORD(p, gfree),
                                      WORD(p, events),
                                      WORD(p, timers_lock),
                                      WORD(p, timers),
                                      WORD(p, ntimers),
                                      WORD(p, timers_when),
                                      WORD(p, running),
                                      WORD(p, syscalltick),
                                      WORD(p, run_safe_point_fn),
                                      WORD(p, sysmontick),
                                      {0}};
static const struct word sched_words[] = {
    WORD(schedt, lock),       WORD(schedt, midle),          WORD(schedt, pidle),
    WORD(schedt, runq),       WORD(schedt, runqsize),       WORD(schedt, npidle),
    WORD(schedt, nmidle),     WORD(schedt, nmspinning),     WORD(schedt, needspinning),
    WORD(schedt, lastpoll),   WORD(schedt, poll_until),     WORD(schedt, gfree_lock),
    WORD(schedt, gfree),      WORD(schedt, ngfree),         WORD(schedt, goidgen),
    WORD(schedt, allgs_lock), WORD(schedt, allm),           WORD(schedt, nmidlelocked),
    WORD(schedt, nm),         WORD(schedt, nmfreed),        WORD(schedt, mfree),
    WORD(schedt, worldsema),  WORD(schedt, safepoint),      WORD(schedt, stopwait),
    WORD(schedt, stopnote),   WORD(schedt, safepoint_wait), WORD(schedt, safepoint_note),
    WORD(schedt, sysmonwait), WORD(schedt, sysmonnote),     {0}};

static const struct word heap_words[] = {
    WORD(mheap, lock),     WORD(mheap, sweepgen),    WORD(mheap, live),
    WORD(mheap, allspans), WORD(mheap, nallspans),   WORD(mheap, grown),
    WORD(mheap, pages),    WORD(mheap, records),     WORD(mheap, pages_in_use),
    WORD(mheap, unswept),  WORD(mheap, sweep_class), {0}};
static const struct word span_words[] = {WORD(mspan, next),        WORD(mspan, prev),
                                         WORD(mspan, freeindex),   WORD(mspan, alloc_count),
                                         WORD(mspan, alloc_cache), WORD(mspan, state),
                                         WORD(mspan, sweepgen),    WORD(mspan, scanindex),
                                         WORD(mspan, needzero),    WORD(mspan, special_lock),
                                         WORD(mspan, specials),    WORD(mspan, alloc_bits),
                                         WORD(mspan, mark_bits),   {0}};
static const struct word gc_words[] = {
    WORD(gc_state, phase), WORD(gc_state, blacken), WORD(gc_state, cycles), {0}};

static bool name_word(const struct word *w, uint64_t offset, const char *who, uint64_t number,
                      char *buf, size_t bytes)
{
    for (; w->bytes; w++) {
        if (offset - w->offset < w->bytes)
            break;
    }
    const char *field = w->bytes ? w->name : "?";
    char number_text[24] = "";
    if (number != UINT64_MAX)
        snprintf(number_text, sizeof number_text, "%lu", (unsigned long)number);
    snprintf(buf, bytes, "%s%s.%s", who, number_text, field);
    return true;
}

const char *model_span_name(const struct mspan *s, char *buf, size_t bytes)
{
    if (s->elem_bytes == 0)
        snprintf(buf, bytes, "large span%s", s->class & 1 ? "" : " scan");
    else
        snprintf(buf, bytes, "span %uB%s", s->elem_bytes, s->class & 1 ? "" : " scan");
    return buf;
}

// Number of the span among all records, so that two of a class are told apart.
static bool name_span_word(uint64_t addr, char *buf, size_t bytes)
{
    char who[48], name[40];
    for (size_t i = 0; i < heap.nallspans; i++) {
        const struct mspan *s = heap.allspans[i];
        uint64_t d = addr - (uint64_t)s;
        if (d >= sizeof *s + 2 * s->words * sizeof(uint64_t))
            continue;
        snprintf(who, sizeof who, "%s #", model_span_name(s, name, sizeof name));
        if (d < sizeof *s)
            return name_word(span_words, d, who, i, buf, bytes);
        bool mark = addr - (uint64_t)s->mark_bits < s->words * sizeof(uint64_t);
        snprintf(buf, bytes, "%s%zu.%s", who, i, mark ? "marks" : "allocs");
        return true;
    }
    return false;
}

// A word of the heap's pages. Of an object: its size, page and number in the span, the word. The
// page where there is no object: it is free, or what is left at the end of a span.
static bool name_page_word(uint64_t addr, char *buf, size_t bytes)
{
    const struct mspan *s = model_span_of(addr);
    if (!s || addr >= s->limit) {
        uint64_t d = addr - heap.base;
        snprintf(buf, bytes, "heap page #%lu.word[%lu]", (unsigned long)(d / HEAP_PAGE_BYTES),
                 (unsigned long)(d % HEAP_PAGE_BYTES / 8));
        return true;
    }
    uint32_t index = model_span_index(s->base, s->elem_bytes, addr);
    uint64_t object = s->base + (uint64_t)index * s->elem_bytes;
    uint64_t size = s->elem_bytes != 0 ? s->elem_bytes : s->limit - s->base;
    uint64_t page = (s->base - heap.base) / HEAP_PAGE_BYTES;
    bool pointer = !(s->class & 1) && model_is_pointer(addr & ~7ull);
    snprintf(buf, bytes, "object %luB #%lu:%u.%s[%lu]", (unsigned long)size, (unsigned long)page,
             index, pointer ? "pointer" : "word", (unsigned long)((addr - object) / 8));
    return true;
}

static bool name_heap_word(uint64_t addr, char *buf, size_t bytes)
{
    uint64_t d = addr - (uint64_t)&heap;
    if (d < sizeof heap)
        return name_word(heap_words, d, "heap", UINT64_MAX, buf, bytes);
    if ((d = addr - (uint64_t)&gc) < sizeof gc)
        return name_word(gc_words, d, "gc", UINT64_MAX, buf, bytes);
    if (addr - (uint64_t)&rt_write_barrier < sizeof rt_write_barrier) {
        snprintf(buf, bytes, "gc.barrier");
        return true;
    }
    if (addr - heap.base < heap.end - heap.base)
        return name_page_word(addr, buf, bytes);
    return name_span_word(addr, buf, bytes);
}

bool model_name(uint64_t addr, char *buf, size_t bytes)
{
    uint64_t d = addr - (uint64_t)&sched;
    if (d < sizeof sched)
        return name_word(sched_words, d, "sched", UINT64_MAX, buf, bytes);
    if (addr - (uint64_t)&allp_lock < sizeof allp_lock) {
        snprintf(buf, bytes, "allp.lock");
        return true;
    }
    for (int32_t i = 0; i < nprocs; i++) {
        if ((d = addr - (uint64_t)allp[i]) < sizeof(struct p))
            return name_word(p_words, d, "p", (uint64_t)i, buf, bytes);
    }
    for (const struct m *mp = sched.allm; mp; mp = mp->alllink) {
        if ((d = addr - (uint64_t)mp) < sizeof *mp)
            return name_word(m_words, d, "m", (uint64_t)mp->id, buf, bytes);
        if ((d = addr - (uint64_t)mp->g0) < sizeof(struct g))
            return name_word(g_words, d, "g0 of m", (uint64_t)mp->id, buf, bytes);
    }
    struct g **all = load_relaxed(&allgs.v);
    for (uint32_t i = 0; all && i < load_relaxed(&allgs.n); i++) {
        if ((d = addr - (uint64_t)all[i]) < sizeof(struct g))
            return name_word(g_words, d, "g", all[i]->goid, buf, bytes);
    }
    return name_heap_word(addr, buf, bytes);
}

const char *model_value(uint64_t addr, uint64_t value)
{
    static const char *const p_states[] = {"idle", "running", "syscall", "gcstop", "dead"};
    static const char *const permits[] = {"none", "ready", "parked"};
    static const char *const phases[] = {"off", "mark", "mark termination"};
    static const char *const span_states[] = {"dead", "in use"};
    static const char *const keys[] = {"free", "locked", "locked, with sleepers"};
    char name[64];
    if (!model_name(addr, name, sizeof name))
        return NULL;
    const char *field = strrchr(name, '.');
    size_t n = strlen(field);
    if (strcmp(field, ".permit") == 0)
        return value < 3 ? permits[value] : NULL;
    if (strcmp(name, "gc.phase") == 0)
        return value < 3 ? phases[value] : NULL;
    if (strcmp(field, ".state") == 0)
        return value < 2 ? span_states[value] : NULL;
    if (strcmp(field, ".status") == 0 && name[0] == 'p')
        return value < 5 ? p_states[value] : NULL;
    if (strcmp(field, ".status") == 0)
        return model_status_name((uint32_t)value);
    if (n >= 4 && strcmp(field + n - 4, "lock") == 0)
        return value < 3 ? keys[value] : NULL;
    return NULL;
}
