// SPDX-License-Identifier: Apache-2.0
//
// A patched program is the plain one but for its patch: a patch that changes nothing gives the same
// bytes, which holds the kit to exactly the commands of the build. Patches are made from the
// sources as they stand, so that the test does not rot when the runtime changes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repro/patchbuild.h"
#include "repro/patchtree.h"

static char folder[256], patch_path[300], output[300], log_path[300];

static struct patchbuild_request request(void)
{
    return (struct patchbuild_request){"repro/patch_subject.kit", ".", patch_path, output, true};
}

static int set_up(void **state)
{
    const char *tmp = getenv("TEST_TMPDIR");

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/patch-XXXXXX", tmp ? tmp : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(patch_path, sizeof patch_path, "%s/bug.patch", folder);
    (void)snprintf(output, sizeof output, "%s/program", folder);
    (void)snprintf(log_path, sizeof log_path, "%s/log", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tree_remove(folder);
    return 0;
}

static void write_patch(const char *text)
{
    assert_int_equal(tree_write(patch_path, text, strlen(text)), 0);
}

// A diff that puts `line` in place of the first line of `file`; NULL: that line itself again.
static void patch_first_line(const char *file, const char *line)
{
    char *source = tree_read(file), text[2048];

    assert_string_not_equal(source, "");
    *strchr(source, '\n') = 0;
    (void)snprintf(text, sizeof text, "--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-%s\n+%s\n", file, file,
                   source, line ? line : source);
    write_patch(text);
    free(source);
}

// Builds with standard error in the log; the text of the log is the caller's.
static char *build_and_log(int expected, char *err, size_t errlen)
{
    const struct patchbuild_request r = request();
    int saved = dup(STDERR_FILENO), log, result;

    log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(saved >= 0 && log >= 0);
    (void)dup2(log, STDERR_FILENO);
    result = patchbuild(&r, err, errlen);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)close(log);
    if (result != expected)
        fail_msg("%s", err);
    return tree_read(log_path);
}

static void fails_with(const char *message)
{
    char err[1024];
    char *log = build_and_log(-1, err, sizeof err);

    free(log);
    assert_string_equal(strncmp(err, folder, strlen(folder)) ? err : err + strlen(folder), message);
    assert_int_equal(access(output, F_OK), -1);
}

static void patch_without_effect_gives_the_same_program(void **state)
{
    char err[1024], *log, command[700];

    (void)state;
    patch_first_line("runtime/sched/runq.c", NULL);
    log = build_and_log(0, err, sizeof err);
    assert_non_null(strstr(log, "patched: runtime/sched/runq.c (1 of "));
    free(log);
    (void)snprintf(command, sizeof command, "cmp '%s' repro/patch_subject", output);
    assert_int_equal(system(command), 0);
    assert_int_equal(system(output), 0);
}

static void touched_header_compiles_its_includers(void **state)
{
    char err[1024], *log;
    unsigned again = 0, all = 0;

    (void)state;
    patch_first_line("runtime/sched/timer.h", NULL);
    log = build_and_log(0, err, sizeof err);
    assert_int_equal(sscanf(log, "patched: runtime/sched/timer.h (%u of %u sources", &again, &all),
                     2);
    free(log);
    assert_true(again >= 2);
    assert_true(again < all);
}

static void every_source_includes_the_section_header(void **state)
{
    char err[1024], *log;
    unsigned again = 0, all = 0;

    (void)state;
    patch_first_line("runtime/base/sections.h", NULL);
    log = build_and_log(0, err, sizeof err);
    assert_int_equal(sscanf(log, "patched: runtime/base/sections.h (%u of %u", &again, &all), 2);
    free(log);
    assert_true(again > all / 2);
}

static void hunk_that_does_not_apply_is_named(void **state)
{
    char *source = tree_read("runtime/sched/runq.c"), text[2048];

    (void)state;
    *strchr(source, '\n') = 0;
    (void)snprintf(text, sizeof text,
                   "--- a/runtime/sched/runq.c\n+++ b/runtime/sched/runq.c\n@@ -1 +1 @@\n-%s\n+%s\n"
                   "@@ -40,1 +40,1 @@\n-no such line is there\n+x\n",
                   source, source);
    free(source);
    write_patch(text);
    fails_with("/bug.patch:6:1: hunk 2 of runtime/sched/runq.c does not apply at its line 40");
}

static void source_that_does_not_compile_is_named(void **state)
{
    char err[1024];

    (void)state;
    patch_first_line("runtime/sched/runq.c", "int unfinished(;");
    free(build_and_log(-1, err, sizeof err));
    assert_memory_equal(err, "runtime/sched/runq.c:1:16: error: ", 34);
    assert_null(strchr(err, '\n'));
    assert_int_equal(access(output, F_OK), -1);
}

static void file_that_is_no_source_is_refused(void **state)
{
    (void)state;
    write_patch("--- a/runtime/sched/none.c\n+++ b/runtime/sched/none.c\n@@ -1 +1 @@\n-a\n+b\n");
    fails_with("/bug.patch:1:7: 'runtime/sched/none.c' is not a source of the runtime");
}

// A kit beside which one source is a link that leads out of the tree.
static void link_out_of_the_tree_is_refused(void **state)
{
    struct patchbuild_request r = request();
    char kit[400], path[400], err[1024], *log;
    static const char *const names[] = {"runtime/a.c", "runtime/b.c", "runtime/c.c"};

    (void)state;
    (void)snprintf(kit, sizeof kit, "%s/kit", folder);
    log = "gauntlet-kit 1\ncompiler x\nobjcopy x\nfile runtime/a.c\truntime/a.c\n"
          "file runtime/b.c\truntime/b.c\nfile runtime/c.c\truntime/c.c\nflags 0\n"
          "unit 0\truntime/a.c\ta.o\ta.o\n";
    assert_int_equal(tree_write(kit, log, strlen(log)), 0);
    for (size_t i = 0; i < 3; i++) {
        char real[400];
        (void)snprintf(real, sizeof real, "%s/%s/%s", folder, i == 0 ? "other" : "tree", names[i]);
        (void)snprintf(path, sizeof path, "%s/tree/%s", folder, names[i]);
        *strrchr(real, '/') = 0;
        assert_int_equal(tree_make(real), 0);
        real[strlen(real)] = '/';
        assert_int_equal(tree_write(real, "a\n", 2), 0);
        if (i == 0) {
            (void)snprintf(err, sizeof err, "%s/tree/runtime", folder);
            assert_int_equal(tree_make(err), 0);
            assert_int_equal(symlink(real, path), 0);
        }
    }
    write_patch("--- a/runtime/a.c\n+++ b/runtime/a.c\n@@ -1 +1 @@\n-a\n+b\n");
    (void)snprintf(path, sizeof path, "%s/tree", folder);
    r.kit = kit;
    r.root = path;
    assert_int_equal(patchbuild_check(&r, err, sizeof err), -1);
    assert_non_null(strstr(err, ":1:7: 'runtime/a.c' is not a regular file of the tree"));
    write_patch("--- a/runtime/b.c\n+++ b/runtime/b.c\n@@ -1 +1 @@\n-a\n+b\n");
    assert_int_equal(patchbuild_check(&r, err, sizeof err), 0);
}

static void output_that_cannot_be_written_is_said(void **state)
{
    struct patchbuild_request r = request();
    char err[1024];

    (void)state;
    patch_first_line("runtime/sched/runq.c", NULL);
    r.output = "/proc/no-such-folder/program";
    r.verbose = false;
    assert_int_equal(patchbuild(&r, err, sizeof err), -1);
    assert_non_null(strstr(err, "/proc/no-such-folder/program: cannot be written"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(patch_without_effect_gives_the_same_program),
        TEST(touched_header_compiles_its_includers),
        TEST(every_source_includes_the_section_header),
        TEST(hunk_that_does_not_apply_is_named),
        TEST(source_that_does_not_compile_is_named),
        TEST(file_that_is_no_source_is_refused),
        TEST(link_out_of_the_tree_is_refused),
        TEST(output_that_cannot_be_written_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
