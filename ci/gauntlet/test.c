// SPDX-License-Identifier: Apache-2.0
//
// `gauntlet test` belongs to the launcher, because it builds this program; who calls the program
// itself is told so.
#include "ci/gauntlet/command.h"

int command_test(int argc, char **argv)
{
    (void)argc, (void)argv;
    return command_fail("test builds this program first: run ./gauntlet test in the checkout");
}
