// SPDX-License-Identifier: Apache-2.0
//
// Slices of an audit in a fresh process: this program once more, or its sibling with another
// engine, with arguments that only this file knows. It gets cases on standard input (a line
// "INDEX BYTES", then the text), and says on standard output a line of numbers for each execution
// and, when the log is asked for, "log" and the log.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ci/gauntlet/audit.h"
#include "ci/gauntlet/command.h"

enum { PADDING = 100000 };

// Its arguments.
enum {
    CHILD_WAY = 3,
    CHILD_SEED,
    CHILD_SLICE,
    CHILD_MEMORY,
    CHILD_STRATEGY,
    CHILD_FROZEN,
    CHILD_LAST,
    CHILD_LOG,
    CHILD_WORKLOAD,
    CHILD_PADDING
};
static const char child_mark[] = "--child";

extern char **environ;

// Cases ------------------------------------------------------------------------------------

// The execution as a case, whatever came of it.
static bool print_case(const struct audit_turn *t, const struct sim_schedule *schedule, FILE *out)
{
    struct repro_case c = {.memory = t->memory,
                           .frozen = t->frozen,
                           .oracle = "crash",
                           .signature = "crash: of an audit",
                           .found = "audit",
                           .program = t->w};
    bool fits = case_set_choices(&c, schedule);

    if (fits)
        case_print(&c, out);
    c.program = NULL; // stays the plan's
    case_free(&c);
    return fits;
}

// Those executions that a case can hold, in a file that has no name; -1 when it cannot be had.
static int cases_file(const struct audit_turn *t, const struct audit_run *from, uint32_t last)
{
    int fd = memfd_create("cases", MFD_CLOEXEC);
    FILE *all = fd >= 0 ? fdopen(dup(fd), "w") : NULL;

    for (uint32_t i = 0; all != NULL && i <= last; i++) {
        char *text = NULL;
        size_t n = 0;
        FILE *one = open_memstream(&text, &n);
        bool fits = one != NULL && print_case(t, &from->schedule[i], one);

        if (one != NULL)
            fclose(one);
        if (fits && n <= CASE_BYTES) {
            fprintf(all, "%u %zu\n", i, n);
            fwrite(text, 1, n, all);
        }
        free(text);
    }
    if (all == NULL || fclose(all) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

// The process ------------------------------------------------------------------------------

// The program of this way; false when it is not there.
static bool program_of(enum audit_way way, char path[STORE_PATH_BYTES])
{
    ssize_t n = readlink("/proc/self/exe", path, STORE_PATH_BYTES - 32);

    if (n <= 0)
        return false;
    path[n] = 0;
    if (way == AUDIT_O0)
        strcat(path, "_O0");
    return access(path, X_OK) == 0;
}

bool audit_way_possible(enum audit_way way, char *why, size_t bytes)
{
    char path[STORE_PATH_BYTES];

    if (!audit_ways[way].child)
        return true;
    if (!program_of(way, path)) {
        snprintf(why, bytes, "%s is not there", path);
        return false;
    }
    int now = personality(0xffffffff);
    if (way == AUDIT_FIXED && personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0) {
        snprintf(why, bytes, "the kernel refuses (personality: %s)", strerror(errno));
        return false;
    }
    personality((unsigned long)now);
    return true;
}

// The environment, and one long variable more.
static char **padded_environment(void)
{
    static char padding[PADDING] = "GAUNTLET_PADDING=";
    size_t n = 0;

    memset(padding + strlen(padding), 'x', sizeof padding - strlen(padding) - 1);
    while (environ[n] != NULL)
        n++;
    char **padded = calloc(n + 2, sizeof *padded);
    if (padded == NULL)
        return environ;
    memcpy(padded, environ, n * sizeof *padded);
    padded[n] = padding;
    return padded;
}

// Personality is inherited: this process takes it for as long as it starts the other.
static int spawn(const char *path, enum audit_way way, char **argv, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    char **env = way == AUDIT_PADDED ? padded_environment() : environ;
    unsigned long now = (unsigned long)personality(0xffffffff);

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    personality(way == AUDIT_FIXED ? now | ADDR_NO_RANDOMIZE
                                   : now & ~(unsigned long)ADDR_NO_RANDOMIZE);
    int err = posix_spawn(pid, path, &actions, NULL, argv, env);
    personality(now);
    posix_spawn_file_actions_destroy(&actions);
    if (env != environ)
        free(env);
    return err;
}

static char *word(const char *text)
{
    return (char *)(uintptr_t)text; // argv is of char *, and nobody writes to it
}

// Starts the process on the slice; its standard output is *out.
static bool start(const struct audit_turn *t, const struct audit_run *r, int in, int *out,
                  pid_t *pid)
{
    char path[STORE_PATH_BYTES], slice[32], seed[32], last[16];
    static char padding[PADDING];
    int ends[2], err = ENOENT;

    memset(padding, 'x', sizeof padding - 1);
    snprintf(slice, sizeof slice, "%" PRIu64, t->slice);
    snprintf(seed, sizeof seed, "%" PRIu64, t->seed);
    snprintf(last, sizeof last, "%u", r->last);
    char *argv[] = {[0] = word("gauntlet"),
                    [1] = word("audit"),
                    [2] = word(child_mark),
                    [CHILD_WAY] = word(audit_ways[t->way].name),
                    [CHILD_SEED] = seed,
                    [CHILD_SLICE] = slice,
                    [CHILD_MEMORY] = word(sim_memory_names[t->memory]),
                    [CHILD_STRATEGY] = word(t->strategy),
                    [CHILD_FROZEN] = word(t->frozen ? "frozen" : "awake"),
                    [CHILD_LAST] = last,
                    [CHILD_LOG] = word(r->log ? "log" : "no-log"),
                    [CHILD_WORKLOAD] = word(t->path),
                    [CHILD_PADDING] = t->way == AUDIT_PADDED ? padding : NULL,
                    NULL};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return command_fail("pipe: %s", strerror(errno)) == 0;
    if (program_of(t->way, path))
        err = spawn(path, t->way, argv, in, ends[1], pid);
    close(ends[1]);
    *out = ends[0];
    if (err == 0)
        return true;
    close(ends[0]);
    return command_fail("%s: %s", path, strerror(err)) == 0;
}

// What it says -----------------------------------------------------------------------------

static void say(const struct audit_run *r)
{
    for (uint32_t i = 0; i <= r->last; i++) {
        const struct audit_digest *d = &r->digest[i];
        if (d->there)
            printf("%u %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIu64 "\n", i, d->events, d->globals,
                   d->end, d->points);
    }
    puts("log");
    if (r->text != NULL)
        fwrite(r->text, 1, r->bytes, stdout);
}

// False when it is not whole.
static bool hear(FILE *from, struct audit_run *r)
{
    char line[128];
    struct audit_digest d = {.there = true};
    uint32_t i;

    while (fgets(line, sizeof line, from) != NULL) {
        if (strcmp(line, "log\n") == 0) {
            size_t size = 0;
            ssize_t n = getdelim(&r->text, &size, 0, from);
            r->bytes = n > 0 ? (size_t)n : 0;
            return true;
        }
        if (sscanf(line, "%u %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNu64, &i, &d.events,
                   &d.globals, &d.end, &d.points) != 5 ||
            i > r->last)
            return false;
        r->digest[i] = d;
    }
    return false;
}

bool audit_run_child(const struct audit_turn *t, const struct audit_run *from, struct audit_run *r)
{
    pid_t pid;
    int out, status = 0;
    int in = t->way == AUDIT_CASE ? cases_file(t, from, r->last) : open("/dev/null", O_RDONLY);

    if (in < 0)
        return command_fail("audit: no file for the other process: %s", strerror(errno)) == 0;
    bool ok = start(t, r, in, &out, &pid);
    close(in);
    if (!ok)
        return false;
    FILE *f = fdopen(out, "r");
    ok = f != NULL && hear(f, r);
    if (f != NULL)
        fclose(f);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if ((ok && status == 0) || command_stopped)
        return ok && status == 0;
    return command_fail("audit: the process of slice %" PRIu64 ", %s, ended with %s %d", t->slice,
                        audit_ways[t->way].name, WIFSIGNALED(status) ? "signal" : "status",
                        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)) == 0;
}

// In that process --------------------------------------------------------------------------

static bool replay_text(const struct audit_turn *t, struct audit_run *r, uint32_t i,
                        const char *text, size_t n)
{
    struct repro_case c;
    struct text_error err;
    struct trial trial;
    struct sim_schedule schedule = {0};
    size_t missing;

    if (!case_parse(&c, text, n, &err))
        return command_fail("case %u of slice %" PRIu64 ", line %u: %s", i, t->slice, err.line,
                            err.message) == 0;
    case_schedule(&c, &schedule, &missing);
    memset(&trial, 0, sizeof trial);
    trial_begin(&trial, c.program);
    audit_execute(t, r, i, &trial, sim_strategy_replay(&schedule));
    bool whole = missing == c.choices;
    sim_schedule_free(&schedule);
    case_free(&c);
    return whole;
}

// False when standard input is not what was promised.
static bool replay_cases(const struct audit_turn *t, struct audit_run *r)
{
    uint32_t i;
    size_t n;
    int end;
    bool ok = true;
    char *text = malloc(CASE_BYTES);

    while (text != NULL && ok && (end = scanf("%u %zu", &i, &n)) != EOF)
        ok = end == 2 && i <= r->last && n <= CASE_BYTES && getchar() == '\n' &&
             fread(text, 1, n, stdin) == n && replay_text(t, r, i, text, n);
    free(text);
    return ok && text != NULL;
}

bool audit_is_child(int argc, char **argv)
{
    return argc + 1 >= CHILD_PADDING && strcmp(argv[1], child_mark) == 0;
}

int audit_child(char **argv)
{
    struct audit_turn t = {.seed = strtoull(argv[CHILD_SEED - 1], NULL, 10),
                           .slice = strtoull(argv[CHILD_SLICE - 1], NULL, 10),
                           .strategy = argv[CHILD_STRATEGY - 1],
                           .frozen = strcmp(argv[CHILD_FROZEN - 1], "frozen") == 0,
                           .path = argv[CHILD_WORKLOAD - 1]};
    struct audit_run r = {.last = (uint32_t)strtoul(argv[CHILD_LAST - 1], NULL, 10),
                          .log = strcmp(argv[CHILD_LOG - 1], "log") == 0};
    char error[STORE_PATH_BYTES + 512];

    while (t.way < AUDIT_WAYS && strcmp(audit_ways[t.way].name, argv[CHILD_WAY - 1]) != 0)
        t.way++;
    t.w = workload_read(t.path, error, sizeof error);
    if (t.w == NULL || r.last >= AUDIT_SLICE || t.way == AUDIT_WAYS ||
        !sim_memory_by_name(argv[CHILD_MEMORY - 1], &t.memory))
        return command_fail("audit: wrong arguments of a process");
    trial_init();
    if (t.way != AUDIT_CASE)
        audit_run_planned(&t, &r);
    else if (!replay_cases(&t, &r))
        return command_fail("audit: a case cannot be read as it was written");
    say(&r);
    audit_run_free(&r);
    workload_free(t.w);
    return EXIT_NOTHING;
}
