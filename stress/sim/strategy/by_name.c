// SPDX-License-Identifier: Apache-2.0
//
// Strategies by the names that people type.

#include "stress/sim/strategy/strategy.h"

#include <string.h>

static const struct {
    const char *name;
    struct sim_strategy *(*plain)(void);
    struct sim_strategy *(*with)(uint32_t n); // the name may end with a number
    uint32_t usual;                           // the number when there is none
} families[] = {
    {"random", sim_strategy_random, NULL, 0}, {"pct", NULL, sim_strategy_pct, 3},
    {"pos", sim_strategy_pos, NULL, 0},       {"surw", sim_strategy_surw, NULL, 0},
    {"burst", sim_strategy_burst, NULL, 0},   {"delay", NULL, sim_strategy_delay, 2},
    {"calm", sim_strategy_calm, NULL, 0},
};

// A number from 1 to 99; 0: it is none.
static uint32_t small_number(const char *text)
{
    uint32_t n = 0;
    if (strlen(text) > 2)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        n = n * 10 + (uint32_t)(*text - '0');
    }
    return n;
}

struct sim_strategy *sim_strategy_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        size_t n = strlen(families[i].name);
        if (strncmp(name, families[i].name, n) != 0)
            continue;
        if (families[i].plain)
            return name[n] == 0 ? families[i].plain() : NULL;
        return families[i].with(name[n] ? small_number(name + n) : families[i].usual);
    }
    return NULL;
}

const char *const *sim_strategy_names(void)
{
    static const char *names[sizeof families / sizeof families[0] + 1];
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        names[i] = families[i].name;
    return names;
}
