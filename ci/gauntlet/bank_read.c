// SPDX-License-Identifier: Apache-2.0
//
// The folder of known bugs: which there are, and what about.md says of each, in lines
// `- Key: text.` that may go on in lines that begin with two spaces. `Memory` lists the models to
// hunt under (sc without it), `Known as` and `Origin` are told beside the result, and `Sizes: prod`
// anywhere hunts with the workloads of those sizes.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ci/gauntlet/bank.h"

static bool is_bug(const char *slug)
{
    char patch[STORE_PATH_BYTES];

    snprintf(patch, sizeof patch, "%s/repro/bank/%s/bug.patch", command_root(), slug);
    return slug[0] != '.' && strchr(slug, '/') == NULL && access(patch, F_OK) == 0;
}

static bool wanted(const struct bank *b, const char *slug)
{
    for (uint32_t i = 0; i < b->nonly; i++)
        if (strcmp(b->only[i], slug) == 0)
            return true;
    return b->nonly == 0;
}

// 0, or EXIT_USAGE after one line that names what is not in the bank, and what is.
static int refuse_unknown(const struct bank *b, struct dirent **entries, int n)
{
    const char *before = "gauntlet: repro/bank has no ", *first = "; there are: ";

    for (uint32_t i = 0; i < b->nonly; i++)
        if (!is_bug(b->only[i])) {
            fprintf(stderr, "%s'%s'", before, b->only[i]);
            before = ", ";
        }
    if (before[0] != ',')
        return 0;
    for (int i = 0; i < n; i++)
        if (is_bug(entries[i]->d_name)) {
            fprintf(stderr, "%s%s", first, entries[i]->d_name);
            first = ", ";
        }
    fputc('\n', stderr);
    return EXIT_USAGE;
}

// about.md --------------------------------------------------------------------------------------

// Up to the next line that does not go on, less its last full stop.
static size_t length_of(const char *at)
{
    size_t n = 0;

    while (at[n] && !(at[n] == '\n' && at[n + 1] != ' '))
        n++;
    while (n > 0 && (at[n - 1] == '.' || isspace((unsigned char)at[n - 1])))
        n--;
    return n;
}

// Appends as much as there is room for, spaces as one; how much there is then.
static size_t append(char *to, size_t n, const char *text, size_t length, size_t bytes)
{
    for (size_t i = 0; i < length && n < bytes - 1; i++) {
        char c = isspace((unsigned char)text[i]) ? ' ' : text[i];

        if (c != ' ' || n == 0 || to[n - 1] != ' ')
            to[n++] = c;
    }
    return n;
}

// The text of `- KEY: ...`, lines joined, without its last full stop; of several such, with commas;
// "" when there is none.
static void field(const char *about, const char *key, char *to, size_t bytes)
{
    char begin[64];
    size_t n = 0;

    snprintf(begin, sizeof begin, "- %s: ", key);
    for (const char *at = about; (at = strstr(at, begin)) != NULL;) {
        bool line = at == about || at[-1] == '\n';

        at += strlen(begin);
        if (line)
            n = append(to, n > 0 ? append(to, n, ", ", 2, bytes) : 0, at, length_of(at), bytes);
    }
    to[n] = 0;
}

static void read_about(struct bank_bug *bug)
{
    enum { ABOUT_BYTES = 64 * 1024 };
    char path[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 256], memory[256];
    size_t n;

    snprintf(bug->memory, sizeof bug->memory, "sc");
    snprintf(path, sizeof path, "%s/repro/bank/%s/about.md", command_root(), bug->slug);
    char *about = text_read_file(path, ABOUT_BYTES, &n, error, sizeof error);
    if (about == NULL)
        return;
    field(about, "Known as", bug->known, sizeof bug->known);
    field(about, "Origin", bug->origin, sizeof bug->origin);
    field(about, "Memory", memory, sizeof memory);
    memory[strcspn(memory, ".")] = 0; // what follows is prose
    if (memory[0] != 0)
        snprintf(bug->memory, sizeof bug->memory, "%.31s", memory);
    bug->prod = strstr(about, "Sizes: prod") != NULL;
    free(about);
}

static bool add(struct bank *b, const char *slug)
{
    struct bank_bug *bug = &b->bug[b->nbugs];

    bug->run = calloc(b->seeds, sizeof *bug->run);
    if (bug->run == NULL)
        return false;
    b->nbugs++;
    snprintf(bug->slug, sizeof bug->slug, "%s", slug);
    read_about(bug);
    return true;
}

int bank_read(struct bank *b)
{
    struct dirent **entries;
    char dir[STORE_PATH_BYTES];
    bool any = false;

    b->bug = calloc(BANK_BUGS, sizeof *b->bug);
    snprintf(dir, sizeof dir, "%s/repro/bank", command_root());
    int n = b->bug != NULL ? scandir(dir, &entries, NULL, alphasort) : -1;
    if (n < 0)
        return command_fail("%s: %s", dir, strerror(errno));
    int status = refuse_unknown(b, entries, n);
    for (int i = 0; i < n; i++) {
        const char *slug = entries[i]->d_name;

        any |= is_bug(slug);
        if (status == 0 && is_bug(slug) && wanted(b, slug) &&
            (b->nbugs == BANK_BUGS || !add(b, slug)))
            status = command_fail("%s: more than %d known bugs, or no memory", dir, BANK_BUGS);
        free(entries[i]);
    }
    free(entries);
    if (status == 0 && !any)
        status = command_fail("%s: holds no known bug", dir);
    return status;
}

void bank_free(struct bank *b)
{
    for (uint32_t i = 0; i < b->nbugs; i++) {
        for (uint32_t k = 0; k < b->seeds; k++)
            free(b->bug[i].run[k].text);
        free(b->bug[i].run);
    }
    free(b->bug);
    cJSON_Delete(b->rows);
}
