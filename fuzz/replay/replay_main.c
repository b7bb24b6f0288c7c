// SPDX-License-Identifier: Apache-2.0
//
// The third engine: runs each input it is given once. An argument is a file or a folder, of which
// all files are taken. Each input lies in an allocation of exactly its size, so that a sanitizer
// sees the first byte behind it. What cannot be read is told, and status 2 at the end; the others
// are run.
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned long inputs, unreadable;

static void complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    unreadable++;
}

static void run_file(const char *path, size_t n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(n ? n : 1);

    if (f == NULL || data == NULL || fread(data, 1, n, f) != n) {
        complain(path);
    } else {
        LLVMFuzzerTestOneInput(data, n);
        inputs++;
    }
    if (f != NULL)
        fclose(f);
    free(data);
}

static void run(const char *path);

static void run_folder(const char *path)
{
    struct dirent **entry;
    int n = scandir(path, &entry, NULL, alphasort);

    if (n < 0)
        complain(path);
    for (int i = 0; i < n; i++) {
        char *inner;
        if (entry[i]->d_name[0] != '.' && asprintf(&inner, "%s/%s", path, entry[i]->d_name) >= 0) {
            run(inner);
            free(inner);
        }
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
}

static void run(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        complain(path);
    else if (S_ISDIR(st.st_mode))
        run_folder(path);
    else
        run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%lu input%s replayed, %lu unreadable\n", inputs, inputs == 1 ? "" : "s", unreadable);
    return unreadable ? 2 : 0;
}
