// SPDX-License-Identifier: Apache-2.0
//
// sitetab BINARY ROOT OUTPUT: writes the site table of a linked program (see sitetab.h).
#include <stdio.h>

#include "ci/sites/sitetab.h"

int main(int argc, char **argv)
{
    char err[1024];

    if (argc != 4) {
        (void)fprintf(stderr, "usage: sitetab BINARY ROOT OUTPUT\n");
        return 2;
    }
    if (sitetab_write(&(struct sitetab_request){argv[1], argv[2], argv[3]}, err, sizeof err) != 0) {
        (void)fprintf(stderr, "%s\n", err);
        return 2;
    }
    return 0;
}
