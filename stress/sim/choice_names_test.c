// SPDX-License-Identifier: Apache-2.0
//
// All choices of an execution have names of their own, so that a case says what it means: in some
// executions of every workload of tiny sizes, of each choice that the strategy is asked for.

#include "repro/trial.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILES "stress/workload/files"
enum { SEEDS = 12, SLOTS = 1 << 20 };

// Stands before a strategy and keeps the names of what it is asked. A slot belongs to the execution
// whose number it has.
static struct spy {
    struct sim_strategy base;
    struct sim_strategy *inner;
    uint32_t execution, asked;
    struct slot {
        uint32_t execution;
        struct sim_choice at;
    } slot[SLOTS];
} spy;

static void look_as_inner(void)
{
    spy.base.next_point = spy.inner->next_point;
    spy.base.on_ready = spy.inner->on_ready;
    spy.base.next_hold = spy.inner->next_hold;
    spy.base.next_drain = spy.inner->next_drain;
}

static void spy_begin(struct sim_strategy *s, uint64_t seed)
{
    (void)s;
    spy.execution++;
    spy.asked = 0;
    if (spy.inner->begin)
        spy.inner->begin(spy.inner, seed);
    look_as_inner();
}

static uint64_t hash(const struct sim_choice *c)
{
    const uint32_t parts[] = {c->actor, c->after, c->op, c->turn, c->site, c->visit, c->kind};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        h = (h ^ parts[i]) * 0x9e3779b97f4a7c15u;
    return h >> 32;
}

static bool same(const struct sim_choice *a, const struct sim_choice *b)
{
    return a->actor == b->actor && a->after == b->after && a->op == b->op && a->turn == b->turn &&
           a->site == b->site && a->visit == b->visit && a->kind == b->kind;
}

static void keep_name(const struct sim_choice *at)
{
    uint64_t i = hash(at) % SLOTS;
    assert_in_range(++spy.asked, 1, SLOTS / 2);
    for (; spy.slot[i].execution == spy.execution; i = (i + 1) % SLOTS) {
        if (!same(&spy.slot[i].at, at))
            continue;
        const struct sim_site *site = sim_site(at->site);
        fail_msg("two choices of kind %d are visit %u of %s: `%s` by %s", (int)at->kind, at->visit,
                 site->function, site->text, sim_name(at->actor));
    }
    spy.slot[i] = (struct slot){spy.execution, *at};
}

static uint32_t spy_choose(struct sim_strategy *s, const struct sim_point *p)
{
    (void)s;
    if (p->at.kind != SIM_DRAIN) // asked again until no more is to drain: by order
        keep_name(&p->at);
    uint32_t answer = spy.inner->choose(spy.inner, p);
    look_as_inner();
    return answer;
}

static void look_through(struct workload *w)
{
    static const char *const strategies[] = {"random", "pct3", "burst"};
    struct trial t = {0};
    trial_begin(&t, w);
    for (uint32_t i = 0; i < SEEDS; i++) {
        t.memory = (enum sim_memory)(i % SIM_MEMORIES);
        t.faults = i % 3 ? SIM_FAULTS_OFF : SIM_FAULTS_MILD;
        spy.inner = sim_strategy_by_name(strategies[i / SIM_MEMORIES % 3]);
        trial_run(&t, &spy.base, trial_seed(1, i), false);
    }
}

static void no_two_choices_have_one_name(void **state)
{
    (void)state;
    uint32_t n = 0;
    DIR *files = opendir(FILES);
    sim_catch_signals(); // cmocka has taken them
    assert_non_null(files);
    for (const struct dirent *e; (e = readdir(files));) {
        char path[sizeof FILES + 1 + sizeof e->d_name], error[512];
        snprintf(path, sizeof path, FILES "/%s", e->d_name);
        struct workload *w =
            strstr(e->d_name, ".wl") ? workload_read(path, error, sizeof error) : NULL;
        if (w && !w->prod) {
            look_through(w);
            n++;
        }
        workload_free(w);
    }
    closedir(files);
    print_message("%u workloads\n", n);
    assert_in_range(n, 50, 1000);
}

int main(void)
{
    spy.base = (struct sim_strategy){.name = "spy", .begin = spy_begin, .choose = spy_choose};
    trial_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_two_choices_have_one_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
