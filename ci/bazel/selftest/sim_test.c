// SPDX-License-Identifier: Apache-2.0
//
// A program made by the sim rules carries its own site table, and the table names its places.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "ci/bazel/selftest/subject.h"

// The text of section .gauntlet.sites of this very program; the Elf handle stays open.
static const char *own_table(size_t *size)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    Elf_Scn *scn = NULL;
    size_t names;
    Elf *elf;

    assert_true(fd >= 0);
    (void)elf_version(EV_CURRENT);
    elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    assert_non_null(elf);
    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    while ((scn = elf_nextscn(elf, scn)) != NULL) {
        GElf_Shdr shdr;
        assert_non_null(gelf_getshdr(scn, &shdr));
        if (strcmp(elf_strptr(elf, names, shdr.sh_name), ".gauntlet.sites") == 0) {
            *size = shdr.sh_size;
            return elf_rawdata(scn, NULL)->d_buf;
        }
    }
    fail_msg("no section .gauntlet.sites");
    return NULL;
}

static void program_carries_its_site_table(void **state)
{
    static const char head[] = "gauntlet-sites 1\n";
    static const char site[] = "\tci/bazel/selftest/subject.c\tadder\tcounter += *(int *)arg;\n";
    size_t size = 0;
    const char *table = own_table(&size);

    (void)state;
    assert_int_equal(subject_branch(1), -1);
    assert_true(size > sizeof head);
    assert_memory_equal(table, head, sizeof head - 1);
    assert_non_null(memmem(table, size, site, sizeof site - 1));
    assert_null(memmem(table, size, "sim_test.c", 10)); // plain code has no sites
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(program_carries_its_site_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
