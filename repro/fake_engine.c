// SPDX-License-Identifier: Apache-2.0
//
// An engine without a program, for tests of what stands on sim.h: an execution is a fixed number of
// points, at which a strategy is asked, and a rule decides from the choices and the workload
// whether something was found. The rule: `needed` choices must have been taken, and the program
// must still have the operations they belong to.
#include "repro/fake_engine.h"

#include <stdlib.h>
#include <string.h>

#include "stress/workload/interp.h"
#include "stress/workload/probe.h"

enum { NAMES = 256, SITES = 6 };

struct fake fake;

static char *names[NAMES];
static const struct sim_site sites[SITES] = {
    {"", "", 0, "", 0},
    {"", "", 0, "", 0},
    {"runqput<ready", "store_release(&pp->runqtail, t + 1);", 0, "runtime/sched/runq.c", 55},
    {"findrunnable", "if (\"quoted\\\" == x)", 0, "runtime/sched/find.c", 7},
    {"findrunnable", "if (\"quoted\\\" == x)", 1, "runtime/sched/find.c", 7},
    {"wakep", "load_acquire(&sched.npidle)", 0, "runtime/sched/wake.c", 9},
};
static struct sim_result result;
static uint64_t *cover;
static uint8_t *pairs;
static uint32_t npairs;
static const struct sim_schedule *replaying;
static bool taken[CASE_CHOICES];

uint32_t sim_intern(const char *name)
{
    for (uint32_t i = 1; i < NAMES; i++) {
        if (names[i] == NULL)
            names[i] = strdup(name);
        if (strcmp(names[i], name) == 0)
            return i;
    }
    abort();
}

const char *sim_name(uint32_t id)
{
    return id ? names[id] : "";
}
uint32_t sim_site_count(void)
{
    return SITES;
}
const struct sim_site *sim_site(uint32_t id)
{
    return &sites[id == fake.lost_site ? 0 : id];
}

uint32_t sim_site_find(const char *function, const char *text, uint32_t rank)
{
    for (uint32_t i = 2; i < SITES; i++)
        if (strcmp(sites[i].function, function) == 0 && strcmp(sites[i].text, text) == 0 &&
            sites[i].rank == rank && i != fake.lost_site)
            return i;
    return 0;
}

// Strategies: only their identity matters here; what they choose is the engine's own random walk.
static struct sim_strategy random_walk = {.name = "random"}, replay = {.name = "replay"},
                           few = {.name = "pct"};

struct sim_strategy *sim_strategy_random(void)
{
    return &random_walk;
}

struct sim_strategy *sim_strategy_pct(uint32_t depth)
{
    (void)depth;
    return &few;
}

struct sim_strategy *sim_strategy_replay(const struct sim_schedule *schedule)
{
    replaying = schedule;
    return &replay;
}

struct sim_strategy *sim_strategy_by_name(const char *name)
{
    return strcmp(name, "random") == 0 ? &random_walk : strncmp(name, "pct", 3) == 0 ? &few : NULL;
}

size_t sim_replay_taken(const struct sim_strategy *s, size_t *first)
{
    size_t n = 0;

    (void)s;
    *first = replaying->n;
    for (size_t i = replaying->n; i-- > 0;) {
        n += taken[i];
        if (!taken[i])
            *first = i;
    }
    return n;
}

// A choice has a place when its goroutine exists and has that operation.
static bool has_place(const struct workload *w, const struct sim_choice *c)
{
    int32_t instance = workload_instance_find(w, sim_name(c->after ? c->after : c->actor));

    return instance >= 0 && wl_op_index(c->op) < w->body[w->instance[instance].body].count;
}

static void take(const struct workload *w, enum sim_memory memory)
{
    for (size_t i = 0; i < replaying->n; i++) {
        const struct sim_choice *c = &replaying->v[i];
        taken[i] = has_place(w, c) && (c->kind != SIM_HOLD || memory == SIM_TSO);
        if (taken[i])
            sim_schedule_push(&result.schedule, &replaying->v[i]);
    }
}

static void walk(const struct workload *w, uint64_t seed, enum sim_memory memory)
{
    for (uint32_t i = 0; i < fake.walk; i++) {
        const struct wl_instance *it = &w->instance[(seed >> (i % 32)) % w->instances];
        char name[WL_INSTANCE_NAME];
        struct sim_choice c = {.kind = i % 5 == 4   ? SIM_RANDOM
                                       : i % 3 == 2 ? SIM_NEXT
                                                    : SIM_RUN,
                               .site = 1 + i % 5,
                               .visit = i + 1,
                               .value = sim_intern("m0.1")};

        if (memory == SIM_TSO && i % 7 == 6) {
            c.kind = SIM_HOLD;
            c.value = 1;
        }
        if (w->body[it->body].count == 0)
            continue;
        c.actor = sim_intern(workload_instance_name(w, (uint32_t)(it - w->instance), name));
        c.op = (uint32_t)((seed >> 7) + i) % w->body[it->body].count;
        sim_schedule_push(&result.schedule, &c);
    }
}

// Found when, for each needed operation, a choice at an operation of that kind was taken.
static bool met(const struct workload *w)
{
    for (uint32_t k = 0; k < fake.nneeded; k++) {
        bool there = false;

        for (size_t i = 0; i < result.schedule.n && !there; i++) {
            const struct sim_choice *c = &result.schedule.v[i];
            int32_t instance = workload_instance_find(w, sim_name(c->actor));
            const struct wl_body *body = instance < 0 ? NULL : &w->body[w->instance[instance].body];

            there = body != NULL && wl_op_index(c->op) < body->count &&
                    w->op[body->first + wl_op_index(c->op)].kind == fake.needed[k];
        }
        if (!there)
            return false;
    }
    bool held = false;
    for (size_t i = 0; i < result.schedule.n; i++)
        held |= result.schedule.v[i].kind == SIM_HOLD;
    return w->procs >= fake.procs && (held || !fake.held);
}

const struct sim_result *sim_run(const struct sim_params *p)
{
    const struct workload *w = p->program->arg;

    fake.executions++;
    result.schedule.n = 0;
    result.points = 100;
    result.outcome = SIM_OK;
    if (cover != NULL && p->strategy != &replay)
        cover[w->procs % 2]++;
    if (pairs != NULL)
        pairs[w->procs == fake.new_pairs ? fake.executions % npairs : 0] = 1;
    for (uint32_t i = 0; pairs != NULL && w->procs == fake.many_pairs && i < 100; i++)
        pairs[i] = 1;
    if (p->strategy == &replay)
        take(w, p->memory);
    else
        walk(w, p->seed, p->memory);
    if (met(w) && (p->freeze_helpers || !fake.frozen) &&
        !(fake.flaky && fake.executions % 2 == 0)) {
        result.outcome = SIM_FOUND;
        result.finding = (struct sim_finding){.oracle = "race"};
        snprintf(result.finding.signature, sizeof result.finding.signature, "race: %s",
                 fake.symptom);
        snprintf(result.finding.message, sizeof result.finding.message, "a message");
    }
    return &result;
}

const char *const *sim_oracle_names(void)
{
    static const char *const oracles[] = {"race", "conserve", NULL};

    return oracles;
}

// Two cells; an execution that walks meets the one of its number of p's, even or odd.
static const char *impossible(uint32_t cell)
{
    (void)cell;
    return NULL;
}

const struct sim_coverage *sim_coverage(void)
{
    static const char *const values[] = {"even", "odd"};
    static const struct sim_coverage coverage = {
        .axes = 1, .cells = 2, .axis = {{"procs", 2, values}}, .impossible = impossible};

    return &coverage;
}

void sim_pairs_into(uint8_t *counters, uint32_t n)
{
    pairs = counters;
    npairs = n;
}

void sim_coverage_into(uint64_t *counts)
{
    cover = counts;
}

void sim_init(void) {}
void sim_use_runtime(void) {}

const struct sim_event *sim_trace(size_t *n)
{
    *n = 0;
    return NULL;
}

uint32_t sim_pc_site(uint64_t pc)
{
    return (uint32_t)pc % SITES;
}
const char *sim_pc_function(uint64_t pc)
{
    return pc ? "f" : "?";
}

const char *sim_address_name(uint64_t addr, char *buf, size_t bytes)
{
    snprintf(buf, bytes, "0x%llx", (unsigned long long)addr);
    return buf;
}

bool sim_is_program(uint64_t addr)
{
    (void)addr;
    return false;
}

const char *sim_word_value(uint64_t addr, uint64_t value)
{
    (void)addr, (void)value;
    return NULL;
}

uint32_t sim_thread_name(uint32_t thread)
{
    return thread == 0 ? sim_intern("m0") : thread == 1 ? sim_intern("m0.1") : 0;
}

uint32_t probe_actor(const char *name)
{
    return sim_intern(name);
}
void probe_op(uint32_t actor, uint32_t op)
{
    (void)actor, (void)op;
}
void workload_main(void *workload)
{
    (void)workload;
}

void probe_refs(void *const *refs, uint32_t n)
{
    (void)refs, (void)n;
}

void probe_globals(const void *words, uint32_t n)
{
    (void)words, (void)n;
}
