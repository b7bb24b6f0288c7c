// SPDX-License-Identifier: Apache-2.0
//
// Room: processors, memory, disk, limits of the process, and where all this runs. The bounds are
// those below which something is known to go wrong or to take very long.
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ci/gauntlet/doctor.h"

enum {
    MIB = 1 << 20,
    MEMORY_MIB = 2048, // Bazel, and two compilers
    DISK_MIB = 4096,   // a build in all flavours, and a cache full of patched programs
    DISK_LEAST_MIB = 512,
    PROCESSES = 512, // Bazel's threads count
};

// cpu.max of a control group, in processors; 0: no limit.
static double quota(const struct doctor *d)
{
    char line[64];
    double most, period;

    if (doctor_line(d, "/sys/fs/cgroup/cpu.max", line, sizeof line) &&
        sscanf(line, "%lf %lf", &most, &period) == 2 && period > 0)
        return most / period;
    return 0;
}

static void processors(struct doctor *d)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN), usable = online;
    double allowed = quota(d), load = 0;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        usable = CPU_COUNT(&set);
    if (allowed > 0 && allowed < (double)usable)
        doctor_say(d, "processors", DOCTOR_WORSE, "docker update --cpus",
                   "%ld, of which the control group allows %.1f: stops in the middle of anything",
                   usable, allowed);
    else if (usable < 2)
        doctor_say(d, "processors", DOCTOR_WORSE, "a machine with two or more",
                   "%ld of %ld: threads never really meet in tests on real threads", usable,
                   online);
    else
        doctor_say(d, "processors", DOCTOR_OK, NULL, "%ld of %ld", usable, online);
    if (getloadavg(&load, 1) == 1 && load > (double)usable)
        doctor_say(d, "load", DOCTOR_WORSE, "uptime; top",
                   "%.1f on %ld processors: benchmarks mean little now", load, usable);
    else
        doctor_say(d, "load", DOCTOR_OK, NULL, "%.1f", load);
}

static void memory(struct doctor *d)
{
    char path[512], line[128];
    long free_mib = -1, kib;

    snprintf(path, sizeof path, "%s/proc/meminfo", d->root);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "MemAvailable: %ld kB", &kib) == 1)
            free_mib = kib / 1024;
    if (f != NULL)
        fclose(f);
    long group = doctor_number(d, "/sys/fs/cgroup/memory.max", 0) / MIB;
    if (group > 0 && (free_mib < 0 || group < free_mib))
        free_mib = group;
    if (free_mib < 0 || free_mib >= MEMORY_MIB)
        doctor_say(d, "memory", DOCTOR_OK, NULL, "%ld MiB available", free_mib);
    else
        doctor_say(d, "memory", DOCTOR_WORSE, "./gauntlet test --jobs=1 --local_test_jobs=1",
                   "%ld MiB available: builds and tests may be ended for want of it", free_mib);
}

static void disk(struct doctor *d)
{
    struct statvfs st;

    if (statvfs(d->cache, &st) != 0) {
        doctor_say(d, "disk", DOCTOR_BROKEN, "mkdir -p ~/.cache", "%s: %s", d->cache,
                   strerror(errno));
        return;
    }
    long free_mib = (long)((uint64_t)st.f_bavail * st.f_frsize / MIB);
    enum verdict v = free_mib < DISK_LEAST_MIB ? DOCTOR_BROKEN
                     : free_mib < DISK_MIB     ? DOCTOR_WORSE
                                               : DOCTOR_OK;
    if (access(d->cache, W_OK) != 0)
        doctor_say(d, "disk", DOCTOR_BROKEN, "export XDG_CACHE_HOME=...; HOME=...",
                   "%s cannot be written", d->cache);
    else
        doctor_say(d, "disk", v,
                   v == DOCTOR_OK ? NULL : "bazel clean --expunge; rm -r ~/.cache/gauntlet",
                   "%ld MiB free in %s", free_mib, d->cache);
}

// Builds run in farms of symbolic links: .bazelrc asks for no namespaces.
static void sandbox(struct doctor *d)
{
    char at[1024];

    snprintf(at, sizeof at, "%s/doctor-link-%ld", d->cache, (long)getpid());
    if (symlink("nowhere", at) == 0) {
        unlink(at);
        doctor_say(d, "sandbox", DOCTOR_OK, NULL, "links can be made where builds run");
    } else {
        doctor_say(d, "sandbox", DOCTOR_BROKEN, "bazel --output_user_root=DIR, on a local disk",
                   "no symbolic links in %s: %s", d->cache, strerror(errno));
    }
}

static void limits(struct doctor *d)
{
    static const struct {
        const char *name;
        __rlimit_resource_t resource;
        rlim_t least, most; // fine between these; RLIM_INFINITY fits every least
        enum verdict verdict;
        const char *mend, *why;
    } known[] = {
        {"limit of addresses", RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY, DOCTOR_BROKEN,
         "ulimit -v unlimited", "the engine and ThreadSanitizer reserve more than any"},
        {"limit of processes", RLIMIT_NPROC, PROCESSES, RLIM_INFINITY, DOCTOR_WORSE,
         "ulimit -u 4096", "builds and tests of threads may be refused one"},
        {"limit of stacks", RLIMIT_STACK, 1 << 20, RLIM_INFINITY - 1, DOCTOR_WORSE,
         "ulimit -s 8192", "addresses are laid out from below, where others want to lie"},
        {"limit of cores", RLIMIT_CORE, 0, RLIM_INFINITY, DOCTOR_OK, NULL, ""},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct rlimit r = {0, 0};
        char number[32] = "unlimited";

        getrlimit(known[i].resource, &r);
        bool fine = r.rlim_cur >= known[i].least && r.rlim_cur <= known[i].most;
        if (r.rlim_cur != RLIM_INFINITY)
            snprintf(number, sizeof number, "%llu", (unsigned long long)r.rlim_cur);
        doctor_say(d, known[i].name, fine ? DOCTOR_OK : known[i].verdict,
                   fine ? NULL : known[i].mend, fine ? "%s" : "%s: %s", number, known[i].why);
    }
}

static void surroundings(struct doctor *d)
{
    static const char *const signs[] = {"/.dockerenv", "/run/.containerenv"};
    char path[512], line[4096] = "";
    bool container = false, machine = false;

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        snprintf(path, sizeof path, "%s%s", d->root, signs[i]);
        container |= access(path, F_OK) == 0;
    }
    snprintf(path, sizeof path, "%s/proc/cpuinfo", d->root);
    FILE *f = fopen(path, "r");
    while (f != NULL && !machine && fgets(line, sizeof line, f) != NULL)
        machine = strncmp(line, "flags", 5) == 0 && strstr(line, " hypervisor") != NULL;
    if (f != NULL)
        fclose(f);
    doctor_say(d, "runs in", DOCTOR_OK, NULL, "%s%s%s", machine ? "a virtual machine" : "",
               machine && container ? ", " : "",
               container ? "a container"
               : machine ? ""
                         : "no virtual machine, no container");
}

void doctor_room(struct doctor *d)
{
    processors(d);
    memory(d);
    disk(d);
    sandbox(d);
    limits(d);
    surroundings(d);
}
