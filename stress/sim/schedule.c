// SPDX-License-Identifier: Apache-2.0
//
// Schedules as lists of choices, and names. Apart from the engine, so that tests without one can
// link it.

#include "stress/sim/sim.h"

#include <stdlib.h>
#include <string.h>

const char *const sim_memory_names[SIM_MEMORIES] = {"sc", "tso", "timed"};

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

static const char *const fault_names[SIM_FAULTS] = {
    [SIM_FAULT_NONE] = "none",
    [SIM_FAULT_EINTR] = "EINTR",
    [SIM_FAULT_EINTR_LATER] = "EINTR-later",
    [SIM_FAULT_SPURIOUS] = "spurious",
    [SIM_FAULT_LATE_SHORT] = "late-1us",
    [SIM_FAULT_LATE_MIDDLE] = "late-100us",
    [SIM_FAULT_LATE_LONG] = "late-10ms",
    [SIM_FAULT_JUMP_SHORT] = "jump-1us",
    [SIM_FAULT_JUMP_MIDDLE] = "jump-1ms",
    [SIM_FAULT_JUMP_LONG] = "jump-1s",
    [SIM_FAULT_EAGAIN] = "EAGAIN",
    [SIM_FAULT_ENOMEM] = "ENOMEM",
    [SIM_FAULT_PARTIAL] = "partial",
    [SIM_FAULT_UNREADY] = "unready",
    [SIM_FAULT_SIGNAL_LATE] = "signal-late",
    [SIM_FAULT_SIGNAL_SWITCH] = "signal-after-switch",
    [SIM_FAULT_SIGNAL_WAIT] = "signal-after-wait",
    [SIM_FAULT_EMFILE] = "EMFILE",
    [SIM_FAULT_ECONNRESET] = "ECONNRESET",
};

const char *sim_fault_name(enum sim_fault fault)
{
    return fault_names[fault];
}

enum sim_fault sim_fault_find(const char *name)
{
    uint32_t fault = SIM_FAULTS;
    while (--fault > SIM_FAULT_NONE && strcmp(name, fault_names[fault]) != 0)
        ;
    return (enum sim_fault)fault;
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
