// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a patch may ask for more than changing lines of runtime sources is refused, in
// one line that names the place; and what mail and git add around a plain diff is understood.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repro/patchfile.h"

#define HEAD "--- a/runtime/x.c\n+++ b/runtime/x.c\n"
#define HUNK "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"

static void refused(const char *text, const char *message)
{
    struct patchfile p;
    char err[512] = "";

    assert_int_equal(patchfile_parse(&p, "p", text, strlen(text), err, sizeof err), -1);
    assert_string_equal(err, message);
    assert_null(p.plain);
}

// Nothing lies behind the text, and a sanitizer sees who reads there.
static void refused_where_it_ends(const char *text, const char *message)
{
    struct patchfile p;
    char err[512] = "";
    size_t n = strlen(text);
    char *exact = malloc(n);

    memcpy(exact, text, n);
    assert_int_equal(patchfile_parse(&p, "p", exact, n, err, sizeof err), -1);
    assert_string_equal(err, message);
    free(exact);
}

static void accepted(const char *text, const char *plain)
{
    struct patchfile p;
    char err[512] = "";

    if (patchfile_parse(&p, "p", text, strlen(text), err, sizeof err) != 0)
        fail_msg("%s", err);
    assert_int_equal(p.plain_bytes, strlen(plain));
    assert_memory_equal(p.plain, plain, p.plain_bytes);
    patchfile_free(&p);
}

static void paths_outside_the_runtime_are_refused(void **state)
{
    (void)state;
    refused("--- a/stress/x.c\n+++ b/stress/x.c\n" HUNK,
            "p:1:7: a patch may touch files under runtime/ only");
    refused("--- a/runtime/../x.c\n+++ b/runtime/../x.c\n" HUNK,
            "p:1:7: empty, '.' or '..' component in the path");
    refused("--- a/runtime//x.c\n+++ b/runtime//x.c\n" HUNK,
            "p:1:7: empty, '.' or '..' component in the path");
    refused("--- a/runtime/./x.c\n+++ b/runtime/./x.c\n" HUNK,
            "p:1:7: empty, '.' or '..' component in the path");
    refused("--- /etc/passwd\n+++ /etc/passwd\n" HUNK, "p:1:5: absolute path");
    refused("--- runtime/x.c\n+++ runtime/x.c\n" HUNK, "p:1:5: path must begin with a/");
    refused("--- a/runtime/x y.c\n+++ b/runtime/x y.c\n" HUNK,
            "p:1:16: character not allowed in a path");
    refused("--- \"a/runtime/x.c\"\n+++ b/runtime/x.c\n" HUNK,
            "p:1:5: character not allowed in a path");
}

static void files_other_than_sources_are_refused(void **state)
{
    (void)state;
    refused("--- a/runtime/BUILD\n+++ b/runtime/BUILD\n" HUNK,
            "p:1:7: a patch may touch *.c, *.h and *.S files only");
    refused("--- a/runtime/x.bzl\n+++ b/runtime/x.bzl\n" HUNK,
            "p:1:7: a patch may touch *.c, *.h and *.S files only");
    refused("--- a/runtime/.c\n+++ b/runtime/.c\n" HUNK,
            "p:1:7: a patch may touch *.c, *.h and *.S files only");
    refused("--- a/runtime/x.s\n+++ b/runtime/x.s\n" HUNK,
            "p:1:7: a patch may touch *.c, *.h and *.S files only");
}

static void adding_removing_and_renaming_is_refused(void **state)
{
    (void)state;
    refused("--- /dev/null\n+++ b/runtime/x.c\n" HUNK,
            "p:1:5: a patch may not add or remove files");
    refused("--- a/runtime/x.c\n+++ /dev/null\n" HUNK,
            "p:2:5: a patch may not add or remove files");
    refused("--- a/runtime/x.c\n+++ b/runtime/y.c\n" HUNK,
            "p:2:7: a patch may not rename: 'runtime/x.c' became 'runtime/y.c'");
    refused(HEAD "@@ -0,0 +1,1 @@\n+c\n", "p:3:1: a patch may not add or remove whole files");
    refused(HEAD "@@ -1,1 +0,0 @@\n-c\n", "p:3:1: a patch may not add or remove whole files");
}

static void powers_of_git_are_refused(void **state)
{
    static const char *const lines[][2] = {
        {"new file mode 100644", "a patch may not add files"},
        {"deleted file mode 100644", "a patch may not remove files"},
        {"old mode 100644", "a patch may not change modes"},
        {"new mode 100755", "a patch may not change modes"},
        {"rename from runtime/x.c", "a patch may not rename files"},
        {"rename to runtime/y.c", "a patch may not rename files"},
        {"copy from runtime/x.c", "a patch may not copy files"},
        {"copy to runtime/y.c", "a patch may not copy files"},
        {"similarity index 90%", "a patch may not rename or copy files"},
        {"dissimilarity index 90%", "a patch may not rewrite files"},
        {"GIT binary patch", "binary patch"},
        {"Binary files a/runtime/x.c and b/runtime/x.c differ", "binary patch"},
        {"Index: runtime/x.c", "only '---' and '+++' name the file of a patch"},
        {"Prereq: 7", "only '---' and '+++' name the file of a patch"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[256], message[256];
        (void)snprintf(text, sizeof text, "diff --git a/runtime/x.c b/runtime/x.c\n%s\n" HEAD HUNK,
                       lines[i][0]);
        (void)snprintf(message, sizeof message, "p:2:1: %s", lines[i][1]);
        refused(text, message);
    }
    refused("index 123..456 120000\n" HEAD HUNK, "p:1:16: not a regular file");
    refused("index 123..456 1006440\n" HEAD HUNK, "p:1:16: not a regular file");
    refused_where_it_ends("index 123..456 10", "p:1:16: not a regular file");
}

static void other_forms_of_diff_are_refused(void **state)
{
    (void)state;
    refused("*** a/runtime/x.c\n--- b/runtime/x.c\n",
            "p:1:1: context diff; a unified diff is needed (diff -u)");
    refused("3c3\n< a\n---\n> b\n",
            "p:1:1: ed script or plain diff; a unified diff is needed (diff -u)");
    refused("1,2d\n", "p:1:1: ed script or plain diff; a unified diff is needed (diff -u)");
    refused("nothing of the kind\n", "p:1:1: no unified diff in this file");
    refused("", "p:1:1: no unified diff in this file");
}

static void hunks_must_be_what_they_say(void **state)
{
    (void)state;
    refused(HUNK, "p:1:1: a hunk before any file name");
    refused(HEAD, "p:2:1: no hunk for runtime/x.c");
    refused(HEAD "@@ -1,2 +1,2 @@\n a\n-b\n", "p:5:1: the hunk of line 3 ends too early");
    refused(HEAD "@@ -1,2 +1,2 @@\n a\n-b\n-c\n", "p:6:1: more lines than the hunk of line 3 says");
    refused(HEAD "@@ -1,2 +1,2 @@\n a\nb\n", "p:5:1: expected ' ', '+' or '-'");
    refused(HEAD "@@ -1 +1 @@\n a\n", "p:4:1: the hunk of line 3 changes nothing");
    refused(HEAD "@@ -x +1 @@\n a\n", "p:3:5: malformed hunk header");
    refused(HEAD "@@ -1,9999999999 +1 @@\n a\n", "p:3:14: malformed hunk header");
    refused(HEAD "@@ -00000001 +1 @@\n a\n", "p:3:13: malformed hunk header");
    refused(HEAD HUNK "more\n", "p:7:1: text between hunks");
    refused(HEAD HUNK HUNK, "p:7:5: hunks are not in order");
    refused(HEAD HUNK HEAD HUNK, "p:8:7: the same file for the second time");
    refused(HEAD HUNK "+++ b/runtime/y.c\n", "p:7:1: '+++' without '---'");
    refused(HEAD "--- a/runtime/y.c\n+++ b/runtime/y.c\n" HUNK,
            "p:3:1: no hunk for the file before");
    refused("--- a/runtime/x.c\n" HUNK, "p:2:1: expected a line '+++ b/runtime/x.c'");
}

static void size_and_content_are_bounded(void **state)
{
    static char big[PATCH_BYTES_MAX + 1];
    static const char nul[] = HEAD "@@ -1 +1 @@\n-a\n+\0\n";
    struct patchfile p;
    char err[512], many[4096] = "";
    size_t used = 0;

    (void)state;
    memset(big, '\n', sizeof big);
    assert_int_equal(patchfile_parse(&p, "p", big, sizeof big, err, sizeof err), -1);
    assert_string_equal(err, "p:1:1: larger than 65536 bytes");
    assert_int_equal(patchfile_parse(&p, "p", nul, sizeof nul - 1, err, sizeof err), -1);
    assert_string_equal(err, "p:5:2: NUL byte");
    for (int i = 0; i <= PATCH_FILES_MAX; i++)
        used += (size_t)snprintf(many + used, sizeof many - used,
                                 "--- a/runtime/%d.c\n+++ b/runtime/%d.c\n" HUNK, i, i);
    refused(many, "p:121:1: more than 20 files");
    assert_int_equal(patchfile_read(&p, "/nonexistent/p", err, sizeof err), -1);
    assert_string_equal(err, "/nonexistent/p:1:1: cannot be read: No such file or directory");
    assert_int_equal(patchfile_read(&p, "/dev/null", err, sizeof err), -1);
    assert_string_equal(err, "/dev/null:1:1: cannot be read: not a regular file");
}

static void mail_and_git_are_understood(void **state)
{
    (void)state;
    accepted(HEAD HUNK, HEAD HUNK);
    accepted("From: somebody\n\nA reason.\n---\n runtime/x.c | 2 +-\n\n"
             "diff --git a/runtime/x.c b/runtime/x.c\nindex 123..456 100644\n" HEAD
             "@@ -1,2 +1,2 @@ static void f(void)\n a\n-b\n+c\n-- \n2.39.5\n",
             HEAD HUNK);
    accepted(
        "--- a/runtime/x.c\t2026-01-01 00:00:00\n+++ b/runtime/x.c\t2026-01-02 00:00:00\n" HUNK,
        HEAD HUNK);
    accepted(HEAD
             "@@ -1 +1 @@\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
             HEAD "@@ -1 +1 @@\n-b\n\\ No newline at end of file\n+c\n"
                  "\\ No newline at end of file\n");
    accepted(HEAD "@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n@@ -9 +9 @@\n-b\n+c",
             HEAD "@@ -1,2 +1,2 @@\n a\n--- b\n+++ c\n@@ -9 +9 @@\n-b\n+c\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_outside_the_runtime_are_refused),
        cmocka_unit_test(files_other_than_sources_are_refused),
        cmocka_unit_test(adding_removing_and_renaming_is_refused),
        cmocka_unit_test(powers_of_git_are_refused),
        cmocka_unit_test(other_forms_of_diff_are_refused),
        cmocka_unit_test(hunks_must_be_what_they_say),
        cmocka_unit_test(size_and_content_are_bounded),
        cmocka_unit_test(mail_and_git_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
