// SPDX-License-Identifier: Apache-2.0
//
// Makes a seed of a workload: `seed FILE.wl` prints the input (repro/input.h, as text) that runs it
// under a random walk. It is vouched for: hunts have run it often enough.
#include "repro/input.h"
#include "stress/workload/binary.h"

#include <string.h>

int main(int argc, char **argv)
{
    static struct input in = {.vouched = true,
                              .plan = {.legs = 1, .leg = {{SIM_WALK_RANDOM, 1, 0}}}};
    char error[1024];
    struct text_error err;

    if (argc != 2) {
        fputs("usage: seed FILE.wl\n", stderr);
        return 2;
    }
    struct workload *w = workload_read(argv[1], error, sizeof error);
    if (w == NULL) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    workload_assign(&in.program, w);
    workload_free(w);
    workload_plain_names(&in.program);
    if (!workload_finish(&in.program, &err))
        return 2;
    input_print(&in, stdout);
    return ferror(stdout) ? 2 : 0;
}
