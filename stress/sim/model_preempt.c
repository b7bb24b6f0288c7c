// SPDX-License-Identifier: Apache-2.0
//
// preempt: a goroutine that computes goes on although it should have given way long ago. Looked at
// is when it begins another part of one computation (host_spin, in the same operation): between the
// parts it has passed a preemption point, or been in a function where signals reach it, and all
// signals of before have come. So what keeps it is a request that nobody makes, that is lost on its
// way, or that is not answered.
//
// Bounds are those by which whoever depends on it asks again, several times over. Time that faults
// take has none of them, and a frozen sysmon ends no time slice.

#include "runtime/base/tls.h"
#include "runtime/sched/sched.h"
#include "stress/sim/model.h"
#include "stress/sim/race.h"

#include <stdio.h>
#include <string.h>

// How long sysmon may take to see a slice begin, to see that it is over, and to be heard.
static const int64_t slice_bound_ns = SYSMON_MAX_NS + 2 * SYSMON_SLICE_NS + 2 * SYSMON_ASK_AGAIN_NS;
static const int64_t asked_bound_ns = 4 * WORLD_ASK_AGAIN_NS;

// What was seen of each p: `running` says which turn of which goroutine it is. All begins anew with
// an operation: the one before may have been a call outside, or work that nothing interrupts.
static struct seen {
    uint64_t running;
    uint32_t serial;     // of the operation
    int64_t since;       // first look in this turn and operation
    int64_t asked_since; // first look at which it was asked; 0: not asked
} seen[PROCS_MAX];

void model_preempt_begin(void)
{
    memset(seen, 0, sizeof seen);
}

// By who asks again and again until it has given way. Sysmon writes over a suspender's request.
static bool asked(const struct seen *s, const struct p *pp, const struct g *gp)
{
    uint64_t guard = load_relaxed(&gp->stackguard);
    uint32_t safepoint = load_relaxed(&sched.safepoint);
    return (safepoint & SAFEPOINT_STOP) != 0 ||
           ((safepoint & SAFEPOINT_FN) != 0 && load_relaxed(&pp->run_safe_point_fn) != 0) ||
           guard == STACK_PREEMPT + PREEMPT_STOP || (s->asked_since != 0 && guard >= STACK_PREEMPT);
}

static void report(const char *what, int64_t ns)
{
    char signature[120], message[600];
    snprintf(signature, sizeof signature, "preempt: a computation goes on although %s", what);
    snprintf(message, sizeof message, "a goroutine goes on computing after %ld ns although %s;",
             (long)ns, what);
    model_list_goroutines(message, sizeof message);
    sim.result.finding.places = 0;
    oracle_report("preempt", signature, message);
}

static void check(const struct p *pp, const struct g *gp)
{
    struct seen *s = &seen[pp->id];
    uint64_t running = load_relaxed(&pp->running);
    if (s->running != running || s->serial != sim.fiber->serial)
        *s = (struct seen){.running = running, .serial = sim.fiber->serial, .since = sim.now};
    if (!asked(s, pp, gp))
        s->asked_since = 0;
    else if (s->asked_since == 0)
        s->asked_since = sim.now;
    else if (sim.now - s->asked_since > asked_bound_ns)
        report("all have to stop, or this one", sim.now - s->asked_since);
    // sysmon may be in its deep sleep while the world is to stop
    if (s->asked_since != 0)
        s->since = sim.now;
    if (!sim.freeze && sim.now - s->since > slice_bound_ns)
        report("its time slice is over", sim.now - s->since);
}

void model_computes(void)
{
    const struct g *gp = rt_tls_g;
    if (sim.faults == SIM_FAULTS_OFF && gp && gp->m && gp->m->p && gp->m->curg == gp)
        check(gp->m->p, gp);
}
