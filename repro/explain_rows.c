// SPDX-License-Identifier: Apache-2.0
//
// The timeline on paper. One lane a thread, not one a goroutine: goroutines move between threads,
// and races are between threads. Which goroutine a thread runs is said in words, whenever that
// changes. What is left out is counted at the row that follows it.
#include <inttypes.h>
#include <string.h>

#include "repro/explain_view.h"

enum { TEXT_WIDTH = 60, FUNCTION_WIDTH = 28, FRAMES = 5, WHO_BYTES = 160 };

// Words ------------------------------------------------------------------------------------

// "main:3 ready worker#2", or the thread and what it ran before.
static void who(const struct view *v, const struct sim_event *e, char *buf, size_t bytes)
{
    const struct workload *w = v->c->program;
    const char *name = sim_name(e->after ? e->after : e->actor);
    int32_t instance = workload_instance_find(w, name);
    uint32_t index = wl_op_index(e->op);
    FILE *f = fmemopen(buf, bytes, "w");

    if (f == NULL)
        return;
    if (e->after)
        fprintf(f, "%s after %s", sim_name(e->actor), name);
    else
        fputs(name, f);
    const char *entry = strncmp(name, "g#", 2) == 0 ? view_entry(v, sim_intern(name)) : NULL;
    if (entry != NULL)
        fprintf(f, " (%s)", entry);
    if (instance >= 0) {
        const struct wl_body *body = &w->body[w->instance[instance].body];

        fprintf(f, ":%u ", index);
        if (wl_op_iteration(e->op) > 0)
            fprintf(f, "(%u) ", wl_op_iteration(e->op) + 1);
        if (index < body->count)
            workload_print_op(w, &w->op[body->first + index], f);
        else
            fputs("end", f);
    }
    fclose(f);
    buf[bytes - 1] = 0;
}

// "wakep: store_relaxed(&sched.needspinning, 1);"
static void print_site(const struct view *v, const struct sim_event *e)
{
    const struct sim_site *site = sim_site(e->site);

    if (e->site == SIM_SITE_HOST || site->text[0] == 0)
        fputs(e->what, v->out);
    else
        fprintf(v->out, "%.*s: %.*s%s", (int)strcspn(site->function, "<"), site->function,
                TEXT_WIDTH, site->text, strlen(site->text) > TEXT_WIDTH ? "…" : "");
}

// `names` may be NULL: all that the event speaks of is still there.
static void print_values(const struct view *v, const struct sim_event *e,
                         const struct hinge_names *names)
{
    char name[96], a[64], b[64];

    if (e->addr == 0)
        return;
    const char *word = view_word(e, name, sizeof name);
    const char *before = view_value(v, e->addr, e->old_value, a, sizeof a);
    const char *after = view_value(v, e->addr, e->new_value, b, sizeof b);
    if (names != NULL) {
        word = strncmp(word, "0x", 2) == 0 && names->word[0] ? names->word : word;
        before = names->before[0] ? names->before : before;
        after = names->after[0] ? names->after : after;
    }
    fprintf(v->out, "  %s[%s %s", paint(v, DIM), e->what, word);
    if (strcmp(e->what, "cas failed") == 0)
        fprintf(v->out, " is %s, not %s", after, before);
    else if (e->old_value != e->new_value)
        fprintf(v->out, " %s → %s", before, after);
    else if (!event_is_plain(e))
        fprintf(v->out, " = %s", before);
    fprintf(v->out, "]%s", paint(v, PLAIN));
}

// Rows -------------------------------------------------------------------------------------

static uint32_t lane_of(struct view *v, uint32_t thread)
{
    uint32_t i = 0;

    while (i < v->lanes && v->lane[i] != thread)
        i++;
    if (i == v->lanes && v->lanes < LANES)
        v->lane[v->lanes++] = thread;
    return i < LANES ? i : LANES - 1;
}

static int lane_width(const struct view *v, uint32_t lane)
{
    size_t n = strlen(sim_name(v->lane[lane]));

    return (int)(n < 3 ? 3 : n) + 1;
}

static void print_lanes(const struct view *v, uint32_t lane, const char *mark, const char *code)
{
    for (uint32_t i = 0; i < v->lanes; i++) {
        if (i == lane)
            fprintf(v->out, "%s%s%s%*s", paint(v, code), mark, paint(v, PLAIN),
                    lane_width(v, i) - 1, "");
        else
            fprintf(v->out, "%s│%s%*s", paint(v, DIM), paint(v, PLAIN), lane_width(v, i) - 1, "");
    }
}

static void print_header(struct view *v, uint32_t weight)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->weight[i] >= weight)
            lane_of(v, v->e[i].thread);
    fprintf(v->out, "\n%s point  more  ", paint(v, BOLD));
    for (uint32_t i = 0; i < v->lanes; i++)
        fprintf(v->out, "%-*s", lane_width(v, i), sim_name(v->lane[i]));
    fprintf(v->out, " who is where, and does what%s\n", paint(v, PLAIN));
}

// What was left out, and what has been said of each lane.
struct rows {
    size_t gap;
    char said[LANES][WHO_BYTES];
};

static void begin_row(struct view *v, struct rows *rows, const struct sim_event *e,
                      const char *mark, const char *code)
{
    fprintf(v->out, "%s%6" PRIu64 " ", paint(v, DIM), e->point);
    if (rows->gap > 0)
        fprintf(v->out, "%+5" PRId64, (int64_t)rows->gap);
    else
        fprintf(v->out, "%5s", "");
    fprintf(v->out, "%s  ", paint(v, PLAIN));
    print_lanes(v, lane_of(v, e->thread), mark, code);
    rows->gap = 0;
}

static void print_choice(struct view *v, struct rows *rows, const struct sim_event *e)
{
    const struct sim_choice *choice = &v->r->schedule.v[e->choice];

    begin_row(v, rows, e, "◆", YELLOW);
    fprintf(v->out, " %s◆ choice %d of %zu: ", paint(v, YELLOW), e->choice + 1, v->r->schedule.n);
    if (choice->kind == SIM_RUN)
        fprintf(v->out, "%s is interrupted, %s runs", sim_name(e->thread), sim_name(choice->value));
    else if (choice->kind == SIM_NEXT)
        fprintf(v->out, "%s cannot go on, %s runs next", sim_name(e->thread),
                sim_name(choice->value));
    else if (choice->kind == SIM_FAULT)
        fprintf(v->out, "a fault of the host: %s", sim_name(choice->value));
    else if (choice->kind == SIM_HOLD)
        fprintf(v->out, "%s's store is held, others do not see it yet", sim_name(e->thread));
    else if (choice->kind == SIM_DRAIN)
        fprintf(v->out, "%s's oldest held store drains", sim_name(choice->value));
    else
        fprintf(v->out, "host_random says %u", choice->value);
    fprintf(v->out, "%s\n", paint(v, PLAIN));
}

static void print_event(struct view *v, struct rows *rows, const struct sim_event *e)
{
    int place = view_place(v, e);
    char *said = rows->said[lane_of(v, e->thread)], now[WHO_BYTES] = "";

    if (e->choice >= 0)
        print_choice(v, rows, e);
    if (e->choice >= 0 && e->addr == 0)
        return; // nothing but the choice
    begin_row(v, rows, e, place >= 0 ? "✖" : "●", place >= 0 ? RED : BOLD);
    who(v, e, now, sizeof now);
    if (strcmp(now, said) != 0)
        fprintf(v->out, " %s%s%s", paint(v, BOLD), now, paint(v, PLAIN));
    memcpy(said, now, sizeof now);
    fputs("  ", v->out);
    print_site(v, e);
    print_values(v, e, NULL);
    if (place >= 0)
        fprintf(v->out, " %s✖ %s%s", paint(v, RED), v->r->finding.place[place].kind,
                paint(v, PLAIN));
    fputc('\n', v->out);
}

// The execution ends at the finding, before the access itself is logged: such a place gets a row of
// its own.
static void print_last_places(struct view *v, struct rows *rows)
{
    for (uint32_t i = 0; i < v->r->finding.places && v->r->outcome == SIM_FOUND; i++) {
        const struct sim_place *p = &v->r->finding.place[i];
        struct sim_event e = {.point = p->point,
                              .actor = p->actor,
                              .after = p->after,
                              .op = p->op,
                              .thread = p->thread,
                              .site = p->site,
                              .what = p->kind,
                              .choice = -1};
        bool shown = false;

        for (size_t k = 0; k < v->n && !shown; k++)
            shown = view_place(v, &v->e[k]) == (int)i;
        if (!shown && p->point + 1 >= v->r->points)
            print_event(v, rows, &e);
    }
}

void view_timeline(struct view *v, uint32_t weight)
{
    struct rows rows = {0};

    print_header(v, weight);
    for (size_t i = 0; i < v->n; i++) {
        if (v->weight[i] >= weight)
            print_event(v, &rows, &v->e[i]);
        else
            rows.gap++;
    }
    print_last_places(v, &rows);
}

// Places -----------------------------------------------------------------------------------

// One line a frame, innermost first; frames outside of instrumented code say nothing.
static void print_stack(const struct view *v, const struct sim_frames *stack, uint32_t max)
{
    for (uint32_t i = 0, lines = 0; i < stack->n && lines < max; i++) {
        uint32_t id = sim_pc_site(stack->pc[i]);
        const struct sim_site *site = sim_site(id);
        const char *function = sim_pc_function(stack->pc[i]), *file = strrchr(site->file, '/');

        if (id <= SIM_SITE_HOST || site->text[0] == 0) {
            if (strcmp(function, "?") == 0)
                continue;
            fprintf(v->out, "      %s\n", function);
        } else {
            fprintf(v->out, "      %-*.*s %12.12s:%-4u %s%.80s%s\n", FUNCTION_WIDTH, FUNCTION_WIDTH,
                    site->function, file ? file + 1 : site->file, site->line, paint(v, DIM),
                    site->text, paint(v, PLAIN));
        }
        lines++;
    }
}

void view_places(const struct view *v, bool full)
{
    const struct sim_finding *f = &v->r->finding;

    for (uint32_t i = 0; i < f->places; i++) {
        const struct sim_place *p = &f->place[i];
        const char *after = p->after ? sim_name(p->after) : "";

        fprintf(v->out, "\n  %s✖ %s%s by %s%s%s, before point %" PRIu64 "\n", paint(v, RED),
                p->kind, paint(v, PLAIN), sim_name(p->actor), after[0] ? " after " : "", after,
                p->point);
        print_stack(v, &p->stack, full ? SIM_STACK_FRAMES : FRAMES);
    }
}

size_t view_place_lines(const struct view *v)
{
    size_t lines = 0;

    for (uint32_t i = 0; i < v->r->finding.places && v->r->outcome == SIM_FOUND; i++) {
        uint32_t frames = v->r->finding.place[i].stack.n;
        lines += 2 + (frames < FRAMES ? frames : FRAMES);
    }
    return lines;
}

// Hinge ------------------------------------------------------------------------------------

static void print_seen(const struct view *v, const char *mark, const struct sim_event *e,
                       const struct hinge_names *names)
{
    char now[WHO_BYTES] = "";

    who(v, e, now, sizeof now);
    fprintf(v->out, "    %s %s%s%s  ", mark, paint(v, BOLD), now, paint(v, PLAIN));
    print_site(v, e);
    print_values(v, e, names);
    fputc('\n', v->out);
}

// What happens in the failing execution has a cross, in the passing one a tick.
void view_hinge(const struct view *v, const struct hinge *h)
{
    static const char *const words[] = {[HINGE_LATER] = "comes later, after this:",
                                        [HINGE_EARLIER] = "comes earlier, before this:",
                                        [HINGE_CALM] = "is not made"};

    if (h->kind == HINGE_NONE)
        return;
    fprintf(v->out, "\n  %sThe hinge%s: it does not come about if choice %zu of %zu %s\n",
            paint(v, YELLOW), paint(v, PLAIN), h->choice + 1, v->r->schedule.n, words[h->kind]);
    if (h->passed.what != NULL)
        print_seen(v, "◆", &h->passed, NULL);
    if (h->differences > 0)
        fputs("  What follows, ✖ here and ✔ then:\n", v->out);
    for (uint32_t i = 0; i < h->differences; i++) {
        if (h->difference[i].failing.what != NULL)
            print_seen(v, "✖", &h->difference[i].failing, NULL);
        if (h->difference[i].passing.what != NULL)
            print_seen(v, "✔", &h->difference[i].passing, &h->difference[i].names);
    }
}
