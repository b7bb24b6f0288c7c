// SPDX-License-Identifier: Apache-2.0
//
// Interned names of actors. Ids are small numbers that stay the same for the life of the process;
// they never reach a case file, which holds the names. Entries are never removed.

#include "stress/sim/entries.h"
#include "stress/sim/sim.h"
#include "stress/workload/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

SIM_HOOKS(SIM_ACTOR_ENTRY)

enum { SLOTS = 1 << 16, NAMES_MAX = SLOTS / 2 };

static const char *names[NAMES_MAX] = {""};
static uint32_t n_names = 1;
static uint32_t slots[SLOTS];

static uint64_t hash_text(const char *s)
{
    uint64_t h = 14695981039346656037u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h ^ h >> 29;
}

uint32_t sim_intern(const char *name)
{
    if (!*name)
        return 0;
    uint64_t i = hash_text(name) % SLOTS;
    while (slots[i]) {
        if (strcmp(names[slots[i]], name) == 0)
            return slots[i];
        i = (i + 1) % SLOTS;
    }
    if (n_names == NAMES_MAX) {
        fprintf(stderr, "gauntlet: more than %d actor names\n", NAMES_MAX);
        exit(2);
    }
    names[n_names] = strdup(name);
    slots[i] = n_names;
    return n_names++;
}

const char *sim_name(uint32_t id)
{
    return id < n_names ? names[id] : "?";
}

uint32_t probe_actor(const char *name)
{
    return sim_intern(name);
}
