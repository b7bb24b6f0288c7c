// SPDX-License-Identifier: Apache-2.0
//
// The payment service as a program of its own: graph.h under load by service.h, for a time or a
// number of requests, with a check of the graph every now and then and a report at the end. Exit
// status 1: a target is missed; what is wrong ends the process at once.
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/atomic.h"
#include "runtime/host/host.h"
#include "runtime/rt.h"
#include "runtime/rt_heap.h"
#include "stress/payments/graph.h"
#include "stress/payments/report.h"
#include "stress/payments/service.h"

static const int64_t ms = 1000000, second = 1000000000;
enum { CHECKS = 20, CHECK_SECONDS_MOST = 30 };

static struct {
    int64_t for_ns, index_every_ns;
    long clients, rate, procs, requests, window, users;
    uint64_t seed;
    bool json, untimed, unweighed, seeded;
} options = {
    .for_ns = 60 * 1000000000LL,
    .index_every_ns = 100 * 1000000,
    .clients = 100,
    .rate = 1000,
    .window = 20000,
    .users = 2000,
}; // const after main

static volatile sig_atomic_t interrupted;

// The run ---------------------------------------------------------------------------------------

static void begin(void)
{
    static struct times transactions, freshness;
    enum { QUEUE = 4096, SHARDS = 4, FAN = 8, MOST = 1000, OWN_USERS = 8, VOUCHERS = 4 };
    struct graph_sizes sizes = {
        .users = (uint32_t)options.users,
        .merchants = (uint32_t)options.users / 10 + 1,
        .vouchers = VOUCHERS,
        .window = (uint32_t)options.window,
        .shards = SHARDS,
        .queue = QUEUE,
        .fan = FAN,
        .most = MOST,
    };
    struct service_options service = {
        .clients = (uint32_t)options.clients,
        .rate = (uint32_t)options.rate,
        .dropping_percent = 30,
        .session = 50,
        .requests = (uint64_t)options.requests,
        .index_every_ns = options.index_every_ns,
        .patience_ns = 2 * second,
        .answer_ns = 60 * second,
        .own_users = OWN_USERS,
        .seed = options.seed,
    };
    if (options.rate != 0) // the pauses of a client are no silence
        service.answer_ns += 2 * options.clients * second / options.rate;
    service_figures.transactions = &transactions;
    service_figures.freshness = &freshness;
    graph_open(&sizes);
    service_begin(&service);
}

static void say_progress(const struct report *r, bool last)
{
    static int minutes;
    bool terminal = isatty(STDERR_FILENO) == 1;

    if (terminal)
        fprintf(stderr, "\r\033[K");
    if (last || (!terminal && (int)r->seconds / 60 == minutes))
        return;
    minutes = (int)r->seconds / 60;
    report_progress(r, stderr);
    if (!terminal)
        fprintf(stderr, "\n");
}

static void check(struct report *r, bool at_end)
{
    int64_t start = host_nanotime();

    graph_check(at_end);
    int64_t took = host_nanotime() - start;
    r->checks++;
    r->worst_check_ns = took > r->worst_check_ns ? took : r->worst_check_ns;
}

// From now on payments expire as fast as they come, and nothing needs more memory.
static bool is_full(void)
{
    struct index_counts counts;

    index_count(&counts);
    return counts.expired > (uint64_t)options.window / 10;
}

// After a twentieth of the time, or of the requests.
static bool is_check_due(int64_t now)
{
    static int64_t last_ns;
    static uint64_t last_asked;
    uint64_t asked = load_relaxed(&service_figures.asked);
    int64_t every = options.for_ns / CHECKS;

    if (every > CHECK_SECONDS_MOST * second)
        every = CHECK_SECONDS_MOST * second;
    bool due = now - last_ns >= every ||
               (options.requests != 0 && asked - last_asked >= (uint64_t)options.requests / CHECKS);
    if (due) {
        last_ns = now;
        last_asked = asked;
    }
    return due;
}

static void run(void *unused)
{
    static struct watch watch;
    struct report r = {
        .program = program_invocation_short_name,
        .clients = (uint32_t)options.clients,
        .rate = (uint32_t)options.rate,
        .seed = options.seed,
        .untimed = options.untimed,
        .unweighed = options.unweighed,
        .watch = &watch,
    };
    (void)unused;
    watch_begin(&watch);
    begin();
    int64_t start = host_nanotime(), look = start;
    for (int64_t now = start; !interrupted && !service_is_done() && now - start < options.for_ns;
         now = host_nanotime()) {
        if (now >= look) {
            watch_look(&watch, is_full());
            r.seconds = (double)(now - start) / 1e9;
            say_progress(&r, false);
            look = now + second;
        }
        if (is_check_due(now))
            check(&r, false);
        rt_sleep(20 * ms);
    }
    r.stopped = interrupted;
    service_end();
    check(&r, true);
    watch_look(&watch, false);
    r.seconds = (double)(host_nanotime() - start) / 1e9;
    say_progress(&r, true);
    exit(report_end(&r, options.json) ? 0 : 1);
}

// The command line ------------------------------------------------------------------------------

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static long number(const char *text, long least, long most, struct argp_state *state)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || n < least || n > most)
        argp_error(state, "'%s' is not a number from %ld to %ld", text, least, most);
    return n;
}

// "90s", "500ms", "30m", "1h", or plain seconds.
static int64_t duration(const char *text, struct argp_state *state)
{
    static const struct {
        const char *word;
        int64_t ns;
    } units[] = {{"", 1000000000},
                 {"s", 1000000000},
                 {"ms", 1000000},
                 {"m", 60000000000},
                 {"h", 3600000000000}};
    char *end;
    double n = strtod(text, &end);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (*text >= '0' && *text <= '9' && n > 0 && strcmp(end, units[i].word) == 0 &&
            n * (double)units[i].ns < 7 * 24 * 3600e9)
            return (int64_t)(n * (double)units[i].ns);
    argp_error(state, "'%s' is not a time such as 90s or 30m", text);
    return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    switch (key) {
    case 'f':
        options.for_ns = duration(text, state);
        return 0;
    case 'i':
        options.index_every_ns = duration(text, state);
        return 0;
    case 'c':
        options.clients = number(text, 1, 10000, state);
        return 0;
    case 'r':
        options.rate = number(text, 0, 1000000, state);
        return 0;
    case 'p':
        options.procs = number(text, 0, 64, state);
        return 0;
    case 'n':
        options.requests = number(text, 1, 1000000000, state);
        return 0;
    case 'w':
        options.window = number(text, 100, 10000000, state);
        return 0;
    case 'u':
        options.users = number(text, 100, 1000000, state);
        return 0;
    case 's':
        options.seed = (uint64_t)number(text, 0, INT32_MAX, state);
        options.seeded = true;
        return 0;
    case 't':
        options.untimed = true;
        return 0;
    case 'm':
        options.unweighed = true;
        return 0;
    case 'j':
        options.json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option list[] = {
    {"for", 'f', "TIME", 0, "How long (default 60s)", 0},
    {"requests", 'n', "N", 0, "Ends after so many, if that is sooner", 0},
    {"rate", 'r', "N", 0,
     "Requests a second of all clients (default 1000); 0: each as soon as the one before is "
     "answered",
     0},
    {"clients", 'c', "N", 0, "At the same time (default 100)", 0},
    {"users", 'u', "N", 0, "Of the graph (default 2000)", 0},
    {"window", 'w', "N", 0, "Payments that the graph holds (default 20000)", 0},
    {"index-every", 'i', "TIME", 0, "Period in which new edges are published (default 100ms)", 0},
    {"procs", 'p', "N", 0, "Goroutines that may run at the same time (default: processors)", 0},
    {"seed", 's', "N", 0, "What clients do (default: any)", 0},
    {"untimed", 't', 0, 0, "Times are told, not judged", 0},
    {"unweighed", 'm', 0, 0,
     "Resident memory is told, not judged: a sanitizer's is in it. The runtime's own is", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {0},
};

int main(int argc, char **argv)
{
    static const struct argp argp = {list, parse, NULL, "A payment service under load.", 0, 0, 0};
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_ONSTACK | SA_RESTART};

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    if (!options.seeded)
        options.seed = host_random() & INT32_MAX;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    fprintf(stderr, "seed %llu\n", (unsigned long long)options.seed);
    rt_heap_debug.poison = true; // who meets what was freed sees it
    struct rt_config config = {.procs = (int32_t)options.procs};
    rt_main(&config, run, NULL);
}
