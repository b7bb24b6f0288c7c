// SPDX-License-Identifier: Apache-2.0
//
// A hunt in several processes. Each takes its part of the plan and sends what it finds through a
// pipe; only this process saves cases. A message is one header line and the bytes it announces:
//
//     find EXECUTIONS SECONDS MINIMIZING CHOICES REPLAYED STRATEGY SEED MET OF
//          MESSAGE_BYTES CASE_BYTES
//     cover WORKLOAD CELL COUNT
//     native-row ... native-find ... native-failed ...      of real threads: native_tell.c
//     stats EXECUTIONS POINTS LIMITED HITS END
//
// Fuzzing engines (engines.h) run beside the jobs. Each crash file of theirs is looked at by a job
// of its own, one at a time, which sends its finding as the others do.
//
// A message counts when it is whole, so a job that dies cannot leave half a finding. Threads were
// not used: the engine is one world a process.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ci/gauntlet/command.h"
#include "ci/gauntlet/engines.h"
#include "ci/gauntlet/import.h"
#include "ci/gauntlet/jobs.h"
#include "ci/gauntlet/native.h"
#include "ci/gauntlet/session.h"

enum { HEADER_BYTES = 256, MESSAGE_BYTES = CASE_BYTES + 8192 };

struct job {
    pid_t pid;
    int fd; // -1: ended
    char *data;
    size_t n, capacity;
    struct hunt_stats stats;
    bool ended; // said so itself
};

// All of them; the last place is that of the job that looks at a crash file.
struct crew {
    struct session *s;
    struct job job[SESSION_JOBS + 1];
    uint32_t n, left;     // of the hunt's own: of this program first, then on real threads
    struct engine *owner; // of the crash file that is looked at; NULL: none is
    char crash[PATH_MAX];
    uint64_t executions; // of all engines, when it was seen
    double seconds;
    double begin;
    bool stopped; // told to end
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

// In the job -------------------------------------------------------------------------------

static int pipe_out = -1;

void job_send(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t k = write(pipe_out, text, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            _exit(0); // nobody listens any more
        text += k;
        n -= (size_t)k;
    }
}

void job_send_find(struct hunt_find *f, void *arg)
{
    char *text = NULL, *message = NULL;
    size_t n = 0, bytes = 0;
    FILE *body = open_memstream(&text, &n);

    (void)arg;
    case_print(&f->c, body);
    fclose(body);
    FILE *out = open_memstream(&message, &bytes);
    fprintf(out, "find %llu %.6f %llu %zu %d %s %llu %u %u %zu %zu\n",
            (unsigned long long)f->executions, f->seconds, (unsigned long long)f->minimizing,
            f->choices_before, f->replayed, f->strategy, (unsigned long long)f->seen.seed,
            f->seen.met, f->seen.of, strlen(f->message), n);
    fputs(f->message, out);
    fwrite(text, 1, n, out);
    fclose(out);
    job_send(message, bytes);
    free(text);
    free(message);
}

void job_send_stats(const struct hunt_stats *s, bool end)
{
    char line[HEADER_BYTES];
    int n = snprintf(line, sizeof line, "stats %llu %llu %llu %llu %d\n",
                     (unsigned long long)s->executions, (unsigned long long)s->points,
                     (unsigned long long)s->limited, (unsigned long long)s->hits, end);

    job_send(line, (size_t)n);
}

// What was met, cell by cell.
static void send_coverage(const struct hunt_params *p)
{
    char *text = NULL;
    size_t n = 0;
    uint32_t cells = p->coverage != NULL ? sim_coverage()->cells : 0;
    FILE *out = open_memstream(&text, &n);

    for (uint32_t w = 0; w < p->nworkloads; w++)
        for (uint32_t cell = 0; cell < cells; cell++)
            if (p->coverage[(size_t)w * cells + cell] > 0)
                fprintf(out, "cover %u %u %llu\n", w, cell,
                        (unsigned long long)p->coverage[(size_t)w * cells + cell]);
    fclose(out);
    job_send(text, n);
    free(text);
}

static void send_progress(const struct hunt_stats *s, void *arg)
{
    (void)arg;
    job_send_stats(s, false);
}

// Executions of part `part` of `parts`.
static uint64_t share(uint64_t executions, uint32_t part, uint32_t parts)
{
    return executions > 0 ? (executions + parts - 1 - part) / parts : 0;
}

static _Noreturn void native_main(struct session *s, uint32_t part, int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pipe_out = fd;
    s->params.executions = share(s->params.executions, part, s->native->jobs);
    native_job(s, part);
    fflush(NULL);
    _exit(0);
}

static _Noreturn void job_main(struct session *s, uint32_t part, int fd)
{
    struct hunt_stats stats;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pipe_out = fd;
    s->params.part = part;
    s->params.parts = s->jobs;
    s->params.find = job_send_find;
    s->params.progress = send_progress;
    s->params.executions = share(s->params.executions, part, s->jobs);
    trial_init();
    hunt(&s->params, &stats);
    send_coverage(&s->params);
    job_send_stats(&stats, true);
    fflush(NULL);
    _exit(0);
}

// The same executions once more: a finding is sent when there is one.
static _Noreturn void import_main(struct crew *c, int fd)
{
    struct session *s = c->s;
    char error[PATH_MAX + 512];

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pipe_out = fd;
    s->params.find = job_send_find;
    trial_init();
    char kept[PATH_MAX];
    bool empty = engine_crash_kept(c->owner, c->crash, kept);
    enum import_result result = import_file(empty ? kept : c->crash, c->owner->kind, c->executions,
                                            c->seconds, &s->params, error, sizeof error);
    if (result == IMPORT_REFUSED)
        fprintf(stderr, "gauntlet: %s: %s\n", c->crash, error);
    struct hunt_stats stats = {.hits = result == IMPORT_FOUND};
    job_send_stats(&stats, true);
    fflush(NULL);
    _exit(0);
}

// In the parent ----------------------------------------------------------------------------

static bool take_stats(struct job *j, const char *header)
{
    unsigned long long executions, points, limited, hits;
    int end;

    if (sscanf(header, "stats %llu %llu %llu %llu %d", &executions, &points, &limited, &hits,
               &end) != 5)
        return false;
    j->stats = (struct hunt_stats){
        .executions = executions, .points = points, .limited = limited, .hits = hits};
    j->ended = end != 0;
    return true;
}

static bool take_coverage(const struct session *s, const char *header)
{
    unsigned long long count;
    uint32_t workload, cell, cells = s->params.coverage != NULL ? sim_coverage()->cells : 0;

    if (sscanf(header, "cover %u %u %llu", &workload, &cell, &count) != 3 ||
        workload >= s->params.nworkloads || cell >= cells)
        return false;
    s->params.coverage[(size_t)workload * cells + cell] += count;
    return true;
}

// Bytes used of the buffer: 0 when the message is not whole, negative when it is none.
static ssize_t take_message(struct session *s, struct job *j)
{
    char header[HEADER_BYTES];
    const char *newline = memchr(j->data, '\n', j->n);
    struct hunt_find f = {0};
    struct text_error err;
    unsigned long long executions, minimizing, seed;
    size_t message, body, head = newline ? (size_t)(newline - j->data) + 1 : 0;
    int replayed;

    if (newline == NULL)
        return j->n >= HEADER_BYTES ? -1 : 0;
    if (head >= sizeof header)
        return -1;
    memcpy(header, j->data, head);
    header[head] = 0;
    if (take_stats(j, header) || take_coverage(s, header) || native_take_row(s->native, header))
        return (ssize_t)head;
    if (strncmp(header, "native-find ", strlen("native-find ")) == 0)
        return native_take_find(s, j->data, j->n);
    if (sscanf(header, "find %llu %lf %llu %zu %d %15s %llu %u %u %zu %zu", &executions, &f.seconds,
               &minimizing, &f.choices_before, &replayed, f.strategy, &seed, &f.seen.met,
               &f.seen.of, &message, &body) != 11 ||
        message >= sizeof f.message || body > CASE_BYTES)
        return -1;
    if (j->n < head + message + body)
        return 0;
    memcpy(f.message, j->data + head, message);
    if (!case_parse(&f.c, j->data + head + message, body, &err))
        return -1;
    f.executions = executions;
    f.minimizing = minimizing;
    f.seen.seed = seed;
    f.replayed = replayed != 0;
    f.operations = f.c.program->ops;
    session_find(s, &f);
    if (s->engines != NULL)
        engines_know(s->engines, f.c.signature);
    case_free(&f.c);
    return (ssize_t)(head + message + body);
}

// Reads what a job has sent; false when it has ended.
static bool read_job(struct session *s, struct job *j)
{
    if (j->capacity - j->n < 4096 && j->capacity < MESSAGE_BYTES) {
        j->capacity = j->capacity ? 2 * j->capacity : 8192;
        char *grown = realloc(j->data, j->capacity);
        if (grown == NULL)
            return false;
        j->data = grown;
    }
    ssize_t k = read(j->fd, j->data + j->n, j->capacity - j->n);
    if (k < 0 && errno == EINTR)
        return true;
    if (k <= 0)
        return false;
    j->n += (size_t)k;
    for (;;) {
        ssize_t used = take_message(s, j);

        if (used < 0)
            return false;
        if (used == 0)
            return true;
        j->n -= (size_t)used;
        memmove(j->data, j->data + used, j->n);
    }
}

static void died(struct crew *c, uint32_t i, int status)
{
    struct session *s = c->s;
    const char *how = WIFSIGNALED(status) ? "signal" : "status";
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

    s->died = true;
    if (i == SESSION_JOBS) {
        fprintf(stderr, "gauntlet: the job that looked at %s died (%s %d)\n", c->crash, how,
                number);
        return;
    }
    if (i >= s->jobs) {
        fprintf(stderr, "gauntlet: a job on real threads died (%s %d)\n", how, number);
        return;
    }
    fprintf(stderr,
            "gauntlet: job %u of %u died (%s %d) after %llu executions; it had part %u of seed "
            "%llu: slices %u, %u, "
            "%u ... of 32 executions\n",
            i + 1, s->jobs, how, number, (unsigned long long)c->job[i].stats.executions, i,
            (unsigned long long)s->params.seed, i, i + s->jobs, i + 2 * s->jobs);
}

static void end_job(struct crew *c, uint32_t i)
{
    struct job *j = &c->job[i];
    int status = 0;

    close(j->fd);
    j->fd = -1;
    TEMP_FAILURE_RETRY(waitpid(j->pid, &status, 0));
    free(j->data);
    j->data = NULL;
    if (!j->ended)
        died(c, i, status);
    if (i < SESSION_JOBS) {
        c->left--;
        return;
    }
    if (j->ended && j->stats.hits == 0)
        c->s->engines->unreproduced++;
    if (!command_stopped) // else it may have been cut short: the next hunt looks again
        engines_handled(c->owner, c->crash);
    c->owner = NULL;
}

static void stop_jobs(struct crew *c)
{
    for (uint32_t i = 0; i < SESSION_JOBS; i++)
        if (c->job[i].fd >= 0)
            kill(c->job[i].pid, SIGTERM);
    c->stopped = true;
}

static bool start_job(struct crew *c, uint32_t i)
{
    int fds[2];

    if (pipe(fds) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        for (uint32_t k = 0; k <= SESSION_JOBS; k++)
            if (c->job[k].fd >= 0)
                close(c->job[k].fd);
        if (i == SESSION_JOBS)
            import_main(c, fds[1]);
        if (i >= c->s->jobs)
            native_main(c->s, i - c->s->jobs, fds[1]);
        job_main(c->s, i, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return false;
    }
    c->job[i] = (struct job){.pid = pid, .fd = fds[0]};
    return true;
}

static void add_up(struct crew *c)
{
    struct session *s = c->s;

    s->stats = (struct hunt_stats){.seconds = now() - c->begin};
    for (uint32_t i = 0; i < SESSION_JOBS; i++) {
        s->stats.executions += c->job[i].stats.executions;
        s->stats.points += c->job[i].stats.points;
        s->stats.limited += c->job[i].stats.limited;
        s->stats.hits += c->job[i].stats.hits;
    }
    if (s->engines != NULL)
        s->stats.executions += engines_executions(s->engines);
}

// Whether the hunt as a whole is to end. A hunt without engines ends with its jobs.
static bool is_over(const struct crew *c)
{
    const struct session *s = c->s;
    const struct hunt_params *p = &s->params;

    if (command_stopped || (p->stop_at_first && s->finds > 0))
        return true;
    return s->engines != NULL &&
           ((p->seconds > 0 && s->stats.seconds >= p->seconds) ||
            (p->executions > 0 && engines_executions(s->engines) >= p->executions));
}

// Reads what the jobs have sent, or waits a little.
static void read_jobs(struct crew *c)
{
    struct pollfd fds[SESSION_JOBS + 1];

    for (uint32_t i = 0; i <= SESSION_JOBS; i++)
        fds[i] = (struct pollfd){.fd = c->job[i].fd, .events = POLLIN};
    if (poll(fds, SESSION_JOBS + 1, c->s->engines != NULL ? 100 : 500) < 0)
        return;
    for (uint32_t i = 0; i <= SESSION_JOBS; i++)
        if (c->job[i].fd >= 0 && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) &&
            !read_job(c->s, &c->job[i]))
            end_job(c, i);
}

// The next crash file, when none is being looked at; false: there is none.
static bool look_at_crash(struct crew *c)
{
    if (c->owner != NULL)
        return true;
    c->owner = engines_crash(c->s->engines, c->crash);
    if (c->owner == NULL)
        return false;
    c->executions = engines_executions(c->s->engines);
    c->seconds = now() - c->begin;
    if (!start_job(c, SESSION_JOBS))
        c->owner = NULL;
    return c->owner != NULL;
}

static void listen_to(struct crew *c)
{
    struct session *s = c->s;
    bool engines = s->engines != NULL, running = engines;

    while (c->left > 0 || running || c->owner != NULL) {
        read_jobs(c);
        add_up(c);
        if (engines && (!c->stopped || !command_stopped))
            look_at_crash(c);
        if (running) {
            engines_poll(s->engines, now());
            running = engines_alive(s->engines);
        }
        if (!c->stopped && is_over(c)) {
            stop_jobs(c);
            if (command_stopped && c->owner != NULL)
                kill(c->job[SESSION_JOBS].pid, SIGTERM);
            if (running)
                engines_stop(s->engines, !command_stopped && !s->params.stop_at_first);
            running = false;
        }
        session_progress(s, &s->stats);
    }
}

void session_jobs(struct session *s)
{
    struct crew *c = calloc(1, sizeof *c);

    if (c == NULL)
        return;
    c->s = s;
    c->begin = now();
    for (uint32_t i = 0; i <= SESSION_JOBS; i++)
        c->job[i].fd = -1;
    c->n = s->jobs + (s->native != NULL ? s->native->jobs : 0);
    while (c->left < c->n && start_job(c, c->left))
        c->left++;
    if (c->left < c->n) {
        command_fail("job %u cannot be started: %s", c->left + 1, strerror(errno));
        s->died = true;
    }
    if (s->engines != NULL)
        engines_start(s->engines, now());
    listen_to(c);
    free(c);
}
