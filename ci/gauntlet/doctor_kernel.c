// SPDX-License-Identifier: Apache-2.0
//
// The kernel: settings that the runtime, the engine or ThreadSanitizer depend on. Where it can be
// tried it is tried, because a number in /proc does not tell what a container allows.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/doctor.h"

enum {
    PAGE = 4096,
    GUARD_INSTALL = 102,   // madvise; Linux 6.13
    MAPS_USUAL = 65530,    // vm.max_map_count of a kernel that nobody has told otherwise
    TSAN_RANDOM_BITS = 30, // of mmap_rnd_bits that clang 19's ThreadSanitizer can live with
};

// Runs `ask` in a process of its own.
static bool tried(bool (*ask)(void))
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(ask() ? 0 : 1);
    return child > 0 && TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) == child &&
           WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool installs_guards(void)
{
    void *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p != MAP_FAILED && syscall(SYS_madvise, p, PAGE, GUARD_INSTALL) == 0;
}

static bool turns_randomness_off(void)
{
    return personality(ADDR_NO_RANDOMIZE) != -1;
}

static bool can_be_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool counts_cycles(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_SW_TASK_CLOCK,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};

    return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) >= 0;
}

// Without guard regions each open stack is two mappings: docs/stacks.md.
static void stacks(struct doctor *d)
{
    bool guards = tried(installs_guards);
    long maps = doctor_number(d, "/proc/sys/vm/max_map_count", MAPS_USUAL);

    if (guards)
        doctor_say(d, "guard regions", DOCTOR_OK, NULL, "yes: a million stacks are one mapping");
    else
        doctor_say(d, "guard regions", DOCTOR_WORSE, "a kernel of 6.13 or later",
                   "no: native programs have two mappings for each goroutine");
    if (guards || maps > 4l * MAPS_USUAL)
        doctor_say(d, "vm.max_map_count", DOCTOR_OK, NULL, "%ld", maps);
    else
        doctor_say(d, "vm.max_map_count", DOCTOR_WORSE, "sysctl -w vm.max_map_count=4194304",
                   "%ld: native programs end at some %ld goroutines", maps, maps / 2);
}

static void randomness(struct doctor *d)
{
    static const char mend[] = "sysctl -w vm.mmap_rnd_bits=28";
    long bits = doctor_number(d, "/proc/sys/vm/mmap_rnd_bits", 28);

    if (bits <= TSAN_RANDOM_BITS)
        doctor_say(d, "vm.mmap_rnd_bits", DOCTOR_OK, NULL, "%ld", bits);
    else if (tried(turns_randomness_off))
        doctor_say(d, "vm.mmap_rnd_bits", DOCTOR_WORSE, mend,
                   "%ld: ThreadSanitizer's programs start themselves twice", bits);
    else
        doctor_say(d, "vm.mmap_rnd_bits", DOCTOR_BROKEN, mend,
                   "%ld: ThreadSanitizer's programs do not start, and may not turn it off", bits);
}

static void overcommit(struct doctor *d)
{
    long mode = doctor_number(d, "/proc/sys/vm/overcommit_memory", 0);

    if (mode != 2)
        doctor_say(d, "vm.overcommit_memory", DOCTOR_OK, NULL, "%ld", mode);
    else
        doctor_say(d, "vm.overcommit_memory", DOCTOR_WORSE, "sysctl -w vm.overcommit_memory=0",
                   "2: reservations count as memory; ThreadSanitizer and the engine reserve much");
}

// The chosen one stands in brackets.
static void huge_pages(struct doctor *d)
{
    char line[128] = "", word[32] = "none";

    doctor_line(d, "/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line);
    const char *open = strchr(line, '[');
    if (open != NULL)
        sscanf(open, "[%31[^]]", word);
    if (strcmp(word, "always") != 0)
        doctor_say(d, "huge pages", DOCTOR_OK, NULL, "%s", word);
    else
        doctor_say(d, "huge pages", DOCTOR_WORSE,
                   "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
                   "always: sparse shadow memory takes 2 MiB a touch");
}

static void looking_in(struct doctor *d)
{
    long scope = doctor_number(d, "/proc/sys/kernel/yama/ptrace_scope", 0);

    if (!tried(can_be_traced))
        doctor_say(d, "ptrace", DOCTOR_WORSE, "docker run --cap-add SYS_PTRACE ...",
                   "not allowed: gdb does not work here");
    else if (scope > 1)
        doctor_say(d, "ptrace", DOCTOR_WORSE, "sysctl -w kernel.yama.ptrace_scope=1",
                   "scope %ld: gdb cannot look into a process", scope);
    else
        doctor_say(d, "ptrace", DOCTOR_OK, NULL, "allowed%s", scope ? ", of children" : "");
    if (tried(counts_cycles))
        doctor_say(d, "perf", DOCTOR_OK, NULL, "allowed");
    else
        doctor_say(d, "perf", DOCTOR_OK, "sysctl -w kernel.perf_event_paranoid=2",
                   "not allowed: nothing here needs it, perf record does");
}

static void clock_source(struct doctor *d)
{
    static const char *const quick[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
                                        "arch_sys_counter"};
    char line[64] = "unknown";
    bool is_quick = false;

    doctor_line(d, "/sys/devices/system/clocksource/clocksource0/current_clocksource", line,
                sizeof line);
    for (size_t i = 0; i < sizeof quick / sizeof quick[0]; i++)
        is_quick |= strcmp(line, quick[i]) == 0;
    doctor_say(d, "clock", is_quick ? DOCTOR_OK : DOCTOR_WORSE,
               is_quick ? NULL : "the kernel parameter clocksource=tsc, where the clock is stable",
               is_quick ? "%s" : "%s: asking for the time is a system call, and sleeps are coarse",
               line);
}

void doctor_kernel(struct doctor *d)
{
    stacks(d);
    randomness(d);
    overcommit(d);
    huge_pages(d);
    looking_in(d);
    clock_source(d);
}
