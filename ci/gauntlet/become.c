// SPDX-License-Identifier: Apache-2.0
//
// Going on in another program. The runtime under test is linked into this one, so a case of other
// sizes, or with a patch, needs another binary: it is started with the same arguments, in place of
// this process, and an environment variable tells it that the patch is in. It holds the path of
// the program that it speaks of: a constant would be believed by any program that inherits it.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "repro/patchbuild.h"

static const char mark[] = "GAUNTLET_PATCHED";

bool command_is_patched(void)
{
    const char *value = getenv(mark);
    char self[STORE_PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (value == NULL || n <= 0)
        return false;
    self[n] = 0;
    return strcmp(value, self) == 0;
}

bool command_mark_patched(const char *path)
{
    char *real = realpath(path, NULL);
    const char *value = getenv(mark);
    bool again = real != NULL && value != NULL && strcmp(value, real) == 0;

    if (real != NULL)
        setenv(mark, real, 1);
    else
        unsetenv(mark);
    free(real);
    return !again;
}

static int start(const char *path, char **argv)
{
    size_t n = 0;
    char *args[64];

    while (argv[n] != NULL)
        n++;
    if (n + 2 > sizeof args / sizeof args[0])
        return command_fail("too many arguments");
    args[0] = (char *)(uintptr_t)path;
    memcpy(args + 1, argv, (n + 1) * sizeof *argv);
    fflush(NULL);
    execv(path, args);
    return command_fail("%s: %s", path, strerror(errno));
}

// The program of the other sizes lies beside this one.
static bool sibling(bool prod, char *path)
{
    ssize_t n = readlink("/proc/self/exe", path, STORE_PATH_BYTES - 32);

    if (n <= 0)
        return false;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, prod ? "gauntlet_prod" : "gauntlet");
    return access(path, X_OK) == 0;
}

int command_check_patch(bool prod, const char *patch)
{
    char error[STORE_PATH_BYTES + 512];

    if (command_is_patched() ||
        patchbuild_possible(patch, prod ? "prod" : "tiny", error, sizeof error) == 0)
        return 0;
    fflush(stdout);
    fprintf(stderr, "%s\n", error);
    return EXIT_USAGE;
}

int command_become(bool prod, const char *patch, char **argv)
{
    bool fits = prod == (strcmp(command_sizes, "prod") == 0);
    char path[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 512];

    if (command_is_patched())
        return fits ? 0
                    : command_fail("the patched program has %s sizes, the case needs others",
                                   command_sizes);
    if (patch != NULL) {
        if (patchbuild_cached(patch, prod ? "prod" : "tiny", true, path, sizeof path, error,
                              sizeof error) != 0) {
            if (command_stopped) // the compiler was told to stop as well
                return command_fail("stopped while the program with the patch was built");
            fflush(stdout);
            fprintf(stderr, "%s\n", error);
            return EXIT_USAGE;
        }
        if (!command_mark_patched(path)) // this is it, and starting it again would not end
            return command_fail("%s: does not know itself as the program with the patch", path);
        return start(path, argv);
    }
    if (fits)
        return 0;
    if (!sibling(prod, path))
        return command_fail(
            "%s: the program of %s sizes, which is needed, is not built; ./gauntlet "
            "builds it",
            path, prod ? "prod" : "tiny");
    return start(path, argv);
}
