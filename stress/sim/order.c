// SPDX-License-Identifier: Apache-2.0
//
// The order of one execution, kept on request: which thread does its pending operation, which one
// goes on, what the host answers. It is what another machine needs in order to bring about the
// same: real threads that are held until it is their turn (stress/native/gates.h).

#include "stress/sim/engine.h"

#include <stdlib.h>

enum { STEPS_MAX = 1 << 18 };

static struct sim_step *steps;
static size_t n_steps;

void order_restart(bool on)
{
    n_steps = 0;
    sim.ordering = on;
    if (on && !steps)
        steps = malloc(STEPS_MAX * sizeof *steps);
}

void order_note(enum sim_step_kind kind, uint32_t site, uint64_t value)
{
    if (!steps || n_steps == STEPS_MAX)
        return;
    steps[n_steps++] = (struct sim_step){
        .kind = kind, .thread = (uint16_t)sim.thread, .site = (uint16_t)site, .value = value};
}

const struct sim_step *sim_order(size_t *n)
{
    *n = n_steps;
    return steps;
}
