// SPDX-License-Identifier: Apache-2.0
//
// Strict reader of unified diffs that come from strangers. A patch may change existing C and
// assembly sources under runtime/ and nothing else: it cannot add, remove, rename or relabel files,
// nor reach a build file. What is accepted is written out again in a plain form, and only that form
// is handed to patch(1), so that the two programs cannot understand one text differently.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    PATCH_BYTES_MAX = 64 * 1024,
    PATCH_FILES_MAX = 20,
    PATCH_PATH_MAX = 200,
    PATCH_HUNKS_MAX = 400,
};

struct patch_hunk {
    uint32_t file;     // index in files
    uint32_t number;   // in its file, from 1
    uint32_t line;     // of its @@ in the patch
    uint32_t old_line; // where it says that it applies
};

struct patch_file {
    char path[PATCH_PATH_MAX]; // relative to the root of the tree: "runtime/..."
    uint32_t line, column;     // of the path in the patch
};

struct patchfile {
    struct patch_file files[PATCH_FILES_MAX];
    size_t nfiles;
    struct patch_hunk hunks[PATCH_HUNKS_MAX];
    size_t nhunks;
    char *plain; // the diff again, with headers and hunks alone; owned
    size_t plain_bytes;
};

// Reads `text`; `name` stands in messages. Returns 0, or -1 with "NAME:LINE:COL: message" in err.
// On success patchfile_free releases it.
int patchfile_parse(struct patchfile *p, const char *name, const char *text, size_t bytes,
                    char *err, size_t errlen);
// Reads the file `name` whole and parses it.
int patchfile_read(struct patchfile *p, const char *name, char *err, size_t errlen);
void patchfile_free(struct patchfile *p);
