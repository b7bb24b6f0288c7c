// SPDX-License-Identifier: Apache-2.0
//
// Which events of an execution matter. There are hundreds and a reader has one screen, so each gets
// a weight: highest for choices and for the places of the finding, then for their neighbours on the
// same thread, for the word the finding is about, and for values that one thread writes and another
// one meets. How each thread ends is always shown: who sleeps, and after which look.
#include <string.h>

#include "repro/explain_view.h"

enum {
    NEAR = 2,
    REACH = 1000,
    TAIL = 6,
    LAST_EVENTS = 2, // of each thread
    LAST_LOOKS = 2,  // and these, when the finding is about work that nobody took
    LEAST = 60,      // what weighs less is left out though there is room: it tells nothing
};

int view_place(const struct view *v, const struct sim_event *e)
{
    for (uint32_t i = 0; i < v->r->finding.places && v->r->outcome == SIM_FOUND; i++) {
        const struct sim_place *p = &v->r->finding.place[i];

        if (p->point == e->point && p->thread == e->thread &&
            (p->site == e->site || p->site == SIM_SITE_NONE))
            return (int)i;
    }
    return -1;
}

static void heavier(struct view *v, size_t i, uint32_t weight)
{
    if (v->weight[i] < weight)
        v->weight[i] = weight;
}

// Plain accesses are many, and matter only where the finding is about them.
bool event_is_plain(const struct sim_event *e)
{
    return strcmp(e->what, "read") == 0 || strcmp(e->what, "write") == 0;
}

// The neighbours of event i on its thread count as well, less with distance.
static void heavier_near(struct view *v, size_t i, uint32_t weight)
{
    uint32_t thread = v->e[i].thread;

    for (size_t k = i + 1, d = 1; k < v->n && d <= NEAR; k++)
        if (v->e[k].thread == thread && !event_is_plain(&v->e[k]))
            heavier(v, k, weight - (uint32_t)d++);
    for (size_t k = i, d = 1; k-- > 0 && d <= NEAR;)
        if (v->e[k].thread == thread && !event_is_plain(&v->e[k]))
            heavier(v, k, weight - (uint32_t)d++);
}

bool event_is_write(const struct sim_event *e)
{
    return e->addr != 0 && !event_is_plain(e) && strncmp(e->what, "load", 4) != 0 &&
           strcmp(e->what, "cas failed") != 0 && strcmp(e->what, "store held") != 0;
}

// Where memory and what its owner sees of it part, and where they meet again.
static bool is_buffered(const struct sim_event *e)
{
    return strcmp(e->what, "store held") == 0 || strcmp(e->what, "drains") == 0 ||
           strcmp(e->what, "load own") == 0;
}

// Between the last two places of a finding lies what ought to have ordered them; else the end
// matters most.
static void window(const struct view *v, uint64_t *begin, uint64_t *end)
{
    const struct sim_finding *f = &v->r->finding;

    *begin = v->r->points - v->r->points / 4;
    *end = v->r->points;
    if (v->r->outcome == SIM_FOUND && f->places >= 2) {
        uint64_t a = f->place[f->places - 2].point, b = f->place[f->places - 1].point;

        *begin = a < b ? a : b;
        *end = a < b ? b : a;
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

// By the names that the engine gives to words of the runtime: "sched.npidle", "p1.runqtail",
// "g3.status". Elsewhere than in the runtime nothing has such a name.
enum meaning event_word(const struct sim_event *e)
{
    static const char *const sched[] = {"sched.nmspinning", "sched.needspinning", "sched.npidle",
                                        "sched.runqsize"};
    char name[96];

    if (e->addr == 0 || event_is_plain(e))
        return WORD_OTHER;
    sim_address_name(e->addr, name, sizeof name);
    for (size_t i = 0; i < sizeof sched / sizeof sched[0]; i++)
        if (strcmp(name, sched[i]) == 0)
            return WORD_SCHED;
    if (name[0] == 'g' && ends_with(name, ".status"))
        return WORD_STATUS;
    if (name[0] == 'p' && (strstr(name, ".runq") != NULL || ends_with(name, ".runnext")))
        return WORD_QUEUE;
    return ends_with(name, ".lock") ? WORD_LOCK : WORD_OTHER;
}

// Words by which threads tell each other that there is work, or somebody who looks for it: the
// later the heavier, and a change more than a look.
static void weigh_words(struct view *v)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct sim_event *e = &v->e[i];
        enum meaning word = event_word(e);
        uint32_t late = (uint32_t)(200 * i / v->n), change = e->old_value != e->new_value;

        if (word == WORD_SCHED)
            heavier(v, i, 220 + late + 60 * change);
        else if (word == WORD_STATUS)
            heavier(v, i, 160 + late + 40 * change);
    }
}

// The last events of each thread.
static void weigh_ends(struct view *v)
{
    uint32_t thread[LANES], events[LANES] = {0}, looks[LANES] = {0}, threads = 0;

    for (size_t i = v->n; i-- > 0;) {
        uint32_t t = 0;
        enum meaning word = v->left_lying ? event_word(&v->e[i]) : WORD_OTHER;
        bool look = word == WORD_SCHED || word == WORD_QUEUE;

        while (t < threads && thread[t] != v->e[i].thread)
            t++;
        if (t == LANES || event_is_plain(&v->e[i]))
            continue;
        if (t == threads)
            thread[threads++] = v->e[i].thread;
        if (events[t] < LAST_EVENTS || (look && looks[t] < LAST_LOOKS))
            heavier(v, i, WEIGHT_MARK);
        events[t]++;
        looks[t] += look;
    }
}

// A write that another thread meets next at that word: both ends.
static void weigh_meetings(struct view *v)
{
    uint64_t begin, end;

    window(v, &begin, &end);
    for (size_t i = 0; i < v->n; i++) {
        bool inside = v->e[i].point >= begin && v->e[i].point <= end;
        uint32_t weight = (inside ? 340 : 30) + (uint32_t)(20 * i / v->n);

        if (!event_is_write(&v->e[i]))
            continue;
        if (v->left_lying && event_word(&v->e[i]) == WORD_LOCK)
            weight /= 3; // locks order everything, and explain nothing here
        for (size_t k = i + 1; k < v->n && k < i + REACH; k++) {
            if (v->e[k].addr != v->e[i].addr || event_is_plain(&v->e[k]))
                continue;
            if (v->e[k].thread != v->e[i].thread) {
                heavier(v, i, weight);
                heavier(v, k, weight);
            }
            break;
        }
    }
}

void view_weigh(struct view *v)
{
    uint64_t words[2] = {0, 0};

    weigh_meetings(v);
    weigh_ends(v);
    if (v->left_lying)
        weigh_words(v);
    for (size_t i = 0; i < v->n; i++) {
        const struct sim_event *e = &v->e[i];
        int place = view_place(v, e);

        heavier(v, i, is_buffered(e) ? 700 : !event_is_plain(e));
        if (place >= 0) {
            heavier(v, i, WEIGHT_MARK);
            heavier_near(v, i, 400);
            words[place] = e->addr;
        }
        if (e->choice >= 0) {
            heavier(v, i, WEIGHT_MARK);
            heavier_near(v, i, 300);
        }
    }
    for (size_t i = v->n, tail = TAIL; i-- > 0 && tail > 0;)
        if (!event_is_plain(&v->e[i]))
            heavier(v, i, 200 + (uint32_t)tail--);
    for (size_t i = 0; i < v->n; i++)
        if (v->e[i].addr != 0 && (v->e[i].addr == words[0] || v->e[i].addr == words[1]))
            heavier(v, i, 100 + (uint32_t)(50 * i / v->n));
}

// Number of lines when everything of at least `weight` is shown, choices included.
static size_t lines_at(const struct view *v, uint32_t weight)
{
    size_t lines = 0;

    for (size_t i = 0; i < v->n; i++)
        if (v->weight[i] >= weight)
            lines += 1u + (v->e[i].choice >= 0 && v->e[i].addr != 0);
    return lines;
}

uint32_t view_cut(const struct view *v, size_t rows)
{
    uint32_t low = LEAST, high = WEIGHT_MARK;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (lines_at(v, middle) <= rows)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
