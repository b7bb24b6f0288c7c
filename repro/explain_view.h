// SPDX-License-Identifier: Apache-2.0
//
// What the parts of explain share: the execution that is shown, and how much each of its events
// matters. explain.c has the frame, explain_weigh.c decides what is shown, explain_rows.c shows it,
// hinge.c finds the execution that passes.
#pragma once

#include "repro/explain.h"
#include "repro/hinge.h"
#include "repro/trial.h"

enum { LANES = 12, WEIGHT_MARK = 1000 };

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

// What a word is to a scheduler that left work lying.
enum meaning { WORD_OTHER, WORD_LOCK, WORD_STATUS, WORD_QUEUE, WORD_SCHED };

// What values of words are called in the source.
struct meanings {
    struct meant *v;
    uint32_t n;
};

struct view {
    const struct repro_case *c;
    const struct sim_result *r;
    const struct sim_event *e;
    size_t n;
    uint32_t *weight;     // [n]
    bool left_lying;      // the oracle is about work that nobody took
    uint32_t lane[LANES]; // thread names, in order of appearance
    uint32_t lanes;
    struct meanings meanings;
    bool colour;
    FILE *out;
};

static inline const char *paint(const struct view *v, const char *code)
{
    return v->colour ? code : "";
}

// explain_weigh.c
int view_place(const struct view *v, const struct sim_event *e); // of the finding; -1: none
bool event_is_plain(const struct sim_event *e); // no atomic operation, no host call
bool event_is_write(const struct sim_event *e);
enum meaning event_word(const struct sim_event *e);
void view_weigh(struct view *v);
// The least weight that fits into `rows` lines. Marks always fit.
uint32_t view_cut(const struct view *v, size_t rows);

// explain_names.c; `buf` is for names that are made
void view_learn_values(struct meanings *all, const struct sim_event *e, size_t n);
void view_forget_values(struct meanings *all);
const char *view_word(const struct sim_event *e, char *buf, size_t bytes);
const char *view_value(const struct view *v, uint64_t addr, uint64_t value, char *buf,
                       size_t bytes);
void view_object(uint64_t addr, char *buf, size_t bytes);     // what begins there
const char *view_entry(const struct view *v, uint32_t actor); // NULL: it has not run

// explain_rows.c
void view_timeline(struct view *v, uint32_t weight); // all that weighs as much
void view_places(const struct view *v, bool full);
void view_hinge(const struct view *v, const struct hinge *h);
size_t view_place_lines(const struct view *v);
