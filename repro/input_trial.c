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

static bool has(const struct workload *w, enum wl_kind kind)
{
    for (uint32_t i = 0; i < w->ops; i++)
        if (w->op[i].kind == kind)
            return true;
    return false;
}

// The function is on one of the finding's stacks.
static bool in_function(const struct sim_finding *f, const char *name)
{
    for (uint32_t i = 0; i < f->places; i++)
        for (uint32_t k = 0; k < f->place[i].stack.n; k++)
            if (strcmp(sim_pc_function(f->place[i].stack.pc[k]), name) == 0)
                return true;
    return false;
}

bool input_is_at_fault(const struct input *in, const struct sim_finding *f)
{
    if (in->vouched)
        return false;
    if (strcmp(f->oracle, "deadlock") == 0)
        return true;
    if (strcmp(f->oracle, "livelock") == 0) // a loop without a point is nobody's but the runtime's
        return strstr(f->signature, "no point after") == NULL;
    if (strcmp(f->oracle, "race") == 0) // on the words of `set`, `add`, `once`, `stw`
        return strstr(f->signature, "variable") != NULL;
    if (strstr(f->signature, "workload: expect") != NULL ||
        strstr(f->signature, "waitgroup is used again") != NULL)
        return true;
    // a timer that has fired keeps nothing alive; armed again, it looks at what it had
    if (in_function(f, "timer_looks") && has(&in->program, WL_TIMERRESET))
        return true;
    // who accepts cannot choose whose call it is
    return strstr(f->signature, "a byte of another descriptor") != NULL &&
           has(&in->program, WL_ACCEPT);
}
