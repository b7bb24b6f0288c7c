// SPDX-License-Identifier: Apache-2.0
//
// A case: one finding as a small text file that replays for ever. Fixed order, one thing a line,
// names instead of numbers, so that a diff of two cases reads well and a case survives
// recompilation. A case comes from strangers as well: the parser bounds everything and refuses what
// it does not know.
//
//     gauntlet case 1
//     status open
//     oracle lost-wake
//     signature lost-wake: ...
//     word sched.runq
//     sizes tiny
//     memory sc                tso, timed
//     sysmon frozen            absent when it is not
//     found hunt --seed 7 ...
//     program
//       workload ...
//     choices
//       worker#2:3 at runqput "store_release(...)" #0 visit 1: run m0.1
//       m0.1 after worker:2 turn 3 at ... : next m0
//       main:0.2 at host "" #0 visit 1: random 17
//       m0.1 at notesleep "host_futex_wait(...)" #0 visit 1: fault EINTR
//       main:1 at runqput "store_release(...)" #0 visit 2: hold
//       worker:0 at runqempty "load_acquire(...)" #0 visit 1: drain m0
//
// status: `open`, the tree has the bug; `fixed`, only with the bug.patch beside it. The signature
// begins with the oracle. word: of a race, what the accesses are to, when it has a name; may be
// missing. found: any text; here, the command that found it. program: see
// stress/workload/text.h.
//
// OP.K is the K-th iteration (from 2) of operation OP in its loops; turn: how often the goroutine
// had left its thread in that operation, when more than once. run: a thread is interrupted; next: a
// thread cannot go on, and this one follows; fault: what the host does instead (sim_fault_name).
// memory tso alone: hold: this store is not seen by others yet; drain: the oldest such store of a
// thread is seen now.
#pragma once

#include "stress/sim/sim.h"
#include "stress/workload/text.h"

enum {
    CASE_VERSION = 1,
    CASE_BYTES = 512 * 1024,
    CASE_CHOICES = 4096,
    CASE_NAME_BYTES = 64, // of an actor
    CASE_FUNCTION_BYTES = 1024,
    CASE_SITE_TEXT_BYTES = 1024,
    CASE_FOUND_BYTES = 2048,
    CASE_WORD_BYTES = 64,
    CASE_COMMAND_BYTES = 1536, // of those, for the command that found it
};

// One choice by names; the texts are owned.
struct case_choice {
    enum sim_kind kind;
    char actor[CASE_NAME_BYTES], after[CASE_NAME_BYTES]; // after: "" for none
    uint32_t op;                                         // as wl_op_number
    uint32_t turn, visit;
    char *function, *text; // function "host" and "" : a host call; "none" and "" : no site
    uint32_t rank;
    char name[CASE_NAME_BYTES]; // the value: of a thread or a fault
    uint32_t number;            // or this, see sim_value_is_name
};

struct repro_case {
    bool fixed;
    enum sim_memory memory;
    bool frozen; // sysmon
    char oracle[32], signature[512], found[CASE_FOUND_BYTES];
    char word[CASE_WORD_BYTES]; // or ""
    struct workload *program;   // owned
    struct case_choice *choice; // owned
    size_t choices, capacity;
};

extern const char *const case_kind_names[SIM_KINDS]; // by enum sim_kind

// *c is overwritten, and released with case_free. False and *err when malformed; then nothing is
// owned.
bool case_parse(struct repro_case *c, const char *text, size_t n, struct text_error *err);
// `path` is a case file or its folder. False after one line in `error`.
bool case_read(struct repro_case *c, const char *path, char *error, size_t bytes);
void case_free(struct repro_case *c);
void case_print(const struct repro_case *c, FILE *out);
void case_print_choice(const struct case_choice *c, FILE *out);

// Names of this binary for the choices of a schedule. False when out of memory or over
// CASE_CHOICES.
bool case_set_choices(struct repro_case *c, const struct sim_schedule *schedule);
// The other way, for one choice. False, and a site of SIM_SITE_NONE, when its site does not exist
// in this binary.
bool case_choice_here(const struct case_choice *from, struct sim_choice *to);
// The same for all. Choices whose site does not exist in this binary are left out; *missing is the
// index of the first of them, or c->choices.
void case_schedule(const struct repro_case *c, struct sim_schedule *schedule, size_t *missing);
