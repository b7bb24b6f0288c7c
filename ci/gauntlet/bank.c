// SPDX-License-Identifier: Apache-2.0
//
// gauntlet bank: puts every known bug of repro/bank back, one after the other, and hunts it within
// a budget, with several seeds; tries what was found on real threads; and on request gives the same
// time to ThreadSanitizer alone. Work is done in --jobs processes. Of one bug the first hunt goes
// alone, since it builds the program that the others start; its case comes after all its hunts, and
// ThreadSanitizer, whose program that builds, after the case. Bugs are told in the order of their
// names, whichever is done first.
// Exit status 0 when all were found, 1 when not, or when it was interrupted before the end.
#include "ci/gauntlet/bank.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_SEEDS = 256, OPT_JOBS, OPT_NO_CONFIRM, OPT_BASELINE, OPT_RESUME, OPT_MARKDOWN };

static const struct argp_option options[] = {
    {"for", 'f', "TIME", 0, "Budget of each hunt (default 60s)", 0},
    {"seed", 's', "S", 0, "Of the first hunt of a bug (default 1)", 0},
    {"seeds", OPT_SEEDS, "N", 0, "Hunts of each bug, with seeds S, S+1 ... (default 5)", 0},
    {"jobs", OPT_JOBS, "N", 0, "Processes at a time, 1 to 64 (default: one for each processor)", 0},
    {"no-confirm", OPT_NO_CONFIRM, 0, 0, "Do not try what was found on real threads", 0},
    {"baseline", OPT_BASELINE, 0, 0,
     "Then the budget of one hunt for ThreadSanitizer without the engine, on real threads", 0},
    {"resume", OPT_RESUME, "FILE", 0,
     "Keep in FILE what is done, and do not do what is done there at this commit", 0},
    {"markdown", OPT_MARKDOWN, 0, 0, "The result as a table for docs/bank.md", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

static uint32_t small_number(const char *option, const char *text, uint32_t max)
{
    uint64_t n = command_number(option, text, max);

    if (n == 0)
        exit(command_fail("%s: 1 to %u expected", option, max));
    return (uint32_t)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bank *b = state->input;

    switch (key) {
    case 'f':
        b->budget = command_seconds("--for", arg);
        b->time = arg;
        return 0;
    case 's':
        b->seed = command_number("--seed", arg, UINT64_MAX - BANK_SEEDS);
        return 0;
    case OPT_SEEDS:
        b->seeds = small_number("--seeds", arg, BANK_SEEDS);
        return 0;
    case OPT_JOBS:
        b->jobs = small_number("--jobs", arg, BANK_JOBS);
        return 0;
    case OPT_NO_CONFIRM:
        b->confirm = false;
        return 0;
    case OPT_BASELINE:
        b->baseline = true;
        return 0;
    case OPT_RESUME:
        if (arg[0] == 0)
            argp_error(state, "--resume: the name of a file expected");
        b->state = arg;
        return 0;
    case OPT_MARKDOWN:
        b->markdown = true;
        return 0;
    case 'j':
        b->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (b->nonly == BANK_BUGS)
            argp_error(state, "too many names");
        b->only[b->nonly++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (b->json && b->markdown)
            argp_error(state, "--json and --markdown contradict each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

// Sums --------------------------------------------------------------------------------------------

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bank_median(double *v, uint32_t n)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof *v, compare);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

const struct bank_run *bank_to_confirm(const struct bank *b, const struct bank_bug *bug)
{
    const struct bank_run *next = NULL;
    uint32_t tried = 0;

    for (uint32_t i = 0; i < b->seeds; i++) {
        const struct bank_run *run = &bug->run[i];

        tried += run->confirm.how != BANK_OPEN;
        if (run->confirm.shown)
            return NULL;
        if (next == NULL && run->text != NULL && run->confirm.how == BANK_OPEN)
            next = run;
    }
    return tried < BANK_CASES ? next : NULL;
}

const struct bank_confirm *bank_confirmed(const struct bank *b, const struct bank_bug *bug)
{
    const struct bank_confirm *last = NULL;

    for (uint32_t i = 0; i < b->seeds; i++)
        if (bug->run[i].confirm.how == BANK_DONE && (last == NULL || !last->shown))
            last = &bug->run[i].confirm;
    return last;
}

// The run whose strategy most of those that found it have.
static const struct bank_run *usual(const struct bank *b, const struct bank_bug *bug)
{
    const struct bank_run *best = NULL;
    uint32_t most = 0;

    for (uint32_t i = 0; i < b->seeds; i++) {
        uint32_t n = 0;

        for (uint32_t k = 0; k < b->seeds && bug->run[i].found; k++)
            n += bug->run[k].found && strcmp(bug->run[k].strategy, bug->run[i].strategy) == 0;
        if (n > most) {
            most = n;
            best = &bug->run[i];
        }
    }
    return best;
}

struct bank_sum bank_sum(const struct bank *b, const struct bank_bug *bug)
{
    double executions[BANK_SEEDS], seconds[BANK_SEEDS], choices[BANK_SEEDS], operations[BANK_SEEDS];
    const struct bank_run *best = usual(b, bug);
    struct bank_sum s = {.strategy = best ? best->strategy : "",
                         .memory = best ? best->memory : bug->memory,
                         .signature = best ? best->signature : ""};

    for (uint32_t i = 0; i < b->seeds; i++) {
        const struct bank_run *run = &bug->run[i];

        if (run->how != BANK_DONE)
            continue;
        executions[s.done] = run->executions;
        seconds[s.done++] = run->seconds;
        if (run->found) {
            choices[s.found] = run->choices;
            operations[s.found++] = run->operations;
        }
    }
    s.executions = bank_median(executions, s.done);
    s.seconds = bank_median(seconds, s.done);
    s.choices = bank_median(choices, s.found);
    s.operations = bank_median(operations, s.found);
    return s;
}

// The plan ----------------------------------------------------------------------------------------

// Whether the hunts of a bug are over; *next is the first that nobody has begun.
static bool hunted(const struct bank *b, const struct bank_bug *bug, const bool *begun,
                   uint32_t *next)
{
    *next = b->seeds;
    for (uint32_t i = b->seeds; i-- > 0;) {
        if (bug->run[i].how == BANK_FAILED)
            return true; // the others would fail as well
        if (bug->run[i].how == BANK_OPEN && !begun[i])
            *next = i;
    }
    return *next == b->seeds && bug->running == 0;
}

static bool was_built(const struct bank *b, const struct bank_bug *bug)
{
    for (uint32_t i = 0; i < b->seeds; i++)
        if (bug->run[i].how != BANK_OPEN)
            return true;
    return false;
}

struct plan {
    struct bank *b;
    struct bank_child child[BANK_JOBS];
    bool (*begun)[BANK_SEEDS]; // hunts, of each bug
    uint32_t told;             // bugs that are, from the first
};

static bool is_over(const struct bank *b, const struct bank_bug *bug)
{
    uint32_t next;
    static const bool none[BANK_SEEDS];

    return hunted(b, bug, none, &next) && bug->running == 0 &&
           (!b->confirm || bank_to_confirm(b, bug) == NULL) &&
           (!b->baseline || bug->baseline.how != BANK_OPEN || bug->run[0].how == BANK_FAILED);
}

// What is to be done next for one bug, if anything can.
static bool next_of(struct plan *p, uint32_t index, struct bank_child *c)
{
    const struct bank *b = p->b;
    const struct bank_bug *bug = &b->bug[index];
    uint32_t next;
    bool over = hunted(b, bug, p->begun[index], &next);

    c->bug = index;
    c->seed = next;
    c->work = BANK_HUNT;
    if (next < b->seeds && !over) // the first one goes alone
        return bug->running == 0 || was_built(b, bug);
    if (!over || bug->running > 0 || is_over(b, bug))
        return false;
    const struct bank_run *run = b->confirm ? bank_to_confirm(b, bug) : NULL;
    c->work = run != NULL ? BANK_CONFIRM : BANK_BASELINE;
    c->seed = run != NULL ? (uint32_t)(run - bug->run) : 0;
    return true;
}

static void start_some(struct plan *p)
{
    struct bank *b = p->b;

    for (uint32_t j = 0; j < b->jobs && !b->stopped; j++) {
        struct bank_child *c = &p->child[j];

        for (uint32_t i = p->told; i < b->nbugs && c->pid == 0 && !b->stopped; i++) {
            if (!next_of(p, i, c))
                continue;
            b->stopped = !bank_start(b, c);
            b->failed += b->stopped;
            if (c->work == BANK_HUNT)
                p->begun[i][c->seed] = true;
        }
    }
}

// Progress ----------------------------------------------------------------------------------------

static void clear_progress(void)
{
    if (isatty(2))
        fputs("\r\033[K", stderr);
}

static void progress(const struct plan *p)
{
    static const char *const words[] = {"", " on real threads", " without the engine"};
    const struct bank *b = p->b;

    if (!isatty(2))
        return;
    fprintf(stderr, "\r\033[K%6.0f s  %u of %u bugs", bank_now() - b->begin, p->told, b->nbugs);
    for (uint32_t j = 0, n = 0; j < b->jobs && n < 2; j++) {
        const struct bank_child *c = &p->child[j];

        if (c->pid == 0)
            continue;
        fprintf(stderr, "%s%.32s", n++ ? ", " : "; ", b->bug[c->bug].slug);
        if (c->work == BANK_HUNT)
            fprintf(stderr, " seed %llu", (unsigned long long)(b->seed + c->seed));
        fputs(words[c->work], stderr);
    }
    fflush(stderr);
}

// Those that are over and have none before them that is not. At the end all that have something.
static void tell(struct plan *p, bool end)
{
    struct bank *b = p->b;

    for (; p->told < b->nbugs; p->told++) {
        struct bank_bug *bug = &b->bug[p->told];

        if (!end && !is_over(b, bug))
            return;
        if (b->json || b->markdown || bank_sum(b, bug).done == 0)
            continue;
        clear_progress();
        bank_tell_bug(b, bug);
    }
}

// The run -----------------------------------------------------------------------------------------

static uint32_t at_work(const struct plan *p)
{
    uint32_t n = 0;

    for (uint32_t j = 0; j < p->b->jobs; j++)
        n += p->child[j].pid != 0;
    return n;
}

static void listen_to(struct plan *p)
{
    struct pollfd fds[BANK_JOBS];
    uint32_t jobs = p->b->jobs;

    for (uint32_t j = 0; j < jobs; j++)
        fds[j] = (struct pollfd){.fd = p->child[j].pid ? p->child[j].fd : -1, .events = POLLIN};
    int ready = poll(fds, jobs, 500);
    for (uint32_t j = 0; j < jobs; j++) {
        struct bank_child *c = &p->child[j];

        if (c->pid != 0 && (p->b->stopped || (c->deadline > 0 && bank_now() > c->deadline)))
            bank_stop(c);
        if (ready > 0 && c->pid != 0 && fds[j].revents != 0)
            bank_hear(p->b, c);
    }
}

// One more than can be at work has failed, and nothing could be run: neither could the rest.
static bool is_broken(const struct bank *b)
{
    if (b->failed <= b->jobs)
        return false;
    for (uint32_t i = 0; i < b->nbugs; i++)
        if (bank_sum(b, &b->bug[i]).done > 0)
            return false;
    return true;
}

static void run(struct plan *p)
{
    struct bank *b = p->b;

    for (;;) {
        b->stopped |= command_stopped || is_broken(b);
        if (!b->stopped)
            start_some(p);
        if (at_work(p) == 0)
            break;
        progress(p);
        listen_to(p);
        tell(p, false);
    }
    clear_progress();
    tell(p, true);
}

// Stopped before all was done; a Ctrl-C that comes with the last result is none.
static bool is_cut_short(const struct bank *b)
{
    for (uint32_t i = 0; i < b->nbugs; i++)
        if (!is_over(b, &b->bug[i]))
            return true;
    return false;
}

static int finish(struct bank *b)
{
    uint32_t found = 0;

    b->stopped = is_cut_short(b);
    for (uint32_t i = 0; i < b->nbugs; i++)
        found += bank_sum(b, &b->bug[i]).found > 0;
    if (b->json)
        bank_tell_json(b);
    else if (b->markdown)
        bank_tell_markdown(b);
    else
        bank_tell_end(b);
    if (b->failed > 0)
        return EXIT_USAGE;
    return found == b->nbugs && !b->stopped ? EXIT_NOTHING : EXIT_FINDINGS;
}

int command_bank(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "[SLUG...]",
        "Hunts every known bug of repro/bank, or those named, and says what finding it cost: the "
        "median over the seeds, of which one that did not find it counts with all that it spent. "
        "Saves no cases. Exit status 0 when all were found; 1 when not, or when it was "
        "interrupted.",
        0,
        0,
        0};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    static struct bank b; // large
    static struct plan p;

    b = (struct bank){.time = "60s", .budget = 60, .seed = 1, .seeds = 5, .confirm = true};
    b.jobs = processors < 1 ? 1 : processors > BANK_JOBS ? BANK_JOBS : (uint32_t)processors;
    command_parse(&argp, argc, argv, &b);
    p = (struct plan){.b = &b, .begun = calloc(BANK_BUGS, sizeof *p.begun)};
    b.begin = bank_now();
    int status = p.begun != NULL ? bank_read(&b) : command_fail("no memory");
    if (status == 0)
        status = bank_state_load(&b);
    for (uint32_t i = 0; status == 0 && i < b.nbugs; i++)
        bank_state_take(&b, i);
    if (status == 0) {
        run(&p);
        status = finish(&b);
    }
    bank_free(&b);
    free(p.begun);
    return status;
}
