// SPDX-License-Identifier: Apache-2.0
//
// Patched programs by content: the name of one in the cache is the hash of the patch, the kit and
// every file that the kit names. What is found under a name is therefore never stale. The least
// used go when there are more than a few dozen. The hash guards against accidents, not against
// those who can write to the cache.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repro/patchbuild.h"
#include "repro/patchkit.h"
#include "repro/patchtree.h"

enum { ENTRIES_MAX = 32 };

struct hash {
    uint64_t a, b;
};

// Both happen, and one cannot tell them apart from here.
#define NOT_BUILT                                                                                  \
    "either a build of this tree is under way (try again when it has ended), or this program "     \
    "was not started by ./gauntlet, which builds what a patch needs"

static const char entry_prefix[] = "patched-";

// FNV-1a in two lanes, of which the second also turns.
static void hash_bytes(struct hash *h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        h->a = (h->a ^ (unsigned char)bytes[i]) * 0x100000001b3u;
        h->b = ((h->b << 9 | h->b >> 55) ^ (unsigned char)bytes[i]) * 0x9e3779b97f4a7c15u;
    }
    h->a = (h->a ^ n) * 0x100000001b3u;
}

static int hash_file(struct hash *h, const char *path)
{
    FILE *f = tree_open(path);
    char buffer[1 << 14];
    size_t n;
    int result;

    if (f == NULL)
        return -1;
    while ((n = fread(buffer, 1, sizeof buffer, f)) > 0)
        hash_bytes(h, buffer, n);
    result = ferror(f) ? -1 : 0;
    (void)fclose(f);
    return result;
}

static int hash_kit_file(struct hash *h, const char *root, const struct kit_path *path)
{
    char name[PATH_MAX];

    return patchkit_locate(root, path, name, sizeof name) == 0 ? hash_file(h, name) : -1;
}

static int hash_request(struct hash *h, const struct patchbuild_request *r, char *err,
                        size_t errlen)
{
    struct patchkit k;
    const struct kit_path *missing = NULL;

    *h = (struct hash){0xcbf29ce484222325u, 0x84222325cbf29ce4u};
    if (hash_file(h, r->patch) != 0) {
        (void)snprintf(err, errlen, "%s:1:1: cannot be read: %s", r->patch, tree_error(errno));
        return -1;
    }
    if (hash_file(h, r->kit) != 0 || patchkit_read(&k, r->kit, err, errlen) != 0) {
        (void)snprintf(err, errlen, "%s: cannot be read: %m; " NOT_BUILT, r->kit);
        return -1;
    }
    for (size_t i = 0; i < k.nfiles && missing == NULL; i++) {
        if (hash_kit_file(h, r->root, &k.files[i]) != 0)
            missing = &k.files[i];
    }
    for (size_t i = 0; i < k.nlinks && missing == NULL; i++) {
        if (k.links[i].arg == NULL && hash_kit_file(h, r->root, &k.links[i].input) != 0)
            missing = &k.links[i].input;
    }
    if (missing != NULL)
        (void)snprintf(err, errlen, "%s: is not there; " NOT_BUILT, missing->action);
    patchkit_free(&k);
    return missing ? -1 : 0;
}

int patchbuild_cache(char out[PATH_MAX], char *err, size_t errlen)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n;

    if (base != NULL && base[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/gauntlet", base);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, PATH_MAX, "%s/.cache/gauntlet", home);
    else
        n = snprintf(out, PATH_MAX, "/tmp/gauntlet-%u", (unsigned)getuid());
    if (n < 0 || n >= PATH_MAX - 64 || tree_make(out) != 0) {
        (void)snprintf(err, errlen, "%s: cannot be made: %m", out);
        return -1;
    }
    return 0;
}

// Removes the entry that was used longest ago, when there are too many.
static void trim(const char *folder)
{
    char oldest[NAME_MAX + 1] = "";
    struct timespec when = {0, 0};
    size_t count = 0;
    DIR *d = opendir(folder);

    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct stat st;
        if (strncmp(e->d_name, entry_prefix, sizeof entry_prefix - 1) != 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (count++ == 0 || st.st_mtim.tv_sec < when.tv_sec ||
            (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec)) {
            when = st.st_mtim;
            (void)snprintf(oldest, sizeof oldest, "%s", e->d_name);
        }
    }
    if (count > ENTRIES_MAX)
        (void)unlinkat(dirfd(d), oldest, 0);
    (void)closedir(d);
}

// What the paths of a kit start from.
static int find_root(const char *kit, char root[PATH_MAX], char *err, size_t errlen)
{
    char real[PATH_MAX];

    if (realpath(kit, real) == NULL) {
        (void)snprintf(err, errlen, "%s: cannot be read: %m; " NOT_BUILT, kit);
        return -1;
    }
    // Beside the kit lie bazel-out's other files, of which the execution root is the parent.
    const char *out = strstr(real, "/bazel-out/");
    if (out == NULL) {
        (void)snprintf(err, errlen, "%s: does not lie in a folder of Bazel's", real);
        return -1;
    }
    (void)snprintf(root, PATH_MAX, "%.*s", (int)(out - real), real);
    return 0;
}

// Where the kit of `sizes` lies, and what its paths start from.
static int find_kit(const char *sizes, char kit[PATH_MAX], char root[PATH_MAX], char *err,
                    size_t errlen)
{
    const char *folder = getenv("GAUNTLET_KITS");
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int m;

    if (folder == NULL) {
        char *slash;
        self[n > 0 ? n : 0] = 0;
        slash = strrchr(self, '/');
        if (slash != NULL)
            *slash = 0;
        folder = self;
    }
    m = snprintf(kit, PATH_MAX, "%s/gauntlet%s.kit", folder, strcmp(sizes, "prod") ? "" : "_prod");
    if (m < 0 || m >= PATH_MAX) {
        (void)snprintf(err, errlen, "%s: name too long", folder);
        return -1;
    }
    return find_root(kit, root, err, errlen);
}

int patchbuild_possible(const char *patch, const char *sizes, char *err, size_t errlen)
{
    char kit[PATH_MAX], root[PATH_MAX];
    struct patchbuild_request r = {.kit = kit, .root = root, .patch = patch};

    return find_kit(sizes, kit, root, err, errlen) != 0 ? -1 : patchbuild_check(&r, err, errlen);
}

int patchbuild_cached(const char *patch, const char *sizes, bool verbose, char *path,
                      size_t pathlen, char *err, size_t errlen)
{
    char kit[PATH_MAX], root[PATH_MAX];

    return find_kit(sizes, kit, root, err, errlen) != 0
               ? -1
               : patchbuild_cached_kit(patch, kit, verbose, path, pathlen, err, errlen);
}

int patchbuild_cached_kit(const char *patch, const char *kit, bool verbose, char *path,
                          size_t pathlen, char *err, size_t errlen)
{
    char root[PATH_MAX], folder[PATH_MAX];
    struct patchbuild_request r = {kit, root, patch, path, verbose};
    struct hash h;
    int n;

    if (find_root(kit, root, err, errlen) != 0 || patchbuild_check(&r, err, errlen) != 0 ||
        hash_request(&h, &r, err, errlen) != 0 || patchbuild_cache(folder, err, errlen) != 0)
        return -1;
    n = snprintf(path, pathlen, "%s/%s%016lx%016lx", folder, entry_prefix, (unsigned long)h.a,
                 (unsigned long)h.b);
    if (n < 0 || (size_t)n >= pathlen) {
        (void)snprintf(err, errlen, "%s: name too long", folder);
        return -1;
    }
    if (access(path, X_OK) == 0) {
        (void)utimensat(AT_FDCWD, path, NULL, 0);
        return 0;
    }
    if (patchbuild(&r, err, errlen) != 0)
        return -1;
    trim(folder);
    return 0;
}
