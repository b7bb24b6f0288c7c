// SPDX-License-Identifier: Apache-2.0
//
// The checks of `gauntlet doctor` in a made-up /proc, and on a PATH without tools.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ci/gauntlet/doctor.h"

static char root[256];
static struct remark seen[64];
static size_t nseen;

static void on_remark(struct doctor *d, const struct remark *r)
{
    (void)d;
    assert_true(nseen < sizeof seen / sizeof seen[0]);
    seen[nseen++] = *r;
}

// Writes a file below root, with the folders above it.
static void put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        mkdir(whole, 0755);
        *slash = '/';
    }
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const struct remark *look(void (*check)(struct doctor *), const char *name)
{
    struct doctor d = {.root = root, .cache = root, .tell = on_remark};
    nseen = 0;
    check(&d);
    for (size_t i = 0; i < nseen; i++)
        if (strcmp(seen[i].name, name) == 0)
            return &seen[i];
    fail_msg("no remark on %s", name);
    return NULL;
}

static const struct setting {
    void (*check)(struct doctor *);
    const char *name, *path, *good, *bad;
    enum verdict verdict; // of the bad one
} settings[] = {
    {doctor_kernel, "vm.overcommit_memory", "/proc/sys/vm/overcommit_memory", "1\n", "2\n",
     DOCTOR_WORSE},
    {doctor_kernel, "vm.mmap_rnd_bits", "/proc/sys/vm/mmap_rnd_bits", "30\n", "32\n", DOCTOR_WORSE},
    {doctor_kernel, "huge pages", "/sys/kernel/mm/transparent_hugepage/enabled",
     "always [madvise] never\n", "[always] madvise never\n", DOCTOR_WORSE},
    {doctor_kernel, "ptrace", "/proc/sys/kernel/yama/ptrace_scope", "1\n", "3\n", DOCTOR_WORSE},
    {doctor_kernel, "clock", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
     "tsc\n", "acpi_pm\n", DOCTOR_WORSE},
    {doctor_room, "memory", "/proc/meminfo", "MemTotal: 9 kB\nMemAvailable: 4194304 kB\n",
     "MemAvailable: 1048576 kB\n", DOCTOR_WORSE},
    {doctor_room, "processors", "/sys/fs/cgroup/cpu.max", "max 100000\n", "50000 100000\n",
     DOCTOR_WORSE},
};

static void a_setting_that_hurts_is_told_with_what_mends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const struct setting *s = &settings[i];
        put(s->path, s->bad);
        const struct remark *r = look(s->check, s->name);
        // randomness that may not be turned off is worse than that
        if (r->verdict < s->verdict)
            fail_msg("%s: %s is %s", s->name, s->bad, doctor_verdict_names[r->verdict]);
        assert_non_null(r->mend);
        put(s->path, s->good);
        r = look(s->check, s->name);
        bool few = s->check == doctor_room && sysconf(_SC_NPROCESSORS_ONLN) < 2;
        if (r->verdict != DOCTOR_OK && !few)
            fail_msg("%s: %s is %s", s->name, s->good, doctor_verdict_names[r->verdict]);
    }
}

static void what_needs_mending_says_how(void **state)
{
    (void)state;
    static void (*const checks[])(struct doctor *) = {doctor_tools, doctor_kernel, doctor_room};
    for (int i = 0; i < 3; i++) {
        struct doctor d = {.root = root, .cache = root, .tell = on_remark};
        nseen = 0;
        checks[i](&d);
        assert_true(nseen >= 6);
        for (size_t k = 0; k < nseen; k++)
            if (seen[k].verdict != DOCTOR_OK && (seen[k].mend == NULL || seen[k].text[0] == 0))
                fail_msg("%s: %s, and not how to mend it", seen[k].name, seen[k].text);
    }
}

static void a_tool_that_is_needed_and_gone_is_broken(void **state)
{
    (void)state;
    char *path = strdup(getenv("PATH"));
    assert_int_equal(look(doctor_tools, "clang-19")->verdict, DOCTOR_OK);
    assert_true(strncmp(look(doctor_tools, "clang-19")->text, "19.", 3) == 0);
    setenv("PATH", root, 1);
    assert_int_equal(look(doctor_tools, "clang-19")->verdict, DOCTOR_BROKEN);
    const struct remark *r = look(doctor_tools, "gdb");
    assert_int_equal(r->verdict, DOCTOR_OK);
    assert_non_null(r->mend);
    setenv("PATH", path, 1);
    free(path);
}

static void a_cache_that_is_not_there_is_broken(void **state)
{
    (void)state;
    char gone[300];
    snprintf(gone, sizeof gone, "%s/gone", root);
    struct doctor d = {.root = root, .cache = gone, .tell = on_remark};
    nseen = 0;
    doctor_room(&d);
    for (size_t i = 0; i < nseen; i++) {
        bool about = strcmp(seen[i].name, "disk") == 0 || strcmp(seen[i].name, "sandbox") == 0;
        assert_true(!about || seen[i].verdict == DOCTOR_BROKEN);
    }
    assert_int_equal(look(doctor_room, "sandbox")->verdict, DOCTOR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_that_hurts_is_told_with_what_mends_it),
        cmocka_unit_test(what_needs_mending_says_how),
        cmocka_unit_test(a_tool_that_is_needed_and_gone_is_broken),
        cmocka_unit_test(a_cache_that_is_not_there_is_broken),
    };
    const char *tmp = getenv("TEST_TMPDIR");
    snprintf(root, sizeof root, "%s/doctor", tmp ? tmp : "/tmp");
    mkdir(root, 0755);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
