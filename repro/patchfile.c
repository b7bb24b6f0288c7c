// SPDX-License-Identifier: Apache-2.0
//
// See patchfile.h. One pass over the lines: outside of hunks everything that gives patch(1) other
// powers than changing lines is refused by name; within a hunk the counts of its header rule, not
// the looks of a line.
#include "repro/patchfile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repro/patchtree.h"

enum { LINE_NUMBER_MAX = 1000000, LINE_NUMBER_DIGITS = 7 };

struct reader {
    struct patchfile *p;
    const char *name;
    const char *at, *end; // what is left of the text
    const char *line;     // present line, without its end
    size_t length;
    uint32_t number;  // of the present line, from 1
    bool header_seen; // of any file
    char *err;
    size_t errlen;
};

static int fail(struct reader *r, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, size_t column, const char *format, ...)
{
    char message[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    (void)snprintf(r->err, r->errlen, "%s:%u:%zu: %s", r->name, r->number ? r->number : 1, column,
                   message);
    return -1;
}

static bool next_line(struct reader *r)
{
    const char *newline;

    if (r->at == r->end)
        return false;
    newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->line = r->at;
    r->length = (size_t)((newline ? newline : r->end) - r->at);
    r->at = newline ? newline + 1 : r->end;
    r->number++;
    return true;
}

static bool starts(const struct reader *r, const char *prefix)
{
    size_t n = strlen(prefix);

    return r->length >= n && memcmp(r->line, prefix, n) == 0;
}

static void emit(struct reader *r, const char *text, size_t n)
{
    // Never longer than what was read: lines are copied or dropped, and the buffer has room for
    // a line end more than the text had.
    memcpy(r->p->plain + r->p->plain_bytes, text, n);
    r->p->plain_bytes += n;
}

static bool path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
}

// Behind a name, if only of one character.
static bool has_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);

    return n > m && strcmp(path + n - m, suffix) == 0 && path[n - m - 1] != '/';
}

// Whether any component of the path is empty, "." or "..".
static bool bad_component(const char *path)
{
    while (true) {
        size_t n = strcspn(path, "/");
        if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
            return true;
        if (path[n] == 0)
            return false;
        path += n + 1;
    }
}

// Reads the path behind "--- a/" or "+++ b/" into `path`.
static int read_path(struct reader *r, char side, char path[PATCH_PATH_MAX])
{
    const char *text = r->line + 4;
    size_t length = r->length - 4;
    const char *tab = memchr(text, '\t', length);

    if (tab != NULL)
        length = (size_t)(tab - text); // diff -u adds the time
    if (length == 9 && memcmp(text, "/dev/null", 9) == 0)
        return fail(r, 5, "a patch may not add or remove files");
    if (length != 0 && text[0] == '/')
        return fail(r, 5, "absolute path");
    for (size_t i = 0; i < length; i++) {
        if (!path_character(text[i]))
            return fail(r, 5 + i, "character not allowed in a path");
    }
    if (length < 2 || text[0] != side || text[1] != '/')
        return fail(r, 5, "path must begin with %c/", side);
    if (length - 2 >= PATCH_PATH_MAX)
        return fail(r, 5, "path longer than %d characters", PATCH_PATH_MAX - 1);
    memcpy(path, text + 2, length - 2);
    path[length - 2] = 0;
    if (bad_component(path))
        return fail(r, 7, "empty, '.' or '..' component in the path");
    if (strncmp(path, "runtime/", 8) != 0)
        return fail(r, 7, "a patch may touch files under runtime/ only");
    if (!has_suffix(path, ".c") && !has_suffix(path, ".h") && !has_suffix(path, ".S"))
        return fail(r, 7, "a patch may touch *.c, *.h and *.S files only");
    return 0;
}

static int read_header(struct reader *r)
{
    struct patch_file *f = &r->p->files[r->p->nfiles];
    char other[PATCH_PATH_MAX];
    char line[2 * PATCH_PATH_MAX + 32];
    int n;

    if (r->p->nfiles == PATCH_FILES_MAX)
        return fail(r, 1, "more than %d files", PATCH_FILES_MAX);
    if (read_path(r, 'a', f->path) != 0)
        return -1;
    f->line = r->number;
    f->column = 7;
    if (!next_line(r) || !starts(r, "+++ "))
        return fail(r, 1, "expected a line '+++ b/%s'", f->path);
    if (read_path(r, 'b', other) != 0)
        return -1;
    if (strcmp(f->path, other) != 0)
        return fail(r, 7, "a patch may not rename: '%s' became '%s'", f->path, other);
    for (size_t i = 0; i < r->p->nfiles; i++) {
        if (strcmp(r->p->files[i].path, f->path) == 0)
            return fail(r, 7, "the same file for the second time");
    }
    r->p->nfiles++;
    r->header_seen = true;
    n = snprintf(line, sizeof line, "--- a/%s\n+++ b/%s\n", f->path, f->path);
    emit(r, line, (size_t)n);
    return 0;
}

// A decimal at *at; advances it. -1 when there is none or it is out of bounds. Zeros in front count
// as digits: what goes to patch(1) is no longer than it needs to be.
static long read_number(const char **at, const char *end)
{
    long value = 0;
    const char *start = *at;

    while (*at < end && **at >= '0' && **at <= '9' && value <= LINE_NUMBER_MAX)
        value = value * 10 + (*(*at)++ - '0');
    return *at == start || value > LINE_NUMBER_MAX || *at - start > LINE_NUMBER_DIGITS ? -1 : value;
}

// "12" or "12,3".
static bool read_span(const char **at, const char *end, long *line, long *count)
{
    *line = read_number(at, end);
    *count = 1;
    if (*at < end && **at == ',') {
        (*at)++;
        *count = read_number(at, end);
    }
    return *line >= 0 && *count >= 0;
}

static bool literal(const char **at, const char *end, const char *text)
{
    size_t n = strlen(text);

    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

// The lines that belong to a hunk, by its counts.
static int read_hunk_body(struct reader *r, long old_count, long new_count)
{
    bool changed = false;
    uint32_t start = r->number;

    while (old_count > 0 || new_count > 0) {
        char kind;
        if (!next_line(r))
            return fail(r, 1, "the hunk of line %u ends too early", start);
        if (starts(r, "\\ "))
            goto copy;
        kind = r->length == 0 ? ' ' : r->line[0];
        if (kind != ' ' && kind != '+' && kind != '-')
            return fail(r, 1, "expected ' ', '+' or '-'");
        old_count -= kind != '+';
        new_count -= kind != '-';
        changed |= kind != ' ';
        if (old_count < 0 || new_count < 0)
            return fail(r, 1, "more lines than the hunk of line %u says", start);
    copy:
        emit(r, r->line, r->length);
        emit(r, "\n", 1);
    }
    if (r->at < r->end && *r->at == '\\' && next_line(r)) {
        emit(r, r->line, r->length);
        emit(r, "\n", 1);
    }
    return changed ? 0 : fail(r, 1, "the hunk of line %u changes nothing", start);
}

static int read_hunk(struct reader *r)
{
    const char *at = r->line, *end = r->line + r->length;
    long old_line, old_count, new_line, new_count;
    const struct patch_hunk *before;
    struct patch_hunk *h;

    if (r->p->nfiles == 0)
        return fail(r, 1, "a hunk before any file name");
    if (r->p->nhunks == PATCH_HUNKS_MAX)
        return fail(r, 1, "more than %d hunks", PATCH_HUNKS_MAX);
    if (!literal(&at, end, "@@ -") || !read_span(&at, end, &old_line, &old_count) ||
        !literal(&at, end, " +") || !read_span(&at, end, &new_line, &new_count) ||
        !literal(&at, end, " @@"))
        return fail(r, (size_t)(at - r->line) + 1, "malformed hunk header");
    if (old_line == 0 || new_line == 0)
        return fail(r, 1, "a patch may not add or remove whole files");
    h = &r->p->hunks[r->p->nhunks];
    before = r->p->nhunks ? h - 1 : NULL;
    *h = (struct patch_hunk){(uint32_t)r->p->nfiles - 1, 1, r->number, (uint32_t)old_line};
    if (before != NULL && before->file == h->file) {
        h->number = before->number + 1;
        if (before->old_line >= h->old_line)
            return fail(r, 5, "hunks are not in order");
    }
    r->p->nhunks++;
    emit(r, r->line, (size_t)(at - r->line));
    emit(r, "\n", 1);
    return read_hunk_body(r, old_count, new_count);
}

// Lines outside hunks that say more than a change of lines.
static int refuse_powers(struct reader *r)
{
    static const struct {
        const char *prefix, *why;
    } refused[] = {
        {"new file mode", "a patch may not add files"},
        {"deleted file mode", "a patch may not remove files"},
        {"old mode", "a patch may not change modes"},
        {"new mode", "a patch may not change modes"},
        {"rename from", "a patch may not rename files"},
        {"rename to", "a patch may not rename files"},
        {"copy from", "a patch may not copy files"},
        {"copy to", "a patch may not copy files"},
        {"similarity index", "a patch may not rename or copy files"},
        {"dissimilarity index", "a patch may not rewrite files"},
        {"GIT binary patch", "binary patch"},
        {"Binary files ", "binary patch"},
        {"Index: ", "only '---' and '+++' name the file of a patch"},
        {"Prereq: ", "only '---' and '+++' name the file of a patch"},
        {"*** ", "context diff; a unified diff is needed (diff -u)"},
    };

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (starts(r, refused[i].prefix))
            return fail(r, 1, "%s", refused[i].why);
    }
    if (starts(r, "index ")) {
        const char *mode = memchr(r->line + 6, ' ', r->length - 6), *end = r->line + r->length;
        if (mode != NULL && (end - mode != 7 || memcmp(mode, " 100644", 7) != 0))
            return fail(r, (size_t)(mode - r->line) + 2, "not a regular file");
    }
    return 0;
}

// "3c3", "5,7d4": the commands of an ed script or a plain diff.
static bool ed_command(const struct reader *r)
{
    const char *at = r->line, *end = r->line + r->length;
    long line, count;

    return read_span(&at, end, &line, &count) && at < end &&
           (*at == 'a' || *at == 'c' || *at == 'd') &&
           (at + 1 == end || (at[1] >= '0' && at[1] <= '9'));
}

static int read_all(struct reader *r)
{
    while (next_line(r)) {
        if (refuse_powers(r) != 0)
            return -1;
        if (starts(r, "--- ")) {
            if (r->p->nfiles != 0 &&
                (r->p->nhunks == 0 || r->p->hunks[r->p->nhunks - 1].file != r->p->nfiles - 1))
                return fail(r, 1, "no hunk for the file before");
            if (read_header(r) != 0)
                return -1;
        } else if (starts(r, "+++ ")) {
            return fail(r, 1, "'+++' without '---'");
        } else if (starts(r, "@@")) {
            if (read_hunk(r) != 0)
                return -1;
        } else if (ed_command(r)) {
            return fail(r, 1, "ed script or plain diff; a unified diff is needed (diff -u)");
        } else if (r->header_seen && starts(r, "-- ") && r->length == 3) {
            break; // signature of a mail
        } else if (r->header_seen && r->length != 0 && !starts(r, "diff --git ") &&
                   !starts(r, "index ")) {
            return fail(r, 1, "text between hunks");
        }
    }
    if (r->p->nfiles == 0)
        return fail(r, 1, "no unified diff in this file");
    if (r->p->nhunks == 0 || r->p->hunks[r->p->nhunks - 1].file != r->p->nfiles - 1)
        return fail(r, 1, "no hunk for %s", r->p->files[r->p->nfiles - 1].path);
    return 0;
}

int patchfile_parse(struct patchfile *p, const char *name, const char *text, size_t bytes,
                    char *err, size_t errlen)
{
    struct reader r = {
        .p = p, .name = name, .at = text, .end = text + bytes, .err = err, .errlen = errlen};
    const char *nul = memchr(text, 0, bytes);

    *p = (struct patchfile){.nfiles = 0};
    if (bytes > PATCH_BYTES_MAX)
        return fail(&r, 1, "larger than %d bytes", PATCH_BYTES_MAX);
    if (nul != NULL) {
        while (next_line(&r) && r.line + r.length < nul)
            continue;
        return fail(&r, (size_t)(nul - r.line) + 1, "NUL byte");
    }
    p->plain = malloc(bytes + 1);
    if (p->plain == NULL)
        return fail(&r, 1, "out of memory");
    if (read_all(&r) != 0) {
        patchfile_free(p);
        return -1;
    }
    return 0;
}

int patchfile_read(struct patchfile *p, const char *name, char *err, size_t errlen)
{
    static const int room = PATCH_BYTES_MAX + 1;
    FILE *f = tree_open(name);
    char *text;
    size_t n;
    int result;

    if (f == NULL) {
        (void)snprintf(err, errlen, "%s:1:1: cannot be read: %s", name, tree_error(errno));
        return -1;
    }
    text = malloc((size_t)room);
    n = text ? fread(text, 1, (size_t)room, f) : 0;
    if (text == NULL || ferror(f)) {
        (void)snprintf(err, errlen, "%s:1:1: cannot be read: %m", name);
        result = -1;
    } else {
        result = patchfile_parse(p, name, text, n, err, errlen);
    }
    (void)fclose(f);
    free(text);
    return result;
}

void patchfile_free(struct patchfile *p)
{
    free(p->plain);
    p->plain = NULL;
}
