// SPDX-License-Identifier: Apache-2.0
//
// See patchtree.h.
#include "repro/patchtree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16, FOLDERS_OPEN = 16 };

int tree_make(const char *folder)
{
    char path[PATH_MAX];
    size_t n = strlen(folder);

    if (n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, folder, n + 1);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(path, 0755) != 0 && errno != EEXIST ? -1 : 0;
}

FILE *tree_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), number = EINVAL;
    struct stat st;
    FILE *f;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0)
        number = errno;
    else if (S_ISREG(st.st_mode) && (f = fdopen(fd, "r")) != NULL)
        return f;
    else if (S_ISREG(st.st_mode))
        number = errno;
    (void)close(fd);
    errno = number;
    return NULL;
}

const char *tree_error(int number)
{
    return number == EINVAL ? "not a regular file" : strerror(number);
}

static int write_whole(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

static int copy_bytes(int in, int out)
{
    char *buffer = malloc(COPY_BYTES);
    ssize_t n = -1;

    while (buffer != NULL && (n = read(in, buffer, COPY_BYTES)) > 0) {
        if (write_whole(out, buffer, (size_t)n) != 0) {
            n = -1;
            break;
        }
    }
    free(buffer);
    return n == 0 ? 0 : -1;
}

int tree_copy_file(const char *from, const char *to)
{
    char *folder = strdup(to), *slash = folder ? strrchr(folder, '/') : NULL;
    int in = -1, out = -1, result = -1;

    if (slash != NULL && slash != folder) {
        *slash = 0;
        if (tree_make(folder) != 0)
            goto done;
    }
    in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        goto done;
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0)
        goto done;
    result = copy_bytes(in, out);
    if (close(out) != 0)
        result = -1;
    if (result != 0)
        (void)unlink(to);
done:
    if (in >= 0)
        (void)close(in);
    free(folder);
    return result;
}

int tree_write(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int result;

    if (fd < 0)
        return -1;
    result = write_whole(fd, bytes, n);
    return close(fd) != 0 ? -1 : result;
}

char *tree_read(const char *path)
{
    FILE *f = fopen(path, "re");
    size_t size = 0, cap = COPY_BYTES;
    char *bytes = malloc(cap + 1);

    if (bytes == NULL)
        abort();
    while (f != NULL && (size += fread(bytes + size, 1, cap - size, f)) == cap) {
        cap *= 2;
        bytes = realloc(bytes, cap + 1);
        if (bytes == NULL)
            abort();
    }
    if (f != NULL)
        (void)fclose(f);
    bytes[size] = 0;
    return bytes;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void tree_remove(const char *folder)
{
    (void)nftw(folder, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}
