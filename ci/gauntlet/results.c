// SPDX-License-Identifier: Apache-2.0
//
// How each case did when it was last replayed as its status says (with its patch, or open): one
// small file a case in the cache, named by a hash of the case's path. Nothing depends on it: what
// cannot be written or read is not there.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/patchbuild.h"

static bool result_file(const char *path, char *file)
{
    char folder[PATH_MAX], error[512], *real = realpath(path, NULL);
    uint64_t h = 0xcbf29ce484222325u; // FNV-1a

    if (real == NULL || patchbuild_cache(folder, error, sizeof error) != 0) {
        free(real);
        return false;
    }
    for (const char *c = real; *c; c++)
        h = (h ^ (unsigned char)*c) * 0x100000001b3u;
    free(real);
    return snprintf(file, PATH_MAX, "%s/result-%016llx", folder, (unsigned long long)h) < PATH_MAX;
}

void command_note_result(const char *path, const char *grade)
{
    char file[PATH_MAX], fresh[PATH_MAX + 16], day[16];
    time_t now = time(NULL);
    struct tm tm;

    if (!result_file(path, file) || gmtime_r(&now, &tm) == NULL)
        return;
    strftime(day, sizeof day, "%Y-%m-%d", &tm);
    snprintf(fresh, sizeof fresh, "%s.%d", file, (int)getpid());
    FILE *f = fopen(fresh, "w");
    if (f == NULL)
        return;
    fprintf(f, "%s, %s at %s\n", grade, day, command_commit());
    if (fclose(f) != 0 || rename(fresh, file) != 0)
        unlink(fresh);
}

bool command_last_result(const char *path, char *result, size_t bytes)
{
    char file[PATH_MAX];
    FILE *f = result_file(path, file) ? fopen(file, "r") : NULL;

    if (f == NULL)
        return false;
    bool there = fgets(result, (int)bytes, f) != NULL;
    fclose(f);
    if (there)
        result[strcspn(result, "\n")] = 0;
    return there;
}
