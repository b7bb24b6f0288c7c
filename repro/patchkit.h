// SPDX-License-Identifier: Apache-2.0
//
// A kit: all that it takes to build one program again with other sources. Bazel writes it (rule
// patch_kit) from what it used to link the program itself. Paths in it are given twice, as the
// build's actions see them and as the runfiles of a program do, so that one kit serves in both.
//
//   gauntlet-kit 1
//   compiler PATH                objcopy PATH
//   file ACTION\tRUNFILES        each source and header of the program
//   flags N, then arg TEXT ...   a set of compile options
//   unit N\tSOURCE\tOBJECT\tOBJECT    compiled with flags N; the object twice, as above
//   link TEXT                    an argument of the linker
//   input ACTION\tRUNFILES       a file to link, in its place among the arguments
#pragma once

#include <stddef.h>
#include <stdint.h>

struct kit_path {
    const char *action, *runfiles;
};

struct kit_flags {
    const char **args;
    size_t nargs, cap_args;
};

struct kit_unit {
    const char *source; // as actions see it
    struct kit_path object;
    uint32_t flags;
};

struct kit_link {
    const char *arg; // or NULL:
    struct kit_path input;
};

struct patchkit {
    char *text; // owned; all strings lie in it
    size_t bytes;
    const char *compiler, *objcopy;
    struct kit_path *files;
    size_t nfiles, cap_files;
    struct kit_flags *flags;
    size_t nflags, cap_flags;
    struct kit_unit *units;
    size_t nunits, cap_units;
    struct kit_link *links;
    size_t nlinks, cap_links;
};

// Returns 0, or -1 with one line in err.
int patchkit_read(struct patchkit *k, const char *path, char *err, size_t errlen);
void patchkit_free(struct patchkit *k);
// The file of `path` below `root`, whichever of its names exists. Returns -1 when none does.
int patchkit_locate(const char *root, const struct kit_path *path, char *out, size_t outlen);
