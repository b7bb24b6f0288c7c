// SPDX-License-Identifier: Apache-2.0
//
// Where calls come from: walks the debug information once, and hangs each call on the deepest
// inlined function whose code covers it. Rejected: asking libdw for the scopes of one address after
// the other, which walks a whole compilation unit for every call.
#include "ci/sites/table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_BYTES = 1024, DEPTH_MAX = 64 };

// A function, or a copy of one inlined into `parent` at call_file:call_line:call_column.
struct frame {
    const struct frame *parent;
    const char *name;
    const char *file; // where the function is written
    const char *call_file;
    uint32_t call_line, call_column;
    struct frame *next; // all frames of the walk, for freeing
};

struct walk {
    struct table *t;
    Dwarf_Files *files; // of the present compilation unit
    size_t nfiles;
    const struct frame **frame_of; // by index of the call
    struct frame *all;
};

// Debug information names files relative to the root of the tree, by way of "./".
static const char *tidy_path(const char *path)
{
    while (path != NULL && path[0] == '.' && path[1] == '/') {
        path += 2;
        while (*path == '/')
            path++;
    }
    return path;
}

static bool in_base(const char *file)
{
    return file != NULL && strncmp(file, "runtime/base/", 13) == 0;
}

static uint32_t number_attr(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attr;
    Dwarf_Word value = 0;

    if (dwarf_attr(die, name, &attr) == NULL || dwarf_formudata(&attr, &value) != 0)
        return 0;
    return (uint32_t)value;
}

static const char *call_file(const struct walk *w, Dwarf_Die *die)
{
    uint32_t index = number_attr(die, DW_AT_call_file);

    return index < w->nfiles ? tidy_path(dwarf_filesrc(w->files, index, NULL, NULL)) : NULL;
}

static const struct frame *frame_new(struct walk *w, Dwarf_Die *die, const struct frame *parent)
{
    struct frame *f = calloc(1, sizeof *f);

    if (f == NULL)
        abort();
    f->parent = parent;
    f->name = dwarf_diename(die);
    f->file = tidy_path(dwarf_decl_file(die));
    if (parent != NULL) {
        f->call_file = call_file(w, die);
        f->call_line = number_attr(die, DW_AT_call_line);
        f->call_column = number_attr(die, DW_AT_call_column);
    }
    f->next = w->all;
    w->all = f;
    return f;
}

static size_t first_call_at(const struct table *t, uint64_t pc)
{
    size_t lo = 0, hi = t->ncalls;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->calls[mid].pc < pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

// Hangs the calls in the code of `die` on `f`; whether there were any.
static bool claim(struct walk *w, Dwarf_Die *die, const struct frame *f)
{
    Dwarf_Addr base, lo, hi;
    ptrdiff_t offset = 0;
    bool any = false;

    while ((offset = dwarf_ranges(die, offset, &base, &lo, &hi)) > 0) {
        for (size_t i = first_call_at(w->t, lo); i < w->t->ncalls && w->t->calls[i].pc < hi; i++) {
            w->frame_of[i] = f;
            any = true;
        }
    }
    return any;
}

static void walk_children(struct walk *w, Dwarf_Die *die, const struct frame *parent,
                          unsigned depth)
{
    Dwarf_Die child;

    if (depth > DEPTH_MAX || dwarf_child(die, &child) != 0)
        return;
    do {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_lexical_block) {
            walk_children(w, &child, parent, depth + 1);
        } else if (tag == DW_TAG_subprogram || (tag == DW_TAG_inlined_subroutine && parent)) {
            const struct frame *f =
                frame_new(w, &child, tag == DW_TAG_inlined_subroutine ? parent : NULL);
            if (claim(w, &child, f))
                walk_children(w, &child, f, depth + 1);
        }
    } while (dwarf_siblingof(&child, &child) == 0);
}

// The first frame outside base/, or the last of all when there is none; *located is its place.
static const struct frame *outside_base(const struct frame *innermost, struct call *c)
{
    const struct frame *f = innermost;
    const char *file = c->file;
    uint32_t line = c->line, column = c->column;

    while (f != NULL && in_base(f->file)) {
        file = f->call_file;
        line = f->call_line;
        column = f->call_column;
        f = f->parent;
    }
    if (f == NULL)
        return innermost; // a function of base/ itself, not inlined: named as it is
    c->file = file;
    c->line = line;
    c->column = column;
    return f;
}

static void name_chain(struct table *t, struct call *c, const struct frame *from)
{
    char chain[CHAIN_BYTES];
    size_t used = 0;

    chain[0] = 0;
    for (const struct frame *f = from; f != NULL; f = f->parent) {
        int n;
        if (f != from && in_base(f->file) && f->parent != NULL)
            continue;
        n = snprintf(chain + used, sizeof chain - used, "%s%s", used ? "<" : "",
                     f->name ? f->name : "?");
        if (n < 0 || (size_t)n >= sizeof chain - used)
            break;
        used += (size_t)n;
    }
    c->chain = table_copy(t, chain);
}

// The line of each call of the compilation unit, then its frame outside base/.
static void locate(struct walk *w, Dwarf_Die *unit)
{
    Dwarf_Addr base, lo, hi;
    ptrdiff_t offset = 0;

    while ((offset = dwarf_ranges(unit, offset, &base, &lo, &hi)) > 0) {
        for (size_t i = first_call_at(w->t, lo); i < w->t->ncalls && w->t->calls[i].pc < hi; i++) {
            struct call *c = &w->t->calls[i];
            Dwarf_Line *row = dwarf_getsrc_die(unit, c->pc);
            int line = 0, column = 0;
            if (w->frame_of[i] == NULL)
                continue;
            if (row != NULL) {
                (void)dwarf_lineno(row, &line);
                (void)dwarf_linecol(row, &column);
                c->file = tidy_path(dwarf_linesrc(row, NULL, NULL));
            }
            c->line = line > 0 ? (uint32_t)line : 0;
            c->column = column > 0 ? (uint32_t)column : 0;
            c->inner_located = c->line != 0 && c->column != 0;
            name_chain(w->t, c, outside_base(w->frame_of[i], c));
        }
    }
}

static const char *symbol_of(const struct table *t, uint64_t pc)
{
    for (size_t i = 0; i < t->nranges; i++) {
        if (t->ranges[i].lo <= pc && pc < t->ranges[i].hi)
            return t->ranges[i].function;
    }
    return "?";
}

int places_find(struct table *t, int fd)
{
    Dwarf *dw = dwarf_begin(fd, DWARF_C_READ);
    struct walk w = {.t = t};
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit;

    if (dw == NULL)
        return table_fail(t, "no debug information");
    w.frame_of = calloc(t->ncalls + 1, sizeof *w.frame_of);
    if (w.frame_of == NULL)
        abort();
    while (dwarf_get_units(dw, cu, &cu, NULL, NULL, &unit, NULL) == 0) {
        w.files = NULL;
        w.nfiles = 0;
        if (dwarf_getsrcfiles(&unit, &w.files, &w.nfiles) != 0)
            continue;
        walk_children(&w, &unit, NULL, 0);
        locate(&w, &unit);
    }
    for (size_t i = 0; i < t->ncalls; i++) {
        struct call *c = &t->calls[i];
        if (c->chain == NULL)
            c->chain = table_copy(t, symbol_of(t, c->pc));
        c->file = table_copy(t, c->file ? c->file : "");
    }
    while (w.all != NULL) {
        struct frame *next = w.all->next;
        free(w.all);
        w.all = next;
    }
    free(w.frame_of);
    (void)dwarf_end(dw);
    return 0;
}
