// SPDX-License-Identifier: Apache-2.0
//
// Builds a program with one patch applied to the runtime. Only the sources that the patch touches,
// or that include a header that it touches, are compiled again, with the flags that the program was
// built with; all other objects are shared. The tree is never written to: work happens in a scratch
// copy.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct patchbuild_request {
    const char *kit;    // manifest of the program (repro/patchkit.h)
    const char *root;   // folder that the paths in the kit start from
    const char *patch;  // unified diff
    const char *output; // executable to write
    bool verbose;       // say on standard error what was compiled
};

// Returns 0; or -1 with one line in err ("FILE:LINE:COL: message" when the patch is to blame), and
// nothing written. The output appears whole or not at all.
int patchbuild(const struct patchbuild_request *request, char *err, size_t errlen);

// Checks the patch alone: its form, and that it names sources of the program.
int patchbuild_check(const struct patchbuild_request *request, char *err, size_t errlen);

// patchbuild_check for the program of `sizes`, as patchbuild_cached would build it.
int patchbuild_possible(const char *patch, const char *sizes, char *err, size_t errlen);

// The folder $XDG_CACHE_HOME/gauntlet or ~/.cache/gauntlet, made when missing. Returns 0, or -1
// with one line in err.
int patchbuild_cache(char out[PATH_MAX], char *err, size_t errlen);

// The executable for `patch`, built at most once for the same patch and the same program, in
// the cache. `sizes` is "tiny" or "prod"; the kits lie beside
// the running program, or in $GAUNTLET_KITS. Returns 0 with the executable in `path`, or -1 with
// one line in err.
int patchbuild_cached(const char *patch, const char *sizes, bool verbose, char *path,
                      size_t pathlen, char *err, size_t errlen);

// The same for the program of that kit.
int patchbuild_cached_kit(const char *patch, const char *kit, bool verbose, char *path,
                          size_t pathlen, char *err, size_t errlen);
