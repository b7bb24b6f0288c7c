// SPDX-License-Identifier: Apache-2.0
//
// Inputs and the engine: running one, and what a finding in it is worth.
#include "repro/input.h"

#include <string.h>

enum { FUZZED = UINT32_MAX };

void input_begin(struct trial *t, struct input *in)
{
    *t = (struct trial){.memory = in->memory, .faults = in->faults, .frozen = in->frozen};
    trial_begin(t, &in->program);
    t->program.id = FUZZED; // pages stay accessible: system calls would be a quarter of the time
}

bool input_is_at_fault(const struct input *in, const struct sim_finding *f)
{
    if (in->vouched)
        return false;
    return strcmp(f->oracle, "deadlock") == 0 ||
           (strcmp(f->oracle, "livelock") == 0 && strstr(f->signature, "no point after") == NULL) ||
           strstr(f->signature, "workload: expect") != NULL ||
           (strcmp(f->oracle, "race") == 0 &&
            (strstr(f->signature, "op_set") != NULL || strstr(f->signature, "op_get") != NULL));
}
