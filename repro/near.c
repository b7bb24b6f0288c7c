// SPDX-License-Identifier: Apache-2.0
//
// See near.h.
//
// Anchoring goes through the choices in the order in which they are taken: whenever a replay has
// taken those before, and not this one, this one goes to its next place, or is left out when there
// is none. Each such replay is a whole execution, so it may meet the bug at once. If all are taken
// in vain, each is tried at each of its other places, the last choice first, and then at the points
// beside it in the execution: after a reordering the right one may be in another function.
//
// The search keeps what anchoring has left, and changes it: choices move by a few visits or to
// places beside theirs, some go, some come; or the first few are taken and a strategy goes on from
// there. What meets the bug is replayed before it is believed, and made shorter.
#include "repro/near.h"

#include <stdlib.h>
#include <string.h>

#include "repro/anchor.h"
#include "repro/minimize.h"
#include "repro/nudge.h"

enum { ANCHORS = 400, POINTS = 30 * 1000 * 1000, MOVES = 3, SHIFTS = 6 };

void near_begin(struct near *n, const struct repro_case *c, struct trial *t,
                const volatile sig_atomic_t *stop)
{
    *n = (struct near){.c = c, .t = t, .points = t->points + POINTS, .stop = stop};
    n->unmet = c->choices;
}

void near_free(struct near *n)
{
    sim_schedule_free(&n->schedule);
}

static bool spent(const struct near *n)
{
    return n->t->points >= n->points || (n->stop != NULL && *n->stop);
}

// Replays; true when the bug of the case was met.
static bool meets(struct near *n, const struct sim_schedule *s, size_t *untaken)
{
    struct sim_strategy *strategy = sim_strategy_replay(s);
    const struct sim_result *r = trial_run(n->t, strategy, 0, false);

    n->executions++;
    sim_replay_taken(strategy, untaken);
    if (signature_compare(n->c, r) == SIGNATURE_OTHER)
        return false;
    n->finding = r->finding;
    return true;
}

// Anchoring --------------------------------------------------------------------------------

struct anchors {
    struct anchor *a;
    uint32_t *at;   // [choices]: which place; a->places: left out
    size_t *choice; // [choices]: of the case, by index in the schedule
    size_t n;
};

static void pick(struct anchors *as, struct sim_schedule *s)
{
    s->n = 0;
    for (size_t i = 0; i < as->n; i++) {
        if (as->at[i] == as->a[i].places)
            continue;
        as->choice[s->n] = i;
        sim_schedule_push(s, &as->a[i].place[as->at[i]]);
    }
}

// The first way in which every choice is taken or left out; true when the bug is met on the way.
static bool take_all(struct near *n, struct anchors *as, struct sim_schedule *s)
{
    for (uint32_t i = 0; i < ANCHORS && !spent(n); i++) {
        size_t untaken;

        pick(as, s);
        if (meets(n, s, &untaken))
            return true;
        if (untaken == s->n)
            return false;
        as->at[as->choice[untaken]]++;
    }
    return false;
}

static void note_unmet(struct near *n, const struct anchors *as)
{
    n->unmet = as->n;
    for (size_t i = as->n; i-- > 0;) {
        if (as->at[i] != as->a[i].places)
            continue;
        n->unmet = i;
        n->unmet_lost = as->a[i].lost;
    }
}

static bool move_one(struct near *n, struct anchors *as, struct sim_schedule *s)
{
    for (size_t i = as->n; i-- > 0;) {
        uint32_t kept = as->at[i];

        for (uint32_t k = 0; k <= as->a[i].places; k++) {
            size_t untaken;

            if (spent(n) || n->executions >= 2 * ANCHORS)
                return false;
            as->at[i] = k;
            pick(as, s);
            if (k != kept && meets(n, s, &untaken))
                return true;
        }
        as->at[i] = kept;
    }
    return false;
}

// Points ----------------------------------------------------------------------------------

// Number of the point at which each choice of *s is taken; 0: none. Choices that are not taken
// leave *s. The caller frees it.
static uint64_t *points_of(struct near *n, struct sim_schedule *s)
{
    const struct sim_result *r = trial_run(n->t, sim_strategy_replay(s), 0, true);
    uint64_t *point = calloc(r->schedule.n + 1, sizeof *point);
    size_t events;
    const struct sim_event *e = sim_trace(&events);

    n->executions++;
    sim_schedule_copy(s, &r->schedule);
    for (size_t i = 0; point != NULL && i < events; i++)
        if (e[i].choice >= 0 && (size_t)e[i].choice < s->n)
            point[e[i].choice] = e[i].point;
    return point;
}

// One execution with a choice moved by some points; it is found in the result.
static const struct sim_result *shift(struct near *n, const struct sim_schedule *s, size_t choice,
                                      uint64_t point)
{
    uint32_t thread = s->v[choice].kind == SIM_RUN ? s->v[choice].value : 0; // 0: it goes
    struct sim_schedule rest = {0};

    nudge_without(s, choice, &rest);
    n->executions++;
    const struct sim_result *r = trial_run(n->t, nudge_strategy(&rest, point, thread), 0, false);
    sim_schedule_free(&rest);
    return r;
}

static bool shift_one(struct near *n, struct sim_schedule *s)
{
    uint64_t *point = points_of(n, s);
    bool met = false;

    for (size_t i = s->n; i-- > 0 && !met && point != NULL;) {
        for (uint64_t k = 0; k < (uint64_t)2 * SHIFTS && !met && !spent(n); k++) {
            uint64_t by = k / 2 + 1;

            if (s->v[i].kind != SIM_RUN || point[i] <= by)
                break;
            const struct sim_result *r = shift(n, s, i, k % 2 ? point[i] - by : point[i] + by);
            if (signature_compare(n->c, r) == SIGNATURE_OTHER)
                continue;
            n->finding = r->finding;
            met = true;
            sim_schedule_copy(&n->schedule, &r->schedule);
        }
    }
    free(point);
    return met;
}

// A choice that was not taken has done nothing.
static void drop_untaken(struct near *n, struct sim_schedule *s)
{
    size_t untaken;

    while (meets(n, s, &untaken) && untaken < s->n) {
        memmove(&s->v[untaken], &s->v[untaken + 1], (s->n - untaken - 1) * sizeof s->v[0]);
        s->n--;
    }
}

bool near_anchor(struct near *n)
{
    size_t choices = n->c->choices;
    struct anchors as = {calloc(choices + 1, sizeof *as.a), calloc(choices + 1, sizeof *as.at),
                         calloc(choices + 1, sizeof *as.choice), choices};
    struct sim_schedule s = {0};
    bool met = false;

    if (as.a != NULL && as.at != NULL && as.choice != NULL) {
        for (size_t i = 0; i < choices; i++)
            anchor_choice(&n->c->choice[i], &as.a[i]);
        met = take_all(n, &as, &s);
        note_unmet(n, &as);
        sim_schedule_copy(&n->schedule, &s);
        if (!met && move_one(n, &as, &s)) {
            met = true;
            sim_schedule_copy(&n->schedule, &s);
        }
        sim_schedule_copy(&s, &n->schedule);
        met = met || shift_one(n, &s);
        if (met)
            drop_untaken(n, &n->schedule);
    }
    sim_schedule_free(&s);
    free(as.a);
    free(as.at);
    free(as.choice);
    return met;
}

// A strategy that takes the first choices of a schedule, then asks another one ----------------

struct prefix {
    struct sim_strategy base;
    struct sim_strategy *head, *tail;
    size_t left;   // choices until the tail begins
    uint64_t from; // number of the point where it began
};

static void follow_tail(struct prefix *p, uint64_t number)
{
    p->from = number;
    p->base.on_ready = p->tail->on_ready;
    p->base.next_point =
        p->tail->next_point > UINT64_MAX - number ? UINT64_MAX : p->tail->next_point + number;
}

static void prefix_begin(struct sim_strategy *s, uint64_t seed)
{
    struct prefix *p = (void *)s;

    p->base.on_ready = false;
    p->tail->next_point = 0;
    if (p->tail->begin != NULL)
        p->tail->begin(p->tail, seed);
    p->head->begin(p->head, seed);
    p->base.next_point = UINT64_MAX;
    if (p->left == 0)
        follow_tail(p, 0);
}

static uint32_t prefix_choose(struct sim_strategy *s, const struct sim_point *at)
{
    struct prefix *p = (void *)s;

    if (p->left > 0) {
        uint32_t answer = p->head->choose(p->head, at);

        if (answer != 0 && --p->left == 0)
            follow_tail(p, at->number);
        return answer;
    }
    if (at->at.kind == SIM_RUN && at->number < p->base.next_point && !p->base.on_ready)
        return 0; // the head's places are asked for still
    struct sim_point later = *at;
    later.number -= p->from;
    uint32_t answer = p->tail->choose(p->tail, &later);
    follow_tail(p, p->from);
    return answer;
}

static struct sim_strategy *then(const struct sim_schedule *head, struct sim_strategy *tail)
{
    static struct prefix p;

    p = (struct prefix){
        .base = {.name = "near", .begin = prefix_begin, .choose = prefix_choose},
        .head = sim_strategy_replay(head),
        .tail = tail,
        .left = head->n,
    };
    p.base.all_faults = p.head->all_faults;
    return &p.base;
}

// Search -----------------------------------------------------------------------------------

static uint32_t below(uint64_t *rng, uint32_t n)
{
    *rng = trial_seed(*rng, 0);
    return (uint32_t)((*rng >> 32) * n >> 32);
}

static void move(struct sim_choice *c, uint64_t *rng)
{
    int by = 1 + (int)below(rng, MOVES);

    by = below(rng, 2) ? by : -by;
    if (c->site > SIM_SITE_HOST && below(rng, 2)) {
        uint32_t beside = anchor_beside(c->site, by);
        if (beside != SIM_SITE_NONE)
            c->site = beside;
    } else if (by > 0 || c->visit > (uint32_t)-by) {
        c->visit += (uint32_t)by;
    }
}

// One choice moves, goes, or comes beside another.
static void change(struct sim_schedule *s, uint64_t *rng)
{
    if (s->n == 0)
        return;
    uint32_t i = below(rng, (uint32_t)s->n), what = below(rng, 6);
    if (what == 0) {
        memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof s->v[0]);
        s->n--;
    } else if (what == 1) {
        struct sim_choice more = s->v[i];
        move(&more, rng);
        sim_schedule_push(s, &more);
    } else {
        move(&s->v[i], rng);
    }
}

// A choice moves along the execution, and later ones change.
static const struct sim_result *try_shifted(struct near *n, const struct sim_schedule *from,
                                            const uint64_t *point, struct sim_schedule *s,
                                            uint64_t *rng)
{
    uint32_t i = below(rng, (uint32_t)from->n);
    uint64_t by = 1 + below(rng, SHIFTS);
    struct sim_schedule later = {0};

    for (size_t k = i + 1; k < from->n; k++)
        sim_schedule_push(&later, &from->v[k]);
    if (below(rng, 2))
        change(&later, rng);
    s->n = 0;
    for (size_t k = 0; k <= i; k++)
        sim_schedule_push(s, &from->v[k]);
    for (size_t k = 0; k < later.n; k++)
        sim_schedule_push(s, &later.v[k]);
    sim_schedule_free(&later);
    return shift(n, s, i, below(rng, 2) && point[i] > by ? point[i] - by : point[i] + by);
}

static const struct sim_result *try_near(struct near *n, const struct sim_schedule *from,
                                         const uint64_t *point, struct sim_schedule *s,
                                         uint64_t seed, uint32_t i)
{
    uint64_t rng = trial_seed(seed, i);

    if (i % 4 == 3 && from->n > 0)
        return try_shifted(n, from, point, s, &rng);
    sim_schedule_copy(s, from);
    do
        change(s, &rng);
    while (below(&rng, 3) == 0);
    n->executions++;
    if (i % 2 == 0)
        return trial_run(n->t, sim_strategy_replay(s), 0, false);
    if (below(&rng, 2))
        sim_schedule_copy(s, from);
    s->n = below(&rng, (uint32_t)s->n + 1);
    struct sim_strategy *tail =
        below(&rng, 2) ? sim_strategy_random() : sim_strategy_pct(2 + below(&rng, 2));
    return trial_run(n->t, then(s, tail), rng, false);
}

static bool believe(struct near *n, struct sim_schedule *found)
{
    struct minimize_limits limits = minimize_limits_default(1);
    struct repro r = {.w = n->c->program, .memory = n->c->memory};
    size_t untaken;

    if (!meets(n, found, &untaken))
        return false;
    memcpy(r.signature, n->finding.signature, sizeof r.signature);
    limits.stop = n->stop;
    limits.executions = 4000;
    sim_schedule_copy(&r.schedule, found);
    minimize_choices(&r, &limits);
    sim_schedule_copy(&n->schedule, &r.schedule);
    sim_schedule_free(&r.schedule);
    return true;
}

bool near_search(struct near *n, uint32_t executions, uint64_t seed)
{
    struct sim_schedule from = {0}, s = {0}, found = {0};
    bool met = false;

    sim_schedule_copy(&from, &n->schedule);
    uint64_t *point = points_of(n, &from);
    for (uint32_t i = 0; point != NULL && i < executions && !met && !spent(n); i++) {
        const struct sim_result *r = try_near(n, &from, point, &s, seed, i);

        if (signature_compare(n->c, r) == SIGNATURE_OTHER)
            continue;
        sim_schedule_copy(&found, &r->schedule);
        met = believe(n, &found);
    }
    free(point);
    sim_schedule_free(&from);
    sim_schedule_free(&s);
    sim_schedule_free(&found);
    return met;
}
