// SPDX-License-Identifier: Apache-2.0
//
// `gauntlet test` belongs to the launcher, because it builds this program; who calls the program
// itself is told so.
#include "ci/gauntlet/command.h"

int command_test(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        NULL,
        "[TARGET...]",
        "Builds the tree and runs its tests, every saved case among them. Takes the options of "
        "`bazel test` too. Exit status 1 when a test fails.",
        0,
        0,
        0};

    command_parse(&argp, argc, argv, NULL);
    return command_fail("test builds this program first: run ./gauntlet test in the checkout");
}
