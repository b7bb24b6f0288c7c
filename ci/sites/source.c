// SPDX-License-Identifier: Apache-2.0
//
// Reads each source file once, and folds its lines when they are first asked for. Files that are
// not there (headers of the system on another machine) have empty lines. Names that lead out of the
// root are not followed.
#include "ci/sites/source.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source_file {
    struct source_file *next;
    char *name;
    char *bytes;
    char **lines;
    bool *folded;
    size_t nlines;
};

struct source_cache {
    char *root;
    struct source_file *files;
};

static void *checked(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

struct source_cache *source_cache_new(const char *root)
{
    struct source_cache *c = checked(calloc(1, sizeof *c));

    c->root = checked(strdup(root));
    return c;
}

// End of the text before a comment that reaches the end of the line; strings may hold slashes.
static size_t code_length(const char *text)
{
    char quote = 0;
    size_t i;

    for (i = 0; text[i] != 0; i++) {
        if (quote != 0) {
            if (text[i] == '\\' && text[i + 1] != 0)
                i++;
            else if (text[i] == quote)
                quote = 0;
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == '/' && text[i + 1] == '/') {
            return i;
        } else if (text[i] == '/' && text[i + 1] == '*' && strstr(text + i, "*/") == NULL) {
            return i;
        }
    }
    return i;
}

void source_fold(char *text)
{
    size_t n = code_length(text), out = 0;
    bool space = false;

    for (size_t i = 0; i < n; i++) {
        if (isspace((unsigned char)text[i])) {
            space = out != 0;
            continue;
        }
        if (space)
            text[out++] = ' ';
        space = false;
        text[out++] = text[i];
    }
    text[out] = 0;
}

static char *read_all(const char *root, const char *name)
{
    char path[4096];
    size_t size = 0, cap = 1 << 16;
    char *bytes;
    FILE *f;
    int n = name[0] == '/' ? snprintf(path, sizeof path, "%s", name)
                           : snprintf(path, sizeof path, "%s/%s", root, name);

    if (n < 0 || (size_t)n >= sizeof path || strstr(name, "..") != NULL ||
        (f = fopen(path, "r")) == NULL)
        return checked(strdup(""));
    bytes = checked(malloc(cap + 1));
    while ((size += fread(bytes + size, 1, cap - size, f)) == cap) {
        cap *= 2;
        bytes = checked(realloc(bytes, cap + 1));
    }
    (void)fclose(f);
    bytes[size] = 0;
    return bytes;
}

static struct source_file *load(struct source_cache *c, const char *name)
{
    struct source_file *f = checked(calloc(1, sizeof *f));
    size_t count = 1;
    char *p;

    f->name = checked(strdup(name));
    f->bytes = read_all(c->root, name);
    for (p = f->bytes; *p != 0; p++)
        count += *p == '\n';
    f->lines = checked(calloc(count, sizeof *f->lines));
    f->folded = checked(calloc(count, sizeof *f->folded));
    for (p = f->bytes; p != NULL;) {
        f->lines[f->nlines++] = p;
        p = strchr(p, '\n');
        if (p != NULL)
            *p++ = 0;
    }
    f->next = c->files;
    c->files = f;
    return f;
}

const char *source_line(struct source_cache *c, const char *file, unsigned line)
{
    struct source_file *f = c->files;

    while (f != NULL && strcmp(f->name, file) != 0)
        f = f->next;
    if (f == NULL)
        f = load(c, file);
    if (line == 0 || line > f->nlines)
        return "";
    if (!f->folded[line - 1]) {
        source_fold(f->lines[line - 1]);
        f->folded[line - 1] = true;
    }
    return f->lines[line - 1];
}

void source_cache_free(struct source_cache *c)
{
    while (c->files != NULL) {
        struct source_file *f = c->files;
        c->files = f->next;
        free(f->name);
        free(f->bytes);
        free(f->lines);
        free(f->folded);
        free(f);
    }
    free(c->root);
    free(c);
}
