// SPDX-License-Identifier: Apache-2.0
//
// Cases on disk: one folder a case, named by symptom. A folder appears whole or not at all, so a
// hunt can be killed at any moment.
#pragma once

#include "repro/case.h"

enum { STORE_PATH_BYTES = 4096 };

// Short readable folder name for a signature: lower case words joined by '-'.
void store_slug(const char *signature, char *slug, size_t bytes);
// Checks before a hunt that cases can be saved in `dir` (made when missing). False after one line
// in `error`.
bool store_writable(const char *dir, char *error, size_t bytes);
// Saves a new case, with a copy of `patch` as bug.patch when not NULL, under a free name in `dir`;
// the case file's path is put into `path` (STORE_PATH_BYTES). False after one line in `error`.
bool store_new(const struct repro_case *c, const char *dir, const char *patch, char *path,
               char *error, size_t bytes);
// Saves files of any kind likewise: a new folder in `dir`, which is made, with a name after
// `signature`; its path is put into `folder` (STORE_PATH_BYTES).
struct store_file {
    const char *name, *text;
    size_t n;
};
bool store_files(const struct store_file *file, uint32_t nfiles, const char *dir,
                 const char *signature, char *folder, char *error, size_t bytes);
// Replaces an existing case file.
bool store_replace(const struct repro_case *c, const char *file, char *error, size_t bytes);
// Puts `diff` beside an open case as bug.patch, and then replaces the case by `c`, which is fixed.
// False after one line in `error`, also when there is a bug.patch already; then all is as before.
bool store_fixed(const struct repro_case *c, const char *file, const char *diff, size_t n,
                 char *error, size_t bytes);
// Calls `each` for every case file below `dir`, sorted by name, until it returns false.
void store_each(const char *dir, bool (*each)(const char *file, void *arg), void *arg);
// Path of the case of the same bug, or false: same signature, and the same bytes in its bug.patch
// or, with `patch` NULL, still open. Two bugs may have one signature; a fixed one that is met
// again without its patch is new.
bool store_find(const char *dir, const char *signature, const char *patch, char *path);
