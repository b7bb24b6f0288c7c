// SPDX-License-Identifier: Apache-2.0
//
// Programs and their versions. What the build needs is the launcher's list; it has been seen to be
// there before this program was built, but may have gone since.
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ci/gauntlet/doctor.h"

static const struct {
    const char *name, *version; // command that prints the version
    const char *mend;
    const char *use; // what is missing without it; NULL: it is needed
} tools[] = {
    {"clang-19", "clang-19 --version", "apt-get install clang-19", NULL},
    {"ld.lld-19", "ld.lld-19 --version", "apt-get install lld-19", NULL},
    {"llvm-objcopy-19", "llvm-objcopy-19 --version", "apt-get install llvm-19", NULL},
    {"bazel", "bazel --version", "apt-get install bazel-bootstrap", NULL},
    {"python3", "python3 --version", "apt-get install python3", NULL},
    {"patch", "patch --version", "apt-get install patch", NULL},
    {"git", "git --version", "apt-get install git", "cases do not say of which commit they are"},
    {"go", "go version", "apt-get install golang-go", "bench measures no peer"},
    {"wrk", "{ wrk -v; true; }", "apt-get install wrk", "bench http measures nothing"},
    {"gdb", "gdb --version", "apt-get install gdb", "no looking into a process"},
    {"afl-fuzz", "afl-fuzz --version", "apt-get install afl++", "no fuzzing with AFL++"},
    {"clang-format", "clang-format-14 --version", "apt-get install clang-format-14",
     "ci/tidy does not check the layout of C"},
    {"buildifier", "buildifier --version",
     "put buildifier (github.com/bazelbuild/buildtools) on the PATH",
     "ci/tidy does not check the layout of BUILD files"},
};

// The first word that looks like a version, without letters before it ("go1.19"); else the first
// line: Debian's Bazel says "bazel no_version".
static bool version_of(const char *command, char *version, size_t bytes)
{
    char line[256], whole[300], *word, *rest;
    bool found = false;

    version[0] = 0;
    snprintf(whole, sizeof whole, "%s 2>/dev/null </dev/null", command);
    FILE *out = popen(whole, "r");
    if (out == NULL)
        return false;
    while (!found && fgets(line, sizeof line, out) != NULL) {
        if (version[0] == 0)
            snprintf(version, bytes, "%.*s", (int)strcspn(line, "\n"), line);
        for (rest = line; !found && (word = strsep(&rest, " ,()\n")) != NULL;) {
            size_t letters = strcspn(word, "0123456789");

            found = word[letters] != 0 && strchr(word, '.') != NULL;
            if (found)
                snprintf(version, bytes, "%s", word + letters);
        }
    }
    while (fgets(line, sizeof line, out) != NULL) // to its end, so that it does not die of SIGPIPE
        ;
    return pclose(out) == 0 && version[0] != 0;
}

void doctor_tools(struct doctor *d)
{
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        char version[64];

        if (version_of(tools[i].version, version, sizeof version))
            doctor_say(d, tools[i].name, DOCTOR_OK, NULL, "%s", version);
        else if (tools[i].use == NULL)
            doctor_say(d, tools[i].name, DOCTOR_BROKEN, tools[i].mend,
                       "does not run here, and the build needs it");
        else // not needed: hurts nobody
            doctor_say(d, tools[i].name, DOCTOR_OK, tools[i].mend, "not here, so %s", tools[i].use);
    }
}
