// SPDX-License-Identifier: Apache-2.0
//
// One process of `gauntlet bank`: a hunt, a case on real threads, or ThreadSanitizer without the
// engine. Each is this program started again, since each needs another runtime; its JSON is read
// back, and what it says on standard error is shown when it could not do its work.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/bank.h"
#include "repro/patchtree.h"

enum { OUTPUT_BYTES = 4 << 20, ARGS = 32, CASE_TEXT_BYTES = CASE_BYTES, PATCH_BYTES = 64 * 1024 };

static const double confirm_s = 60; // for all tries of a case

struct args {
    const char *v[ARGS];
    uint32_t n;
    char patch[STORE_PATH_BYTES], seed[32], tries[16];
};

double bank_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

// Starting ----------------------------------------------------------------------------------------

static void add(struct args *a, const char *word, const char *value)
{
    a->v[a->n++] = word;
    if (value != NULL)
        a->v[a->n++] = value;
}

// The workloads of prod sizes, as a list for --workload, made once; "" when there are none.
static const char *prod_workloads(void)
{
    static char *list;
    static size_t n;
    struct command_workloads w;
    FILE *f = list == NULL ? open_memstream(&list, &n) : NULL;

    if (f == NULL)
        return list ? list : "";
    if (command_workloads_of_sizes(true, &w))
        for (uint32_t i = 0; i < w.n; i++)
            fprintf(f, "%s%s", i > 0 ? "," : "", w.path[i]);
    command_workloads_free(&w);
    fclose(f);
    return list;
}

static void hunt_args(const struct bank *b, const struct bank_child *c, struct args *a)
{
    const struct bank_bug *bug = &b->bug[c->bug];

    snprintf(a->patch, sizeof a->patch, "%s/repro/bank/%s/bug.patch", command_root(), bug->slug);
    snprintf(a->seed, sizeof a->seed, "%llu", (unsigned long long)(b->seed + c->seed));
    add(a, "gauntlet", NULL);
    add(a, "hunt", "--stop-at-first");
    add(a, "--json", "--no-confirm"); // that is done apart
    add(a, "--patch", a->patch);
    add(a, "--out", c->folder);
    add(a, "--for", b->time);
    add(a, "--seed", a->seed);
    if (bug->prod)
        add(a, "--workload", prod_workloads());
    if (c->work == BANK_BASELINE)
        add(a, "--engine", "tsan");
    else
        add(a, "--memory", bug->memory);
}

static void confirm_args(const struct bank_child *c, struct args *a)
{
    snprintf(a->tries, sizeof a->tries, "%d", BANK_TRIES);
    add(a, "gauntlet", NULL);
    add(a, "replay", "--native");
    add(a, "--json", "--trust-patch"); // a copy of the one in the tree
    add(a, "--times", a->tries);
    add(a, c->folder, NULL);
}

// The case that is to be confirmed, as the hunt had saved it.
static bool lay_out_case(const struct bank *b, const struct bank_child *c)
{
    const struct bank_bug *bug = &b->bug[c->bug];
    char path[STORE_PATH_BYTES], to[128];

    snprintf(to, sizeof to, "%s/case", c->folder);
    if (tree_write(to, bug->run[c->seed].text, strlen(bug->run[c->seed].text)) != 0)
        return false;
    snprintf(path, sizeof path, "%s/repro/bank/%s/bug.patch", command_root(), bug->slug);
    snprintf(to, sizeof to, "%s/bug.patch", c->folder);
    return tree_copy_file(path, to) == 0;
}

static _Noreturn void become(const struct bank_child *c, const struct args *a, int out)
{
    char log[128];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    snprintf(log, sizeof log, "%s/said", c->folder);
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, 2) < 0 || dup2(out, 1) < 0)
        _exit(127);
    if (c->work == BANK_BASELINE)
        setenv("GAUNTLET_PERTURB", "off", 1); // nothing of ours but the runner
    execv("/proc/self/exe", (char *const *)(uintptr_t)a->v);
    _exit(127);
}

static pid_t spawn(struct bank *b, struct bank_child *c)
{
    struct args a = {.n = 0};
    int fds[2];

    if (c->text == NULL || mkdtemp(c->folder) == NULL ||
        (c->work == BANK_CONFIRM && !lay_out_case(b, c)))
        return -1;
    if (c->work == BANK_CONFIRM)
        confirm_args(c, &a);
    else
        hunt_args(b, c, &a);
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(c, &a, fds[1]);
    close(fds[1]);
    c->fd = fds[0];
    if (pid < 0)
        close(c->fd);
    return pid;
}

bool bank_start(struct bank *b, struct bank_child *c)
{
    snprintf(c->folder, sizeof c->folder, "/tmp/gauntlet-bank-XXXXXX");
    c->text = malloc(OUTPUT_BYTES);
    c->n = 0;
    c->told = false;
    c->deadline = c->work == BANK_CONFIRM ? bank_now() + confirm_s : 0;
    c->pid = spawn(b, c);
    if (c->pid > 0) {
        b->bug[c->bug].running++;
        return true;
    }
    command_fail("%s: %s", c->folder, strerror(errno));
    if (strchr(c->folder, 'X') == NULL)
        tree_remove(c->folder);
    free(c->text);
    c->pid = 0;
    return false;
}

void bank_stop(struct bank_child *c)
{
    if (!c->told)
        kill(c->pid, SIGTERM);
    c->told = true;
}

// What it says ------------------------------------------------------------------------------------

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text ? text : "";
}

static bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void take_run(struct bank_run *run, const cJSON *o, const char *memory)
{
    const cJSON *find = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "findings"), 0);
    char error[STORE_PATH_BYTES + 256];
    size_t n;

    run->how = BANK_DONE;
    run->found = find != NULL;
    run->executions = number_of(find ? find : o, find ? "executions_to_find" : "executions");
    run->seconds = number_of(find ? find : o, find ? "seconds_to_find" : "seconds");
    run->choices = number_of(find, "choices");
    run->operations = number_of(find, "operations");
    snprintf(run->strategy, sizeof run->strategy, "%s", text_of(find, "strategy"));
    snprintf(run->memory, sizeof run->memory, "%s", find ? text_of(find, "memory") : memory);
    snprintf(run->signature, sizeof run->signature, "%s", text_of(find, "signature"));
    if (text_of(find, "case")[0] != 0)
        run->text = text_read_file(text_of(find, "case"), CASE_TEXT_BYTES, &n, error, sizeof error);
}

static void take_baseline(struct bank_baseline *t, const cJSON *o)
{
    const cJSON *find = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "findings"), 0);

    t->how = BANK_DONE;
    t->found = find != NULL;
    t->executions = number_of(find ? find : o, find ? "executions_to_find" : "executions");
    t->seconds = number_of(find ? find : o, find ? "seconds_to_find" : "seconds");
    snprintf(t->signature, sizeof t->signature, "%s", text_of(find, "signature"));
}

static void take_confirm(struct bank_confirm *confirm, const cJSON *o)
{
    const char *verdict = text_of(o, "verdict");

    confirm->how = BANK_DONE;
    confirm->shown =
        strcmp(verdict, "confirmed") == 0 || strcmp(verdict, "reproduced without report") == 0;
    snprintf(confirm->verdict, sizeof confirm->verdict, "%s", verdict);
}

// Standard error of one that could not do its work, of which the last line says why.
static void tell_failure(const struct bank *b, const struct bank_child *c)
{
    static const char *const works[] = {"the hunt could not be run",
                                        "its case could not be tried on real threads",
                                        "ThreadSanitizer alone could not be run"};
    char log[128];

    snprintf(log, sizeof log, "%s/said", c->folder);
    char *said = tree_read(log);
    size_t n = strlen(said);
    while (n > 0 && said[n - 1] == '\n')
        said[--n] = 0;
    const char *last = strrchr(said, '\n');
    command_fail("%s: %s: %s", b->bug[c->bug].slug, works[c->work], last ? last + 1 : said);
    free(said);
}

// Whether it has done its work; what was cut short counts for nothing, nor does a program that ends
// without a word while it is being built.
static void take(struct bank *b, struct bank_child *c, const cJSON *o, int status)
{
    struct bank_bug *bug = &b->bug[c->bug];
    bool failed = o == NULL || status == EXIT_USAGE;

    if (command_stopped || is_true(o, "stopped"))
        return;
    if (c->work == BANK_CONFIRM && o != NULL && text_of(o, "verdict")[0] != 0) {
        take_confirm(&bug->run[c->seed].confirm,
                     o); // also "not tried", which ends with that status
    } else if (failed) {
        b->failed += c->work == BANK_HUNT;
        tell_failure(b, c);
        if (c->work == BANK_HUNT)
            bug->run[c->seed].how = BANK_FAILED;
        else if (c->work == BANK_CONFIRM)
            bug->run[c->seed].confirm.how = BANK_FAILED;
        else
            bug->baseline.how = BANK_FAILED;
        return;
    } else if (c->work == BANK_HUNT) {
        take_run(&bug->run[c->seed], o, bug->memory);
    } else {
        take_baseline(&bug->baseline, o);
    }
    if (!bank_state_keep(b, bug, c->work, c->seed))
        b->stopped = true;
}

static void end(struct bank *b, struct bank_child *c)
{
    int status = 0;

    close(c->fd);
    TEMP_FAILURE_RETRY(waitpid(c->pid, &status, 0));
    c->text[c->n] = 0;
    cJSON *o = cJSON_Parse(c->text);
    take(b, c, o, WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_USAGE);
    cJSON_Delete(o);
    free(c->text);
    tree_remove(c->folder);
    b->bug[c->bug].running--;
    c->pid = 0;
}

bool bank_hear(struct bank *b, struct bank_child *c)
{
    ssize_t k = c->n < OUTPUT_BYTES - 1 ? read(c->fd, c->text + c->n, OUTPUT_BYTES - 1 - c->n) : 0;

    if (k > 0)
        c->n += (size_t)k;
    if (k > 0 || (k < 0 && errno == EINTR))
        return true;
    end(b, c);
    return false;
}
