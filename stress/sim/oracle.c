// SPDX-License-Identifier: Apache-2.0
//
// What all oracles share: which are on, how a finding is written down, the watch on words, the
// program's standard error. What an oracle knows of the runtime's structures is in model.c.

#include "stress/sim/race.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// In the order in which they are documented (docs/simulation.md).
static const char *const oracle_names[] = {
    "race",       "gstate",    "lost-wake", "conserve", "deadlock",  "livelock", "crash",
    "timer",      "invariant", "poison",    "heap",     "gc-lost",   "barrier",  "gc-live",
    "accounting", "chan",      "netpoll",   "preempt",  "imbalance", NULL};
static bool disabled[sizeof oracle_names / sizeof oracle_names[0]];

const struct sim_model *sim_model;
enum { PENDING_MAX = 16 };
uint32_t oracle_plain_pending;
static struct {
    uint64_t addr;
    uint32_t old_value;
} pending[PENDING_MAX];

enum { OUTPUT_FRAMES = 8 << 10 };
static char output[4096];
static size_t output_bytes;

const char *const *sim_oracle_names(void)
{
    return oracle_names;
}

bool sim_oracle_enable(const char *name, bool on)
{
    for (int i = 0; oracle_names[i]; i++) {
        if (strcmp(oracle_names[i], name) == 0) {
            disabled[i] = !on;
            if (i == 0)
                race_enabled = on;
            return true;
        }
    }
    return false;
}

bool oracle_on(const char *name)
{
    for (int i = 0; oracle_names[i]; i++) {
        if (strcmp(oracle_names[i], name) == 0)
            return !disabled[i];
    }
    return false;
}

void oracle_update_special(void)
{
    sim.special = !sim.running || sim.tracing || sim.timed || !race_enabled ||
                  oracle_plain_pending != 0 || sim.held != 0;
}

void oracle_restart(void)
{
    output_bytes = 0;
    oracle_plain_pending = 0;
    oracle_update_special();
}

void oracle_output(const char *text, size_t bytes)
{
    // the program formats on its stack without hooks
    sim_stack_used_below((char *)sim_hook_frame(), OUTPUT_FRAMES);
    if (bytes > sizeof output - 1 - output_bytes)
        bytes = sizeof output - 1 - output_bytes;
    memcpy(output + output_bytes, text, bytes);
    output_bytes += bytes;
}

const char *sim_output(void)
{
    output[output_bytes] = 0;
    return output;
}

void oracle_place(struct sim_place *p, uint32_t context, uint32_t site, uint32_t node, uint64_t pc,
                  const char *kind, uint64_t point)
{
    const struct context *c = &sim_contexts[context];
    p->actor = c->actor;
    p->after = c->after;
    p->op = c->op;
    p->thread = c->thread;
    p->site = site;
    p->kind = kind;
    p->point = point;
    calls_frames(node, pc, &p->stack);
}

void oracle_report(const char *oracle, const char *signature, const char *message)
{
    struct sim_finding *f = &sim.result.finding;
    if (!oracle_on(oracle)) {
        f->places = 0;
        return;
    }
    f->oracle = oracle;
    if (strcmp(oracle, "race") != 0)
        f->word[0] = 0;
    snprintf(f->signature, sizeof f->signature, "%s", signature);
    snprintf(f->message, sizeof f->message, "%s", message);
    sim_finish(SIM_FOUND);
}

void oracle_word(uint64_t addr, char *buf, size_t bytes)
{
    char name[128];
    size_t n = 0;
    sim_address_name(addr, name, sizeof name);
    for (const char *c = strncmp(name, "0x", 2) == 0 ? "" : name; *c && n + 1 < bytes; c++) {
        if (!isdigit((unsigned char)*c))
            buf[n++] = *c;
    }
    buf[n] = 0;
}

// The program ends as it may, after a fault that struck and with the words for that fault.
static bool ends_by_fault(const char *text)
{
    for (uint32_t f = 0; sim_model && f < SIM_FAULTS; f++) {
        const char *words = sim_model->last_words[f];
        if ((sim.struck >> f & 1) && words && strncmp(text, words, strlen(words)) == 0)
            return true;
    }
    return false;
}

void oracle_crash(const char *text, uint64_t pc)
{
    if (ends_by_fault(text))
        sim_finish(SIM_OK);
    char signature[320];
    sim_crash_signature(signature, sizeof signature, text);
    struct sim_finding *f = &sim.result.finding;
    oracle_place(&f->place[0], sim.at.context, sim_site_of(pc), sim.node, pc, "crash", sim.points);
    f->places = 1;
    if (sim_model && sim_model->crash)
        sim_model->crash(text);
    oracle_report("crash", signature, text);
    sim_finish(SIM_LIMIT); // the oracle is off; the program cannot go on
}

// Watched words ---------------------------------------------------------------------------

struct write {
    uint64_t addr, old_value, new_value;
};

static void wrote_entry(void *arg)
{
    const struct write *w = arg;
    sim_model->wrote(w->addr, w->old_value, w->new_value);
}

void oracle_wrote(uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    struct write w = {addr, old_value, new_value};
    sim_enter(wrote_entry, &w);
}

void oracle_wrote_by(const struct thread *t, uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    void *running = *sim_model->tls; // the model asks who writes
    if (t != sim_current)
        *sim_model->tls = t->tls;
    sim_model->wrote(addr, old_value, new_value);
    *sim_model->tls = running;
}

// Watched words have 32 bits. More than PENDING_MAX in one store is a wipe of whole structures:
// those that do not fit go unseen.
void oracle_announce_plain(uint64_t addr)
{
    if (oracle_plain_pending == PENDING_MAX)
        return;
    pending[oracle_plain_pending].addr = addr;
    memcpy(&pending[oracle_plain_pending].old_value, (const void *)addr, sizeof(uint32_t));
    oracle_plain_pending++;
    oracle_update_special();
}

void oracle_flush_plain(void)
{
    uint32_t n = oracle_plain_pending;
    oracle_plain_pending = 0;
    oracle_update_special();
    for (uint32_t i = 0; i < n; i++) {
        uint32_t now;
        memcpy(&now, (const void *)pending[i].addr, sizeof now);
        if (now != pending[i].old_value)
            oracle_wrote(pending[i].addr, pending[i].old_value, now);
    }
}

const char *sim_address_name(uint64_t addr, char *buf, size_t bytes)
{
    if (!sim_model || !sim_model->name(addr, buf, bytes))
        snprintf(buf, bytes, "0x%lx", (unsigned long)addr);
    return buf;
}

// Coverage --------------------------------------------------------------------------------

uint64_t *sim_cover;

const struct sim_coverage *sim_coverage(void)
{
    return sim_model && sim_model->coverage ? sim_model->coverage() : NULL;
}

void sim_coverage_into(uint64_t *counts)
{
    sim_cover = sim_coverage() ? counts : NULL;
}

const char *sim_word_value(uint64_t addr, uint64_t value)
{
    return sim_model && sim_model->value ? sim_model->value(addr, value) : NULL;
}
