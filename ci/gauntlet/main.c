// SPDX-License-Identifier: Apache-2.0
//
// The gauntlet command: finds the subcommand and hands over. One program for all of them, linked
// with the engine and the runtime under test; each subcommand has a file of its own.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"

const struct command commands[] = {
    {"hunt", "hunt races in the runtime, save what is found as cases", command_hunt},
    {"check", "run all schedules of a small workload, within a bound", command_check},
    {"replay", "run a saved case again", command_replay},
    {"explain", "show how a case comes about, step by step", command_explain},
    {"test", "build and run all tests", command_test},
    {"minimize", "make a case smaller", command_minimize},
    {"refresh", "let cases follow the code", command_refresh},
    {"fixed", "turn an open case into a fixed one", command_fixed},
    {"import", "make a case of a fuzzer's crash file", command_import},
    {"cases", "list the saved cases", command_cases},
    {"bank", "hunt every known bug, say what finding it cost", command_bank},
    {"audit", "run executions in two ways each, say where they differ", command_audit},
    {"bench", "measure the engine and the runtime", command_bench},
    {"steal", "measure how evenly p's run, and what their stealing comes to", command_steal},
    {"soak", "run a server beside peers that vanish, say what is left", command_soak},
    {"doctor", "what of this machine helps or hurts", command_doctor},
    {"completion", "print what a shell needs to complete commands", command_completion},
    {"man", "print the manual page", command_man},
    {"regress", NULL, command_regress},
    {0},
};

static void usage(FILE *out)
{
    fputs("Usage: gauntlet COMMAND [OPTION...]\n\n"
          "Hunts races in a Go-style runtime under a deterministic scheduler.\n\n",
          out);
    for (size_t i = 0; commands[i].name != NULL; i++)
        if (commands[i].summary != NULL)
            fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`gauntlet COMMAND --help` tells more. Exit status: 0 nothing found, or the outcome is "
          "what was\n"
          "asked; 1 findings, or an outcome that does not match; 2 wrong usage or bad input.\n",
          out);
}

static void on_stop(int number)
{
    (void)number;
    command_stopped = 1;
}

// Calls that wait return, so that whoever waits looks at command_stopped.
static void catch_stop(int number)
{
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

int main(int argc, char **argv)
{
    catch_stop(SIGINT);
    catch_stop(SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return EXIT_NOTHING;
    }
    for (size_t i = 0; commands[i].name != NULL; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc - 1, argv + 1);

            if (fflush(stdout) != 0)
                return command_fail("standard output: cannot be written");
            return status;
        }
    return command_fail("unknown command '%s'; gauntlet --help lists them", argv[1]);
}
