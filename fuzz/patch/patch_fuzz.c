// SPDX-License-Identifier: Apache-2.0
//
// What decides which files a stranger's patch may touch (repro/patchfile.h). What is accepted is
// read again here by a stricter reader that was written from the outcome, not from the parser: only
// headers and hunks, each path regular and under runtime/, each hunk with exactly the lines that it
// says. And it is a fixed point: read again it gives itself.
#include "repro/patchfile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct lines {
    const char *at, *end;
};

// The next line; its length in *n. NULL: none is left. Every line of the plain form has an end.
static const char *next(struct lines *l, size_t *n)
{
    const char *line = l->at, *newline;

    if (line == l->end)
        return NULL;
    newline = memchr(line, '\n', (size_t)(l->end - line));
    if (newline == NULL)
        abort();
    *n = (size_t)(newline - line);
    l->at = newline + 1;
    return line;
}

// By walking: where would it lead from the root of the tree, with the first component taken off?
static void check_path(const char *path)
{
    char copy[PATCH_PATH_MAX], *part, *rest = copy, *last = NULL;
    int depth = 0;

    if (path[0] == '/' || strlen(path) >= sizeof copy)
        abort();
    for (const char *c = path; *c != 0; c++)
        if (!isalnum((unsigned char)*c) && strchr("_.-/", *c) == NULL)
            abort();
    strcpy(copy, path);
    while ((part = strsep(&rest, "/")) != NULL) {
        if (*part == 0 || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
            abort();
        if (depth++ == 0 && strcmp(part, "runtime") != 0)
            abort();
        last = part;
    }
    size_t n = strlen(last);
    if (depth < 2 || n < 3 || last[n - 2] != '.' || strchr("chS", last[n - 1]) == NULL)
        abort();
}

static void check_header(const char *line, size_t n, const char *side, const char *path)
{
    size_t m = strlen(side);

    if (n != m + strlen(path) || memcmp(line, side, m) != 0 ||
        memcmp(line + m, path, strlen(path)) != 0)
        abort();
}

// "12,3" or "12"; how many lines that is.
static long span(char **at, char sign)
{
    long count = 1;

    if (*(*at)++ != sign || !isdigit((unsigned char)**at) || strtol(*at, at, 10) < 1)
        abort();
    if (**at == ',') {
        ++*at;
        if (!isdigit((unsigned char)**at))
            abort();
        count = strtol(*at, at, 10);
    }
    return count;
}

static void check_hunk(struct lines *l, const char *line, size_t n)
{
    char head[64], *at = head + 3;
    long before, after;

    if (n >= sizeof head || memcmp(line, "@@ ", 3) != 0)
        abort();
    memcpy(head, line, n);
    head[n] = 0;
    before = span(&at, '-');
    if (*at++ != ' ')
        abort();
    after = span(&at, '+');
    if (strcmp(at, " @@") != 0)
        abort();
    while (before > 0 || after > 0) {
        line = next(l, &n);
        if (line == NULL)
            abort();
        if (n == 0 || line[0] == ' ')
            before--, after--;
        else if (line[0] == '-')
            before--;
        else if (line[0] == '+')
            after--;
        else if (line[0] != '\\')
            abort();
        if (before < 0 || after < 0)
            abort();
    }
    if (l->at < l->end && *l->at == '\\')
        next(l, &n);
}

static void check_plain(const struct patchfile *p)
{
    struct lines l = {p->plain, p->plain + p->plain_bytes};
    size_t n, files = 0, hunks = 0;
    const char *line;

    if (p->nfiles == 0 || p->nfiles > PATCH_FILES_MAX || p->nhunks > PATCH_HUNKS_MAX)
        abort();
    while ((line = next(&l, &n)) != NULL) {
        if (line[0] == '@') {
            if (files == 0 || hunks == p->nhunks || p->hunks[hunks].file != files - 1)
                abort();
            check_hunk(&l, line, n);
            hunks++;
            continue;
        }
        if (files == p->nfiles)
            abort();
        const char *path = p->files[files++].path;
        check_path(path);
        check_header(line, n, "--- a/", path);
        line = next(&l, &n);
        if (line == NULL)
            abort();
        check_header(line, n, "+++ b/", path);
    }
    if (files != p->nfiles || hunks != p->nhunks || hunks < files)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct patchfile p, again;
    char err[512] = "";

    if (patchfile_parse(&p, "p", (const char *)data, n, err, sizeof err) != 0) {
        if (strncmp(err, "p:", 2) != 0 || strchr(err, '\n') != NULL || p.plain != NULL)
            abort();
        return 0;
    }
    check_plain(&p);
    if (patchfile_parse(&again, "p", p.plain, p.plain_bytes, err, sizeof err) != 0 ||
        again.plain_bytes != p.plain_bytes || again.nfiles != p.nfiles ||
        again.nhunks != p.nhunks || memcmp(again.plain, p.plain, p.plain_bytes) != 0)
        abort();
    patchfile_free(&p);
    patchfile_free(&again);
    return 0;
}
