// SPDX-License-Identifier: Apache-2.0
//
// Shared parts of the subcommands: see command.h.
#include "ci/gauntlet/command.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t command_stopped;

static bool is_checkout(const char *dir)
{
    char path[STORE_PATH_BYTES];

    return snprintf(path, sizeof path, "%s/stress/workload/files", dir) < (int)sizeof path &&
           access(path, F_OK) == 0;
}

const char *command_root(void)
{
    static char root[STORE_PATH_BYTES];
    const char *env = getenv("GAUNTLET_ROOT");

    if (env != NULL && env[0] != 0)
        return env;
    if (root[0] != 0)
        return root;
    if (getcwd(root, sizeof root) != NULL) {
        for (;;) {
            char *slash = strrchr(root, '/');

            if (is_checkout(root))
                return root;
            if (slash == NULL || slash == root)
                break;
            *slash = 0;
        }
    }
    return strcpy(root, ".");
}

// First line that a program prints, without newline; false when there is none.
static bool first_line_of(char *const argv[], char *line, size_t bytes)
{
    int fds[2], status;
    ssize_t n;

    if (pipe(fds) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(127);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    n = child > 0 ? TEMP_FAILURE_RETRY(read(fds[0], line, bytes - 1)) : -1;
    close(fds[0]);
    if (child > 0)
        TEMP_FAILURE_RETRY(waitpid(child, &status, 0));
    line[n > 0 ? n : 0] = 0;
    line[strcspn(line, "\n")] = 0;
    return n > 0 && line[0] != 0;
}

// What git says of the checkout's commit; asked once, kept in `answer`.
static const char *ask_git(char answer[64], char *const words[3], const char *otherwise)
{
    char *root = (char *)(uintptr_t)command_root();
    char *argv[] = {"git", "-C", root, words[0], words[1], words[2], "HEAD", NULL};

    if (answer[0] == 0 && (!first_line_of(argv, answer, 64) || strcmp(answer, "HEAD") == 0))
        snprintf(answer, 64, "%s", otherwise);
    return answer;
}

const char *command_commit(void)
{
    static char commit[64];

    return ask_git(commit, (char *[]){"rev-parse", "--verify", "--short=12"}, "unknown");
}

const char *command_commit_day(void)
{
    static char day[64];
    char today[64] = "";
    time_t now = time(NULL);
    struct tm tm;

    strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &tm));
    return ask_git(day, (char *[]){"log", "--max-count=1", "--format=%cs"}, today);
}

int command_fail(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("gauntlet: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

// Where command_argp waits for a table, or NULL.
static jmp_buf *asked;
static const struct argp *answer;

const struct argp *command_argp(const struct command *c)
{
    char *argv[] = {(char *)(uintptr_t)c->name, NULL};
    jmp_buf here;

    answer = NULL;
    asked = &here;
    if (setjmp(here) == 0)
        c->run(1, argv);
    asked = NULL;
    return answer;
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    char name[64];
    char *own = argv[0];

    if (asked != NULL) {
        answer = argp;
        longjmp(*asked, 1);
    }
    snprintf(name, sizeof name, "gauntlet %s", own);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    program_invocation_name = name;
    error_t err = argp_parse(argp, argc, argv, 0, NULL, input);
    program_invocation_name = "gauntlet";
    argv[0] = own;
    if (err != 0)
        exit(command_fail("%s", strerror(err)));
}

void command_list(struct argp_state *state, char *list[COMMAND_LIST], uint32_t *n, const char *text)
{
    char *copy = strdup(text), *rest = copy;

    for (char *word = strsep(&rest, ","); copy != NULL && word != NULL; word = strsep(&rest, ",")) {
        if (word[0] == 0)
            argp_error(state, "'%s': empty name in the list", text);
        if (*n == COMMAND_LIST)
            argp_error(state, "'%s': too many names", text);
        list[(*n)++] = word;
    }
}

uint64_t command_number(const char *option, const char *text, uint64_t max)
{
    struct word w = {text, (uint32_t)strlen(text), 1};
    uint64_t value;

    if (!word_number(&w, max, &value))
        exit(command_fail("%s: '%s' is not a number up to %llu", option, text,
                          (unsigned long long)max));
    return value;
}

const char *command_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *command_folder(const char *option, const char *text)
{
    if (text[0] == 0)
        exit(command_fail("%s: the name of a folder expected", option));
    return text;
}

// A byte that belongs to no character becomes U+FFFD. It can stand only in a string, where the
// escape means the same as anywhere in it.
void command_print_json(cJSON *object)
{
    char *text = cJSON_Print(object);
    size_t left = text ? strlen(text) : 0;

    for (const char *at = text; left > 0;) {
        size_t n = utf8_character(at, left);

        if (n > 0)
            fwrite(at, 1, n, stdout);
        else
            fputs("\\ufffd", stdout);
        at += n ? n : 1;
        left -= n ? n : 1;
    }
    putchar('\n');
    free(text);
    cJSON_Delete(object);
}

bool command_is_letter(int key)
{
    return key > 0 && key < 128 && isalnum(key);
}

double command_seconds(const char *option, const char *text)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"h", 3600}};
    char *end;
    double value = strtod(text, &end);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (end != text && strcmp(end, units[i].unit) == 0 && value > 0 &&
            value * units[i].seconds <= 1e7)
            return value * units[i].seconds;
    exit(command_fail("%s: '%s' is not a duration, such as 60s, 500ms or 2m", option, text));
}

// Cases ------------------------------------------------------------------------------------

bool command_case(const char *name, struct repro_case *c, char *path)
{
    static const char *const folders[] = {"repro/cases", "repro/bank"};
    struct stat st;
    char error[STORE_PATH_BYTES + 512];

    snprintf(path, STORE_PATH_BYTES, "%s", name);
    for (size_t i = 0; stat(path, &st) != 0 && i < 2 && strchr(name, '/') == NULL; i++)
        snprintf(path, STORE_PATH_BYTES, "%s/%s/%s", command_root(), folders[i], name);
    if (stat(path, &st) != 0) {
        command_fail("%s: no such case (a file, a folder, or a name in repro/cases)", name);
        return false;
    }
    if (S_ISDIR(st.st_mode)) {
        size_t n = strlen(path);
        while (n > 1 && path[n - 1] == '/')
            path[--n] = 0;
        snprintf(path + n, STORE_PATH_BYTES - n, "/case");
    }
    if (case_read(c, path, error, sizeof error))
        return true;
    fflush(stdout);
    fprintf(stderr, "%s\n", error);
    return false;
}

bool command_case_patch(const char *path, char *patch)
{
    const char *slash = strrchr(path, '/');

    snprintf(patch, STORE_PATH_BYTES, "%.*sbug.patch", slash ? (int)(slash - path + 1) : 0, path);
    return access(patch, F_OK) == 0;
}

const char *command_relative(const char *path)
{
    size_t n = strlen(command_root());

    return strncmp(path, command_root(), n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

char *command_public(const char *path)
{
    char *real = realpath(path, NULL), *root = realpath(command_root(), NULL);
    const char *from = real ? real : path, *slash = strrchr(from, '/');
    size_t n = root ? strlen(root) : 0;
    bool inside = real && n > 0 && strncmp(real, root, n) == 0 && real[n] == '/';
    char *name = strdup(inside ? real + n + 1 : slash ? slash + 1 : from);

    free(real);
    free(root);
    return name;
}

bool command_may_use_patch(char patch[STORE_PATH_BYTES], bool trusted)
{
    char *real = realpath(patch, NULL), *root = realpath(command_root(), NULL);
    size_t n = root ? strlen(root) : 0;
    bool inside = real && n > 0 && strncmp(real, root, n) == 0 &&
                  strncmp(real + n, "/repro/", strlen("/repro/")) == 0;
    bool usable = real != NULL && strlen(real) < STORE_PATH_BYTES && (inside || trusted);

    if (usable)
        strcpy(patch, real);
    else if (real == NULL)
        command_fail("%s: %s", patch, strerror(errno));
    else
        command_fail("%s: the patch of a case from outside repro/ is code that would be compiled "
                     "and run here; read it, then say --trust-patch",
                     patch);
    free(real);
    free(root);
    return usable;
}

static void workload_path(const char *name, char *path, size_t bytes)
{
    static const char *const folders[] = {"checks", "timed", "files"};

    snprintf(path, bytes, "%s", name);
    if (strchr(name, '/') != NULL || access(name, F_OK) == 0)
        return;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, bytes, "%s/stress/workload/%s/%s.wl", command_root(), folders[i], name);
        if (access(path, F_OK) == 0)
            return;
    }
}

struct workload *command_workload(const char *name)
{
    char path[STORE_PATH_BYTES], error[STORE_PATH_BYTES + 512];
    struct workload *w;

    workload_path(name, path, sizeof path);
    w = workload_read(path, error, sizeof error);
    if (w == NULL) {
        fflush(stdout);
        fprintf(stderr, "%s\n", error);
    }
    return w;
}

static int is_workload(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return n > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 3, ".wl") == 0;
}

// prod: the sizes that it is to have; NULL: those of the first, and one line when it has others.
static bool add_workload(struct command_workloads *out, const char *name, const bool *prod)
{
    struct workload *w = command_workload(name);
    char path[STORE_PATH_BYTES];

    if (w == NULL)
        return false;
    if (w->prod != (prod != NULL ? *prod : out->n > 0 ? out->w[0]->prod : w->prod)) {
        if (prod == NULL)
            fprintf(stderr, "gauntlet: %s needs other sizes than %s and is left out\n", w->name,
                    out->w[0]->name);
        out->left_out++;
        workload_free(w);
        return true;
    }
    workload_path(name, path, sizeof path);
    out->path[out->n] = strdup(path);
    out->w[out->n++] = w;
    return true;
}

static bool add_all_workloads(const char *folder, bool prod, struct command_workloads *out)
{
    struct dirent **entries;
    char dir[STORE_PATH_BYTES], path[STORE_PATH_BYTES + 512];
    bool ok = true;

    snprintf(dir, sizeof dir, "%s/stress/workload/%s", command_root(), folder);
    int n = scandir(dir, &entries, is_workload, alphasort);
    if (n <= 0) {
        command_fail(
            "%s: no workloads here; run this in the checkout, or name files with --workload", dir);
        return false;
    }
    if (n > COMMAND_WORKLOADS - (int)out->n) {
        command_fail("%s: %d workloads; at most %d", dir, n, COMMAND_WORKLOADS - (int)out->n);
        ok = false;
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        ok = ok && add_workload(out, path, &prod);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool command_workloads_of_sizes(bool prod, struct command_workloads *out)
{
    *out = (struct command_workloads){.n = 0};
    return add_all_workloads("files", prod, out);
}

bool command_workloads(char *const *names, uint32_t n, bool timed, struct command_workloads *out)
{
    bool ok = true;

    *out = (struct command_workloads){.n = 0};
    if (n == 0)
        return (!timed || add_all_workloads("timed", false, out)) &&
               add_all_workloads("files", false, out);
    for (uint32_t i = 0; i < n && ok; i++)
        ok = add_workload(out, names[i], NULL);
    return ok;
}

void command_workloads_free(struct command_workloads *w)
{
    for (uint32_t i = 0; i < w->n; i++) {
        workload_free(w->w[i]);
        free(w->path[i]);
    }
    w->n = 0;
}
