// SPDX-License-Identifier: Apache-2.0
//
// See hinge.h. Each choice is moved by one point, by two, and so on, and taken away, while the
// others stay as they are; an execution passes that takes all of them and does not meet the
// signature. The nearest is that with the smallest move, of those the one with the latest choice.
//
// The two executions are the same up to there. After it they are compared operation by operation,
// each named as in a choice: who, where, for the how-many-th time. What one sees otherwise than the
// other, and what only the passing one does, is what the choice is about.
#include "repro/hinge.h"

#include <stdlib.h>
#include <string.h>

#include "repro/explain_view.h"
#include "repro/nudge.h"

// WINDOW: events after the two executions part that are compared, in quadratic time.
enum { REACH = 40, CHOICES = 12, POINTS = 1000 * 1000, WINDOW = 3000 };

struct finder {
    struct trial *t;
    const struct sim_schedule *s;
    const char *signature;
    uint64_t points; // limit of t->points
};

struct log {
    struct sim_event *e; // owned
    size_t n;
};

// One execution with the choice moved to another point (thread 0: taken away). True when all other
// choices are taken and the signature is not met.
static bool passes(const struct finder *f, size_t choice, uint64_t point, uint32_t thread,
                   bool trace)
{
    struct sim_schedule rest = {0};

    nudge_without(f->s, choice, &rest);
    const struct sim_result *r = trial_run(f->t, nudge_strategy(&rest, point, thread), 0, trace);
    bool ok = r->outcome != SIM_LIMIT && !trial_found(r, f->signature) && nudge_taken();
    sim_schedule_free(&rest);
    return ok;
}

static struct log copy_log(void)
{
    struct log l = {NULL, 0};
    const struct sim_event *e = sim_trace(&l.n);

    l.e = malloc((l.n + 1) * sizeof *l.e);
    if (l.e == NULL)
        l.n = 0;
    else if (l.n > 0)
        memcpy(l.e, e, l.n * sizeof *l.e);
    return l;
}

static const struct sim_event *choice_event(const struct log *l, size_t choice)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->e[i].choice == (int32_t)choice)
            return &l->e[i];
    return NULL;
}

// The nearest of the executions in which this choice is moved, if it is nearer than *h.
static void try_choice(const struct finder *f, const struct log *failing, size_t choice,
                       struct hinge *h)
{
    const struct sim_event *at = choice_event(failing, choice);
    uint32_t limit = h->kind == HINGE_NONE ? REACH + 1 : h->points;

    if (at == NULL)
        return;
    const struct sim_choice *c = &f->s->v[choice];
    for (uint32_t by = 1; by < limit && c->kind == SIM_RUN && f->t->points < f->points; by++) {
        bool later = passes(f, choice, at->point + by, c->value, false);

        if (!later && (by >= at->point || !passes(f, choice, at->point - by, c->value, false)))
            continue;
        h->kind = later ? HINGE_LATER : HINGE_EARLIER;
        h->choice = choice;
        h->points = by;
        return;
    }
    if (h->kind == HINGE_NONE && passes(f, choice, 0, 0, false)) {
        h->kind = HINGE_CALM;
        h->choice = choice;
        h->points = REACH + 1;
    }
}

// Comparing --------------------------------------------------------------------------------

static bool same_operation(const struct sim_event *a, const struct sim_event *b)
{
    return a->thread == b->thread && a->actor == b->actor && a->after == b->after &&
           a->op == b->op && a->site == b->site && strcmp(a->what, b->what) == 0;
}

// What stands in `other` for the i-th event of `l`, both counted from `from`: the operation of the
// same name, for the same how-many-th time. NULL: it does not happen there.
static const struct sim_event *counterpart(const struct log *l, size_t i, const struct log *other,
                                           size_t from)
{
    size_t nth = 0;

    for (size_t k = from; k < i; k++)
        nth += same_operation(&l->e[k], &l->e[i]);
    for (size_t k = from; k < other->n; k++)
        if (same_operation(&other->e[k], &l->e[i]) && nth-- == 0)
            return &other->e[k];
    return NULL;
}

static void name_value(uint64_t addr, uint64_t value, char *buf, size_t bytes)
{
    const char *word = sim_word_value(addr, value);

    snprintf(buf, bytes, "%s", word ? word : "");
    if (word == NULL && value > UINT32_MAX && sim_is_program(value))
        view_object(value, buf, bytes);
}

static void name_event(const struct sim_event *e, struct hinge_names *names)
{
    *names = (struct hinge_names){0};
    if (e->addr == 0)
        return;
    sim_address_name(e->addr, names->word, sizeof names->word);
    name_value(e->addr, e->old_value, names->before, sizeof names->before);
    name_value(e->addr, e->new_value, names->after, sizeof names->after);
}

// After the passing execution.
static void add(struct hinge *h, const struct sim_event *failing, const struct sim_event *passing)
{
    struct hinge_difference *d = &h->difference[h->differences++];

    if (passing != NULL)
        name_event(passing, &d->names);

    d->failing = failing ? *failing : (struct sim_event){0};
    d->passing = passing ? *passing : (struct sim_event){0};
}

static bool of_interest(const struct sim_event *e)
{
    enum meaning word = event_word(e);

    return word == WORD_SCHED || word == WORD_QUEUE || word == WORD_STATUS;
}

static bool shown_before(const struct hinge *h, uint64_t addr)
{
    for (uint32_t i = 0; i < h->differences; i++)
        if (h->difference[i].failing.addr == addr || h->difference[i].passing.addr == addr)
            return true;
    return false;
}

// Words that are seen otherwise, then the first thing that only the passing execution does.
static void compare(const struct log *failing, const struct log *passing, struct hinge *h)
{
    size_t from = 0;

    while (from < failing->n && from < passing->n &&
           same_operation(&failing->e[from], &passing->e[from]))
        from++;
    const struct log f = {failing->e, failing->n < from + WINDOW ? failing->n : from + WINDOW};
    const struct log p = {passing->e, passing->n < from + WINDOW ? passing->n : from + WINDOW};
    for (size_t i = from; i < f.n && h->differences + 1 < HINGE_DIFFERENCES; i++) {
        const struct sim_event *e = &f.e[i], *other;

        if (!of_interest(e) || shown_before(h, e->addr))
            continue;
        other = counterpart(&f, i, &p, from);
        if (other != NULL && other->addr == e->addr &&
            (other->old_value != e->old_value || other->new_value != e->new_value))
            add(h, e, other);
    }
    for (size_t i = from; i < p.n; i++) {
        const struct sim_event *e = &p.e[i];
        bool wake = strcmp(e->what, "futex wake") == 0;

        if (!wake && !(of_interest(e) && event_is_write(e) && e->old_value != e->new_value))
            continue;
        if (shown_before(h, e->addr) || counterpart(&p, i, &f, from) != NULL)
            continue;
        add(h, NULL, e);
        return;
    }
}

static void note_passed(const struct log *l, uint64_t point, uint32_t thread, struct hinge *h)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct sim_event *e = &l->e[i];

        if (e->point != point || e->thread != thread || event_is_plain(e) || e->choice >= 0)
            continue;
        h->passed = *e;
        return;
    }
}

// Runs the passing execution once more and compares.
static void look_into(const struct finder *f, const struct log *failing, struct hinge *h)
{
    const struct sim_event *at = choice_event(failing, h->choice);
    uint64_t point = h->kind == HINGE_LATER     ? at->point + h->points
                     : h->kind == HINGE_EARLIER ? at->point - h->points
                                                : 0;

    passes(f, h->choice, point, point ? f->s->v[h->choice].value : 0, true);
    struct log passing = copy_log();
    if (h->kind == HINGE_LATER)
        note_passed(&passing, point - 1, at->thread, h);
    else if (h->kind == HINGE_EARLIER)
        note_passed(failing, point, at->thread, h);
    compare(failing, &passing, h);
    free(passing.e);
}

void hinge_find(struct trial *t, const struct sim_schedule *schedule, const char *signature,
                struct hinge *h)
{
    struct sim_schedule s = {0};
    uint64_t before = t->executions;
    struct finder f = {t, &s, signature, t->points + POINTS};

    *h = (struct hinge){.kind = HINGE_NONE};
    sim_schedule_copy(&s, schedule);
    trial_run(t, sim_strategy_replay(&s), 0, true);
    struct log failing = copy_log();
    for (size_t i = s.n, k = 0; i-- > 0 && k < CHOICES; k++)
        try_choice(&f, &failing, i, h);
    if (h->kind != HINGE_NONE)
        look_into(&f, &failing, h);
    free(failing.e);
    sim_schedule_free(&s);
    h->executions = t->executions - before;
}
