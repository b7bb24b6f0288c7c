// SPDX-License-Identifier: Apache-2.0
//
// Which mutation comes next; bytes in, bytes out. See mutate.h.
#include "fuzz/program/mutate.h"

#include <string.h>

enum { ROUNDS = 3, TRIES = 8, PLAN_SHARE = 55, PROGRAM_SHARE = 40 }; // of 100; the rest: settings

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t mutator_below(struct mutator *m, uint32_t n)
{
    return (uint32_t)((mix(&m->rng) >> 32) * n >> 32);
}

// Plain accesses race by themselves, what is expected holds in one program only, loops come as
// pairs, and a step of a program in C costs as much as a hundred others.
static bool inserted_by_default(enum wl_kind kind)
{
    return kind != WL_SET && kind != WL_GET && kind != WL_EXPECT && kind != WL_LOOP &&
           kind != WL_END && kind != WL_CALL;
}

static void allow(struct mutator *m, const char *word, size_t n)
{
    for (uint32_t k = 0; k < WL_KINDS; k++)
        if (strlen(wl_op_info[k].word) == n && memcmp(wl_op_info[k].word, word, n) == 0 &&
            k != WL_LOOP && k != WL_END && m->kinds < WL_KINDS)
            m->kind[m->kinds++] = (uint8_t)k;
}

void mutator_begin(struct mutator *m, uint64_t seed, const char *dictionary)
{
    char line[128];
    FILE *f = dictionary != NULL ? fopen(dictionary, "r") : NULL;

    *m = (struct mutator){.rng = seed};
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *begin = line[0] == '#' ? NULL : strchr(line, '"');
        const char *end = begin != NULL ? strchr(begin + 1, '"') : NULL;
        if (end != NULL)
            allow(m, begin + 1, (size_t)(end - begin - 1));
    }
    if (f != NULL)
        fclose(f);
    if (m->kinds > 0)
        return;
    for (uint32_t k = 0; k < WL_KINDS; k++)
        if (inserted_by_default((enum wl_kind)k))
            m->kind[m->kinds++] = (uint8_t)k;
}

void mutator_first(struct input *in)
{
    static const char text[] = "workload fuzzed\nprocs 2\ngoroutine main\ngo b1 2\nyield\nwait\n"
                               "goroutine b1\nyield\n";
    struct text_error err;
    struct workload *w = workload_parse(text, sizeof text - 1, 1, &err);

    in->memory = SIM_SC;
    in->frozen = in->vouched = false;
    in->faults = SIM_FAULTS_OFF;
    in->plan = (struct sim_plan){.legs = 1, .leg = {{SIM_WALK_RANDOM, 1, 0}}};
    if (w != NULL)
        workload_assign(&in->program, w);
    workload_free(w);
}

static void mutate_settings(struct mutator *m, struct input *in)
{
    switch (mutator_below(m, 4)) {
    case 0:
        in->memory = in->memory == SIM_SC ? SIM_TSO : SIM_SC;
        break;
    case 1:
        in->frozen = !in->frozen && !in->program.sysmon_needed;
        break;
    case 2:
        in->faults = in->faults == SIM_FAULTS_OFF ? SIM_FAULTS_MILD : SIM_FAULTS_OFF;
        break;
    default: // p's are part of the program
        in->program.procs = 1 + mutator_below(m, 4);
        in->vouched = false;
    }
}

// An edit that makes no program is forgotten, and another one tried.
static bool edited(struct mutator *m, struct input *in, const struct workload *other)
{
    static struct workload before;

    workload_assign(&before, &in->program);
    for (uint32_t i = 0; i < TRIES; i++) {
        if (other != NULL ? splice_program(m, &in->program, other)
                          : mutate_program(m, &in->program)) {
            in->vouched = false;
            return true;
        }
        workload_assign(&in->program, &before);
    }
    return false;
}

void mutate(struct mutator *m, struct input *in)
{
    uint32_t rounds = 1 + mutator_below(m, ROUNDS);

    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t share = mutator_below(m, 100);

        if (share < PLAN_SHARE || (share < PLAN_SHARE + PROGRAM_SHARE && !edited(m, in, NULL)))
            mutate_plan(m, in);
        else if (share >= PLAN_SHARE + PROGRAM_SHARE)
            mutate_settings(m, in);
    }
}

void cross_over(struct mutator *m, struct input *in, const struct input *other)
{
    if (mutator_below(m, 2) == 0 || !edited(m, in, &other->program))
        in->plan = other->plan;
    if (mutator_below(m, 4) == 0)
        mutate_plan(m, in);
}

static struct input one, two;

static void load(struct input *in, const uint8_t *from, size_t n)
{
    struct text_error err;

    if (!input_decode(in, from, n, &err))
        mutator_first(in);
    in->program.prod = false; // the targets have tiny sizes
}

size_t mutate_bytes(struct mutator *m, const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    load(&one, from, n);
    mutate(m, &one);
    return input_encode(&one, to, room);
}

size_t cross_over_bytes(struct mutator *m, const uint8_t *from, size_t n, const uint8_t *other,
                        size_t n_other, uint8_t *to, size_t room)
{
    load(&one, from, n);
    load(&two, other, n_other);
    cross_over(m, &one, &two);
    return input_encode(&one, to, room);
}
