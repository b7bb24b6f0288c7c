// SPDX-License-Identifier: Apache-2.0
//
// Gates: see gates.h. One thread has the turn. It keeps it until it comes to its next place, and
// hands it there to the thread of the next step, or goes on itself. Who comes without the turn
// waits for it on a word of its own. So the order is touched by one thread at a time, and needs no
// lock.
#include "stress/native/gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/sim/sites.h"

#define AWAKE (-1)
#define NEVER INT64_MAX

enum { STEPS_MAX = 1 << 18, WAKE_NS = 20000000, DETOUR_MAX = 256 };

struct step {
    uint8_t kind, thread; // enum gates_kind
    uint16_t site;        // of this program; SIM_SITE_NONE: outside of it
    int64_t value;
};

static struct step *order; // const after gates_read
static uint32_t steps;
static bool helper[WRAP_THREADS];

static struct gates_outcome *outcome; // const after gates_close
static int64_t patience_ns;
static bool used;

static bool closed;                   // atomic: falls once
static uint32_t turn[WRAP_THREADS];   // atomic: 1 while that thread has the turn, or gets it
static uint32_t next;                 // turn: step that is to come; also in *outcome
static int64_t handed_over;           // atomic: when the turn last changed hands, for patience
static int64_t virtual_ns, opened_ns; // turn; const once open
static int64_t (*due)(void);          // const after gates_close
static int64_t wakes[WRAP_THREADS];   // turn: of who waits; AWAKE: it does not; 0: there is none
static uint32_t detour;               // turn: places of it that are not in the order, so far
static bool opening;                  // atomic: somebody opens
static void (*(*interrupted)(const struct host_context *))(void); // turn

bool gates_closed(void)
{
    return __atomic_load_n(&closed, __ATOMIC_ACQUIRE);
}

bool gates_used(void)
{
    return used;
}

bool gates_helper(const struct wrap_thread *t)
{
    return t->number < WRAP_THREADS && helper[t->number];
}

void gates_on_interrupt(void (*(*fn)(const struct host_context *))(void))
{
    interrupted = fn;
}

int64_t gates_now(void)
{
    return virtual_ns;
}

int64_t gates_is_now(int64_t ns)
{
    return virtual_ns = ns;
}

int64_t gates_time(int64_t real)
{
    if (gates_closed())
        return virtual_ns;
    return used ? virtual_ns + (real - opened_ns) : real;
}

// Reading ---------------------------------------------------------------------------------

struct reading {
    uint16_t *site; // the order's numbers to this program's
    uint32_t nsites, cap;
};

// Fields of the line, cut at tabs.
static uint32_t split(char *line, char *field[5])
{
    uint32_t n = 0;

    line[strcspn(line, "\n")] = 0;
    for (; line != NULL && n < 5; n++) {
        field[n] = line;
        line = strchr(line, '\t');
        if (line != NULL)
            *line++ = 0;
    }
    return n;
}

static bool read_site(struct reading *r, char **field)
{
    uint32_t rank = (uint32_t)strtoul(field[1], NULL, 10);

    if (r->nsites == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 256;
        r->site = realloc(r->site, r->cap * sizeof *r->site);
        if (r->site == NULL)
            return false;
    }
    r->site[r->nsites++] =
        (uint16_t)(field[2][0] == 0 ? SIM_SITE_NONE : sim_site_find(field[2], field[3], rank));
    return true;
}

static bool read_step(const struct reading *r, char **field, uint32_t n)
{
    static const char letters[] = "pras"; // by enum gates_kind
    const char *kind = strchr(letters, field[0][0]);
    unsigned long thread = n > 1 ? strtoul(field[1], NULL, 10) : WRAP_THREADS;
    struct step s = {.kind = (uint8_t)(kind != NULL ? kind - letters : 0)};

    if (kind == NULL || field[0][1] != 0 || thread >= WRAP_THREADS || steps == STEPS_MAX)
        return false;
    s.thread = (uint8_t)thread;
    s.value = n > 2 ? strtoll(field[2], NULL, 10) : 0;
    if (s.kind == GATES_POINT) {
        if (s.value < 0 || s.value >= r->nsites)
            return false;
        s.site = r->site[s.value];
    }
    order[steps++] = s;
    return true;
}

static bool read_line(struct reading *r, char *line)
{
    char *field[5] = {NULL};
    uint32_t n = split(line, field);

    if (strcmp(field[0], "site") == 0 && n == 4)
        return read_site(r, field);
    if (strcmp(field[0], "helper") == 0 && n == 2 && strtoul(field[1], NULL, 10) < WRAP_THREADS)
        return helper[strtoul(field[1], NULL, 10)] = true;
    return read_step(r, field, n);
}

bool gates_read(const char *path, char *error, size_t bytes)
{
    static const char head[] = "gauntlet order 1\n";
    FILE *f = fopen(path, "r");
    struct reading r = {0};
    char *line = NULL;
    size_t cap = 0, number = 1;
    bool ended = false;

    if (f == NULL) {
        snprintf(error, bytes, "%s: cannot be read", path);
        return false;
    }
    order = calloc(STEPS_MAX, sizeof *order);
    bool good = order != NULL && getline(&line, &cap, f) > 0 && strcmp(line, head) == 0;
    while (good && !ended && getline(&line, &cap, f) > 0) {
        number++;
        ended = strcmp(line, "end\n") == 0;
        good = ended || read_line(&r, line);
    }
    if (!good || !ended)
        snprintf(error, bytes, "%s:%zu: not an order of execution", path, number);
    free(line);
    free(r.site);
    fclose(f);
    return good && ended;
}

// Opening ---------------------------------------------------------------------------------

// No library function: ThreadSanitizer would see them.
static void copy_text(char *to, size_t bytes, const char *from)
{
    size_t n = 0;

    for (; n + 1 < bytes && from[n] != 0; n++)
        to[n] = from[n];
    to[n] = 0;
}

static void tell_place(struct gates_place *to, uint32_t thread, uint32_t kind, uint32_t id)
{
    const struct sim_site *s = sim_site(id);

    to->thread = thread;
    to->kind = kind;
    if (kind != GATES_POINT || id == SIM_SITE_NONE)
        return;
    to->rank = s->rank;
    copy_text(to->function, sizeof to->function, s->function);
    copy_text(to->text, sizeof to->text, s->text);
}

static void tell_sleepers(void)
{
    int64_t first = NEVER;

    for (uint32_t i = 0; i < WRAP_THREADS; i++) {
        if (wakes[i] == AWAKE)
            return;
        if (wakes[i] != 0 && wakes[i] < first && !helper[i])
            first = wakes[i];
    }
    outcome->all_asleep = true;
    outcome->wakes_ns = first;
    outcome->due_ns = due != NULL ? due() : 0;
}

static void open_all(enum gates_state state, uint32_t site, const struct wrap_thread *t,
                     enum gates_kind kind)
{
    if (__atomic_exchange_n(&opening, true, __ATOMIC_ACQ_REL))
        return;
    const struct step *s = &order[next < steps ? next : steps - 1];
    if (detour == 0) { // else the first place off the way is told
        tell_place(&outcome->due, s->thread, s->kind, s->site);
        tell_place(&outcome->came, t->number, kind, site);
    }
    if (state == GATES_PASSED)
        tell_sleepers();
    opened_ns = wrap_clock();
    __atomic_store_n(&outcome->state, state, __ATOMIC_RELEASE);
    __atomic_store_n(&closed, false, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < WRAP_THREADS; i++)
        wrap_wake(&turn[i]);
}

void gates_close(struct gates_outcome *to, int64_t ns, int64_t (*due_ns)(void))
{
    outcome = to;
    outcome->steps = steps;
    patience_ns = ns;
    due = due_ns;
    used = true;
    wakes[0] = AWAKE;
    if (steps == 0)
        return;
    __atomic_store_n(&handed_over, wrap_clock(), __ATOMIC_RELAXED);
    __atomic_store_n(&outcome->state, GATES_CLOSED, __ATOMIC_RELAXED);
    __atomic_store_n(&turn[0], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&closed, true, __ATOMIC_RELEASE);
}

// Turns -----------------------------------------------------------------------------------

static void hand_over(void)
{
    uint32_t to = order[next].thread;

    __atomic_store_n(&handed_over, wrap_clock(), __ATOMIC_RELAXED);
    __atomic_store_n(&turn[to], 1, __ATOMIC_RELEASE);
    wrap_wake(&turn[to]);
}

// False: the gates have opened.
static bool wait_for_turn(const struct wrap_thread *t, enum gates_kind kind)
{
    uint32_t *mine = &turn[t->number];

    while (__atomic_load_n(mine, __ATOMIC_ACQUIRE) == 0) {
        if (!gates_closed())
            return false;
        if (wrap_clock() - __atomic_load_n(&handed_over, __ATOMIC_RELAXED) > patience_ns) {
            open_all(GATES_EXPIRED, SIM_SITE_NONE, t, kind);
            return false;
        }
        wrap_wait(mine, 0, WAKE_NS);
    }
    return gates_closed();
}

static bool has_turn(const struct wrap_thread *t)
{
    return __atomic_load_n(&turn[t->number], __ATOMIC_ACQUIRE) != 0;
}

// Between two places of one thread: somebody else's turn, if it is so. False: open.
static bool take_turn(struct wrap_thread *t, enum gates_kind kind)
{
    if (has_turn(t)) {
        if (next == steps) {
            open_all(GATES_PASSED, SIM_SITE_NONE, t, kind);
            return false;
        }
        if (order[next].thread == t->number)
            return true;
        __atomic_store_n(&turn[t->number], 0, __ATOMIC_RELAXED);
        hand_over();
    }
    return wait_for_turn(t, kind);
}

static void step_done(void)
{
    __atomic_store_n(&outcome->step, ++next, __ATOMIC_RELAXED);
}

static void signal_comes(struct wrap_thread *t, struct wrap_frame *at)
{
    const struct host_context context = {.pc = at->pc, .sp = (uintptr_t)(at + 1), .fp = at->fp};

    step_done();
    if (interrupted == NULL)
        return;
    t->in_handler = true;
    void (*call)(void) = interrupted(&context);
    t->in_handler = false;
    if (call != NULL)
        wrap_inject(t, at, call);
}

// A collector that reads words of a stack for addresses finds other words there than under the
// engine, and looks at a few objects more. The thread does these things, and keeps the turn, until
// it comes to where it should be.
static bool is_detour(struct wrap_thread *t, enum gates_kind kind, uint32_t site)
{
    if (kind != GATES_POINT || order[next].kind != GATES_POINT || detour == DETOUR_MAX)
        return false;
    if (detour++ == 0) {
        tell_place(&outcome->due, order[next].thread, order[next].kind, order[next].site);
        tell_place(&outcome->came, t->number, kind, site);
    }
    outcome->detours++;
    return true;
}

void gates_point(struct wrap_thread *t, enum gates_kind kind, struct wrap_frame *at)
{
    if (t->number >= WRAP_THREADS || !take_turn(t, kind))
        return;
    uint32_t site = kind == GATES_POINT && at != NULL ? sim_site_of(at->pc) : SIM_SITE_NONE;
    const struct step *s = &order[next];
    if (s->kind != kind || (kind == GATES_POINT && s->site != site)) {
        if (!is_detour(t, kind, site))
            open_all(GATES_STRAYED, site, t, kind);
        return;
    }
    detour = 0;
    step_done();
    if (at != NULL)
        gates_signals(t, at);
}

void gates_signals(struct wrap_thread *t, struct wrap_frame *at)
{
    while (gates_closed() && next < steps && order[next].kind == GATES_SIGNAL &&
           order[next].thread == t->number)
        signal_comes(t, at);
}

bool gates_answer(struct wrap_thread *t, int64_t *answer)
{
    if (!gates_closed() || t->number >= WRAP_THREADS || next == steps ||
        order[next].kind != GATES_ANSWER || order[next].thread != t->number)
        return false;
    *answer = order[next].value;
    step_done();
    return true;
}

static int64_t until(int64_t timeout_ns)
{
    return timeout_ns < 0 ? NEVER : virtual_ns + timeout_ns;
}

static void sleeps(struct wrap_thread *t, int64_t wakes_at)
{
    if (t->number < WRAP_THREADS)
        wakes[t->number] = wakes_at;
}

bool gates_wait(struct wrap_thread *t, struct wrap_frame *at, int64_t timeout_ns, int64_t *answer)
{
    int64_t end = until(timeout_ns);

    while (gates_closed()) {
        if (gates_answer(t, answer))
            return true;
        sleeps(t, end);
        gates_point(t, GATES_RESUMES, at);
        if (gates_closed())
            sleeps(t, AWAKE);
    }
    return false;
}

void gates_sleep(struct wrap_thread *t, struct wrap_frame *at, int64_t ns)
{
    sleeps(t, until(ns));
    gates_point(t, GATES_RESUMES, at);
    if (gates_closed())
        sleeps(t, AWAKE);
}

void gates_begin(struct wrap_thread *t)
{
    gates_point(t, GATES_RESUMES, NULL);
    if (gates_closed())
        sleeps(t, AWAKE);
}

void gates_end(struct wrap_thread *t)
{
    if (!gates_closed() || t->number >= WRAP_THREADS || !has_turn(t))
        return;
    sleeps(t, 0);
    __atomic_store_n(&turn[t->number], 0, __ATOMIC_RELAXED);
    if (next == steps)
        open_all(GATES_PASSED, SIM_SITE_NONE, t, GATES_POINT);
    else if (order[next].thread == t->number)
        open_all(GATES_STRAYED, SIM_SITE_NONE, t, GATES_POINT);
    else
        hand_over();
}
