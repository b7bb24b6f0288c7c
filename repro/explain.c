// SPDX-License-Identifier: Apache-2.0
//
// The timeline of a case. An execution has hundreds of events and a reader has one screen, so each
// event gets a weight: highest for choices and for the places of the finding, then for their
// neighbours on the same thread, for the word the finding is about, and for values that one thread
// writes and another one meets. How each thread ends is always shown: who sleeps, and after which
// look. The heaviest that fit are shown, in order, with the gaps counted.
//
// One lane a thread, not one a goroutine: goroutines move between threads, and races are between
// threads. Which goroutine a thread runs is said in words.
#include "repro/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "repro/trial.h"

enum {
    LANES = 12,
    ROWS = 60,
    NEAR = 2,
    REACH = 1000,
    TEXT_WIDTH = 60,
    FUNCTION_WIDTH = 28,
    FRAMES = 5,
    WEIGHT_MARK = 1000,
    TAIL = 6,
    LAST_EVENTS = 2, // of each thread
    LAST_LOOKS = 2,  // and these, when the finding is about work that nobody took
};

// What a word is to a scheduler that left work lying.
enum meaning { WORD_OTHER, WORD_LOCK, WORD_STATUS, WORD_QUEUE, WORD_SCHED };

struct view {
    const struct repro_case *c;
    const struct sim_result *r;
    const struct sim_event *e;
    size_t n;
    uint32_t *weight;     // [n]
    bool left_lying;      // the oracle is about work that nobody took
    uint32_t lane[LANES]; // thread names, in order of appearance
    uint32_t lanes;
    bool colour;
    FILE *out;
};

static const char *paint(const struct view *v, const char *code)
{
    return v->colour ? code : "";
}

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

// Weights ----------------------------------------------------------------------------------

static int place_of(const struct view *v, const struct sim_event *e)
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
static bool is_plain(const struct sim_event *e)
{
    return strcmp(e->what, "read") == 0 || strcmp(e->what, "write") == 0;
}

// The neighbours of event i on its thread count as well, less with distance.
static void heavier_near(struct view *v, size_t i, uint32_t weight)
{
    uint32_t thread = v->e[i].thread;

    for (size_t k = i + 1, d = 1; k < v->n && d <= NEAR; k++)
        if (v->e[k].thread == thread && !is_plain(&v->e[k]))
            heavier(v, k, weight - (uint32_t)d++);
    for (size_t k = i, d = 1; k-- > 0 && d <= NEAR;)
        if (v->e[k].thread == thread && !is_plain(&v->e[k]))
            heavier(v, k, weight - (uint32_t)d++);
}

static bool is_write(const struct sim_event *e)
{
    return e->addr != 0 && !is_plain(e) && strncmp(e->what, "load", 4) != 0 &&
           strcmp(e->what, "cas failed") != 0 && strcmp(e->what, "store held") != 0;
}

// Where memory and what its owner sees of it part, and where they meet again.
static bool is_buffered(const struct sim_event *e)
{
    return strcmp(e->what, "store held") == 0 || strcmp(e->what, "drains") == 0 ||
           strcmp(e->what, "load own") == 0;
}

// Between the two places of a finding lies what ought to have ordered them; else the end matters
// most.
static void window(const struct view *v, uint64_t *begin, uint64_t *end)
{
    const struct sim_finding *f = &v->r->finding;

    *begin = v->r->points - v->r->points / 4;
    *end = v->r->points;
    if (v->r->outcome == SIM_FOUND && f->places == 2) {
        *begin = f->place[0].point < f->place[1].point ? f->place[0].point : f->place[1].point;
        *end = f->place[0].point < f->place[1].point ? f->place[1].point : f->place[0].point;
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

// By the names that the engine gives to words of the runtime: "sched.npidle", "p1.runqtail",
// "g3.status". Elsewhere than in the runtime nothing has such a name.
static enum meaning word_of(const struct sim_event *e)
{
    static const char *const sched[] = {"sched.nmspinning", "sched.needspinning", "sched.npidle",
                                        "sched.runqsize"};
    char name[96];

    if (e->addr == 0 || is_plain(e))
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
        enum meaning word = word_of(e);
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
        enum meaning word = v->left_lying ? word_of(&v->e[i]) : WORD_OTHER;
        bool look = word == WORD_SCHED || word == WORD_QUEUE;

        while (t < threads && thread[t] != v->e[i].thread)
            t++;
        if (t == LANES || is_plain(&v->e[i]))
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

        if (!is_write(&v->e[i]))
            continue;
        if (v->left_lying && word_of(&v->e[i]) == WORD_LOCK)
            weight /= 3; // locks order everything, and explain nothing here
        for (size_t k = i + 1; k < v->n && k < i + REACH; k++) {
            if (v->e[k].addr != v->e[i].addr || is_plain(&v->e[k]))
                continue;
            if (v->e[k].thread != v->e[i].thread) {
                heavier(v, i, weight);
                heavier(v, k, weight);
            }
            break;
        }
    }
}

static void weigh(struct view *v)
{
    uint64_t words[2] = {0, 0};

    weigh_meetings(v);
    weigh_ends(v);
    if (v->left_lying)
        weigh_words(v);
    for (size_t i = 0; i < v->n; i++) {
        const struct sim_event *e = &v->e[i];
        int place = place_of(v, e);

        heavier(v, i, is_buffered(e) ? 700 : !is_plain(e));
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
        if (!is_plain(&v->e[i]))
            heavier(v, i, 200 + (uint32_t)tail--);
    for (size_t i = 0; i < v->n; i++)
        if (v->e[i].addr != 0 && (v->e[i].addr == words[0] || v->e[i].addr == words[1]))
            heavier(v, i, 100 + (uint32_t)(50 * i / v->n));
}

// Number of lines when everything of at least `weight` is shown, choices and gaps included.
static size_t lines_at(const struct view *v, uint32_t weight)
{
    size_t lines = 0;
    bool gap = false;

    for (size_t i = 0; i < v->n; i++) {
        bool shown = v->weight[i] >= weight;

        lines += shown ? 1u + (v->e[i].choice >= 0 && v->e[i].addr != 0) : !gap;
        gap = !shown;
    }
    return lines;
}

// The least weight that fits into `rows` lines. Marks always fit.
static uint32_t cut(const struct view *v, size_t rows)
{
    uint32_t low = 1, high = WEIGHT_MARK;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (lines_at(v, middle) <= rows)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

// Words ------------------------------------------------------------------------------------

// A value that is an address points to an object, not to its first field: "g3.sched" means g3.
static size_t object_width(const char *name)
{
    return (name[0] == 'g' || name[0] == 'm' || name[0] == 'p') ? strcspn(name, ".") : strlen(name);
}

static const char *value_name(uint64_t value, char *buf, size_t bytes)
{
    if (value < 100000)
        snprintf(buf, bytes, "%" PRIu64, value);
    else if (value > UINT32_MAX - 1000 && value <= UINT32_MAX)
        snprintf(buf, bytes, "%d", (int32_t)(uint32_t)value);
    else if (value > UINT64_MAX - 1000)
        snprintf(buf, bytes, "%" PRId64, (int64_t)value);
    else if (bytes > 0)
        buf[object_width(sim_address_name(value, buf, bytes))] = 0;
    return buf;
}

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

// Innermost function of a site.
static int function_width(const char *chain)
{
    return (int)strcspn(chain, "<");
}

static void print_values(const struct view *v, const struct sim_event *e)
{
    char name[96], a[64], b[64];

    if (e->addr == 0)
        return;
    fprintf(v->out, "  %s[%s %s", paint(v, DIM), e->what,
            sim_address_name(e->addr, name, sizeof name));
    if (strcmp(e->what, "cas failed") == 0)
        fprintf(v->out, " is %s, not %s", value_name(e->new_value, b, sizeof b),
                value_name(e->old_value, a, sizeof a));
    else if (e->old_value != e->new_value)
        fprintf(v->out, " %s → %s", value_name(e->old_value, a, sizeof a),
                value_name(e->new_value, b, sizeof b));
    else if (strcmp(e->what, "read") != 0 && strcmp(e->what, "write") != 0)
        fprintf(v->out, " = %s", value_name(e->old_value, a, sizeof a));
    fprintf(v->out, "]%s", paint(v, PLAIN));
}

// Lanes ------------------------------------------------------------------------------------

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
    fprintf(v->out, "\n%s point  ", paint(v, BOLD));
    for (uint32_t i = 0; i < v->lanes; i++)
        fprintf(v->out, "%-*s", lane_width(v, i), sim_name(v->lane[i]));
    fprintf(v->out, " who is where, and does what%s\n", paint(v, PLAIN));
}

static void print_choice(struct view *v, const struct sim_event *e)
{
    const struct sim_choice *choice = &v->r->schedule.v[e->choice];

    fprintf(v->out, "%s%6" PRIu64 "%s  ", paint(v, DIM), e->point, paint(v, PLAIN));
    print_lanes(v, lane_of(v, e->thread), "◆", YELLOW);
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

static bool only_choice(const struct sim_event *e)
{
    return e->choice >= 0 && e->addr == 0;
}

static void print_event(struct view *v, const struct sim_event *e, const struct sim_event *before)
{
    const struct sim_site *site = sim_site(e->site);
    char text[160] = "", last[160] = "";
    int place = place_of(v, e);

    if (e->choice >= 0)
        print_choice(v, e);
    if (only_choice(e))
        return;
    who(v, e, text, sizeof text);
    if (before != NULL && before->thread == e->thread)
        who(v, before, last, sizeof last);
    fprintf(v->out, "%s%6" PRIu64 "%s  ", paint(v, DIM), e->point, paint(v, PLAIN));
    print_lanes(v, lane_of(v, e->thread), place >= 0 ? "✖" : "●", place >= 0 ? RED : BOLD);
    if (strcmp(text, last) != 0)
        fprintf(v->out, " %s%s%s", paint(v, BOLD), text, paint(v, PLAIN));
    if (e->site == SIM_SITE_HOST || site->text[0] == 0)
        fprintf(v->out, "  %s", e->what);
    else
        fprintf(v->out, "  %.*s: %.*s%s", function_width(site->function), site->function,
                TEXT_WIDTH, site->text, strlen(site->text) > TEXT_WIDTH ? "…" : "");
    print_values(v, e);
    if (place >= 0)
        fprintf(v->out, " %s✖ %s%s", paint(v, RED), v->r->finding.place[place].kind,
                paint(v, PLAIN));
    fputc('\n', v->out);
}

// The execution ends at the finding, before the access itself is logged: such a place gets a row of
// its own.
static void print_last_places(struct view *v)
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
            shown = place_of(v, &v->e[k]) == (int)i;
        if (!shown && p->point + 1 >= v->r->points)
            print_event(v, &e, NULL);
    }
}

static void print_timeline(struct view *v, uint32_t weight)
{
    const struct sim_event *before = NULL;
    size_t gap = 0;

    print_header(v, weight);
    for (size_t i = 0; i <= v->n; i++) {
        if (i < v->n && v->weight[i] < weight) {
            gap++;
            continue;
        }
        if (gap > 0) {
            fprintf(v->out, "     %s⋮  ", paint(v, DIM));
            for (uint32_t k = 0; k < v->lanes; k++)
                fprintf(v->out, "⋮%*s", lane_width(v, k) - 1, "");
            fprintf(v->out, " %zu more%s\n", gap, paint(v, PLAIN));
            before = NULL;
            gap = 0;
        }
        if (i < v->n) {
            print_event(v, &v->e[i], before);
            before = &v->e[i];
        }
    }
    print_last_places(v);
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

static void print_places(const struct view *v, bool full)
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

static size_t line_count(const struct view *v)
{
    size_t lines = 9 + v->c->program->ops + v->c->program->bodies;

    for (uint32_t i = 0; i < v->r->finding.places && v->r->outcome == SIM_FOUND; i++) {
        uint32_t frames = v->r->finding.place[i].stack.n;
        lines += 3 + (frames < FRAMES ? frames : FRAMES);
    }
    return lines;
}

static void print_head(const struct view *v, bool same)
{
    const struct repro_case *c = v->c;

    fprintf(v->out, "%s%s%s\n", paint(v, BOLD), c->signature, paint(v, PLAIN));
    fprintf(v->out, "  %s, %s sizes, memory %s%s, %zu choice%s, %" PRIu64 " points; found by %s\n",
            c->fixed ? "fixed (needs its patch)" : "open", c->program->prod ? "prod" : "tiny",
            sim_memory_names[c->memory], c->frozen ? ", sysmon frozen" : "", c->choices,
            c->choices == 1 ? "" : "s", v->r->points, c->found);
    if (!same)
        fprintf(v->out, "  %sThis is not what happened here: %s%s\n", paint(v, RED),
                v->r->outcome == SIM_FOUND ? v->r->finding.signature : "nothing was found",
                paint(v, PLAIN));
    if (v->r->outcome == SIM_FOUND)
        fprintf(v->out, "  %s\n", v->r->finding.message);
    fputc('\n', v->out);
    workload_print(c->program, v->out, "  ");
}

static size_t rows_left(const struct view *v, const struct explain_options *options)
{
    size_t rows = options->rows ? options->rows : ROWS, used = line_count(v);

    return rows > used + 12 ? rows - used : 12;
}

bool explain(struct repro_case *c, const struct explain_options *options, FILE *out)
{
    struct view v = {.c = c, .colour = options->colour, .out = out};
    struct sim_schedule schedule;
    struct trial t = {.memory = c->memory, .frozen = c->frozen};
    size_t missing;

    trial_begin(&t, c->program);
    case_schedule(c, &schedule, &missing);
    v.r = trial_run(&t, sim_strategy_replay(&schedule), 0, true);
    v.e = sim_trace(&v.n);
    v.left_lying = strcmp(c->oracle, "conserve") == 0 || strcmp(c->oracle, "lost-wake") == 0;
    v.weight = calloc(v.n + 1, sizeof *v.weight);
    bool same = trial_found(v.r, c->signature);
    if (v.weight != NULL) {
        weigh(&v);
        print_head(&v, same);
        print_timeline(&v, options->full ? 0 : cut(&v, rows_left(&v, options)));
        if (v.r->outcome == SIM_FOUND)
            print_places(&v, options->full);
    }
    free(v.weight);
    sim_schedule_free(&schedule);
    return same;
}
