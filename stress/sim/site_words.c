// SPDX-License-Identifier: Apache-2.0
//
// The words of findings: see sites.h. No addresses, line numbers or order of arrival.
#include "stress/sim/sites.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *sim_access_name(bool write, bool atomic)
{
    static const char *const names[] = {"read", "write", "atomic read", "atomic write"};

    return names[(write ? 1u : 0u) | (atomic ? 2u : 0u)];
}

void sim_side(char side[SIM_SIDE_BYTES], bool write, bool atomic, uint64_t pc)
{
    const struct sim_site *s = sim_site(sim_site_of(pc));
    size_t chain = strcspn(s->function, "<");

    snprintf(side, SIM_SIDE_BYTES, "%s %.*s `%s`", sim_access_name(write, atomic), (int)chain,
             s->function, s->text);
}

void sim_race_signature(char *signature, size_t bytes, const char *a, const char *b)
{
    bool swap = strcmp(a, b) < 0;

    snprintf(signature, bytes, "race: %s / %s", swap ? a : b, swap ? b : a);
}

static void stable_text(const char *text, char *buf, size_t bytes)
{
    size_t n = 0;

    for (; *text && *text != '\n' && n + 1 < bytes; text++) {
        if (isdigit((unsigned char)*text) && n > 0 && buf[n - 1] == '#')
            continue;
        buf[n++] = isdigit((unsigned char)*text) ? '#' : *text;
    }
    buf[n] = 0;
}

void sim_crash_signature(char *signature, size_t bytes, const char *text)
{
    char stable[240];

    stable_text(text, stable, sizeof stable);
    snprintf(signature, bytes, "crash: %s", stable);
}
