// SPDX-License-Identifier: Apache-2.0
//
// Cases on disk. A new case is written into a hidden folder, synced, and renamed to its name;
// rename(2) onto a folder that is not empty fails, which decides between two writers as well. What
// is left of a killed writer is hidden and matches no glob for cases.
#include "repro/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLUG_BYTES = 56, PATCH_BYTES = 64 * 1024, NAMES_MAX = 999 };

void store_slug(const char *signature, char *slug, size_t bytes)
{
    size_t n = 0, word = 0, max = bytes - 1 < SLUG_BYTES ? bytes - 1 : SLUG_BYTES;
    const char *s = signature;

    for (; *s && n < max; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            slug[n++] = c;
        } else if (n > 0 && slug[n - 1] != '-') {
            word = n;
            slug[n++] = '-';
        }
    }
    if (*s && word > 0) // cut at the last word's end
        n = word;
    while (n > 0 && slug[n - 1] == '-')
        n--;
    slug[n] = 0;
    if (n == 0)
        snprintf(slug, bytes, "case");
}

static bool fail(char *error, size_t bytes, const char *path, int number)
{
    snprintf(error, bytes, "%s: %s", path, strerror(number));
    return false;
}

static bool make_folders(const char *dir)
{
    char path[STORE_PATH_BYTES];
    size_t n = strlen(dir);

    if (n >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        path[i] = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST && errno != EISDIR)
            return false;
        path[i] = dir[i];
    }
    return true;
}

bool store_writable(const char *dir, char *error, size_t bytes)
{
    char probe[STORE_PATH_BYTES];
    int fd;

    errno = 0;
    if (dir[0] == 0)
        return fail(error, bytes, "''", ENOENT); // not the root folder
    if (!make_folders(dir) ||
        snprintf(probe, sizeof probe, "%s/.new-XXXXXX", dir) >= (int)sizeof probe)
        return fail(error, bytes, dir, errno ? errno : ENAMETOOLONG);
    fd = mkostemp(probe, O_CLOEXEC);
    if (fd < 0)
        return fail(error, bytes, dir, errno);
    bool full = write(fd, "gauntlet\n", 9) != 9 || fsync(fd) != 0;
    int number = errno;
    close(fd);
    unlink(probe);
    return !full || fail(error, bytes, dir, number ? number : ENOSPC);
}

// Writes and syncs one file; removes it again when that fails.
static bool write_file(const char *path, const char *text, size_t n, char *error, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t done = 0;

    if (fd < 0)
        return fail(error, bytes, path, errno);
    while (done < n) {
        ssize_t k = write(fd, text + done, n - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        done += (size_t)k;
    }
    int number = done < n ? errno : 0;
    if (number == 0 && fsync(fd) != 0)
        number = errno;
    if (close(fd) != 0 && number == 0)
        number = errno;
    if (number == 0 && done == n)
        return true;
    unlink(path);
    return fail(error, bytes, path, number);
}

static void sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

// The case as text, which the caller frees; NULL and *error.
static char *case_text(const struct repro_case *c, const char *file, size_t *n, char *error,
                       size_t bytes)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);

    if (f != NULL) {
        case_print(c, f);
        if (fclose(f) == 0)
            return text;
        free(text);
    }
    fail(error, bytes, file, errno);
    return NULL;
}

static bool write_case(const struct repro_case *c, const char *file, char *error, size_t bytes)
{
    size_t n;
    char *text = case_text(c, file, &n, error, bytes);
    bool ok = text != NULL && write_file(file, text, n, error, bytes);

    free(text);
    return ok;
}

static void remove_folder(const char *folder, const struct store_file *file, uint32_t nfiles)
{
    char path[STORE_PATH_BYTES + 64];

    for (uint32_t i = 0; i < nfiles; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file[i].name);
        unlink(path);
    }
    rmdir(folder);
}

static bool fill_folder(const char *folder, const struct store_file *file, uint32_t nfiles,
                        char *error, size_t bytes)
{
    char path[STORE_PATH_BYTES + 64];

    for (uint32_t i = 0; i < nfiles; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, file[i].name);
        if (!write_file(path, file[i].text, file[i].n, error, bytes))
            return false;
    }
    sync_folder(folder);
    return true;
}

static bool give_name(const char *folder, const char *dir, const char *slug, char *name)
{
    for (int k = 1; k <= NAMES_MAX; k++) {
        int n = k == 1 ? snprintf(name, STORE_PATH_BYTES, "%s/%s", dir, slug)
                       : snprintf(name, STORE_PATH_BYTES, "%s/%s-%d", dir, slug, k);

        if (n < STORE_PATH_BYTES - 8 && rename(folder, name) == 0)
            return true;
        if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
            return false;
    }
    errno = EEXIST;
    return false;
}

bool store_files(const struct store_file *file, uint32_t nfiles, const char *dir,
                 const char *signature, char *folder, char *error, size_t bytes)
{
    char hidden[STORE_PATH_BYTES], slug[SLUG_BYTES + 8];

    if (!make_folders(dir))
        return fail(error, bytes, dir, errno);
    if (snprintf(hidden, sizeof hidden, "%s/.new-XXXXXX", dir) >= (int)sizeof hidden - 128)
        return fail(error, bytes, dir, ENAMETOOLONG);
    if (mkdtemp(hidden) == NULL)
        return fail(error, bytes, dir, errno);
    chmod(hidden, 0755);
    store_slug(signature, slug, sizeof slug);
    if (fill_folder(hidden, file, nfiles, error, bytes)) {
        if (give_name(hidden, dir, slug, folder)) {
            sync_folder(dir);
            return true;
        }
        fail(error, bytes, dir, errno);
    }
    remove_folder(hidden, file, nfiles);
    return false;
}

bool store_new(const struct repro_case *c, const char *dir, const char *patch, char *path,
               char *error, size_t bytes)
{
    struct store_file file[2] = {{.name = "case"}, {.name = "bug.patch"}};
    char *text = case_text(c, dir, &file[0].n, error, bytes);
    char *diff = patch != NULL && text != NULL
                     ? text_read_file(patch, PATCH_BYTES, &file[1].n, error, bytes)
                     : NULL;
    bool ok = text != NULL && (patch == NULL || diff != NULL);

    file[0].text = text;
    file[1].text = diff;
    ok = ok && store_files(file, patch != NULL ? 2 : 1, dir, c->signature, path, error, bytes);
    if (ok)
        strcat(path, "/case");
    free(text);
    free(diff);
    return ok;
}

bool store_replace(const struct repro_case *c, const char *file, char *error, size_t bytes)
{
    char temporary[STORE_PATH_BYTES];

    if (snprintf(temporary, sizeof temporary, "%s.new-%d", file, (int)getpid()) >=
        (int)sizeof temporary)
        return fail(error, bytes, file, ENAMETOOLONG);
    if (!write_case(c, temporary, error, bytes))
        return false;
    if (rename(temporary, file) == 0)
        return true;
    fail(error, bytes, file, errno);
    unlink(temporary);
    return false;
}

bool store_fixed(const struct repro_case *c, const char *file, const char *diff, size_t n,
                 char *error, size_t bytes)
{
    char folder[STORE_PATH_BYTES], bug[STORE_PATH_BYTES + 16], temporary[STORE_PATH_BYTES + 48];
    const char *slash = strrchr(file, '/');

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
    snprintf(bug, sizeof bug, "%s/bug.patch", folder);
    snprintf(temporary, sizeof temporary, "%s.new-%d", bug, (int)getpid());
    if (!write_file(temporary, diff, n, error, bytes))
        return false;
    int number = link(temporary, bug) != 0 ? errno : 0; // over nothing that is there
    unlink(temporary);
    if (number != 0)
        return fail(error, bytes, bug, number);
    sync_folder(folder);
    if (store_replace(c, file, error, bytes))
        return true;
    unlink(bug);
    return false;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void store_each(const char *dir, bool (*each)(const char *file, void *arg), void *arg)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, visible, alphasort);
    bool more = true;

    for (int i = 0; i < n; i++) {
        char file[STORE_PATH_BYTES];

        if (more &&
            snprintf(file, sizeof file, "%s/%s/case", dir, entries[i]->d_name) < (int)sizeof file &&
            access(file, F_OK) == 0)
            more = each(file, arg);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

// Do the two files hold the same bytes?
static bool same_bytes(const char *a, const char *b)
{
    FILE *fa = fopen(a, "rb"), *fb = fopen(b, "rb");
    bool same = fa != NULL && fb != NULL;

    for (int c = 0; same && c != EOF;) {
        c = getc(fa);
        same = c == getc(fb);
    }
    if (fa != NULL)
        fclose(fa);
    if (fb != NULL)
        fclose(fb);
    return same;
}

struct find {
    const char *signature, *patch;
    char *path;
    bool found;
};

static bool find_one(const char *file, void *arg)
{
    struct find *find = arg;
    struct repro_case c;
    char error[512], bug[STORE_PATH_BYTES + 16];

    if (!case_read(&c, file, error, sizeof error))
        return true;
    snprintf(bug, sizeof bug, "%.*s/bug.patch", (int)(strrchr(file, '/') - file), file);
    find->found = strcmp(c.signature, find->signature) == 0 &&
                  (find->patch != NULL ? same_bytes(find->patch, bug) : !c.fixed);
    if (find->found)
        snprintf(find->path, STORE_PATH_BYTES, "%s", file);
    case_free(&c);
    return !find->found;
}

bool store_find(const char *dir, const char *signature, const char *patch, char *path)
{
    struct find find = {signature, patch, path, false};

    store_each(dir, find_one, &find);
    return find.found;
}
