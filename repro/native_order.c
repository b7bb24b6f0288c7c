// SPDX-License-Identifier: Apache-2.0
//
// From a replay to an order: see native_order.h.
#include "repro/native_order.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "repro/trial.h"

// The engine keeps no more than ORDER_MAX. Threads that run for ever do so after fewer steps, too.
enum { ORDER_MAX = 1 << 18, LIVELOCK_STEPS = 50000 };

// Where a bug is that nobody comes, or with helpers that are frozen, they are not to come either.
static bool helpers_stay_away(const struct repro_case *c)
{
    static const char *const waits[] = {"lost-wake", "deadlock", "timer", "netpoll", "gc-live"};

    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        if (strcmp(c->oracle, waits[i]) == 0)
            return true;
    return c->frozen;
}

static void print_helpers(FILE *out)
{
    for (uint32_t i = 0; i < SIM_THREADS_MAX; i++)
        if (sim_is_helper(i))
            fprintf(out, "helper\t%" PRIu32 "\n", i);
}

// Numbers sites as they come; *n: so many have a line.
static uint32_t number_of(uint32_t site, uint32_t *numbers, uint32_t *n, FILE *out)
{
    if (numbers[site] == 0) {
        const struct sim_site *s = sim_site(site);
        bool inside = site != SIM_SITE_NONE && site != SIM_SITE_HOST;

        fprintf(out, "site\t%" PRIu32 "\t%s\t%s\n", s->rank, inside ? s->function : "",
                inside ? s->text : "");
        numbers[site] = ++*n;
    }
    return numbers[site] - 1;
}

static void print_step(const struct sim_step *s, uint32_t site, FILE *out)
{
    switch (s->kind) {
    case SIM_STEP_POINT:
        fprintf(out, "p\t%u\t%" PRIu32 "\n", s->thread, site);
        break;
    case SIM_STEP_RESUMES:
        fprintf(out, "r\t%u\n", s->thread);
        break;
    case SIM_STEP_ANSWER:
        fprintf(out, "a\t%u\t%" PRId64 "\n", s->thread, (int64_t)s->value);
        break;
    case SIM_STEP_SIGNAL:
        fprintf(out, "s\t%u\t%" PRIu64 "\n", s->thread, s->value);
        break;
    }
}

bool native_order(struct repro_case *c, const struct sim_schedule *schedule, FILE *out)
{
    struct trial t = {.memory = c->memory, .frozen = c->frozen, .order = true};
    uint32_t *numbers = calloc(sim_site_count(), sizeof *numbers), sites = 0;
    size_t n;

    if (numbers == NULL)
        return false;
    trial_begin(&t, c->program);
    const struct sim_result *r = trial_run(&t, sim_strategy_replay(schedule), 0, false);
    const struct sim_step *steps = sim_order(&n);
    if (strcmp(c->oracle, "livelock") == 0 && n > LIVELOCK_STEPS)
        n = LIVELOCK_STEPS;
    bool good = r->outcome == SIM_FOUND && n > 0 && n < ORDER_MAX;
    fputs("gauntlet order 1\n", out);
    if (helpers_stay_away(c))
        print_helpers(out);
    for (size_t i = 0; good && i < n; i++) {
        uint32_t site =
            steps[i].kind == SIM_STEP_POINT ? number_of(steps[i].site, numbers, &sites, out) : 0;
        print_step(&steps[i], site, out);
    }
    fputs("end\n", out);
    free(numbers);
    return good;
}
