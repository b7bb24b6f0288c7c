// SPDX-License-Identifier: Apache-2.0
//
// gauntlet soak: a long run beside which everything goes wrong that can, and what is left after it.
// The run itself is a program of stress/soak, which this one becomes.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/bench.h"
#include "ci/gauntlet/command.h"

struct soak_command {
    const char *duration, *seed;
    bool http, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct soak_command *c = state->input;

    switch (key) {
    case 'f':
        command_seconds("--for", arg);
        c->duration = arg;
        return 0;
    case 's':
        command_number("--seed", arg, UINT32_MAX);
        c->seed = arg;
        return 0;
    case 'j':
        c->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "http") != 0)
            argp_error(state, "'%s' is not a soak: http", arg);
        c->http = true;
        return 0;
    case ARGP_KEY_END:
        if (!c->http)
            argp_error(state, "what? http");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int command_soak(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"for", 'f', "TIME", 0, "How long (default 60s); the first tenth is a warm-up", 0},
        {"seed", 's', "N", 0, "What peers do (default: any)", 0},
        {"json", 'j', 0, 0, "One JSON object on standard output", 0},
        {0},
    };
    static const struct argp argp = {
        options,
        parse,
        "http",
        "http: a server of the native runtime, and beside wrk peers that vanish in the middle of "
        "requests and answers, reset their connections, or stay silent. Afterwards goroutines, "
        "descriptors and memory have to be back where they were. Exit status 1 when they are not.",
        0,
        0,
        0};
    struct soak_command c = {.duration = "60s"};
    char script[STORE_PATH_BYTES], responder[STORE_PATH_BYTES];

    command_parse(&argp, argc, argv, &c);
    snprintf(script, sizeof script, "%s/stress/soak/http.py", command_root());
    bench_program("runtime/examples/http_responder.native", responder);
    const char *args[9] = {"python3", script, responder, "--for", c.duration};
    size_t n = 5;
    if (c.seed != NULL) {
        args[n++] = "--seed";
        args[n++] = c.seed;
    }
    if (c.json)
        args[n++] = "--json";
    execvp(args[0], (char **)args);
    return command_fail("%s: %s", args[0], strerror(errno));
}
