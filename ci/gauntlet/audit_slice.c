// SPDX-License-Identifier: Apache-2.0
//
// Slices of an audit in this process: the plan, digests, and the event log as text. A line of the
// log is what the event is (number, thread, who, site, operation, values), a tab, and its stack,
// innermost first; the last lines say how the execution ended.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ci/gauntlet/audit.h"

enum { FAULTS_EVERY = 4, FROZEN_EVERY = 4, TIMED_EVERY = 4, BYTES = 2048 };

const struct audit_way_info audit_ways[AUDIT_WAYS] = {
    [AUDIT_AGAIN] = {"again", "once more in the same process", false},
    [AUDIT_TRACE] = {"trace", "with the event log", false},
    [AUDIT_REPLAY] = {"replay", "from its choices in the same process", false},
    [AUDIT_CASE] = {"case", "from the text of its choices in a fresh process", true},
    [AUDIT_RANDOM] = {"process", "in a fresh process, addresses randomised", true},
    [AUDIT_FIXED] = {"fixed", "in a fresh process, addresses not randomised", true},
    [AUDIT_PADDED] = {"padded", "in a fresh process with larger environment and arguments", true},
    [AUDIT_O0] = {"O0", "in a fresh process, the engine compiled with -O0", true},
};

// Plan -------------------------------------------------------------------------------------

// Starting a process takes as long as some hundred executions: where there are other ways, one
// slice of 12 gets one.
static enum audit_way way_of(const struct audit_plan *p, uint64_t drawn)
{
    enum { CHILD_EVERY = 12 };
    enum audit_way of[2][AUDIT_WAYS];
    uint32_t n[2] = {0, 0};

    for (enum audit_way way = 0; way < AUDIT_WAYS; way++) {
        bool child = audit_ways[way].child;
        if (!p->left_out[way])
            of[child][n[child]++] = way;
    }
    bool child = n[true] > 0 && (n[false] == 0 || drawn % CHILD_EVERY == 0);
    return of[child][(drawn >> 8) % n[child]];
}

// Powers of two, so that the plan of a runtime in which a few points come or go stays the same.
bool audit_plan_share(struct audit_plan *p)
{
    enum { LONGEST = 20 };
    p->share = calloc(p->nworkloads, sizeof *p->share);
    if (p->share == NULL)
        return false;
    for (uint32_t i = 0; i < p->nworkloads; i++) {
        struct trial t = {0};
        trial_begin(&t, p->workloads[i]);
        uint64_t points =
            trial_run(&t, sim_strategy_by_name("calm"), trial_seed(p->seed, i), false)->points;
        uint32_t bits = 0;
        while (bits < LONGEST && points >> bits > 1)
            bits++;
        p->share[i] = 1u << (LONGEST - bits);
    }
    return true;
}

void audit_plan_free(struct audit_plan *p)
{
    free(p->share);
}

// Each has one of the first slices; then they are drawn by their shares.
static uint32_t workload_of(const struct audit_plan *p, uint64_t slice, uint64_t drawn)
{
    uint64_t all = 0;
    uint32_t i = 0;

    if (slice < p->nworkloads)
        return (uint32_t)slice;
    for (; i < p->nworkloads; i++)
        all += p->share[i];
    drawn %= all;
    for (i = 0; drawn >= p->share[i]; i++)
        drawn -= p->share[i];
    return i;
}

// A function of the seed and the shares.
struct audit_turn audit_turn(const struct audit_plan *p, uint64_t slice)
{
    static const char *const strategies[] = {"random", "pct2",   "pos",  "bytes", "pct3",
                                             "burst",  "delay2", "surw", "calm"};
    enum { STRATEGIES = sizeof strategies / sizeof strategies[0] };
    uint64_t drawn = trial_seed(~p->seed, slice), drawn_too = trial_seed(drawn, slice);
    uint32_t workload = workload_of(p, slice, drawn_too >> 16);

    return (struct audit_turn){.seed = p->seed,
                               .slice = slice,
                               .memory = (drawn_too >> 32) % TIMED_EVERY == 1
                                             ? SIM_TIMED
                                             : (enum sim_memory)(drawn_too % SIM_TIMED),
                               .frozen = (drawn >> 32) % FROZEN_EVERY == 0,
                               .w = p->workloads[workload],
                               .path = p->paths[workload],
                               .strategy = strategies[(drawn_too >> 8) % STRATEGIES],
                               .way = way_of(p, drawn)};
}

enum sim_faults_allowed audit_faults(uint32_t execution)
{
    return execution % FAULTS_EVERY == FAULTS_EVERY - 1 ? SIM_FAULTS_MILD : SIM_FAULTS_OFF;
}

// Bytes that would be a fuzzer's input.
static struct sim_strategy *fuzzed(uint64_t seed)
{
    static uint8_t bytes[BYTES];

    for (size_t i = 0; i < BYTES; i += sizeof seed) {
        uint64_t x = trial_seed(seed, i);
        memcpy(bytes + i, &x, sizeof x);
    }
    return sim_strategy_bytes(bytes, BYTES);
}

// Digests ----------------------------------------------------------------------------------

static uint64_t add_text(uint64_t h, const char *text)
{
    do
        h = (h ^ (unsigned char)*text) * 0x100000001b3u; // FNV-1a, the end included
    while (*text++);
    return h;
}

static uint64_t add_number(uint64_t h, uint64_t x)
{
    return (h ^ x) * 0x9e3779b97f4a7c15u;
}

// Numbers of names differ between processes, the names do not.
static uint64_t add_choice(uint64_t h, const struct sim_choice *c)
{
    h = add_text(h, sim_name(c->actor));
    h = add_text(h, sim_name(c->after));
    h = add_number(h, (uint64_t)c->op << 32 | c->turn);
    h = add_number(h, (uint64_t)c->site << 32 | c->visit);
    h = add_number(h, c->kind);
    return sim_value_is_name(c->kind) ? add_text(h, sim_name(c->value)) : add_number(h, c->value);
}

static struct audit_digest digest_of(const struct sim_result *r)
{
    uint64_t h = add_number(0xcbf29ce484222325u, r->outcome);

    if (r->outcome == SIM_FOUND) {
        h = add_text(h, r->finding.signature);
        h = add_text(h, r->finding.message);
    }
    h = add_text(h, sim_output());
    for (size_t i = 0; i < r->schedule.n; i++)
        h = add_choice(h, &r->schedule.v[i]);
    return (struct audit_digest){.there = true,
                                 .events = r->state_hash,
                                 .globals = sim_globals_hash(),
                                 .end = h,
                                 .points = r->points};
}

// Globals hold addresses of what is not the program's, such as the workload: the same within a
// process alone.
const char *audit_compare(const struct audit_digest *a, const struct audit_digest *b,
                          enum audit_way way)
{
    if (a->points != b->points)
        return "the number of points";
    if (a->events != b->events)
        return "the operations";
    if (a->end != b->end)
        return "the end, the output or the choices";
    return audit_ways[way].child || a->globals == b->globals ? NULL : "the globals at the end";
}

// Log --------------------------------------------------------------------------------------

// "main:1 on m0", "m0.1 after main:1", or a thread that ran no goroutine.
static void print_who(const struct sim_event *e, FILE *out)
{
    bool goroutine = e->after || e->actor != e->thread;

    if (e->after || !goroutine)
        fputs(sim_name(e->thread), out);
    if (!goroutine)
        return;
    fprintf(out, "%s%s:%u", e->after ? " after " : "", sim_name(e->after ? e->after : e->actor),
            SIM_OP_INDEX(e->op));
    if (SIM_OP_ITERATION(e->op) > 0)
        fprintf(out, ".%u", SIM_OP_ITERATION(e->op) + 1);
    if (!e->after)
        fprintf(out, " on %s", sim_name(e->thread));
}

static void print_value(uint64_t addr, uint64_t value, FILE *out)
{
    const char *word = sim_word_value(addr, value);

    if (word != NULL)
        fputs(word, out);
    else
        fprintf(out, value < 100000 ? "%" PRIu64 : "%#" PRIx64, value);
}

// Of plain accesses the engine keeps no values; of addresses those of the program alone are the
// same in all processes.
static void print_word(const struct sim_event *e, FILE *out)
{
    bool plain = strcmp(e->what, "read") == 0 || strcmp(e->what, "write") == 0;
    char name[96];

    if (!sim_is_program(e->addr))
        return;
    fprintf(out, " %s", sim_address_name(e->addr, name, sizeof name));
    if (plain)
        return;
    fputs(e->old_value != e->new_value ? " " : " = ", out);
    print_value(e->addr, e->old_value, out);
    if (e->old_value == e->new_value)
        return;
    fputs(" -> ", out);
    print_value(e->addr, e->new_value, out);
}

static void print_choice(const struct sim_choice *c, FILE *out)
{
    fputs("  choice ", out);
    if (sim_value_is_name(c->kind))
        fputs(sim_name(c->value), out);
    else
        fprintf(out, "%u", c->value);
}

static void print_event(const struct sim_result *r, const struct sim_event *e, FILE *out)
{
    const struct sim_site *site = sim_site(e->site);

    fprintf(out, "point %" PRIu64 "  ", e->point);
    print_who(e, out);
    if (e->choice >= 0)
        print_choice(&r->schedule.v[e->choice], out);
    fprintf(out, "  %.*s: %s  [%s", (int)strcspn(site->function, "<"), site->function, site->text,
            e->what);
    print_word(e, out);
    fputs("]\t", out);
    for (uint32_t i = 0; i < e->stack.n && i < AUDIT_FRAMES; i++) {
        const char *function = sim_pc_function(e->stack.pc[i]);
        if (strcmp(function, "?") == 0) // the engine's, below the program
            break;
        fprintf(out, "%s%s", i ? " < " : "", function);
    }
    fputc('\n', out);
}

static void print_log(const struct sim_result *r, FILE *out)
{
    static const char *const outcomes[] = {"ended", "found", "cut off"};
    const struct sim_event *e;
    size_t n;

    e = sim_trace(&n);
    for (size_t i = 0; i < n; i++)
        print_event(r, &e[i], out);
    fprintf(out, "%s after %" PRIu64 " points: %s\t\n", outcomes[r->outcome], r->points,
            r->outcome == SIM_FOUND ? r->finding.signature : "no finding");
}

// Running ----------------------------------------------------------------------------------

void audit_run_free(struct audit_run *r)
{
    for (uint32_t i = 0; i < AUDIT_SLICE; i++)
        sim_schedule_free(&r->schedule[i]);
    free(r->text);
}

static struct trial trial; // where a replay goes on

void audit_execute(const struct audit_turn *t, struct audit_run *r, uint32_t i, struct trial *in,
                   struct sim_strategy *strategy)
{
    bool log = r->log && i == r->last;

    in->memory = t->memory;
    in->frozen = t->frozen;
    in->faults = audit_faults(i);
    const struct sim_result *result =
        trial_run(in, strategy, trial_seed(t->seed, t->slice * AUDIT_SLICE + i), log || r->trace);
    r->digest[i] = digest_of(result);
    sim_schedule_copy(&r->schedule[i], &result->schedule);
    if (!log)
        return;
    FILE *out = open_memstream(&r->text, &r->bytes);
    if (out == NULL)
        return;
    print_log(result, out);
    fclose(out);
}

void audit_run_planned(const struct audit_turn *t, struct audit_run *r)
{
    trial_begin(&trial, t->w);
    for (uint32_t i = 0; i <= r->last; i++) {
        uint64_t seed = trial_seed(t->seed, t->slice * AUDIT_SLICE + i);
        audit_execute(t, r, i, &trial,
                      strcmp(t->strategy, "bytes") == 0 ? fuzzed(seed)
                                                        : sim_strategy_by_name(t->strategy));
    }
}

void audit_run_replayed(const struct audit_turn *t, const struct audit_run *from,
                        struct audit_run *r)
{
    for (uint32_t i = 0; i <= r->last; i++)
        audit_execute(t, r, i, &trial, sim_strategy_replay(&from->schedule[i]));
}
