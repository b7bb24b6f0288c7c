// SPDX-License-Identifier: Apache-2.0
//
// The table PC -> site of the running binary, from its section .gauntlet.sites (text, written at
// link time by ci/sites). No debug information is read: a replay starts in milliseconds.
//
// Lookup of a hook's PC is one load from an array indexed by PC; strings are touched only when a
// name is needed.

#include "stress/sim/sites.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

uint16_t *sim_site_table;
uint64_t sim_site_lo, sim_site_span;
uint32_t sim_site_shift;
bool sim_uses_fences;

static struct sim_site sites[SIM_SITES_MAX] = {
    [SIM_SITE_NONE] = {.function = "?", .text = "", .file = "?"},
    [SIM_SITE_HOST] = {.function = "host", .text = "", .file = "?"},
};
static uint32_t n_sites = 2;

struct range {
    uint64_t lo, hi;
    const char *function;
};
static struct range *ranges;
static size_t n_ranges;

static _Noreturn void bad_table(const char *why)
{
    fprintf(stderr, "gauntlet: %s: the site table of this binary is unusable\n", why);
    exit(2);
}

// The section's text, NUL-terminated and writable, or NULL. Freed never: names point into it.
static char *read_section(size_t *bytes)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return NULL;
    char *image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (image == MAP_FAILED)
        return NULL;
    const Elf64_Ehdr *eh = (const void *)image;
    const Elf64_Shdr *sh = (const void *)(image + eh->e_shoff);
    const char *strings = image + sh[eh->e_shstrndx].sh_offset;
    char *text = NULL;
    for (unsigned i = 0; i < eh->e_shnum && !text; i++) {
        if (strcmp(strings + sh[i].sh_name, ".gauntlet.sites") != 0)
            continue;
        *bytes = sh[i].sh_size;
        text = malloc(*bytes + 1);
        memcpy(text, image + sh[i].sh_offset, *bytes);
        text[*bytes] = 0;
    }
    munmap(image, (size_t)st.st_size);
    return text;
}

static char *field(char **p)
{
    char *start = *p;
    char *tab = strchr(start, '\t');
    if (tab) {
        *tab = 0;
        *p = tab + 1;
    } else {
        *p = start + strlen(start);
    }
    return start;
}

static void read_site(char *line)
{
    unsigned long id = strtoul(field(&line), NULL, 10);
    if (id != n_sites || n_sites == SIM_SITES_MAX)
        bad_table("site numbers");
    struct sim_site *s = &sites[n_sites++];
    s->rank = (uint32_t)strtoul(field(&line), NULL, 10);
    s->line = (uint32_t)strtoul(field(&line), NULL, 10);
    s->file = field(&line);
    s->function = field(&line);
    s->text = line;
}

static struct pc_entry {
    uint64_t pc;
    uint16_t site;
    bool range; // memcpy, memset, memmove
} * pcs;        // by pc
static size_t n_pcs;

// Fills the table with entries for 2^shift bytes; false when two sites meet in one.
static bool fill_table(uint32_t shift)
{
    memset(sim_site_table, 0, sim_site_span * sizeof *sim_site_table);
    for (size_t i = 0; i < n_pcs; i++) {
        uint16_t *at = &sim_site_table[(pcs[i].pc - sim_site_lo) >> shift];
        if (*at != 0 && *at != pcs[i].site)
            return false;
        *at = pcs[i].site;
    }
    sim_site_shift = shift;
    return true;
}

static void build_table(void)
{
    uint64_t lo = UINT64_MAX, hi = 0;
    for (size_t i = 0; i < n_pcs; i++) {
        lo = pcs[i].pc < lo ? pcs[i].pc : lo;
        hi = pcs[i].pc > hi ? pcs[i].pc : hi;
    }
    if (n_pcs == 0 || hi - lo > 64u << 20)
        bad_table("PC range");
    sim_site_lo = lo;
    sim_site_span = hi - lo + 1;
    sim_site_table = malloc(sim_site_span * sizeof *sim_site_table);
    uint32_t shift = 4; // dense: fewer cache lines in the hottest lookup there is
    while (!fill_table(shift))
        shift--;
}

void sim_sites_load(void)
{
    size_t bytes = 0;
    char *text = read_section(&bytes);
    if (!text)
        bad_table("missing");
    size_t cap = bytes / 16 + 16;
    pcs = malloc(cap * sizeof *pcs);
    ranges = malloc(cap * sizeof *ranges);
    char *save = NULL;
    char *line = strtok_r(text, "\n", &save);
    if (!line || strcmp(line, "gauntlet-sites 1") != 0)
        bad_table("version");
    while ((line = strtok_r(NULL, "\n", &save))) {
        if (strncmp(line, "site ", 5) == 0) {
            read_site(line + 5);
        } else if (strncmp(line, "pc ", 3) == 0) {
            line += 3;
            uint64_t pc = strtoull(field(&line), NULL, 16);
            unsigned long id = strtoul(field(&line), NULL, 10);
            if (id >= n_sites || n_pcs == cap)
                bad_table("PC entries");
            if (strstr(line, "thread_fence"))
                sim_uses_fences = true;
            pcs[n_pcs++] = (struct pc_entry){pc, (uint16_t)id, strncmp(line, "mem", 3) == 0};
        } else if (strncmp(line, "range ", 6) == 0 && n_ranges < cap) {
            line += 6;
            struct range *r = &ranges[n_ranges++];
            r->lo = strtoull(field(&line), NULL, 16);
            r->hi = strtoull(field(&line), NULL, 16);
            r->function = line;
        }
    }
    build_table();
}

uint32_t sim_site_count(void)
{
    return n_sites;
}
const struct sim_site *sim_site(uint32_t id)
{
    return &sites[id < n_sites ? id : 0];
}
uint32_t sim_pc_site(uint64_t pc)
{
    return sim_site_of(pc);
}

static int compare_names(const struct sim_site *a, const struct sim_site *b)
{
    int order = strcmp(a->function, b->function);
    if (order == 0)
        order = strcmp(a->text, b->text);
    return order != 0 ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_names(&sites[*(const uint16_t *)a], &sites[*(const uint16_t *)b]);
}

static int compare_key(const void *key, const void *entry)
{
    return compare_names(key, &sites[*(const uint16_t *)entry]);
}

uint32_t sim_site_find(const char *function, const char *text, uint32_t rank)
{
    static uint16_t by_name[SIM_SITES_MAX];
    static uint32_t sorted;
    if (sorted != n_sites) {
        for (sorted = 1; sorted < n_sites; sorted++)
            by_name[sorted] = (uint16_t)sorted;
        qsort(by_name + 1, n_sites - 1, sizeof *by_name, compare_entries);
    }
    const struct sim_site key = {.function = function, .text = text, .rank = rank};
    const uint16_t *found = bsearch(&key, by_name + 1, n_sites - 1, sizeof *by_name, compare_key);
    return found ? *found : SIM_SITE_NONE;
}

static int compare_pc(const void *key, const void *entry)
{
    const uint64_t pc = *(const uint64_t *)key, at = ((const struct pc_entry *)entry)->pc;
    return (pc > at) - (pc < at);
}

bool sim_is_range_call(uint64_t pc)
{
    const struct pc_entry *e = bsearch(&pc, pcs, n_pcs, sizeof *pcs, compare_pc);
    return e != NULL && e->range;
}

const char *sim_pc_function(uint64_t pc)
{
    for (size_t i = 0; i < n_ranges; i++) {
        if (pc >= ranges[i].lo && pc < ranges[i].hi)
            return ranges[i].function;
    }
    return "?";
}
