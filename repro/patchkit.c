// SPDX-License-Identifier: Apache-2.0
//
// Reads the kit of patchkit.h. It comes from our own build, so that a mistake in it is a broken
// set-up: one line says where, nothing is repaired.
#include "repro/patchkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *grow(void *v, size_t n, size_t *cap, size_t each)
{
    if (n < *cap)
        return v;
    *cap = *cap ? *cap * 2 : 16;
    v = reallocarray(v, *cap, each);
    if (v == NULL)
        abort();
    return v;
}

static char *read_text(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    long size;

    if (f == NULL)
        return NULL;
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        text = malloc((size_t)size + 1);
        *bytes = text ? fread(text, 1, (size_t)size, f) : 0;
        if (text != NULL)
            text[*bytes] = 0;
    }
    (void)fclose(f);
    return text;
}

// Cuts `*rest` at the next tab and returns what stood before it.
static char *field(char **rest)
{
    char *text = *rest, *tab;

    if (text == NULL)
        return NULL;
    tab = strchr(text, '\t');
    if (tab != NULL)
        *tab++ = 0;
    *rest = tab;
    return text;
}

static int add_unit(struct patchkit *k, char *rest)
{
    char *number = field(&rest);
    struct kit_unit u = {.source = field(&rest)};

    u.object.action = field(&rest);
    u.object.runfiles = field(&rest);
    u.flags = (uint32_t)strtoul(number, NULL, 10);
    if (u.object.runfiles == NULL || u.flags >= k->nflags)
        return -1;
    k->units = grow(k->units, k->nunits, &k->cap_units, sizeof *k->units);
    k->units[k->nunits++] = u;
    return 0;
}

static int add_path(struct kit_path *p, char *rest)
{
    p->action = field(&rest);
    p->runfiles = field(&rest);
    return p->runfiles == NULL ? -1 : 0;
}

static int add_link(struct patchkit *k, const struct kit_link *l)
{
    k->links = grow(k->links, k->nlinks, &k->cap_links, sizeof *k->links);
    k->links[k->nlinks++] = *l;
    return 0;
}

static int add_flag(struct patchkit *k, const char *arg)
{
    struct kit_flags *f;

    if (k->nflags == 0)
        return -1;
    f = &k->flags[k->nflags - 1];
    f->args = grow(f->args, f->nargs, &f->cap_args, sizeof *f->args);
    f->args[f->nargs++] = arg;
    return 0;
}

static int read_line(struct patchkit *k, char *line)
{
    char *rest = strchr(line, ' ');
    struct kit_path path;

    if (rest == NULL)
        return -1;
    *rest++ = 0;
    if (strcmp(line, "compiler") == 0) {
        k->compiler = rest;
    } else if (strcmp(line, "objcopy") == 0) {
        k->objcopy = rest;
    } else if (strcmp(line, "file") == 0) {
        if (add_path(&path, rest) != 0)
            return -1;
        k->files = grow(k->files, k->nfiles, &k->cap_files, sizeof *k->files);
        k->files[k->nfiles++] = path;
    } else if (strcmp(line, "flags") == 0) {
        k->flags = grow(k->flags, k->nflags, &k->cap_flags, sizeof *k->flags);
        k->flags[k->nflags++] = (struct kit_flags){.nargs = 0};
    } else if (strcmp(line, "arg") == 0) {
        return add_flag(k, rest);
    } else if (strcmp(line, "unit") == 0) {
        return add_unit(k, rest);
    } else if (strcmp(line, "link") == 0) {
        return add_link(k, &(struct kit_link){.arg = rest});
    } else if (strcmp(line, "input") == 0) {
        return add_path(&path, rest) ? -1 : add_link(k, &(struct kit_link){.input = path});
    } else {
        return -1;
    }
    return 0;
}

int patchkit_read(struct patchkit *k, const char *path, char *err, size_t errlen)
{
    static const char head[] = "gauntlet-kit 1\n";
    unsigned number = 1;
    char *line;

    *k = (struct patchkit){.text = NULL};
    k->text = read_text(path, &k->bytes);
    if (k->text == NULL) {
        (void)snprintf(err, errlen, "%s: cannot be read: %m", path);
        return -1;
    }
    if (strncmp(k->text, head, sizeof head - 1) != 0)
        goto bad;
    for (line = k->text + sizeof head - 1; line != NULL && *line != 0;) {
        char *end = strchr(line, '\n');
        number++;
        if (end != NULL)
            *end++ = 0;
        if (read_line(k, line) != 0)
            goto bad;
        line = end;
    }
    if (k->compiler != NULL && k->objcopy != NULL && k->nunits != 0)
        return 0;
bad:
    (void)snprintf(err, errlen, "%s:%u:1: not a kit of this version", path, number);
    patchkit_free(k);
    return -1;
}

void patchkit_free(struct patchkit *k)
{
    for (size_t i = 0; i < k->nflags; i++)
        free(k->flags[i].args);
    free(k->text);
    free(k->files);
    free(k->flags);
    free(k->units);
    free(k->links);
    *k = (struct patchkit){.text = NULL};
}

int patchkit_locate(const char *root, const struct kit_path *path, char *out, size_t outlen)
{
    int n = snprintf(out, outlen, "%s/%s", root, path->action);

    if (n >= 0 && (size_t)n < outlen && access(out, R_OK) == 0)
        return 0;
    n = snprintf(out, outlen, "%s/%s", root, path->runfiles);
    return n >= 0 && (size_t)n < outlen && access(out, R_OK) == 0 ? 0 : -1;
}
