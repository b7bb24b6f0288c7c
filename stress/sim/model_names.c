// SPDX-License-Identifier: Apache-2.0
//
// Names of the runtime's words, for people: "sched.npidle", "p1.runqtail", "g3.status".

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

bool model_name(uint64_t addr, char *buf, size_t bytes)
{
    uint64_t d = addr - (uint64_t)&sched;
    if (d < sizeof sched)
        return name_word(sched_words, d, "sched", UINT64_MAX, buf, bytes);
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
    return false;
}

const char *model_value(uint64_t addr, uint64_t value)
{
    static const char *const p_states[] = {"idle", "running", "syscall", "gcstop", "dead"};
    static const char *const permits[] = {"none", "ready", "parked"};
    static const char *const keys[] = {"free", "locked", "locked, with sleepers"};
    char name[64];
    if (!model_name(addr, name, sizeof name))
        return NULL;
    const char *field = strrchr(name, '.');
    size_t n = strlen(field);
    if (strcmp(field, ".permit") == 0)
        return value < 3 ? permits[value] : NULL;
    if (strcmp(field, ".status") == 0 && name[0] == 'p')
        return value < 5 ? p_states[value] : NULL;
    if (strcmp(field, ".status") == 0)
        return model_status_name((uint32_t)value);
    if (n >= 4 && strcmp(field + n - 4, "lock") == 0)
        return value < 3 ? keys[value] : NULL;
    return NULL;
}
