// SPDX-License-Identifier: Apache-2.0
//
// What the commands that work on one saved case share: options, and going on in the program that
// has the case's sizes and patch.
#pragma once

#include "ci/gauntlet/command.h"

struct one_case {
    const char *name;  // NULL: none was named
    const char *patch; // instead of the case's own; NULL: none
    uint32_t search;   // schedules near the case
    bool clean;        // without the case's own
    bool trust, json;
};

// Rows of a command's table of options: all have the last ones.
// clang-format off
#define ONE_CASE_CLEAN                                                                             \
    {"clean", 'c', 0, 0, "Without the case's patch: a fixed case must then not reproduce", 0},     \
    {"patch", 'p', "FILE", 0, "In a runtime with this diff applied", 0}
#define ONE_CASE_SEARCH                                                                            \
    {"search", 'r', "N", 0,                                                                        \
     "When it does not come about as written: try N schedules near it (default 20000)", 0}
#define ONE_CASE_OPTIONS                                                                           \
    {"trust-patch", 't', 0, 0, "Use the patch of a case from outside the tree", 0},                \
    {"json", 'j', 0, 0, "One JSON object on standard output", 0}
// clang-format on

// The rest of the keys of a parser, with CASE.
error_t one_case_parse(int key, char *arg, struct argp_state *state, struct one_case *o);
// Reads the case and goes on in the program that it needs. 0 when this one is it and the engine is
// ready; else an exit status, after one line. The case is then the caller's to free.
// The patch that is in this program then, or NULL.
const char *one_case_patch(const struct one_case *o, const struct repro_case *c, const char *path);
int one_case_begin(const struct one_case *o, char **argv, struct repro_case *c,
                   char path[STORE_PATH_BYTES]);
