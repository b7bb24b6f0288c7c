// SPDX-License-Identifier: Apache-2.0
//
// Names the sites of all calls found, and writes the table (see sitetab.h). The text is sorted by
// identity, not by line: an edit that only moves lines leaves the numbers of sites as they were.
//
//   gauntlet-sites 1
//   site <id>\t<rank>\t<line>\t<file>\t<function chain>\t<text>     ids from 2
//   pc <return address, hex>\t<id>\t<hook without __tsan_, or "call">
//   range <lo, hex>\t<hi, hex>\t<function>                            instrumented functions
#include "ci/sites/sitetab.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/sites/source.h"
#include "ci/sites/table.h"

enum { FIRST_SITE = 2 };

struct site {
    const char *chain;
    const char *text;
    const char *file;
    uint32_t line, column;
    uint32_t weight; // of what stands there: 0 atomic, 1 call, 2 other
    uint32_t rank, id;
};

int table_fail(struct table *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(t->err, t->errlen, format, args);
    va_end(args);
    return -1;
}

void *table_grow(void *v, size_t n, size_t *cap, size_t each)
{
    if (n < *cap)
        return v;
    *cap = *cap ? *cap * 2 : 64;
    v = reallocarray(v, *cap, each);
    if (v == NULL)
        abort();
    return v;
}

const char *table_copy(struct table *t, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        abort();
    t->strings = table_grow(t->strings, t->nstrings, &t->cap_strings, sizeof *t->strings);
    t->strings[t->nstrings++] = copy;
    return copy;
}

static int compare_place(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    int order = strcmp(x->chain, y->chain);

    if (order == 0)
        order = strcmp(x->text, y->text);
    if (order == 0)
        order = strcmp(x->file, y->file);
    if (order == 0)
        order = x->line < y->line ? -1 : x->line > y->line;
    if (order == 0)
        order = x->column < y->column ? -1 : x->column > y->column;
    return order;
}

static bool same_text(const struct site *x, const struct site *y)
{
    return strcmp(x->chain, y->chain) == 0 && strcmp(x->text, y->text) == 0;
}

// As compare_place, but of one line the atomic operations stand first, then the calls: their ranks
// do not move when the compiler drops a plain access.
static int compare_rank(const void *a, const void *b)
{
    const struct site *x = a, *y = b;

    if (same_text(x, y) && x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return compare_place(a, b);
}

static uint32_t hook_weight(const char *hook)
{
    if (strncmp(hook, "atomic", 6) == 0)
        return 0;
    return strcmp(hook, "call") == 0 ? 1 : 2;
}

// An atomic operation that cannot be told from another would make schedules ambiguous.
static int check_located(struct table *t)
{
    for (size_t i = 0; i < t->ncalls; i++) {
        const struct call *c = &t->calls[i];
        if (strncmp(c->hook, "atomic", 6) != 0 || (c->inner_located && c->line != 0))
            continue;
        if (c->line == 0)
            return table_fail(t,
                              "%s: __tsan_%s at %#" PRIx64
                              " has no source line: the compiler merged "
                              "operations, or there is no debug information",
                              c->chain, c->hook, c->pc);
        return table_fail(t,
                          "%s:%u: __tsan_%s at %#" PRIx64 " in %s stands for several operations of "
                          "the source",
                          c->file, c->line, c->hook, c->pc, c->chain);
    }
    return 0;
}

static struct site site_of(const struct call *c, struct source_cache *cache)
{
    return (struct site){c->chain,  source_line(cache, c->file, c->line),
                         c->file,   c->line,
                         c->column, hook_weight(c->hook),
                         0,         0};
}

// The different places among the calls, ranked and numbered.
static struct site *make_sites(const struct table *t, struct source_cache *cache, size_t *count)
{
    struct site *sites = calloc(t->ncalls + 1, sizeof *sites);
    size_t n = 0;

    if (sites == NULL)
        abort();
    for (size_t i = 0; i < t->ncalls; i++)
        sites[i] = site_of(&t->calls[i], cache);
    qsort(sites, t->ncalls, sizeof *sites, compare_place);
    for (size_t i = 0; i < t->ncalls; i++) {
        if (n == 0 || compare_place(&sites[n - 1], &sites[i]) != 0)
            sites[n++] = sites[i];
        else if (sites[i].weight < sites[n - 1].weight)
            sites[n - 1].weight = sites[i].weight;
    }
    qsort(sites, n, sizeof *sites, compare_rank);
    for (size_t i = 0; i < n; i++) {
        sites[i].rank = i != 0 && same_text(&sites[i - 1], &sites[i]) ? sites[i - 1].rank + 1 : 0;
        sites[i].id = (uint32_t)i + FIRST_SITE;
    }
    *count = n;
    return sites;
}

// Gives each call the number of its site.
static void number_calls(struct table *t, struct source_cache *cache, const struct site *sites,
                         size_t n)
{
    struct site *by_place = calloc(n + 1, sizeof *by_place);

    if (by_place == NULL)
        abort();
    memcpy(by_place, sites, n * sizeof *sites);
    qsort(by_place, n, sizeof *by_place, compare_place);
    for (size_t i = 0; i < t->ncalls; i++) {
        struct site key = site_of(&t->calls[i], cache);
        const struct site *found = bsearch(&key, by_place, n, sizeof key, compare_place);
        t->calls[i].site = found->id;
    }
    free(by_place);
}

static int print_table(const struct table *t, const struct site *sites, size_t n,
                       const char *output)
{
    FILE *f = fopen(output, "w");

    if (f == NULL)
        return -1;
    (void)fprintf(f, "gauntlet-sites 1\n");
    for (size_t i = 0; i < n; i++)
        (void)fprintf(f, "site %u\t%u\t%u\t%s\t%s\t%s\n", sites[i].id, sites[i].rank, sites[i].line,
                      sites[i].file, sites[i].chain, sites[i].text);
    for (size_t i = 0; i < t->ncalls; i++)
        (void)fprintf(f, "pc %" PRIx64 "\t%u\t%s\n", t->calls[i].ret, t->calls[i].site,
                      t->calls[i].hook);
    for (size_t i = 0; i < t->nranges; i++)
        (void)fprintf(f, "range %" PRIx64 "\t%" PRIx64 "\t%s\n", t->ranges[i].lo, t->ranges[i].hi,
                      t->ranges[i].function);
    if (ferror(f) | fclose(f)) {
        (void)unlink(output);
        return -1;
    }
    return 0;
}

static void free_table(struct table *t)
{
    for (size_t i = 0; i < t->nstrings; i++)
        free(t->strings[i]);
    free(t->strings);
    free(t->ranges);
    free(t->calls);
}

int sitetab_write(const struct sitetab_request *request, char *err, size_t errlen)
{
    char reason[512] = "";
    struct table t = {.err = reason, .errlen = sizeof reason};
    struct source_cache *cache = source_cache_new(request->root);
    struct site *sites = NULL;
    size_t n = 0;
    int fd = open(request->binary, O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? table_fail(&t, "cannot be read") : elf_calls_find(&t, fd);

    if (result == 0)
        result = places_find(&t, fd);
    if (result == 0)
        result = check_located(&t);
    if (result == 0) {
        sites = make_sites(&t, cache, &n);
        number_calls(&t, cache, sites, n);
        if (print_table(&t, sites, n, request->output) != 0)
            result = table_fail(&t, "cannot write %s", request->output);
    }
    if (result != 0)
        (void)snprintf(err, errlen, "%s: %s", request->binary, reason);
    if (fd >= 0)
        (void)close(fd);
    free(sites);
    source_cache_free(cache);
    free_table(&t);
    return result;
}
