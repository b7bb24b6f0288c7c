// SPDX-License-Identifier: Apache-2.0
//
// The site table names places as people would, and refuses programs in which the compiler has
// merged atomic operations. Each test compiles a few lines with the flags of the instrumented
// flavour that matter, and links them without any runtime: the tool looks at calls, nobody makes
// them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/sites/sitetab.h"
#include "ci/sites/source.h"

static char folder[256];

static void in_folder(char out[512], const char *name)
{
    (void)snprintf(out, 512, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
    char path[512];
    FILE *f;

    in_folder(path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static char *read_file(const char *name)
{
    char path[512], *text = calloc(1, 1 << 16);
    FILE *f;

    in_folder(path, name);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
    (void)fclose(f);
    return text;
}

static int set_up(void **state)
{
    const char *tmp = getenv("TEST_TMPDIR");
    char command[600];

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/sites-XXXXXX", tmp ? tmp : "/tmp");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(command, sizeof command,
                   "mkdir -p '%s/runtime/base' && cp runtime/base/atomic.h '%s/runtime/base/'",
                   folder, folder);
    return system(command);
}

static int tear_down(void **state)
{
    char command[600];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

// Compiles x.c and links it; entry `use`.
static void build(const char *compile_flags, const char *link_flags)
{
    char command[2000];

    (void)snprintf(
        command, sizeof command,
        "cd '%s' && clang-19 -std=c17 -D_GNU_SOURCE -O2 -fno-pie -fno-omit-frame-pointer -iquote . "
        "-ffile-compilation-dir=. -fsanitize=thread -fno-unroll-loops -mllvm "
        "-enable-tail-merge=false -mllvm -sink-common-insts=false %s -c x.c -o x.o && "
        "ld.lld-19 --unresolved-symbols=ignore-all -e use %s x.o -o x",
        folder, compile_flags, link_flags);
    assert_int_equal(system(command), 0);
}

static int make_table(char *err, size_t errlen)
{
    char binary[512], output[512];

    in_folder(binary, "x");
    in_folder(output, "table");
    return sitetab_write(&(struct sitetab_request){binary, folder, output}, err, errlen);
}

static char *table(void)
{
    char err[1024];

    if (make_table(err, sizeof err) != 0)
        fail_msg("%s", err);
    return read_file("table");
}

static void refused_because(const char *reason)
{
    char err[1024] = "", output[512];

    assert_int_equal(make_table(err, sizeof err), -1);
    if (strstr(err, reason) == NULL)
        fail_msg("'%s' does not say '%s'", err, reason);
    in_folder(output, "table");
    assert_int_equal(access(output, F_OK), -1);
}

// Number of the site with `rest` ("rank\tline\tfile\tchain\ttext") in the table.
static unsigned site_id(const char *text, const char *rest)
{
    char needle[512];
    const char *at;
    unsigned id = 0;

    (void)snprintf(needle, sizeof needle, "\t%s\n", rest);
    at = strstr(text, needle);
    if (at == NULL)
        fail_msg("no site '%s' in:\n%s", rest, text);
    while (at > text && at[-1] != '\n')
        at--;
    assert_int_equal(sscanf(at, "site %u", &id), 1);
    return id;
}

// How many calls of `hook` the table places at site `id`.
static unsigned count_at(const char *text, unsigned id, const char *hook)
{
    char needle[64];
    unsigned n = 0;

    (void)snprintf(needle, sizeof needle, "\t%u\t%s\n", id, hook);
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
        n++;
    return n;
}

static const char golden[] =
    "#include \"runtime/base/twice.h\"\n"
    "#define BUMP(a) add_relaxed(a, 1)\n"
    "struct pair { atomic_u32 first, second; } shared;\n"
    "int plain;\n"
    "static inline unsigned sum(struct pair *p)\n"
    "{\n"
    "    return load_acquire(&p->first) + load_relaxed(&p->second); // pairs [sum]\n"
    "}\n"
    "__attribute__((noinline)) static int down(int n)\n"
    "{\n"
    "    return n <= 0 ? plain : down(n - 1) * down(n - 2);\n"
    "}\n"
    "unsigned use(void)\n"
    "{\n"
    "    unsigned   x =\tsum(&shared);   /* folded\n"
    "                                 */\n"
    "    x += twice(&shared.first);\n"
    "    BUMP(&shared.second);\n"
    "    plain = down((int)x);\n"
    "    store_release(&shared.first, x); // pairs [sum]\n"
    "    return x + sum(&shared);\n"
    "}\n";

static void build_golden(void)
{
    write_file("runtime/base/twice.h", "#pragma once\n"
                                       "#include \"runtime/base/atomic.h\"\n"
                                       "static inline unsigned twice(atomic_u32 *a)\n"
                                       "{\n"
                                       "    unsigned x = load_acquire(a);\n"
                                       "    return x + load_relaxed(a);\n"
                                       "}\n");
    write_file("x.c", golden);
    build("-g", "--emit-relocs");
}

static void sites_are_named_by_function_chain_text_and_rank(void **state)
{
    char *text;
    unsigned id;

    (void)state;
    build_golden();
    text = table();
    assert_memory_equal(text, "gauntlet-sites 1\nsite 2\t", 24);
    // Two atomics of one line, inlined twice: two sites of two places each.
#define SUM "return load_acquire(&p->first) + load_relaxed(&p->second);"
    id = site_id(text, "0\t7\tx.c\tsum<use\t" SUM);
    assert_int_equal(count_at(text, id, "atomic32_load"), 2);
    id = site_id(text, "1\t7\tx.c\tsum<use\t" SUM);
    assert_int_equal(count_at(text, id, "atomic32_load"), 2);
    // A function of base/ is left out: both of its loads are the caller's line.
    id = site_id(text, "0\t17\tx.c\tuse\tx += twice(&shared.first);");
    assert_int_equal(count_at(text, id, "atomic32_load"), 2);
    // A macro is the line that uses it.
    id = site_id(text, "0\t18\tx.c\tuse\tBUMP(&shared.second);");
    assert_int_equal(count_at(text, id, "atomic32_fetch_add"), 1);
    // Calls come before plain accesses, whatever their columns.
    id = site_id(text, "0\t19\tx.c\tuse\tplain = down((int)x);");
    assert_int_equal(count_at(text, id, "call"), 1);
    id = site_id(text, "1\t19\tx.c\tuse\tplain = down((int)x);");
    assert_int_equal(count_at(text, id, "write4"), 1);
    // Comments are not part of the text.
    id = site_id(text, "0\t20\tx.c\tuse\tstore_release(&shared.first, x);");
    assert_int_equal(count_at(text, id, "atomic32_store"), 1);
    // A static function that calls itself: no relocation tells of it.
    id = site_id(text, "0\t11\tx.c\tdown\treturn n <= 0 ? plain : down(n - 1) * down(n - 2);");
    assert_int_equal(count_at(text, id, "call"), 1);
    assert_non_null(strstr(text, "\tdown\n"));
    free(text);
}

static void edits_elsewhere_leave_the_numbers_of_sites(void **state)
{
    char moved[sizeof golden + 64], *before, *after;
    static const char old_place[] = "0\t20\tx.c\tuse\tstore_release(&shared.first, x);";
    static const char new_place[] = "0\t22\tx.c\tuse\tstore_release(&shared.first, x);";

    (void)state;
    build_golden();
    before = table();
    (void)snprintf(moved, sizeof moved, "// a line more\n\n%s", golden);
    write_file("x.c", moved);
    build("-g", "--emit-relocs");
    after = table();
    assert_int_equal(site_id(after, new_place), site_id(before, old_place));
    free(before);
    free(after);
}

static void same_program_gives_the_same_table(void **state)
{
    char *first, *second;

    (void)state;
    build_golden();
    first = table();
    second = table();
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void atomic_at_line_zero_is_refused(void **state)
{
    (void)state;
    write_file("x.c", "#include \"runtime/base/atomic.h\"\n"
                      "atomic_u32 word;\n"
                      "unsigned use(void)\n"
                      "{\n"
                      "    unsigned x = load_acquire(&word);\n"
                      "#pragma clang diagnostic ignored \"-Wgnu-zero-line-directive\"\n"
                      "#line 0\n"
                      "    return x + load_relaxed(&word);\n"
                      "}\n");
    build("-g", "--emit-relocs");
    refused_because("has no source line");
}

static void merged_atomics_are_refused(void **state)
{
    (void)state;
    // Without column information operations of one line cannot be told apart.
    build_golden();
    build("-g -gno-column-info", "--emit-relocs");
    refused_because("stands for several operations of the source");
}

static void atomic_without_debug_information_is_refused(void **state)
{
    (void)state;
    build_golden();
    build("-g0", "--emit-relocs");
    refused_because("no debug information");
}

static void programs_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    build_golden();
    build("-g", "");
    refused_because("no relocations: link with -Wl,--emit-relocs");
    build("-g -fPIE", "--emit-relocs -pie");
    refused_because("link with -no-pie");
    write_file("x", "not a program");
    refused_because("not an ELF file");
}

static void fold_keeps_strings_and_drops_comments(void **state)
{
    static const char *const pairs[][2] = {
        {"\tx = 1;  // why", "x = 1;"},
        {"  f(\"//\",  '\"');", "f(\"//\", '\"');"},
        {"x  /* a */ = 2;", "x /* a */ = 2;"},
        {"x = 2; /* begins", "x = 2;"},
        {"f(\"\\\"//\"); // end", "f(\"\\\"//\");"},
        {"// all", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", pairs[i][0]);
        source_fold(text);
        assert_string_equal(text, pairs[i][1]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sites_are_named_by_function_chain_text_and_rank),
        TEST(edits_elsewhere_leave_the_numbers_of_sites),
        TEST(same_program_gives_the_same_table),
        TEST(atomic_at_line_zero_is_refused),
        TEST(merged_atomics_are_refused),
        TEST(atomic_without_debug_information_is_refused),
        TEST(programs_that_cannot_be_read_are_refused),
        cmocka_unit_test(fold_keeps_strings_and_drops_comments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
