// SPDX-License-Identifier: Apache-2.0
//
// What the subcommands of `gauntlet` share: where things are, how they speak, how they end.
// Standard output carries the result (with --json one object and nothing else), standard error
// everything else. Exit status 0: nothing found, or the outcome is what was asked; 1: findings, or
// an outcome that does not match; 2: wrong usage, bad input, broken set-up.
#pragma once

#include <argp.h>
#include <cjson/cJSON.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ci/gauntlet/sizes.h"
#include "repro/case.h"
#include "repro/store.h"

enum { EXIT_NOTHING = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary; // NULL: not listed
    int (*run)(int argc, char **argv);
};

extern const struct command commands[]; // up to one without a name

int command_hunt(int argc, char **argv);
extern const char *const hunt_fault_words[]; // of --faults, by enum sim_faults_allowed; then NULL
int command_replay(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_minimize(int argc, char **argv);
int command_refresh(int argc, char **argv);
int command_fixed(int argc, char **argv);
int command_import(int argc, char **argv);
int command_cases(int argc, char **argv);
int command_bank(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_regress(int argc, char **argv);
int command_test(int argc, char **argv);
int command_check(int argc, char **argv);
int command_soak(int argc, char **argv);
int command_steal(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_completion(int argc, char **argv);
int command_man(int argc, char **argv);

// Set by the first Ctrl-C (or SIGTERM); the second one ends the process.
extern volatile sig_atomic_t command_stopped;

// The checkout: $GAUNTLET_ROOT, or the folder above the current one that looks like it, or ".".
const char *command_root(void);
// Commit of the checkout, short, or "unknown".
const char *command_commit(void);
// The day of that commit, such as 2026-11-25; where there is none, today.
const char *command_commit_day(void);
// One line on standard error, and EXIT_USAGE.
int command_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
// argp_parse with this program's conventions; ends the process with status 2 on wrong usage.
void command_parse(const struct argp *argp, int argc, char **argv, void *input);
// The table that a command gives to command_parse; NULL: it has none. The command is begun for it,
// and left there.
const struct argp *command_argp(const struct command *c);
// Whether an option with that key has a short form; others have keys beyond all characters.
bool command_is_letter(int key);
// Adds the words of an option's list, a,b,c; they stay for the process's life.
enum { COMMAND_LIST = 64 };
void command_list(struct argp_state *state, char *list[COMMAND_LIST], uint32_t *n,
                  const char *text);
// Reads an option's number, or ends with status 2 and one line.
uint64_t command_number(const char *option, const char *text, uint64_t max);
// "s" unless there is exactly one.
const char *command_s(uint64_t n);
// The name of a folder given to an option, or the end with status 2 and one line.
const char *command_folder(const char *option, const char *text);
// Prints the object as valid JSON, whatever bytes its texts hold, and deletes it.
void command_print_json(cJSON *object);
// "60s", "500ms", "2m" or plain seconds, in seconds.
double command_seconds(const char *option, const char *text);

// The workload that a person means by `name`: a file, or a name in stress/workload/files or checks.
// NULL after one line on standard error. The caller frees it.
struct workload *command_workload(const char *name);
enum { COMMAND_WORKLOADS = 512 };
struct command_workloads {
    struct workload *w[COMMAND_WORKLOADS];
    char *path[COMMAND_WORKLOADS];
    uint32_t n, left_out; // left_out: of other sizes
};
// Those with these names, of the sizes that the first one has, or (n 0) all of the checkout that
// have tiny sizes, where edges are near; `timed`: those for what shows in time, too, and first.
// False after a line on standard error.
bool command_workloads(char *const *names, uint32_t n, bool timed, struct command_workloads *out);
// All of the checkout that have these sizes; the rest is counted in left_out.
bool command_workloads_of_sizes(bool prod, struct command_workloads *out);
void command_workloads_free(struct command_workloads *w);
// Finds the case that a person means by `name`: a file, a folder, or a name in repro/cases or
// repro/bank. False after one line on standard error.
bool command_case(const char *name, struct repro_case *c, char *path);
// Path of the case's bug.patch in `patch`; false when there is none.
bool command_case_patch(const char *path, char *patch);
// Notes the grade of a replay of the case; "GRADE, DAY at COMMIT" of the last one noted here, or
// false.
void command_note_result(const char *path, const char *grade);
bool command_last_result(const char *path, char *result, size_t bytes);
// How to name a path on a command line to repeat: relative to the checkout where it lies in it.
const char *command_relative(const char *path);
// How a case names a file for whoever reads it elsewhere: relative to the checkout where it lies in
// it, else its last part, which tells nothing of this machine. The caller frees it.
char *command_public(const char *path);

// Goes on in another program with the same arguments, when this one does not fit: of other sizes,
// or built with `patch` (NULL: none). Returns 0 when this one fits, EXIT_USAGE after one line when
// the other cannot be had, and otherwise not at all.
int command_become(bool prod, const char *patch, char **argv);
// Whether `patch` can go into a program of these sizes, as far as can be told without building it;
// 0, or EXIT_USAGE after one line.
int command_check_patch(bool prod, const char *patch);
// This process is one that command_become or command_mark_patched meant, with a patch applied.
bool command_is_patched(void);
// Tells the program at `path`, when it is started next, that a patch is in it. False when that had
// been told before.
bool command_mark_patched(const char *path);
// Whether the patch of a case, as command_case_patch named it, may be compiled and run; one line on
// standard error when not. It is then the path without symbolic links: what was judged is what is
// used.
bool command_may_use_patch(char patch[STORE_PATH_BYTES], bool trusted);
