// SPDX-License-Identifier: Apache-2.0
//
// Fuzzing engines beside a hunt: libFuzzer and AFL++ as processes, each on a fuzz target, all
// engines of a target with one corpus folder. They are watched, restarted, counted; crash files are
// handed out one by one. Only jobs.c drives them, from its loop; nothing here waits.
//
//     STATE/TARGET[.HASH]/       HASH: of the patch
//         corpus/                shared, minimized now and then
//         afl/ artifacts/        what AFL++ keeps; crash files of libFuzzer and of AFL++'s target
//         handled known          crash files that were looked at; signatures that are no news
//         ENGINE.log ENGINE.beat
#pragma once

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "fuzz/program/beat.h"

enum { ENGINES_MAX = 32, ENGINE_NAME_BYTES = 32, ENGINE_REASON_BYTES = 256 };

struct engine {
    const char *kind; // "libfuzzer" or "afl"
    char target[ENGINE_NAME_BYTES];
    char binary[PATH_MAX], state[PATH_MAX], dictionary[PATH_MAX]; // dictionary: "" for none
    char seeds[PATH_MAX];
    pid_t pid;                        // 0: does not run
    bool over;                        // will not run again
    char reason[ENGINE_REASON_BYTES]; // why it was left out or given up; "" for neither
    uint32_t restarts, hangs, crashes, failures;
    struct beat *beat;     // shared with the target; NULL: it was never started
    uint64_t before, seen; // executions before this start; beat when it last moved
    double started, moved; // when it began, and when it last executed
    char **handled;        // paths of crash files, owned: the file of that name may have no room
    uint32_t nhandled;
};

struct engines {
    uint32_t n;
    struct engine e[ENGINES_MAX];
    uint64_t seed;
    uint32_t unreproduced; // crash files that found nothing in this program
    double synced;
};

// One more engine on a target, in a runtime with `patch` (NULL: none). When it cannot run it is
// there all the same, over, with a reason. False when there are too many.
bool engines_add(struct engines *s, const char *kind, const char *target, const char *state_root,
                 const char *patch);
void engines_start(struct engines *s, double now);
// Reaps, restarts, shares what AFL++ has found.
void engines_poll(struct engines *s, double now);
bool engines_alive(const struct engines *s); // some are not over
uint64_t engines_executions(const struct engines *s);
// A crash file that nobody looked at: its path, and whose it is; NULL: none.
struct engine *engines_crash(struct engines *s, char path[PATH_MAX]);
void engines_handled(struct engine *e, const char *path);
// From now on executions with this signature are no crashes.
void engines_know(struct engines *s, const char *signature);
// Ends them; `minimize`: and makes their corpora small, which takes some seconds.
void engines_stop(struct engines *s, bool minimize);
void engines_tell(const struct engines *s, FILE *out);
cJSON *engines_json(const struct engines *s);

// engine_files.c: the folder of a target
bool engine_state(struct engine *e, const char *root, const char *patch, char *error, size_t bytes);
bool engine_dictionary_ok(const char *path);
void engine_share(struct engine *e); // what AFL++ and others have found, both ways
bool engine_minimize(struct engine *e);
uint32_t engine_files(const char *folder);
void engine_note(const struct engine *e, const char *file, const char *line);
bool engine_noted(const struct engine *e, const char *file, const char *line);
bool engine_next_crash(const struct engine *e, char path[PATH_MAX]);
bool engine_crash_kept(const struct engine *e, const char *path, char kept[PATH_MAX]);
void engine_last_words(const struct engine *e, char *text, size_t bytes); // of its log
