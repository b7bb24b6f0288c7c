// SPDX-License-Identifier: Apache-2.0
//
// Reports as findings: see reports.h. Addresses become places by the site table of this very
// program, which parent and child share.
#include "stress/native/reports.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/sim/sites.h"

// Where the access stands. That of a memcpy is one of ThreadSanitizer's own, below the call of it.
static uint64_t place_of(const struct report_access *a)
{
    return sim_is_range_call(a->pc[1]) ? a->pc[1] : a->pc[0];
}

bool report_signature(const struct report *r, char signature[REPORT_SIGNATURE_BYTES])
{
    char side[2][SIM_SIDE_BYTES];

    if (r->accesses != 2 || strcmp(r->type, "data-race") != 0) {
        snprintf(signature, REPORT_SIGNATURE_BYTES, "tsan: %s", r->type);
        return false;
    }
    for (uint32_t i = 0; i < 2; i++)
        sim_side(side[i], r->access[i].write, r->access[i].atomic, place_of(&r->access[i]));
    sim_race_signature(signature, REPORT_SIGNATURE_BYTES, side[0], side[1]);
    return true;
}

static void print_frame(FILE *out, uint64_t pc)
{
    uint32_t id = sim_site_of(pc);
    const struct sim_site *s = sim_site(id);

    if (id == SIM_SITE_NONE)
        fprintf(out, "    %s\n", sim_pc_function(pc));
    else
        fprintf(out, "    %s  %s:%u  `%s`\n", s->function, s->file, s->line, s->text);
}

char *report_text(const struct report *r)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (out == NULL)
        abort();
    fprintf(out, "ThreadSanitizer: %s\n", r->type);
    for (uint32_t i = 0; i < r->accesses; i++) {
        const struct report_access *a = &r->access[i];

        fprintf(out, "  %s of %" PRIu32 " byte%s at 0x%" PRIx64 " by %" PRId32 "%s:\n",
                sim_access_name(a->write, a->atomic), a->bytes, a->bytes == 1 ? "" : "s", a->addr,
                a->tid, i == 0 ? "" : ", before");
        for (uint32_t k = 0; k < REPORT_FRAMES && a->pc[k] != 0; k++)
            print_frame(out, a->pc[k]);
    }
    fclose(out);
    return text;
}

bool execution_shows_races(const struct execution *x)
{
    return x->fibers + x->threads <= REPORT_ACTORS_MAX;
}
