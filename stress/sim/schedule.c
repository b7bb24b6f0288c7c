// SPDX-License-Identifier: Apache-2.0
//
// Schedules as lists of choices, and names. Apart from the engine, so that tests without one can
// link it.

#include "stress/sim/sim.h"

#include <stdlib.h>
#include <string.h>

const char *const sim_memory_names[SIM_MEMORIES] = {"sc", "tso"};

bool sim_memory_by_name(const char *name, enum sim_memory *memory)
{
    for (int i = 0; i < SIM_MEMORIES; i++) {
        if (strcmp(sim_memory_names[i], name) == 0) {
            *memory = (enum sim_memory)i;
            return true;
        }
    }
    return false;
}

void sim_schedule_push(struct sim_schedule *s, const struct sim_choice *c)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 64;
        s->v = realloc(s->v, s->cap * sizeof s->v[0]);
        if (!s->v)
            abort();
    }
    s->v[s->n++] = *c;
}

void sim_schedule_copy(struct sim_schedule *to, const struct sim_schedule *from)
{
    to->n = 0;
    for (size_t i = 0; i < from->n; i++)
        sim_schedule_push(to, &from->v[i]);
}

void sim_schedule_free(struct sim_schedule *s)
{
    free(s->v);
    *s = (struct sim_schedule){0};
}
