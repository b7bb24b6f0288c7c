// SPDX-License-Identifier: Apache-2.0
//
// See patchbuild.h. The steps, each of which gives up with one line: check the patch, copy the
// sources, apply, see which units are concerned, compile these, link, name the sites, put the
// program in place.
#include "repro/patchbuild.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ci/sites/sitetab.h"
#include "repro/patchfile.h"
#include "repro/patchkit.h"
#include "repro/patchrun.h"
#include "repro/patchtree.h"

enum { COMPILERS_MAX = 16 };

struct build {
    const struct patchbuild_request *request;
    struct patchkit kit;
    struct patchfile patch;
    char root[PATH_MAX];     // absolute
    char scratch[PATH_MAX];  // tree/ with the sources, work/ with all else; "" before it exists
    bool *again;             // by unit: is compiled again
    struct command *compile; // by unit, while compiling
    char *err;
    size_t errlen;
};

static int fail(struct build *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct build *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(b->err, b->errlen, format, args);
    va_end(args);
    return -1;
}

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Formatted text of its own; the caller frees it.
static char *text(const char *format, ...)
{
    va_list args;
    char *result;
    int n;

    va_start(args, format);
    n = vasprintf(&result, format, args);
    va_end(args);
    if (n < 0)
        abort();
    return result;
}

static const struct kit_path *kit_file(const struct patchkit *k, const char *path)
{
    for (size_t i = 0; i < k->nfiles; i++) {
        if (strcmp(k->files[i].action, path) == 0)
            return &k->files[i];
    }
    return NULL;
}

static bool patch_touches(const struct patchfile *p, const char *path)
{
    for (size_t i = 0; i < p->nfiles; i++) {
        if (strcmp(p->files[i].path, path) == 0)
            return true;
    }
    return false;
}

// The folder of the tree that the real file behind `path` lies in, or -1 when a link leads
// elsewhere. Actions and runfiles reach every source through links; what counts is where they end.
static int tree_of(const char *root, const struct kit_path *path, char out[PATH_MAX])
{
    char name[PATH_MAX];
    struct stat st;
    size_t n, m = strlen(path->action);

    if (patchkit_locate(root, path, name, sizeof name) != 0 || realpath(name, out) == NULL ||
        stat(out, &st) != 0 || !S_ISREG(st.st_mode))
        return -1;
    n = strlen(out);
    if (n <= m + 1 || out[n - m - 1] != '/' || strcmp(out + n - m, path->action) != 0)
        return -1;
    out[n - m - 1] = 0;
    return 0;
}

static bool same_tree_as_the_rest(const struct build *b, const struct kit_path *path)
{
    char own[PATH_MAX], other[PATH_MAX];
    size_t agree = 0, differ = 0;

    if (tree_of(b->root, path, own) != 0)
        return false;
    for (size_t i = 0; i < b->kit.nfiles && agree + differ < 9; i++) {
        const struct kit_path *f = &b->kit.files[i];
        if (f == path || strncmp(f->action, "runtime/", 8) != 0 ||
            patch_touches(&b->patch, f->action) || tree_of(b->root, f, other) != 0)
            continue;
        if (strcmp(own, other) == 0)
            agree++;
        else
            differ++;
    }
    return agree >= differ;
}

static int check_files(struct build *b)
{
    for (size_t i = 0; i < b->patch.nfiles; i++) {
        const struct patch_file *f = &b->patch.files[i];
        const struct kit_path *path = kit_file(&b->kit, f->path);
        if (path == NULL)
            return fail(b, "%s:%u:%u: '%s' is not a source of the runtime", b->request->patch,
                        f->line, f->column, f->path);
        if (!same_tree_as_the_rest(b, path))
            return fail(b, "%s:%u:%u: '%s' is not a regular file of the tree", b->request->patch,
                        f->line, f->column, f->path);
    }
    return 0;
}

static int copy_sources(struct build *b)
{
    for (size_t i = 0; i < b->kit.nfiles; i++) {
        char *to = text("%s/tree/%s", b->scratch, b->kit.files[i].action);
        char from[PATH_MAX];
        int result = patchkit_locate(b->root, &b->kit.files[i], from, sizeof from);
        if (result == 0)
            result = tree_copy_file(from, to);
        free(to);
        if (result != 0)
            return fail(b, "%s: cannot be copied for patching", b->kit.files[i].action);
    }
    return 0;
}

// Names the first hunk that patch(1) could not place.
static int blame_hunk(struct build *b, const char *log)
{
    const char *file = "";
    char *said = tree_read(log), *line, *save = NULL;
    int result = 0;

    for (line = strtok_r(said, "\n", &save); line && result == 0;
         line = strtok_r(NULL, "\n", &save)) {
        unsigned number;
        if (strncmp(line, "patching file ", 14) == 0)
            file = line + 14;
        if (sscanf(line, "Hunk #%u FAILED", &number) != 1)
            continue;
        for (size_t i = 0; i < b->patch.nhunks && result == 0; i++) {
            const struct patch_hunk *h = &b->patch.hunks[i];
            if (h->number == number && strcmp(b->patch.files[h->file].path, file) == 0)
                result = fail(b, "%s:%u:1: hunk %u of %s does not apply at its line %u",
                              b->request->patch, h->line, number, file, h->old_line);
        }
    }
    free(said);
    return result ? result : fail(b, "%s:1:1: patch(1) could not apply it", b->request->patch);
}

static int apply_patch(struct build *b)
{
    char *tree = text("%s/tree", b->scratch), *plain = text("%s/work/plain.patch", b->scratch);
    char *log = text("%s/work/patch.log", b->scratch);
    struct command c = {.dir = tree, .input = plain, .log = log};
    int result = tree_write(plain, b->patch.plain, b->patch.plain_bytes);

    if (result != 0) {
        result = fail(b, "%s: cannot be written", plain);
    } else {
        static const char *const args[] = {
            "patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "--force", "--reject-file=-"};
        for (size_t i = 0; i < sizeof args / sizeof args[0]; i++)
            command_add(&c, args[i]);
        if (command_run(&c) != 0)
            result = blame_hunk(b, log);
    }
    command_free(&c);
    free(tree);
    free(plain);
    free(log);
    return result;
}

// Whether a rule of clang -MM ("x.o: a.c b.h \<newline> c.h") names a file that the patch touches.
static bool rule_touched(const struct build *b, char *rule, const char **source)
{
    bool touched = false;
    char *save = NULL;

    *source = NULL;
    (void)strtok_r(rule, " \\\n", &save); // the target
    for (char *name = strtok_r(NULL, " \\\n", &save); name; name = strtok_r(NULL, " \\\n", &save)) {
        if (strncmp(name, "./", 2) == 0)
            name += 2;
        if (*source == NULL)
            *source = name;
        touched |= patch_touches(&b->patch, name);
    }
    return touched;
}

static void mark_unit(struct build *b, uint32_t flags, const char *source)
{
    for (size_t i = 0; i < b->kit.nunits; i++) {
        if (b->kit.units[i].flags == flags && strcmp(b->kit.units[i].source, source) == 0)
            b->again[i] = true;
    }
}

static void mark_by_rules(struct build *b, uint32_t flags, char *rules)
{
    while (rules != NULL && *rules != 0) {
        char *end = rules;
        const char *source;
        while ((end = strchr(end, '\n')) != NULL && end > rules && end[-1] == '\\')
            end++;
        if (end != NULL)
            *end++ = 0;
        if (rule_touched(b, rules, &source))
            mark_unit(b, flags, source);
        rules = end;
    }
}

// Asks the compiler which units with these flags include a touched header.
static int scan_includes(struct build *b, uint32_t flags)
{
    char *tree = text("%s/tree", b->scratch), *log = text("%s/work/includes", b->scratch);
    struct command c = {.dir = tree, .log = log};
    bool any = false;
    int result = 0;

    command_add(&c, b->kit.compiler);
    for (size_t i = 0; i < b->kit.flags[flags].nargs; i++)
        command_add(&c, b->kit.flags[flags].args[i]);
    command_add(&c, "-MM");
    for (size_t i = 0; i < b->kit.nunits; i++) {
        if (b->kit.units[i].flags != flags || b->again[i])
            continue;
        any = true;
        command_add(&c, b->kit.units[i].source);
    }
    if (any && command_run(&c) != 0) {
        result = fail(b, "%s:1:1: the patched headers cannot be read by the compiler",
                      b->request->patch);
    } else if (any) {
        char *rules = tree_read(log);
        mark_by_rules(b, flags, rules);
        free(rules);
    }
    command_free(&c);
    free(tree);
    free(log);
    return result;
}

static int choose_units(struct build *b)
{
    size_t sources = 0;

    for (size_t i = 0; i < b->patch.nfiles; i++) {
        bool is_unit = false;
        for (size_t u = 0; u < b->kit.nunits; u++) {
            if (strcmp(b->kit.units[u].source, b->patch.files[i].path) == 0)
                is_unit = b->again[u] = true;
        }
        sources += is_unit;
    }
    for (uint32_t f = 0; sources < b->patch.nfiles && f < b->kit.nflags; f++) {
        if (scan_includes(b, f) != 0)
            return -1;
    }
    return 0;
}

// The first error that the compiler told, as one line.
static int blame_source(struct build *b, const char *log)
{
    char *said = tree_read(log), *line, *save = NULL;
    int result = 0;

    for (line = strtok_r(said, "\n", &save); line && result == 0;
         line = strtok_r(NULL, "\n", &save)) {
        if (strstr(line, "error: ") != NULL)
            result = fail(b, "%s", line);
    }
    free(said);
    return result ? result : fail(b, "%s:1:1: the compiler gave up", b->request->patch);
}

static int finish_unit(struct build *b, size_t unit)
{
    struct command *c = &b->compile[unit];

    if (c->pid != 0 && command_wait(c) != 0 && b->err[0] == 0)
        return blame_source(b, c->log);
    return b->err[0] == 0 ? 0 : -1;
}

static int start_unit(struct build *b, size_t unit, const char *tree)
{
    const struct kit_unit *u = &b->kit.units[unit];
    const struct kit_flags *f = &b->kit.flags[u->flags];
    struct command *c = &b->compile[unit];

    c->dir = tree;
    c->log = text("%s/work/%zu.log", b->scratch, unit);
    command_add(c, b->kit.compiler);
    for (size_t i = 0; i < f->nargs; i++)
        command_add(c, f->args[i]);
    command_add(c, "-c");
    command_add(c, u->source);
    command_add(c, "-o");
    command_add(c, text("%s/work/%zu.o", b->scratch, unit));
    return command_start(c) == 0 ? 0 : fail(b, "%s: cannot be started", b->kit.compiler);
}

static int compile_units(struct build *b)
{
    char *tree = text("%s/tree", b->scratch);
    long ncpu = sysconf(_SC_NPROCESSORS_ONLN);
    size_t limit = ncpu > 0 && ncpu < COMPILERS_MAX ? (size_t)ncpu : 1, running = 0, oldest = 0;
    int result = 0;

    for (size_t i = 0; i < b->kit.nunits && result == 0; i++) {
        if (!b->again[i])
            continue;
        for (; running >= limit; oldest++) {
            running -= b->again[oldest];
            result |= finish_unit(b, oldest);
        }
        if (result == 0)
            result = start_unit(b, i, tree);
        running++;
    }
    for (; oldest < b->kit.nunits; oldest++)
        result |= finish_unit(b, oldest);
    for (size_t i = 0; i < b->kit.nunits; i++) {
        if (b->compile[i].argc != 0)
            free((char *)(uintptr_t)b->compile[i].argv[b->compile[i].argc - 1]);
        free((char *)(uintptr_t)b->compile[i].log);
        command_free(&b->compile[i]);
    }
    free(tree);
    return result ? -1 : 0;
}

// What stands for `input` in the link: the object compiled again, or the shared one.
static char *link_input(const struct build *b, const struct kit_path *input)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < b->kit.nunits; i++) {
        if (b->again[i] && strcmp(b->kit.units[i].object.action, input->action) == 0)
            return text("%s/work/%zu.o", b->scratch, i);
    }
    return patchkit_locate(b->root, input, path, sizeof path) == 0 ? text("%s", path) : NULL;
}

static int link_program(struct build *b, const char *linked)
{
    char *work = text("%s/work", b->scratch), *log = text("%s/work/link.log", b->scratch);
    char **inputs = calloc(b->kit.nlinks + 1, sizeof *inputs);
    struct command c = {.dir = work, .log = log};
    int result = 0;

    if (inputs == NULL)
        abort();
    command_add(&c, b->kit.compiler);
    for (size_t i = 0; i < b->kit.nlinks && result == 0; i++) {
        const struct kit_link *l = &b->kit.links[i];
        if (l->arg == NULL && (inputs[i] = link_input(b, &l->input)) == NULL)
            result =
                fail(b, "%s: is not there; is a build of this tree under way?", l->input.action);
        else
            command_add(&c, l->arg ? l->arg : inputs[i]);
    }
    command_add(&c, "-o");
    command_add(&c, linked);
    if (result == 0 && command_run(&c) != 0)
        result = blame_source(b, log);
    for (size_t i = 0; i < b->kit.nlinks; i++)
        free(inputs[i]);
    free(inputs);
    command_free(&c);
    free(work);
    free(log);
    return result;
}

// Names the sites, embeds the table, and puts the program in place under its name.
static int finish_program(struct build *b, const char *linked)
{
    char *tree = text("%s/tree", b->scratch), *sites = text("%s/work/sites", b->scratch);
    char *log = text("%s/work/objcopy.log", b->scratch);
    char *section = text(".gauntlet.sites=%s", sites);
    char *fresh = text("%s.%d.tmp", b->request->output, (int)getpid());
    struct command c = {.dir = "/", .log = log};
    int result = sitetab_write(&(struct sitetab_request){linked, tree, sites}, b->err, b->errlen);

    if (result == 0) {
        char *embedded = text("%s/work/program", b->scratch);
        const char *const args[] = {b->kit.objcopy, "--add-section", section, linked, embedded};
        for (size_t i = 0; i < sizeof args / sizeof args[0]; i++)
            command_add(&c, args[i]);
        if (command_run(&c) != 0)
            result = fail(b, "%s: failed on the patched program", b->kit.objcopy);
        else if (tree_copy_file(embedded, fresh) != 0 || chmod(fresh, 0755) != 0 ||
                 rename(fresh, b->request->output) != 0)
            result = fail(b, "%s: cannot be written: %m", b->request->output);
        if (result != 0)
            (void)unlink(fresh);
        free(embedded);
    }
    command_free(&c);
    free(tree);
    free(sites);
    free(log);
    free(section);
    free(fresh);
    return result;
}

static void tell(const struct build *b)
{
    size_t again = 0;

    for (size_t i = 0; i < b->kit.nunits; i++)
        again += b->again[i];
    (void)fprintf(stderr, "patched:");
    for (size_t i = 0; i < b->patch.nfiles; i++)
        (void)fprintf(stderr, "%s %s", i ? "," : "", b->patch.files[i].path);
    (void)fprintf(stderr, " (%zu of %zu sources recompiled)\n", again, b->kit.nunits);
}

static int make_scratch(struct build *b)
{
    const char *tmp = getenv("TMPDIR");
    char *work;
    int n = snprintf(b->scratch, sizeof b->scratch, "%s/gauntlet-patch-XXXXXX",
                     tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");

    if (n < 0 || (size_t)n >= sizeof b->scratch || mkdtemp(b->scratch) == NULL) {
        b->scratch[0] = 0;
        return fail(b, "no folder for temporary files: %m");
    }
    work = text("%s/work", b->scratch);
    n = mkdir(work, 0700);
    free(work);
    return n == 0 ? 0 : fail(b, "%s: %m", b->scratch);
}

static int open_build(struct build *b, const struct patchbuild_request *request, char *err,
                      size_t errlen)
{
    *b = (struct build){.request = request, .err = err, .errlen = errlen};
    err[0] = 0;
    if (patchfile_read(&b->patch, request->patch, err, errlen) != 0 ||
        patchkit_read(&b->kit, request->kit, err, errlen) != 0)
        return -1;
    if (realpath(request->root, b->root) == NULL)
        return fail(b, "%s: %m", request->root);
    b->again = calloc(b->kit.nunits, sizeof *b->again);
    b->compile = calloc(b->kit.nunits, sizeof *b->compile);
    if (b->again == NULL || b->compile == NULL)
        abort();
    return check_files(b);
}

static void close_build(struct build *b)
{
    if (b->scratch[0] != 0)
        tree_remove(b->scratch);
    free(b->again);
    free(b->compile);
    patchkit_free(&b->kit);
    patchfile_free(&b->patch);
}

int patchbuild_check(const struct patchbuild_request *request, char *err, size_t errlen)
{
    struct build b;
    int result = open_build(&b, request, err, errlen);

    close_build(&b);
    return result;
}

int patchbuild(const struct patchbuild_request *request, char *err, size_t errlen)
{
    struct build b;
    char *linked = NULL;
    int result = open_build(&b, request, err, errlen);

    if (result == 0)
        result = make_scratch(&b);
    if (result == 0)
        result = copy_sources(&b);
    if (result == 0)
        result = apply_patch(&b);
    if (result == 0)
        result = choose_units(&b);
    if (result == 0)
        result = compile_units(&b);
    if (result == 0) {
        linked = text("%s/work/linked", b.scratch);
        result = link_program(&b, linked);
    }
    if (result == 0)
        result = finish_program(&b, linked);
    if (result == 0 && request->verbose)
        tell(&b);
    free(linked);
    close_build(&b);
    return result;
}
