// SPDX-License-Identifier: Apache-2.0
//
// See anchor.h. One measure for everything that an edit can do to a place: the likeness of the
// lines, and points for what the chain of functions still has in common. It ranks places; that the
// right one was found is for the replay to show, which believes nothing but the signature.
#include "repro/anchor.h"

#include <string.h>

#include "repro/likeness.h"

enum {
    LIKE_MAX = 6, // sites taken over for one choice
    LIKE_ENOUGH = 100,
    SAME_INNERMOST = 60,
    WITHIN = 40, // one of the two functions is in the chain of the other
    SAME_RANK = 3,
    BESIDE = 2,
};

struct like {
    uint32_t site, points;
};

static bool in_chain(const char *chain, const char *function)
{
    size_t n = strcspn(function, "<");

    for (;;) {
        size_t m = strcspn(chain, "<");
        if (n == m && strncmp(chain, function, n) == 0)
            return true;
        if (chain[m] == 0)
            return false;
        chain += m + 1;
    }
}

static uint32_t likeness(const struct case_choice *c, const struct sim_site *s)
{
    size_t n = strcspn(c->function, "<");
    uint32_t points = text_likeness(c->text, s->text);

    if (n == strcspn(s->function, "<") && strncmp(c->function, s->function, n) == 0)
        points += SAME_INNERMOST;
    else if (in_chain(c->function, s->function) || in_chain(s->function, c->function))
        points += WITHIN;
    return points + (c->rank == s->rank ? SAME_RANK : 0);
}

// The sites most like the choice's own, which is `except`; the best first.
static uint32_t alike(const struct case_choice *c, uint32_t except, struct like like[LIKE_MAX])
{
    uint32_t n = 0;

    for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++) {
        uint32_t points = i == except ? 0 : likeness(c, sim_site(i)), k = n;

        if (points < LIKE_ENOUGH)
            continue;
        for (; k > 0 && like[k - 1].points < points; k--)
            if (k < LIKE_MAX)
                like[k] = like[k - 1];
        if (k < LIKE_MAX)
            like[k] = (struct like){i, points};
        n += n < LIKE_MAX;
    }
    return n;
}

// Sites of one file in the order of its lines.
static bool before(uint32_t a, uint32_t b)
{
    const struct sim_site *x = sim_site(a), *y = sim_site(b);

    return x->line != y->line ? x->line < y->line : a < b;
}

uint32_t anchor_beside(uint32_t site, int k)
{
    uint32_t at = site;

    for (; k != 0 && at != SIM_SITE_NONE; k += k > 0 ? -1 : 1) {
        uint32_t next = SIM_SITE_NONE;

        for (uint32_t i = SIM_SITE_HOST + 1; i < sim_site_count(); i++) {
            bool beyond = i != at && (k > 0 ? before(at, i) : before(i, at));
            if (!beyond || strcmp(sim_site(i)->file, sim_site(site)->file) != 0)
                continue;
            if (next == SIM_SITE_NONE || (k > 0 ? before(i, next) : before(next, i)))
                next = i;
        }
        at = next;
    }
    return at;
}

static void add(struct anchor *a, const struct sim_choice *c, uint32_t site, int64_t visit)
{
    if (a->places == ANCHOR_PLACES || visit < 1 || visit > UINT32_MAX)
        return;
    for (uint32_t i = 0; i < a->places; i++)
        if (a->place[i].site == site && a->place[i].visit == visit && a->place[i].turn == c->turn)
            return;
    a->place[a->places] = *c;
    a->place[a->places].site = site;
    a->place[a->places++].visit = (uint32_t)visit;
}

// Its own site, visited more or less often, or in another turn.
static void add_own(struct anchor *a, struct sim_choice c)
{
    static const int nearby[] = {0, 1, -1, 2, -2, 3};

    for (size_t i = 0; i < sizeof nearby / sizeof nearby[0]; i++)
        add(a, &c, c.site, (int64_t)c.visit + nearby[i]);
    if (c.turn == 0)
        return;
    c.turn++;
    add(a, &c, c.site, c.visit);
    c.turn -= 2;
    if (c.turn > 0)
        add(a, &c, c.site, c.visit);
}

static void add_beside(struct anchor *a, const struct sim_choice *c, uint32_t site)
{
    for (int k = 1; k <= BESIDE; k++) {
        uint32_t after = anchor_beside(site, k), ahead = anchor_beside(site, -k);
        if (after != SIM_SITE_NONE)
            add(a, c, after, 1);
        if (ahead != SIM_SITE_NONE)
            add(a, c, ahead, 1);
    }
}

void anchor_choice(const struct case_choice *choice, struct anchor *a)
{
    struct like like[LIKE_MAX];
    struct sim_choice c;

    a->places = 0;
    a->lost = !case_choice_here(choice, &c);
    if (!a->lost)
        add_own(a, c);
    if (!a->lost && c.site <= SIM_SITE_HOST)
        return; // a host call: no line to go by
    uint32_t n = alike(choice, c.site, like), home = a->lost && n > 0 ? like[0].site : c.site;
    for (int more = 0; more < 3; more++)
        for (uint32_t i = 0; i < n; i++)
            add(a, &c, like[i].site, more < 2 ? (int64_t)c.visit + more : (int64_t)c.visit - 1);
    if (home > SIM_SITE_HOST)
        add_beside(a, &c, home);
}
