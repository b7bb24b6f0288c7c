// SPDX-License-Identifier: Apache-2.0
//
// gauntlet soak: a long run beside which everything goes wrong that can, and what is left after it.
// The runs themselves are programs of stress/soak and stress/payments; this one starts them, hands
// on what interrupts it, and says how to do it again.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/bench.h"
#include "ci/gauntlet/command.h"

enum { WORDS = 24 };
enum key { RATE = 0x100, CLIENTS, PROCS, REQUESTS, UNTIMED };

struct soak_command {
    const char *what; // "http", "payments"
    const char *duration, *seed, *engine;
    const char *passed[12]; // to payments as they are
    uint32_t n_passed;
    bool json;
};

static void pass(struct soak_command *c, struct argp_state *state, const char *option,
                 const char *value)
{
    if (c->n_passed + 2 > sizeof c->passed / sizeof c->passed[0])
        argp_error(state, "%s: options are given more than once", option);
    c->passed[c->n_passed++] = option;
    if (value != NULL)
        c->passed[c->n_passed++] = value;
}

static void end(struct soak_command *c, struct argp_state *state)
{
    if (c->what == NULL)
        argp_error(state, "what? http, payments");
    if (strcmp(c->what, "payments") != 0 && (c->n_passed > 0 || c->engine != NULL))
        argp_error(state, "%s is for payments", c->engine != NULL ? "--engine" : c->passed[0]);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct soak_command *c = state->input;

    switch (key) {
    case 'f':
        command_seconds("--for", arg);
        c->duration = arg;
        return 0;
    case 's':
        command_number("--seed", arg, INT32_MAX);
        c->seed = arg;
        return 0;
    case 'e':
        if (strcmp(arg, "native") != 0 && strcmp(arg, "tsan") != 0)
            argp_error(state, "--engine: '%s' is not known; there are: native tsan", arg);
        c->engine = arg;
        return 0;
    case RATE:
        command_number("--rate", arg, 1000000);
        return pass(c, state, "--rate", arg), 0;
    case CLIENTS:
        command_number("--clients", arg, 10000);
        return pass(c, state, "--clients", arg), 0;
    case PROCS:
        command_number("--procs", arg, 64);
        return pass(c, state, "--procs", arg), 0;
    case REQUESTS:
        command_number("--requests", arg, 1000000000);
        return pass(c, state, "--requests", arg), 0;
    case UNTIMED:
        return pass(c, state, "--untimed", NULL), 0;
    case 'j':
        c->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "http") != 0 && strcmp(arg, "payments") != 0)
            argp_error(state, "'%s' is not a soak: http, payments", arg);
        c->what = arg;
        return 0;
    case ARGP_KEY_END:
        end(c, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"for", 'f', "TIME", 0, "How long (default 60s); http: the first tenth is a warm-up", 0},
    {"seed", 's', "N", 0, "What peers and clients do (default: any)", 0},
    {"json", 'j', 0, 0, "One JSON object on standard output", 0},
    {"engine", 'e', "NAME", 0, "payments: native (default), or tsan: under ThreadSanitizer", 0},
    {"rate", RATE, "N", 0,
     "payments: requests a second (default 1000; tsan: 100); 0: as many as can be", 0},
    {"clients", CLIENTS, "N", 0, "payments: at the same time (default 100; tsan: 50)", 0},
    {"requests", REQUESTS, "N", 0, "payments: ends after so many, if that is sooner", 0},
    {"procs", PROCS, "N", 0,
     "payments: goroutines that may run at the same time (default: processors)", 0},
    {"untimed", UNTIMED, 0, 0, "payments: times are told, not judged", 0},
    {0},
};

// Standard output is the program's. Its exit status, 1 when it was ended by a signal.
static int run(char *const argv[])
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        execvp(argv[0], argv);
        fprintf(stderr, "gauntlet: %s: %s\n", argv[0], strerror(errno));
        _exit(EXIT_USAGE);
    }
    if (child < 0)
        return command_fail("no process: %s", strerror(errno));
    // from a terminal it has got the signal itself; twice does no harm
    for (bool told = false; waitpid(child, &status, 0) < 0;)
        if (errno == EINTR && command_stopped && !told)
            told = kill(child, SIGINT) == 0;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "gauntlet: it ended with: %s\n", strsignal(WTERMSIG(status)));
    return EXIT_FINDINGS;
}

static void tell_how_to_do_it_again(const struct soak_command *c)
{
    fprintf(stderr, "again: ./gauntlet soak %s --for %s --seed %s", c->what, c->duration, c->seed);
    if (c->engine != NULL)
        fprintf(stderr, " --engine %s", c->engine);
    for (uint32_t i = 0; i < c->n_passed; i++)
        fprintf(stderr, " %s", c->passed[i]);
    fprintf(stderr, "\n");
}

static void ready_tsan(void)
{
    const char *theirs = getenv("TSAN_OPTIONS");
    char *ours = NULL;

    if (asprintf(&ours,
                 "external_symbolizer_path=/usr/bin/llvm-symbolizer-19:history_size=7:"
                 "halt_on_error=1:exitcode=1:atexit_sleep_ms=0:%s",
                 theirs != NULL ? theirs : "") > 0)
        setenv("TSAN_OPTIONS", ours, 1);
    free(ours);
}

// The program and what comes before the common options; how many words.
static uint32_t begin_words(const struct soak_command *c, const char *words[WORDS],
                            char path[2][STORE_PATH_BYTES])
{
    uint32_t n = 0;

    if (strcmp(c->what, "http") == 0) {
        snprintf(path[0], STORE_PATH_BYTES, "%s/stress/soak/http.py", command_root());
        words[n++] = "python3";
        words[n++] = path[0];
        words[n++] = bench_program("runtime/examples/http_responder.native", path[1]);
        return n;
    }
    bool tsan = c->engine != NULL && strcmp(c->engine, "tsan") == 0;
    words[n++] = bench_program(
        tsan ? "stress/payments/payments.tsan" : "stress/payments/payments.native", path[0]);
    if (tsan) { // what is given comes later, and counts
        words[n++] = "--rate=100";
        words[n++] = "--clients=50";
        words[n++] = "--window=2000";
        words[n++] = "--untimed";
        words[n++] = "--unweighed";
        ready_tsan();
    }
    return n;
}

int command_soak(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "http|payments",
        "http: a server of the native runtime, and beside wrk peers that vanish in the middle of "
        "requests and answers, reset their connections, or stay silent. Afterwards goroutines, "
        "descriptors and memory have to be back where they were.\n"
        "payments: a graph of users, accounts, devices, addresses and merchants in the heap; each "
        "request adds edges and walks three steps, while the collector runs and 30 % of the "
        "clients drop out. 99.9 % of the requests within 50 ms, edges seen within 1 s at the 95th "
        "percentile, a graph without a fault, memory that stays flat (docs/payments.md).\n"
        "Exit status 1 when any of it does not hold.",
        0,
        0,
        0};
    struct soak_command c = {.duration = "60s"};
    char path[2][STORE_PATH_BYTES], seed[16];
    const char *words[WORDS];
    uint32_t random = 1;

    command_parse(&argp, argc, argv, &c);
    if (c.seed == NULL) {
        if (getrandom(&random, sizeof random, 0) < 0)
            random = 1;
        snprintf(seed, sizeof seed, "%u", random & INT32_MAX);
        c.seed = seed;
    }
    uint32_t n = begin_words(&c, words, path);
    words[n++] = "--for";
    words[n++] = c.duration;
    words[n++] = "--seed";
    words[n++] = c.seed;
    for (uint32_t i = 0; i < c.n_passed; i++)
        words[n++] = c.passed[i];
    if (c.json)
        words[n++] = "--json";
    words[n] = NULL;
    int status = run((char *const *)words);
    if (status != EXIT_NOTHING && status != EXIT_USAGE)
        tell_how_to_do_it_again(&c);
    return status;
}
