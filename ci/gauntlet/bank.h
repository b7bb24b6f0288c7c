// SPDX-License-Identifier: Apache-2.0
//
// The known bugs of repro/bank and what hunting them came to. bank.c plans and starts what is to be
// done, bank_child.c is one process of it, bank_state.c keeps what was done, bank_tell.c prints.
// Everything here happens in one thread of one process; the work is done by its children.
#pragma once

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "ci/gauntlet/command.h"

enum {
    BANK_BUGS = 512,
    BANK_SEEDS = 100,
    BANK_JOBS = 64,
    BANK_SIGNATURE_BYTES = 512,
    BANK_TRIES = 3, // of a case on real threads
    BANK_CASES = 3  // of a bug, until one is shown there
};

enum bank_how { BANK_OPEN, BANK_DONE, BANK_FAILED };

// A case on real threads.
struct bank_confirm {
    enum bank_how how;
    bool shown;
    char verdict[32]; // of `replay --native`
};

// One hunt under the engine, with one seed.
struct bank_run {
    enum bank_how how;
    bool found;
    double executions, seconds; // until it was found; else all that there were
    double choices, operations; // left after minimizing
    char strategy[32], memory[32], signature[BANK_SIGNATURE_BYTES];
    char *text; // the case; owned; NULL: none was saved
    struct bank_confirm confirm;
};

// The same time for ThreadSanitizer without the engine.
struct bank_baseline {
    enum bank_how how;
    bool found;
    double executions, seconds;
    char signature[BANK_SIGNATURE_BYTES];
};

struct bank_bug {
    char slug[256], memory[32]; // memory: the models to hunt under
    char known[256];            // `Known as` of about.md, or ""
    char origin[1024];          // `Origin`, likewise
    bool prod;                  // sizes
    struct bank_run *run;       // one for each seed; owned
    struct bank_baseline baseline;
    uint32_t running; // children at work on it
    bool told;
};

struct bank {
    char *only[BANK_BUGS];
    uint32_t nonly;
    const char *time, *state; // state: file, or NULL
    double budget;            // time in seconds
    uint64_t seed;
    uint32_t seeds, jobs;
    bool json, markdown, confirm, baseline;
    struct bank_bug *bug; // owned
    uint32_t nbugs;
    cJSON *rows;     // what is in the state file, of whatever commit
    uint32_t failed; // children that could not do what they were to do
    bool stopped;
    double begin;
};

// One number for the seeds: a seed that did not find it counts with all that it spent.
struct bank_sum {
    uint32_t done, found;
    double executions, seconds;
    double choices, operations;                // of those that found it
    const char *strategy, *memory, *signature; // the most frequent, and of its first run
};

// bank.c
// The next case to try on real threads, or NULL: the first that has not been, as long as none was
// shown there and not too many were tried.
const struct bank_run *bank_to_confirm(const struct bank *b, const struct bank_bug *bug);
// The one that was shown, or else the last that was tried, or NULL.
const struct bank_confirm *bank_confirmed(const struct bank *b, const struct bank_bug *bug);
struct bank_sum bank_sum(const struct bank *b, const struct bank_bug *bug);
double bank_median(double *v, uint32_t n); // sorts

// bank_read.c: the folder. 0, or EXIT_USAGE after one line.
int bank_read(struct bank *b);
void bank_free(struct bank *b);

// bank_child.c
enum bank_work { BANK_HUNT, BANK_CONFIRM, BANK_BASELINE };

struct bank_child {
    pid_t pid; // 0: none
    int fd;
    enum bank_work work;
    uint32_t bug, seed; // indices
    char folder[64];    // its own; gone when it has ended
    char *text;         // standard output so far
    size_t n;
    double deadline; // told to end then; 0: never
    bool told;
};

bool bank_start(struct bank *b, struct bank_child *c); // work, bug and seed are set
// Reads what there is. False: it has ended, and what it had to say is in its bug.
bool bank_hear(struct bank *b, struct bank_child *c);
void bank_stop(struct bank_child *c);
double bank_now(void);

// bank_state.c
int bank_state_load(struct bank *b); // 0, or EXIT_USAGE after one line
void bank_state_take(struct bank *b, uint32_t bug);
// What has been done goes into the file at once. False after one line.
bool bank_state_keep(struct bank *b, const struct bank_bug *bug, enum bank_work work,
                     uint32_t seed);

// bank_tell.c
void bank_tell_bug(const struct bank *b, const struct bank_bug *bug);
void bank_tell_end(const struct bank *b);
void bank_tell_json(const struct bank *b);
void bank_tell_markdown(const struct bank *b);
