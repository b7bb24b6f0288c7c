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

static bool write_case(const struct repro_case *c, const char *file, char *error, size_t bytes)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    if (f == NULL)
        return fail(error, bytes, file, errno);
    case_print(c, f);
    if (fclose(f) != 0)
        return fail(error, bytes, file, errno);
    bool ok = write_file(file, text, n, error, bytes);
    free(text);
    return ok;
}

static bool fill_folder(const struct repro_case *c, const char *folder, const char *patch,
                        char *error, size_t bytes)
{
    char file[STORE_PATH_BYTES + 16];
    size_t n;

    snprintf(file, sizeof file, "%s/case", folder);
    if (!write_case(c, file, error, bytes))
        return false;
    if (patch == NULL)
        return true;
    char *text = text_read_file(patch, PATCH_BYTES, &n, error, bytes);
    if (text == NULL)
        return false;
    snprintf(file, sizeof file, "%s/bug.patch", folder);
    bool ok = write_file(file, text, n, error, bytes);
    free(text);
    return ok;
}

static void remove_folder(const char *folder)
{
    static const char *const files[] = {"case", "bug.patch"};
    char file[STORE_PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(file, sizeof file, "%s/%s", folder, files[i]);
        unlink(file);
    }
    rmdir(folder);
}

static bool give_name(const char *folder, const char *dir, const char *slug, char *path)
{
    for (int k = 1; k <= NAMES_MAX; k++) {
        char name[STORE_PATH_BYTES];

        if (k == 1)
            snprintf(name, sizeof name, "%s/%s", dir, slug);
        else
            snprintf(name, sizeof name, "%s/%s-%d", dir, slug, k);
        if (rename(folder, name) == 0) {
            snprintf(path, STORE_PATH_BYTES, "%.*s/case", STORE_PATH_BYTES - 8, name);
            return true;
        }
        if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
            return false;
    }
    errno = EEXIST;
    return false;
}

bool store_new(const struct repro_case *c, const char *dir, const char *patch, char *path,
               char *error, size_t bytes)
{
    char folder[STORE_PATH_BYTES], slug[SLUG_BYTES + 8];

    if (snprintf(folder, sizeof folder, "%s/.new-XXXXXX", dir) >= (int)sizeof folder - 128)
        return fail(error, bytes, dir, ENAMETOOLONG);
    if (mkdtemp(folder) == NULL)
        return fail(error, bytes, dir, errno);
    chmod(folder, 0755);
    store_slug(c->signature, slug, sizeof slug);
    if (fill_folder(c, folder, patch, error, bytes)) {
        sync_folder(folder);
        if (give_name(folder, dir, slug, path)) {
            sync_folder(dir);
            return true;
        }
        fail(error, bytes, dir, errno);
    }
    remove_folder(folder);
    return false;
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
