// SPDX-License-Identifier: Apache-2.0
//
// The folder of a fuzz target: see engines.h. Files are moved by link and rename, so that an engine
// that reads at the same time sees them whole or not at all.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/engines.h"

static bool folder_of(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        bool ok = folder_of(path);
        *slash = '/';
        if (!ok)
            return false;
    }
    return folder_of(path);
}

static void in_state(const struct engine *e, const char *name, char path[PATH_MAX])
{
    if ((size_t)snprintf(path, PATH_MAX, "%s/%s", e->state, name) >= PATH_MAX)
        path[0] = 0;
}

// The room is taken now.
static struct beat *map_beat(const struct engine *e)
{
    char name[64], path[PATH_MAX];

    snprintf(name, sizeof name, "%s.beat", e->kind);
    in_state(e, name, path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int error = fd < 0 ? errno : posix_fallocate(fd, 0, sizeof(struct beat));
    void *p = error == 0
                  ? mmap(NULL, sizeof(struct beat), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                  : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    errno = error != 0 ? error : errno;
    if (p == MAP_FAILED)
        return NULL;
    struct beat *b = p;
    b->executions = b->crash_bytes = 0;
    return b;
}

// A crash file that is empty was written where no room was left: the target has kept the input.
bool engine_crash_kept(const struct engine *e, const char *path, char kept[PATH_MAX])
{
    struct stat st;

    if (stat(path, &st) != 0 || st.st_size > 0 || e->beat->crash_bytes == 0)
        return false;
    int fd = memfd_create("crash", 0); // for the process's life, which is short
    size_t n = e->beat->crash_bytes;
    if (fd < 0 || write(fd, e->beat->crash, n) != (ssize_t)n)
        return false;
    snprintf(kept, PATH_MAX, "/proc/self/fd/%d", fd);
    return true;
}

// FNV-1a of a file: patches are told apart.
static uint64_t hash_file(const char *path)
{
    uint64_t h = 0xcbf29ce484222325u;
    FILE *f = fopen(path, "rb");

    for (int c; f != NULL && (c = getc(f)) != EOF;)
        h = (h ^ (uint8_t)c) * 0x100000001b3u;
    if (f != NULL)
        fclose(f);
    return h;
}

bool engine_state(struct engine *e, const char *root, const char *patch, char *error, size_t bytes)
{
    static const char *const folders[] = {"corpus", "artifacts"};
    char path[PATH_MAX], suffix[24] = "";

    if (patch != NULL)
        snprintf(suffix, sizeof suffix, ".%016llx", (unsigned long long)hash_file(patch));
    snprintf(e->state, sizeof e->state, "%s/%s%s", root, e->target, suffix);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        in_state(e, folders[i], path);
        if (path[0] == 0 || !make_folders(path)) {
            snprintf(error, bytes, "%s cannot be made: %s", path, strerror(errno));
            return false;
        }
    }
    e->beat = map_beat(e);
    if (e->beat == NULL)
        snprintf(error, bytes, "%s cannot be written: %s", e->state, strerror(errno));
    return e->beat != NULL;
}

// Lines of files ---------------------------------------------------------------------------

void engine_note(const struct engine *e, const char *file, const char *line)
{
    char path[PATH_MAX];

    in_state(e, file, path);
    FILE *f = fopen(path, "a");
    if (f == NULL)
        return;
    fprintf(f, "%s\n", line);
    fclose(f);
}

bool engine_noted(const struct engine *e, const char *file, const char *line)
{
    char path[PATH_MAX], text[PATH_MAX];
    bool found = false;

    in_state(e, file, path);
    FILE *f = fopen(path, "r");
    while (f != NULL && !found && fgets(text, sizeof text, f) != NULL) {
        text[strcspn(text, "\n")] = 0;
        found = strcmp(text, line) == 0;
    }
    if (f != NULL)
        fclose(f);
    return found;
}

void engine_last_words(const struct engine *e, char *text, size_t bytes)
{
    char name[64], path[PATH_MAX], line[512];

    text[0] = 0;
    snprintf(name, sizeof name, "%s.log", e->kind);
    in_state(e, name, path);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        size_t n = 0;
        for (char *c = line; *c; c++) // as plain text
            if (*c >= ' ' && *c != 0x7f)
                line[n++] = *c;
        line[n] = 0;
        if (strstr(line, "ERROR") != NULL || strstr(line, "PROGRAM ABORT") != NULL ||
            strstr(line, "error") != NULL)
            snprintf(text, bytes, "%.*s", (int)bytes - 1, line);
    }
    if (f != NULL)
        fclose(f);
}

// A dictionary is lines of NAME="value", comments, or nothing. Engines end at the first other one.
bool engine_dictionary_ok(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[4096];
    bool ok = f != NULL;

    while (ok && fgets(line, sizeof line, f) != NULL) {
        size_t n = strlen(line);
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
            line[--n] = 0;
        const char *quote = strchr(line, '"');
        ok = n == 0 || line[0] == '#' ||
             (quote != NULL && line[n - 1] == '"' && quote + 1 < line + n);
    }
    if (f != NULL)
        fclose(f);
    return ok;
}

// Corpus and crashes -----------------------------------------------------------------------

uint32_t engine_files(const char *folder)
{
    DIR *d = opendir(folder);
    uint32_t n = 0;

    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;)
        n += f->d_name[0] != '.';
    if (d != NULL)
        closedir(d);
    return n;
}

// Numbers in the names of AFL++'s queue begin anew with each queue: the time tells them apart.
static void share_folder(const char *from, const char *to)
{
    DIR *d = opendir(from);

    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
        char a[PATH_MAX], b[PATH_MAX];
        struct stat st;

        if (strncmp(f->d_name, "id", 2) != 0 || strstr(f->d_name, "sync:") != NULL ||
            strstr(f->d_name, "orig:") != NULL)
            continue;
        snprintf(a, sizeof a, "%s/%s", from, f->d_name);
        if (stat(a, &st) != 0)
            continue;
        snprintf(b, sizeof b, "%s/afl-%.20s-%llx-%llx", to, f->d_name,
                 (unsigned long long)st.st_ino, (unsigned long long)st.st_mtim.tv_nsec);
        if (link(a, b) != 0 && errno != EEXIST)
            break; // no room, or no links here: it stays AFL++'s
    }
    if (d != NULL)
        closedir(d);
}

// What libFuzzer has found, under the names that AFL++ reads from its like. A file that has one
// name only is new.
static void share_back(const char *from, const char *to)
{
    DIR *d = opendir(from);
    uint32_t next = engine_files(to);

    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
        char a[PATH_MAX], b[PATH_MAX];
        struct stat st;

        snprintf(a, sizeof a, "%s/%s", from, f->d_name);
        if (f->d_name[0] == '.' || strncmp(f->d_name, "afl-", 4) == 0 || stat(a, &st) != 0 ||
            !S_ISREG(st.st_mode) || st.st_nlink > 1)
            continue;
        snprintf(b, sizeof b, "%s/id:%06u,libfuzzer", to, next);
        if (link(a, b) != 0)
            break;
        next++;
    }
    if (d != NULL)
        closedir(d);
}

void engine_share(struct engine *e)
{
    char from[PATH_MAX], to[PATH_MAX];

    in_state(e, "afl/main/queue", from);
    in_state(e, "corpus", to);
    share_folder(from, to);
    in_state(e, "afl/libfuzzer/queue", from);
    if (make_folders(from))
        share_back(to, from);
}

static bool was_handled(const struct engine *e, const char *path)
{
    for (uint32_t i = 0; i < e->nhandled; i++)
        if (strcmp(e->handled[i], path) == 0)
            return true;
    return engine_noted(e, "handled", path);
}

static bool crash_in(const struct engine *e, const char *folder, const char *const *prefixes,
                     char path[PATH_MAX])
{
    DIR *d = opendir(folder);
    bool found = false;

    for (struct dirent *f; d != NULL && !found && (f = readdir(d)) != NULL;) {
        for (size_t i = 0; prefixes[i] != NULL && !found; i++) {
            if (strncmp(f->d_name, prefixes[i], strlen(prefixes[i])) != 0)
                continue;
            snprintf(path, PATH_MAX, "%s/%s", folder, f->d_name);
            found = !was_handled(e, path);
        }
    }
    if (d != NULL)
        closedir(d);
    return found;
}

// When it is resumed, AFL++ moves the crashes that are there to a folder of their own. What its
// target has told lies beside those of libFuzzer.
bool engine_next_crash(const struct engine *e, char path[PATH_MAX])
{
    static const char *const afl[] = {"id", NULL};
    static const char *const told[] = {"told-", NULL};
    static const char *const libfuzzer[] = {"crash-", "timeout-", "oom-", NULL};
    char folder[PATH_MAX], inner[PATH_MAX];
    bool found = false;

    in_state(e, "artifacts", folder);
    if (strcmp(e->kind, "libfuzzer") == 0)
        return crash_in(e, folder, libfuzzer, path);
    if (crash_in(e, folder, told, path))
        return true;
    in_state(e, "afl/main", folder);
    DIR *d = opendir(folder);
    for (struct dirent *f; d != NULL && !found && (f = readdir(d)) != NULL;) {
        if (strncmp(f->d_name, "crashes", 7) != 0 && strncmp(f->d_name, "hangs", 5) != 0)
            continue;
        snprintf(inner, sizeof inner, "%.*s/%s", PATH_MAX - 300, folder, f->d_name);
        found = crash_in(e, inner, afl, path);
    }
    if (d != NULL)
        closedir(d);
    return found;
}

// libFuzzer writes a small set with the same coverage; it takes the place of the old one only when
// it is whole.
bool engine_minimize(struct engine *e)
{
    char corpus[PATH_MAX], small[PATH_MAX], old[PATH_MAX];

    in_state(e, "corpus", corpus);
    in_state(e, "corpus.small", small);
    in_state(e, "corpus.old", old);
    mkdir(small, 0777);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("/dev/null", O_RDWR);
        dup2(fd, 0), dup2(fd, 1), dup2(fd, 2);
        alarm(60);
        execl(e->binary, e->binary, "-merge=1", "-max_total_time=20", "-max_len=65536", small,
              corpus, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    if (pid > 0)
        waitpid(pid, &status, 0);
    bool ok = status == 0 && engine_files(small) > 0 && rename(corpus, old) == 0;
    if (ok && rename(small, corpus) != 0) {
        rename(old, corpus);
        ok = false;
    }
    const char *gone = ok ? old : small;
    DIR *d = opendir(gone);
    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;)
        if (f->d_name[0] != '.')
            unlinkat(dirfd(d), f->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(gone);
    return ok;
}
