// SPDX-License-Identifier: Apache-2.0
//
// A hunt in several processes. Each takes its part of the plan and sends what it finds through a
// pipe; only this process saves cases. A message is one header line and the bytes it announces:
//
//     find EXECUTIONS SECONDS MINIMIZING CHOICES REPLAYED STRATEGY MESSAGE_BYTES CASE_BYTES
//     cover WORKLOAD CELL COUNT
//     stats EXECUTIONS POINTS LIMITED HITS END
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

// In the job -------------------------------------------------------------------------------

static void send_all(const char *text, size_t n, int fd)
{
    while (n > 0) {
        ssize_t k = write(fd, text, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            _exit(0); // nobody listens any more
        text += k;
        n -= (size_t)k;
    }
}

static int pipe_out = -1;

static void send_find(struct hunt_find *f, void *arg)
{
    char *text = NULL, *message = NULL;
    size_t n = 0, bytes = 0;
    FILE *body = open_memstream(&text, &n);

    (void)arg;
    case_print(&f->c, body);
    fclose(body);
    FILE *out = open_memstream(&message, &bytes);
    fprintf(out, "find %llu %.6f %llu %zu %d %s %zu %zu\n", (unsigned long long)f->executions,
            f->seconds, (unsigned long long)f->minimizing, f->choices_before, f->replayed,
            f->strategy, strlen(f->message), n);
    fputs(f->message, out);
    fwrite(text, 1, n, out);
    fclose(out);
    send_all(message, bytes, pipe_out);
    free(text);
    free(message);
}

static void send_stats(const struct hunt_stats *s, bool end)
{
    char line[HEADER_BYTES];
    int n = snprintf(line, sizeof line, "stats %llu %llu %llu %llu %d\n",
                     (unsigned long long)s->executions, (unsigned long long)s->points,
                     (unsigned long long)s->limited, (unsigned long long)s->hits, end);

    send_all(line, (size_t)n, pipe_out);
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
    send_all(text, n, pipe_out);
    free(text);
}

static void send_progress(const struct hunt_stats *s, void *arg)
{
    (void)arg;
    send_stats(s, false);
}

static _Noreturn void job_main(struct session *s, uint32_t part, int fd)
{
    struct hunt_stats stats;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pipe_out = fd;
    s->params.part = part;
    s->params.parts = s->jobs;
    s->params.find = send_find;
    s->params.progress = send_progress;
    if (s->params.executions > 0)
        s->params.executions = (s->params.executions + s->jobs - 1 - part) / s->jobs;
    trial_init();
    hunt(&s->params, &stats);
    send_coverage(&s->params);
    send_stats(&stats, true);
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
    unsigned long long executions, minimizing;
    size_t message, body, head = newline ? (size_t)(newline - j->data) + 1 : 0;
    int replayed;

    if (newline == NULL)
        return j->n >= HEADER_BYTES ? -1 : 0;
    if (head >= sizeof header)
        return -1;
    memcpy(header, j->data, head);
    header[head] = 0;
    if (take_stats(j, header) || take_coverage(s, header))
        return (ssize_t)head;
    if (sscanf(header, "find %llu %lf %llu %zu %d %15s %zu %zu", &executions, &f.seconds,
               &minimizing, &f.choices_before, &replayed, f.strategy, &message, &body) != 8 ||
        message >= sizeof f.message || body > CASE_BYTES)
        return -1;
    if (j->n < head + message + body)
        return 0;
    memcpy(f.message, j->data + head, message);
    if (!case_parse(&f.c, j->data + head + message, body, &err))
        return -1;
    f.executions = executions;
    f.minimizing = minimizing;
    f.replayed = replayed != 0;
    f.operations = f.c.program->ops;
    session_find(s, &f);
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

static void end_job(struct session *s, struct job *jobs, uint32_t i)
{
    struct job *j = &jobs[i];
    int status = 0;

    close(j->fd);
    j->fd = -1;
    TEMP_FAILURE_RETRY(waitpid(j->pid, &status, 0));
    free(j->data);
    j->data = NULL;
    if (j->ended)
        return;
    s->died = true;
    fprintf(stderr,
            "gauntlet: job %u of %u died (%s %d) after %llu executions; it had part %u of seed "
            "%llu: slices %u, %u, "
            "%u ... of 32 executions\n",
            i + 1, s->jobs, WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
            (unsigned long long)j->stats.executions, i, (unsigned long long)s->params.seed, i,
            i + s->jobs, i + 2 * s->jobs);
}

static void stop_jobs(struct job *jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (jobs[i].fd >= 0)
            kill(jobs[i].pid, SIGTERM);
}

static bool start_job(struct session *s, struct job *jobs, uint32_t i)
{
    int fds[2];

    if (pipe(fds) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        for (uint32_t k = 0; k < i; k++)
            if (jobs[k].fd >= 0)
                close(jobs[k].fd);
        job_main(s, i, fds[1]);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return false;
    }
    jobs[i] = (struct job){.pid = pid, .fd = fds[0]};
    return true;
}

static void add_up(struct session *s, const struct job *jobs, uint32_t n, double seconds)
{
    s->stats = (struct hunt_stats){.seconds = seconds};
    for (uint32_t i = 0; i < n; i++) {
        s->stats.executions += jobs[i].stats.executions;
        s->stats.points += jobs[i].stats.points;
        s->stats.limited += jobs[i].stats.limited;
        s->stats.hits += jobs[i].stats.hits;
    }
}

static void listen_to(struct session *s, struct job *jobs, uint32_t n)
{
    struct timespec begin, ts;
    uint32_t left = n;
    bool stopped = false;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (left > 0) {
        struct pollfd fds[SESSION_JOBS];

        for (uint32_t i = 0; i < n; i++)
            fds[i] = (struct pollfd){.fd = jobs[i].fd, .events = POLLIN};
        if (poll(fds, n, 500) < 0 && errno != EINTR)
            break;
        for (uint32_t i = 0; i < n; i++)
            if (jobs[i].fd >= 0 && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) &&
                !read_job(s, &jobs[i])) {
                end_job(s, jobs, i);
                left--;
            }
        if (!stopped && (command_stopped || (s->params.stop_at_first && s->finds > 0))) {
            stop_jobs(jobs, n);
            stopped = true;
        }
        clock_gettime(CLOCK_MONOTONIC, &ts);
        add_up(s, jobs, n,
               (double)(ts.tv_sec - begin.tv_sec) + (double)(ts.tv_nsec - begin.tv_nsec) * 1e-9);
        session_progress(s, &s->stats);
    }
}

void session_jobs(struct session *s)
{
    struct job jobs[SESSION_JOBS] = {0};
    uint32_t n = 0;

    while (n < s->jobs && start_job(s, jobs, n))
        n++;
    if (n < s->jobs) {
        command_fail("job %u cannot be started: %s", n + 1, strerror(errno));
        s->died = true;
    }
    listen_to(s, jobs, n);
}
